"""'Show me the code': the lines run on their own and give what the page shows."""

import base64
from contextlib import chdir

import numpy as np
import pytest

RUN = "digits-vae"
PAGES = {
    "data": {"dataset": "digits"},
    "map": {"run": RUN, "method": "umap"},
    "decode": {"run": RUN},
    "generate": {"run": RUN, "count": "16"},
    "paths": {"run": RUN},
    "noise": {"run": RUN},
    "reconstructions": {"run": RUN},
}


def run_lines(lines: str, folder) -> dict:
    """Execute in a working folder that has ``checkpoints/``, as a reader of the page would."""
    names: dict = {}
    with chdir(folder.parent):
        exec(compile(lines, "lines of the page", "exec"), names)
    return names


def as_bytes(images):
    return np.rint(np.clip(np.asarray(images), 0, 1) * 255).astype(np.uint8)


@pytest.mark.parametrize("name", PAGES)
def test_the_lines_run(name, runs, open_page, lines_of):
    run_lines(lines_of(open_page(name, **PAGES[name])), runs)


@pytest.mark.parametrize(("run", "code"), [("digits-plane", "0.5,-1.25"), (RUN, "0.1,0.2,-0.3,0.4,1.5,-0.6,0.7,-0.8")])
def test_decode_gives_the_picture_of_the_console(run, code, runs, open_page, lines_of, component, pictures_of):
    at = open_page("decode", run=run, code=code)
    names = run_lines(lines_of(at), runs)
    shown = pictures_of(runs / run, [component(at)["code"]])
    np.testing.assert_array_equal(as_bytes(names["picture"]).transpose(0, 2, 3, 1), shown)


def test_decode_without_a_code_gives_the_mean(runs, open_page, lines_of, component, pictures_of):
    at = open_page("decode", run=RUN)
    names = run_lines(lines_of(at), runs)
    shown = pictures_of(runs / RUN, [component(at)["code"]])
    difference = as_bytes(names["picture"]).transpose(0, 2, 3, 1).astype(int) - shown
    assert np.abs(difference).max() <= 1, "the lines show four decimals"


def test_decode_follows_the_sliders(runs, open_page, lines_of, pictures_of):
    at = open_page("decode", run="digits-plane")
    at.session_state["console"] = {"code": {"code": [1.5, -0.25], "seq": 1}}
    at.run()
    assert not at.exception
    assert at.query_params["code"] == "1.5,-0.25"
    names = run_lines(lines_of(at), runs)
    shown = pictures_of(runs / "digits-plane", [[1.5, -0.25]])
    np.testing.assert_array_equal(as_bytes(names["picture"]).transpose(0, 2, 3, 1), shown)


def test_decode_gives_the_pictures_of_its_traversal(runs, open_page, lines_of, monkeypatch):
    from ui import walks

    seen = []
    original = walks._decoded
    monkeypatch.setattr(walks, "_decoded", lambda *given: seen.append(original(*given)) or seen[-1])
    names = run_lines(
        lines_of(open_page("decode", run=RUN, code="0.5,0.2,-0.3,0.4,1.5,-0.6,0.7,-0.8", steps="5")), runs
    )
    drawn = seen[-1]
    assert drawn.shape[1] == 5
    np.testing.assert_array_equal(as_bytes(names["traversal"]), drawn.reshape(-1, *drawn.shape[2:]))


@pytest.mark.parametrize("source", ["prior", "mixture", "items"])
def test_generate_gives_the_items_of_the_page(source, runs, open_page, lines_of, monkeypatch):
    from ui import sampling

    drawn, judged = [], []
    draw, judge = sampling.draw, sampling.judge
    monkeypatch.setattr(sampling, "draw", lambda *given: drawn.append(draw(*given)) or drawn[-1])
    monkeypatch.setattr(sampling, "judge", lambda *given: judged.append(judge(*given)) or judged[-1])
    address = {"source": source, "lasso": "~i3.5.7", "temperature": "0.75", "seed": "2", "count": "16"}
    names = run_lines(lines_of(open_page("generate", run=RUN, **address)), runs)
    assert names["drawn"].source == source
    np.testing.assert_array_equal(names["drawn"].items, drawn[-1].items)
    np.testing.assert_array_equal(names["judged"].items, judged[-1].items)
    np.testing.assert_array_equal(names["judged"].is_copy, judged[-1].is_copy)


NOISE = [
    {},
    {"corruption": "masking", "severity": "0.6", "item": "33", "draw": "4"},
    {"corruption": "blur,gaussian", "severity": "0.5,0.2", "item": "33"},
    {"on": "code", "level": "0.75", "draw": "2"},
]


@pytest.mark.parametrize("address", NOISE, ids=str)
def test_noise_gives_the_pictures_of_the_page(address, runs, open_page, lines_of, component):
    from ui import disturb

    at = open_page("noise", run=RUN, **address)
    names, data = run_lines(lines_of(at), runs), component(at)
    body = {**data["question"], "draw": data["draw"], "stack": data["stack"] if data["on"] == "input" else []}
    shown = disturb.answer(body | ({"on_code": data["level"]} if data["on"] == "code" else {})).pictures
    for picture, name in ((1, "inputs"), (3, "recon")):
        wanted = as_bytes(names[name].detach())[0].transpose(1, 2, 0).astype(int)
        np.testing.assert_array_equal(shown[picture][:, :, :1], wanted)


