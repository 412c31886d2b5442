"""Addresses: a link shows the view it describes, and a link that makes no sense shows a working page."""

import pytest

SHOWS = [
    ("map", {"run": "digits-plane"}, "choose-run", "digits-plane"),
    ("map", {"run": "digits-plane", "split": "test"}, "choose-split", "test"),
    ("map", {"run": "digits-vae", "method": "pca"}, "choose-method", "pca"),
    ("map", {"run": "digits-vae", "colour": "spread"}, "choose-colour", "spread"),
    ("noise", {"run": "digits-vae", "on": "code"}, "choose-on", "code"),
    ("paths", {"run": "digits-vae", "steps": "7"}, "steps", 7),
    ("reconstructions", {"run": "digits-vae", "order": "best"}, "choose-order", "best"),
    ("reconstructions", {"run": "digits-vae", "class": "8"}, "choose-class", "8"),
    ("reconstructions", {"run": "digits-vae", "split": "train"}, "choose-split", "train"),
    ("data", {"dataset": "digits", "items": "test"}, "choose-items", "test"),
    ("data", {"dataset": "digits", "class": "3"}, "choose-class", "3"),
    ("data", {"dataset": "digits", "sample": "5"}, "whole-sample", 5),
    ("train", {"preset": "classroom_2d"}, "choose-preset", "classroom_2d"),
]


def value(at, key):
    return at.get_by_key(key).value


@pytest.mark.parametrize(("name", "address", "key", "wanted"), SHOWS)
def test_a_link_sets_the_widget(name, address, key, wanted, runs, open_page):
    at = open_page(name, **address)
    assert not at.exception
    assert not at.error
    assert value(at, key) == wanted


def test_a_link_to_an_item_opens_its_inspector(runs, open_page, component, words):
    at = open_page("map", run="digits-vae", split="all", pick="321")
    assert "Item 321" in words(at)
    assert component(at)["picked"] is not None


def test_a_link_to_a_place_decodes_it(runs, open_page, words):
    assert "A place between the points" in words(open_page("map", run="digits-plane", method="axes", ground="0.2,0.4"))


def test_a_link_with_a_lasso_selects(runs, open_page, component, words):
    at = open_page("map", run="digits-plane", method="axes", split="all", lasso="axes~+-1,-1;1,-1;1,1;-1,1")
    assert f"{len(component(at)['selection']['rows'])} selected" in words(at)


def test_a_link_with_a_camera_keeps_it(runs, open_page, component):
    at = open_page("map", run="digits-plane", method="axes", camera="0.5,-0.25,180")
    assert component(at)["camera"] == [0.5, -0.25, 180]


def test_a_link_to_a_code_starts_there(runs, open_page, component):
    at = open_page("decode", run="digits-plane", code="0.5,-1.25")
    assert component(at)["code"] == [0.5, -1.25]


def test_a_link_to_a_path_has_its_ends_and_its_step(runs, open_page, component, words):
    at = open_page("paths", **{"run": "digits-vae", "from": "10", "to": "20", "steps": "5", "step": "3"})
    assert "A is item 10, B is item 20" in words(at)
    assert component(at)["steps"] == 5
    assert component(at)["step"] == 3


def test_a_link_to_a_path_says_what_its_ends_are(runs, open_page, component, words):
    given = {"a": "class", "a-class": "3", "b": "place", "b-at": "0.5,-1.25", "sheet": "5"}
    at = open_page("paths", run="digits-vae", **given)
    assert "A is the mean of class 3" in words(at)
    assert "B is the place (0.5, -1.25) on the map" in words(at)
    assert component(at)["b"] == {"place": [0.5, -1.25]}
    assert component(at)["places"][1] == [0.5, -1.25]
    assert "C is item" in words(at)


def test_a_link_to_an_item_disturbs_it(runs, open_page, words):
    assert "item 77" in words(open_page("noise", run="digits-vae", item="77"))


@pytest.mark.parametrize(
    ("address", "stack"),
    [
        ({"corruption": "masking"}, [("masking", 0.3)]),
        ({"severity": "0.7"}, [("gaussian", 0.7)]),
        ({"corruption": "blur,masking,blur", "severity": "0.1,1"}, [("blur", 0.1), ("masking", 1), ("blur", 0.3)]),
        ({"corruption": "none"}, []),
        ({"corruption": "rust,masking", "severity": "x,2"}, [("masking", 0.3)]),
    ],
)
def test_a_link_to_a_stack_shows_it(address, stack, runs, open_page, component):
    shown = component(open_page("noise", run="digits-vae", draw="12", **address))
    assert [(part["name"], part["severity"]) for part in shown["stack"]] == stack
    assert shown["draw"] == 12


