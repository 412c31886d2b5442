"""Configs: what is refused, in which words, and that what is accepted survives JSON."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from aelib.config import Config, RunConfig, TrainingConfig, allowed_range, read_choice
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError, nearest
from aelib.registry import ALL, DATASETS, MODELS, NETWORKS, Registry

INFO = DataInfo((1, 8, 8), {"train": 100, "validation": 10, "test": 10}, ("a", "b"))


def refusal(raw: dict) -> AelibError:
    with pytest.raises(AelibError) as caught:
        RunConfig.parse(raw)
    return caught.value


def test_the_default_is_a_run_that_can_be_trained():
    run = RunConfig.parse({})
    assert (run.dataset.name, run.network.name, run.model.name) == ("digits", "mlp", "autoencoder")
    run.model_copy(update={"training": TrainingConfig(batch_size=50)}).check(INFO)


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"dataset": "mnist", "model": {"name": "vae", "latent_dim": 2, "beta": 4.0}},
        {"corruptions": ["gaussian", {"name": "masking", "severity": 0.5}], "network": {"name": "mlp", "widths": []}},
        {"training": {"epochs": 0, "seed": 2**32 - 1, "device": "cuda:7", "schedule": "one_cycle"}},
        {"dataset_hash": "0" * 64, "target": "masks"},
    ],
)
def test_a_config_survives_its_json(raw):
    run = RunConfig.parse(raw)
    again = RunConfig.parse(json.loads(run.to_json()))
    assert again == run
    assert hash(again) == hash(run), "it is a cache key"
    assert again.to_json() == run.to_json()


def test_a_name_is_short_for_a_plugin_with_its_defaults():
    assert RunConfig.parse({"model": "vae"}) == RunConfig.parse({"model": {"name": "vae"}})


def test_a_config_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        RunConfig.parse({}).training.epochs = 3


@pytest.mark.parametrize(
    ("field", "values", "allowed"),
    [
        ("epochs", [-1, 10**9, 2.5, "8", True, None, [1]], "a whole number from 0 to 10000"),
        ("batch_size", [0, -1, 65_537, 1.0], "a whole number from 1 to 65536"),
        ("learning_rate", [0, -1, float("nan"), float("inf"), 11, "0.1", True], "a number above 0 to 10"),
        ("seed", [-1, 2**32, 2**80, 10**400], "a whole number from 0 to 4294967295"),
        ("schedule", ["Cosine", "", 3, None], "one of 'constant', 'cosine', 'one_cycle'"),
        ("find_rate", [1, "true", None], "true or false"),
        ("device", ["gpu", "cuda:", "cuda:-1", "cuda:100", "cpu\n", ""], "cuda:1"),
        ("patience", [-1, 10**5], "a whole number from 0 to 10000"),
        ("weight_decay", [-0.1, float("nan")], "a number from 0 to 10"),
    ],
)
def test_values_out_of_range_are_answered_with_the_field_and_its_range(field, values, allowed):
    for value in values:
        error = refusal({"training": {field: value}})
        assert error.code == "E_CONFIG"
        assert f"training.{field}" in str(error)
        assert allowed in str(error)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"trainin": {}}, "Did you mean 'training'?"),
        ({"training": {"epoch": 1}}, "Did you mean 'epochs'?"),
        ({"model": {"name": "vae", "latent_dims": 2}}, "Did you mean 'latent_dim'?"),
        ({"network": {"name": "mlp", "width": [3]}}, "Did you mean 'widths'?"),
        ({"dataset": "mnits"}, "Did you mean 'mnist'?"),
        ({"model": {"name": "vea"}}, "Did you mean 'vae'?"),
        ({"network": "convolution"}, "Did you mean 'convolutional'?"),
        ({"corruptions": ["gausian"]}, "Did you mean 'gaussian'?"),
        ({"corruptions": [{"name": "masking", "severty": 1}]}, "Did you mean 'severity'?"),
        ({"model": "qqqqqqqq"}, "Known: adversarial, autoencoder"),
    ],
)
def test_unknown_names_offer_the_nearest(raw, words):
    error = refusal(raw)
    assert error.code in ("E_CONFIG", "E_UNKNOWN")
    assert words in str(error)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"training": 5}, "an object with epochs"),
        ({"training": None}, "an object with epochs"),
        ({"model": 5}, "Known: adversarial, autoencoder"),
        ({"model": {"latent_dim": 3}}, "Known: adversarial, autoencoder"),
        ({"model": {"name": ["vae"]}}, "Known: adversarial, autoencoder"),
        ({"corruptions": {"name": "masking"}}, "a list"),
        ({"corruptions": ["masking"] * 11}, "at most 10"),
        ({"network": {"name": "mlp", "widths": [0]}}, "from 1 to 8192"),
        ({"network": {"name": "mlp", "widths": [8] * 9}}, "at most 8"),
        ({"network": {"name": "mlp", "widths": "128"}}, "a list"),
        ({"model": {"name": "vae", "beta": 1e30}}, "from 0 to 10000"),
        ({"corruptions": [{"name": "masking", "severity": 1.1}]}, "from 0 to 1"),
        ({"target": "labels"}, "one of 'items', 'masks'"),
    ],
)
def test_values_of_the_wrong_kind_are_answered_with_what_is_allowed(raw, words):
    error = refusal(raw)
    assert error.code == "E_CONFIG"
    assert words in str(error)


def test_a_huge_value_does_not_make_a_huge_message():
    assert len(str(refusal({"model": {"name": "vae", "latent_dim": [0] * 10**6}}))) < 400


def test_a_config_of_a_newer_version_says_so():
    error = refusal({"format": 2, "unheard": "of"})
    assert error.code == "E_VERSION"
    assert "newer" in str(error)


@given(
    st.dictionaries(
        st.sampled_from(["format", "dataset", "model", "network", "corruptions", "training", "target", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["vae"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["name", "latent_dim", "epochs", "widths", "y"]), inner, max_size=3)
            ),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_whatever_stands_in_a_config_is_accepted_or_refused_in_words(raw):
    try:
        run = RunConfig.parse(raw)
    except AelibError:
        return
    assert RunConfig.parse(json.loads(run.to_json())) == run


# --- pairs that cannot work ---------------------------------------------------------------------------------------


def test_a_batch_larger_than_the_data_is_refused_with_their_number():
    RunConfig.parse({"training": {"batch_size": 100}}).check(INFO)
    with pytest.raises(AelibError, match="100 training items") as caught:
        RunConfig.parse({"training": {"batch_size": 101}}).check(INFO)
    assert caught.value.code == "E_CONFIG"


def test_masks_are_refused_where_there_are_none():
    with pytest.raises(AelibError, match="no masks") as caught:
        RunConfig.parse({"target": "masks", "training": {"batch_size": 10}}).check(INFO)
    assert caught.value.code == "E_CONFIG"


def test_every_part_may_refuse_the_whole():
    run = RunConfig.parse({"network": "convolutional", "training": {"batch_size": 10}})
    with pytest.raises(AelibError, match=r"network\.channels"):
        run.check(DataInfo((1, 2, 2), INFO.counts))


# --- words --------------------------------------------------------------------------------------------------------


class _Words(Config):
    whole: int = Field(1, gt=0, lt=9)
    plain: float = 0.0
    pair: tuple[int, ...] = ()


def test_ranges_are_said_in_words():
    fields = _Words.model_fields
    assert allowed_range(fields["whole"]) == "a whole number above 0 below 9"
    assert allowed_range(fields["plain"]) == "a number"
    assert "a whole number" in allowed_range(fields["pair"])


def test_an_error_is_whole_sentences():
    error = AelibError("E_X", "This is so", "because", "Do that")
    assert str(error) == "This is so: because. Do that."
    assert str(AelibError("E_X", "Is it?")) == "Is it?"
    copy = error.__reduce__()[0](*error.__reduce__()[1])
    assert copy.as_dict() == error.as_dict()


def test_nearest_lists_all_when_nothing_is_near():
    assert nearest("zzz", ["b", "a"]) == "Known: a, b"
    assert nearest("zzz", []) == "Known: none"


# --- registries ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plugins", ALL, ids=lambda plugins: plugins.kind)
def test_every_plugin_has_a_config_of_its_name_and_whole_help(plugins):
    assert plugins.names()
    for name in plugins.names():
        config = read_choice(plugins, name)
        assert config.name == name
        fields = type(config).model_fields
        assert all(field.description for key, field in fields.items() if key != "name"), f"help on {name}'s fields"
        text = plugins.help(name)
        assert all((text.summary, text.what_for, text.limits, text.reference)), name


@pytest.mark.parametrize("name", ["../config", "_base", "", "vae.py", "os", "é", "a" * 5000])
def test_no_name_leads_out_of_a_registry(name):
    with pytest.raises(AelibError) as caught:
        MODELS.load(name)
    assert caught.value.code == "E_UNKNOWN"


def test_a_new_file_is_a_new_plugin(tmp_path, monkeypatch):
    folder = tmp_path / "some_plugins"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "_base.py").touch()
    (folder / "here.py").write_text('"""A plug-in.\n\nWhat for: x.\nLimits: y: z.\nReference: w.\n"""\nraise OSError')
    monkeypatch.syspath_prepend(tmp_path)
    plugins = Registry("thing", "some_plugins")
    assert plugins.names() == ["here"]  # and was not imported: it would raise
    assert plugins.help("here").limits == "y: z."
    (folder / "later.py").touch()  # dropped in while the program runs
    assert plugins.names() == ["here", "later"]
    (folder / "here.py").unlink()
    assert not plugins.has("here")


def test_a_plugins_config_given_another_name_is_refused():
    with pytest.raises(AelibError):
        read_choice(NETWORKS, {"name": "mlp", "widths": [3], "nme": 1})
    with pytest.raises(ValueError, match="given to mlp"):
        NETWORKS.load("mlp").Config.model_validate({"name": "convolutional"})


def test_names_and_help_import_no_plugin():
    check = (
        "import sys; from aelib.registry import ALL; [p.help(n) for p in ALL for n in p.names()]; "
        "sys.exit(any(m.startswith('aelib.') and m.count('.') > 1 for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_the_dataset_alone_is_read_as_the_whole_config_reads_it():
    assert read_choice(DATASETS, {"name": "digits"}) == RunConfig.parse({"dataset": "digits"}).dataset