def test_draw_gives_the_item_and_its_reconstruction(runs, open_page, lines_of):
    from ui import drawn, sketch

    ink = np.zeros((drawn.SIDE, drawn.SIDE), np.uint8)
    ink[20:100, 50:66] = 255
    picture = drawn.keep_drawing(ink)
    at = open_page("draw", run=RUN, drawing=picture, way="mnist")
    names = run_lines(lines_of(at), runs)
    shown = sketch.answer({"run": RUN, "ink": base64.b64encode(ink.tobytes()).decode(), "way": "mnist"}).pictures
    for one, name in zip(shown, ("clean", "recon"), strict=True):
        np.testing.assert_array_equal(one.transpose(2, 0, 1), as_bytes(names[name].detach())[0])
    assert len(names["rows"][0]) == 8
    at = open_page("noise", run=RUN, source="drawing", drawing=picture, way="mnist")
    np.testing.assert_array_equal(run_lines(lines_of(at), runs)["clean"], names["clean"])


@pytest.mark.parametrize(
    "address", [{"from": "10", "to": "20"}, {"a": "class", "a-class": "3", "b": "place", "b-at": "0.5,1"}]
)
def test_paths_gives_the_pictures_and_figures_of_the_film(address, runs, open_page, lines_of, component):
    from ui import ways

    at = open_page("paths", run=RUN, steps="6", **address)
    names = run_lines(lines_of(at), runs)
    asked = {"ways": list(ways.WAYS), **{key: component(at)[key] for key in ("a", "b", "steps", "label")}}
    while (found := ways.answer(RUN, asked)).more["ways"][-1]["share"] < 1:
        pass
    assert list(names["paths"]) == list(ways.WAYS)
    for number, about in enumerate(found.more["ways"]):
        name = about["name"]
        shown = found.pictures[6 * number : 6 * (number + 1)].astype(int)
        mine = as_bytes(names["pictures"][name]).transpose(0, 2, 3, 1)
        assert np.abs(mine - shown).max() <= (3 if name == "geodesic" else 1), "the page's ends have five decimals"
        np.testing.assert_allclose(names["lengths"][name][:2], [about["length"], about["jump"]], rtol=0.02)


def test_the_map_gives_the_points_of_the_route(runs, open_page, lines_of):
    from ui import decoding

    at = open_page("map", run=RUN, method="umap", split="all")
    names = run_lines(lines_of(at), runs)
    from ui import cached

    text = '{"name": "umap"}'
    raw = decoding.map_array(RUN, cached.version(RUN), "all", "points", text)
    np.testing.assert_array_equal(names["points"], np.frombuffer(raw, "<f4").reshape(-1, 2))


def test_reconstructions_gives_the_order_of_the_page(runs, open_page, lines_of):
    at = open_page("reconstructions", run=RUN, split="test")
    names = run_lines(lines_of(at), runs)
    shown = [int(text.value.split()[1]) for text in at.caption if text.value.startswith("item ")]
    assert names["table"].index[names["worst"]][: len(shown)].tolist() == shown


def test_data_gives_the_items_of_the_page(runs, open_page, lines_of):
    from sklearn.datasets import load_digits

    names = run_lines(lines_of(open_page("data", dataset="digits")), runs)
    items = names["items"]
    wanted = load_digits().images[items.index]
    np.testing.assert_array_equal(items.values[:, 0], np.rint(wanted / 16 * 255).astype(np.uint8))


@pytest.mark.parametrize("source", ["3", "others", "A"])
def test_paths_gives_the_sheet_the_attribute_and_the_analogy(source, runs, open_page, lines_of, words, monkeypatch):
    from ui import decoding

    drawn = []
    original = decoding.pictures_of
    monkeypatch.setattr(decoding, "pictures_of", lambda *given: drawn.append(original(*given)) or drawn[-1])
    address = {"from": "10", "to": "20", "third": "30", "fourth": "40", "sheet": "5", "attribute": "1", "analogy": "1"}
    groups = {"of-from": source, "of-to": "B" if source == "A" else "8", "A": "i5" + ".7" * 11, "B": "i8" + ".6" * 11}
    at = open_page("paths", run=RUN, steps="4", **address, **groups)
    names = run_lines(lines_of(at), runs)
    for name, shown in zip(("sheet_pictures", "moved_pictures", "answer_picture"), drawn[-3:], strict=True):
        mine = as_bytes(names[name]).transpose(0, 2, 3, 1).astype(int)
        assert mine.shape == shown.shape == ({"s": 25, "m": 8, "a": 1}[name[0]], 8, 8, 1)
        assert np.abs(mine - shown).max() <= 1, "the page's ends have five decimals"
    assert f"Cohen's d **{names['found'].effect:.2f}**" in words(at)
    shares = [image.caption for part in at.get("image") for image in part.proto.imgs]
    assert f"lowest support in the sheet: nearer than {names['lowest_of_sheet']:.0%} of the data" in shares
    assert "the items nearest to it: " + ", ".join(map(str, names["nearest_items"])) in shares


def test_closed_parts_of_paths_have_no_lines(runs, open_page, lines_of):
    lines = lines_of(open_page("paths", run=RUN))
    assert "sheet" not in lines
    assert "attribute" not in lines


def test_paths_of_a_model_that_is_told_the_class(told_the_class, runs, copy_of, open_page, lines_of, monkeypatch):
    from ui import decoding

    run, drawn = copy_of(told_the_class), []
    original = decoding.pictures_of
    monkeypatch.setattr(decoding, "pictures_of", lambda *given: drawn.append(original(*given)) or drawn[-1])
    address = {"from": "13", "to": "20", "third": "38", "sheet": "5", "attribute": "1", "analogy": "1"}
    names = run_lines(lines_of(open_page("paths", run=run.id, **address)), runs)
    for name, shown in zip(("sheet_pictures", "moved_pictures", "answer_picture"), drawn[-3:], strict=True):
        mine = as_bytes(names[name]).transpose(0, 2, 3, 1).astype(int)
        assert np.abs(mine - shown).max() <= 1, name