@pytest.mark.parametrize("order", ["worst", "best", "random"])
def test_reconstructions_are_in_the_order_of_the_table(order, runs, open_page):
    import numpy as np

    from aelib import codes
    from aelib.runs.folder import open_run

    at = open_page("reconstructions", run="digits-vae", split="validation", order=order, **{"class": "4"})
    table = codes.of_run(open_run(runs, "digits-vae"))
    rows = [int(row) for row in table.rows("validation") if table.labels[row] == 4]
    shown = [int(text.value.split()[1]) for text in at.caption if text.value.startswith("item ")]
    assert len(shown) == min(24, len(rows))
    if order == "random":
        assert set(shown) <= {int(table.index[row]) for row in rows}
    else:
        ranked = sorted(rows, key=lambda row: float(table.errors[row]), reverse=order == "worst")
        assert shown == [int(table.index[row]) for row in ranked[: len(shown)]]
    first = next(text.value for text in at.caption if text.value.startswith("item "))
    row = int(np.flatnonzero(table.index == shown[0])[0])
    assert f"{table.errors[row]:.2f}" in first


BAD = ["", "no-such-run", "../../etc/passwd\0", "999999999999999999999", "-1", "NaN", "1e999", "<b>" * 1000]
KEYS = {
    "home": ["find", "state"],
    "data": ["dataset", "items", "class", "sample"],
    "train": ["preset", "clone", "watch", "form"],
    "map": ["run", "split", "method", "colour", "pick", "ground", "lasso", "camera"],
    "decode": ["run", "code", "decode_item", "as", "steps"],
    "generate": ["run", "source", "count", "seed", "temperature", "of", "lasso"],
    "paths": ["run", "from", "to", "steps", "step", "a", "b", "a-at", "b-at", "b-class", "sheet", "third"],
    "noise": ["run", "corruption", "severity", "item", "draw", "source", "drawing", "beside", "on", "level", "way"],
    "draw": ["run", "drawing", "way"],
    "reconstructions": ["run", "split", "order", "class"],
}


@pytest.mark.parametrize("bad", BAD, ids=lambda text: text[:12])
@pytest.mark.parametrize("name", KEYS)
def test_a_bad_value_everywhere_gives_a_working_page(name, bad, runs, open_page):
    at = open_page(name, **dict.fromkeys(KEYS[name], bad))
    assert not at.exception
    assert not at.error


NONSENSE = [
    ("map", {"ground": "nan,nan"}),
    ("map", {"ground": "1e300,5"}),
    ("map", {"ground": "1,2,3"}),
    ("map", {"camera": "0,0,-5"}),
    ("map", {"camera": "0,0,inf"}),
    ("map", {"pick": "٣"}),
    ("map", {"pick": "1796999"}),
    ("map", {"lasso": "axes~"}),
    ("map", {"lasso": "axes~+1,2;3"}),
    ("map", {"lasso": "axes~+nan,nan;nan,nan;nan,nan"}),
    ("map", {"lasso": "nomethod~+0,0;1,0;1,1"}),
    ("map", {"lasso": "axes~t1.2.999999999999"}),
    ("map", {"lasso": "~|||"}),
    ("decode", {"code": "nan,nan,nan,nan,nan,nan,nan,nan"}),
    ("decode", {"code": "1,2"}),
    ("decode", {"code": "1e8,1e8,1e8,1e8,1e8,1e8,1e8,1e8"}),
    ("decode", {"code": "0,0,0,0,0,0,0,inf"}),
    ("paths", {"from": "5", "to": "5"}),
    ("paths", {"from": "1796", "to": "1797"}),
    ("paths", {"step": "99"}),
    ("noise", {"severity": "7"}),
    ("noise", {"severity": "-0.5"}),
    ("train", {"form": "[]"}),
    ("train", {"form": "{}"}),
    ("train", {"form": '{"model": "vae"}'}),
    ("train", {"form": '{"model": {"name": 7}}'}),
    ("train", {"form": '{"model": {"name": "vae", "latent_dim": "many"}}'}),
    ("train", {"form": '{"model": {"name": "vae", "latent_dim": -4}}'}),
    ("train", {"form": '{"model": {"name": "vae", "reconstruction": "nope"}}'}),
    ("train", {"form": '{"network": {"name": "mlp", "widths": 5}}'}),
    ("train", {"form": '{"training": {"epochs": 1e400}}'}),
    ("train", {"form": '{"training": {"learning_rate": "fast"}}'}),
    ("train", {"form": '{"training": 5}'}),
    ("train", {"form": '{"corruptions": "masking"}'}),
    ("train", {"form": '{"corruptions": [{"name": "masking", "severity": 9}]}'}),
]


@pytest.mark.parametrize(("name", "address"), NONSENSE, ids=lambda part: str(part)[:60])
def test_nonsense_of_the_right_shape_gives_a_working_page(name, address, runs, open_page):
    """One sentence may say what is wrong; a page with an exception or without its heading is never the answer."""
    at = open_page(name, **{"run": "digits-vae", **address})
    assert not at.exception
    assert any(title.value.startswith("## ") for title in at.markdown)
    for error in at.error:
        assert "Traceback" not in error.value


def test_an_unknown_run_is_told_and_another_is_shown(runs, open_page):
    at = open_page("map", run="long-gone")
    assert not at.exception
    assert any("long-gone" in toast.value for toast in at.toast)
    assert at.selectbox(key="choose-run").value in ("digits-autoencoder", "digits-plane", "digits-vae")
