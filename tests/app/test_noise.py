"""The Noise lab and the pad: right answers of their routes, and one sentence for every bad input."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from aelib.errors import AelibError
from ui import disturb, drawing_use, drawn, sketch

RUN, PLAIN = "digits-vae", "digits-autoencoder"
STACK = [{"name": "gaussian", "severity": 0.3}, {"name": "occlusion", "severity": 0.5}]


def question(**more):
    return {"runs": [RUN], "item": 33, "stack": STACK, "draw": 4, **more}


def stroke(width: int = 16) -> str:
    ink = np.zeros((drawn.SIDE, drawn.SIDE), np.uint8)
    ink[20:100, 50 : 50 + width] = 255
    return base64.b64encode(ink.tobytes()).decode()


def file_of(image: Image.Image, kind: str, **more) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **more)
    return file.getvalue()


def rgb(side=40):
    return Image.fromarray(np.random.default_rng(3).integers(0, 256, (side, side // 2, 3)).astype(np.uint8))


def code_of(ask, *given) -> str:
    with pytest.raises(AelibError) as told:
        ask(*given)
    assert told.value.what
    return told.value.code


def test_the_answer_is_the_librarys(runs):
    import torch

    from aelib.corruptions._base import apply_all
    from aelib.corruptions._stack import read_stack
    from aelib.datasets._base import load_dataset
    from aelib.measures.reconstruction import structural_similarity
    from aelib.runs.folder import open_run
    from aelib.runs.weights import load_model

    found = disturb.answer(question(runs=[RUN, PLAIN]))
    assert found.pictures.shape == (7, 8, 8, 3)
    items = load_dataset(open_run(runs, RUN).dataset()).all_items()
    clean = torch.from_numpy(items.floats()[items.index == 33])
    assert clean.shape == (1, 1, 8, 8)
    inputs = apply_all(clean, read_stack(STACK, "images"), torch.Generator().manual_seed(4))
    assert found.more["figures"][0]["error"] == pytest.approx(float(((inputs - clean) ** 2).sum()), abs=1e-4)
    for at, run in enumerate((RUN, PLAIN)):
        with torch.inference_mode():
            recon = load_model(open_run(runs, run)).reconstruct(inputs)
        np.testing.assert_array_equal(
            found.pictures[3 + 2 * at][:, :, 0], np.rint(recon.numpy()[0, 0].clip(0, 1) * 255).astype(np.uint8)
        )
        figures = found.more["figures"][1 + at]
        assert figures["error"] == pytest.approx(float(((recon - clean) ** 2).sum()), abs=1e-4)
        assert figures["psnr"] == pytest.approx(-10 * np.log10(float(((recon - clean) ** 2).mean())), abs=1e-3)
        assert figures["ssim"] == pytest.approx(structural_similarity(recon.numpy(), clean.numpy())[0], abs=1e-4)


def test_at_severity_0_the_trail_begins_where_the_item_lies(runs):
    from ui import cached, small_map

    still = question(stack=[{"name": "gaussian", "severity": 0.0}])
    found = disturb.answer(still).more["figures"]
    assert found[0] == {"error": 0.0, "psnr": None, "ssim": 1.0}
    table, points = cached.table(RUN), cached.points(RUN, small_map.projection(RUN))
    np.testing.assert_allclose(found[1]["here"], points[table.index == 33][0], atol=0.05)
    (places,) = disturb.places(question()).more["places"]
    np.testing.assert_allclose(places["trail"][0], points[table.index == 33][0], atol=0.05)
    assert (len(places["trail"]), len(places["cloud"])) == (11, 64)


def test_ten_corruptions_stacked_to_black(runs):
    found = disturb.answer(question(stack=[{"name": "masking", "severity": 1.0}] * 10))
    assert not found.pictures[1].any(), "the input is black"
    assert np.isfinite([figures["error"] for figures in found.more["figures"]]).all()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"stack": [{"name": "masking"}] * 11}, "E_CONFIG"),
        ({"stack": [{"name": "masking", "severity": 7}]}, "E_CONFIG"),
        ({"stack": [{"name": "rust"}]}, "E_UNKNOWN"),
        ({"stack": "masking"}, "E_CONFIG"),
        ({"runs": []}, "E_REQUEST"),
        ({"runs": [RUN] * 5}, "E_REQUEST"),
        ({"runs": ["long-gone"]}, "E_NO_RUN"),
        ({"runs": ["../../etc"]}, "E_ID"),
        ({"draw": -1}, "E_REQUEST"),
        ({"draw": "many"}, "E_REQUEST"),
        ({"item": 10**7}, "E_NOT_FOUND"),
        ({"item": None}, "E_NOT_FOUND"),
        ({"picture": "../../x"}, "E_NOT_FOUND"),
        ({"picture": "d-0123456789abcdef"}, "E_NOT_FOUND"),
        ({"on_code": 99}, "E_REQUEST"),
        ({"on_code": float("nan")}, "E_REQUEST"),
    ],
    ids=str,
)
def test_a_bad_question_has_its_sentence(more, code, runs):
    assert code_of(disturb.answer, question(**more)) == code


def test_the_pad_answers_with_the_item_and_its_neighbours(runs):
    from ui import cached

    found = sketch.answer({"run": RUN, "ink": stroke(), "way": "items", "keep": True})
    assert found.pictures.shape == (2, 8, 8, 1)
    np.testing.assert_array_equal(found.pictures[0].transpose(2, 0, 1), drawn.item(RUN, found.more["id"], "items"))
    near = sketch.near({"run": RUN, "ink": stroke(), "way": "items"})
    distances = np.linalg.norm(cached.table(RUN).codes - np.asarray(found.more["code"], np.float32), axis=1)
    assert near.more["items"][0] == int(cached.table(RUN).index[distances.argmin()])
    assert sum(share for _, share in near.more["votes"]) <= 1.001
    assert near.more["votes"][0][0] == "1", "a bar is a one"


@pytest.mark.parametrize("ink", ["", "AAAA", 7, None, "?" * 21848, [1]], ids=lambda ink: str(ink)[:5])
def test_ink_that_is_none_is_told(ink, runs):
    assert code_of(sketch.answer, {"run": RUN, "ink": ink}) == "E_REQUEST"


def test_an_empty_drawing_is_told(runs):
    empty = base64.b64encode(bytes(drawn.SIDE**2)).decode()
    assert code_of(sketch.answer, {"run": RUN, "ink": empty}) == "E_EMPTY"


UPLOADS = {
    "of another size": (lambda: file_of(rgb(), "PNG"), ""),
    "larger than is kept": (lambda: file_of(rgb(900), "PNG"), "shrunk"),
    "CMYK": (lambda: file_of(rgb().convert("CMYK"), "JPEG"), "CMYK"),
    "transparent": (lambda: file_of(Image.new("RGBA", (30, 30), (255, 0, 0, 100)), "PNG"), "white"),
    "16-bit": (lambda: file_of(Image.fromarray(np.full((9, 9), 63000, np.uint16)), "PNG"), "16-bit"),
    "turned by EXIF": (lambda: file_of(rgb(), "JPEG", exif=turned()), "upright"),
    "animated": (lambda: file_of(rgb(), "GIF", save_all=True, append_images=[rgb(38)]), "first"),
}


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


@pytest.mark.parametrize("kind", UPLOADS)
def test_an_odd_upload_becomes_an_item_and_says_how(kind, runs):
    make, word = UPLOADS[kind]
    picture, words = drawn.keep_upload(make(), "mine.png")
    assert word in " ".join(words)
    assert drawn.item(RUN, picture, "crop").shape == (1, 8, 8)
    if kind == "16-bit":
        assert (drawn.item(RUN, picture, "crop") == 245).all(), "63000 / 257, not 255"
    assert disturb.answer(question(item=None, picture=picture, way="pad")).pictures.shape == (5, 8, 8, 3)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "E_EMPTY"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "E_TYPE"),
        (file_of(rgb(), "PNG")[:900], "E_IMAGE_TRUNCATED"),
        (file_of(Image.new("1", (6000, 6000)), "PNG"), "E_TOO_LARGE"),
    ],
    ids=["nothing", "SVG", "cut off", "bomb"],
)
def test_a_bad_upload_has_its_sentence(data, code, runs):
    assert code_of(drawn.keep_upload, data, "mine.png") == code


def test_only_so_many_pictures_are_kept(runs, monkeypatch):
    monkeypatch.setattr(drawn, "KEPT", 3)
    for value in range(6):
        drawn.keep_drawing(np.full((drawn.SIDE, drawn.SIDE), value, np.uint8))
    assert len(list((runs / ".drawn").glob("*.png"))) == 3


def test_the_page_of_the_worst_item_and_of_several_runs(runs, open_page, component):
    from ui import cached

    at = open_page("noise", run=RUN, beside=PLAIN)
    assert component(at)["question"]["runs"] == [RUN, PLAIN]
    next(button for button in at.button if button.label == "The worst item").click().run()
    assert not at.exception
    table = cached.table(RUN)
    rows = table.rows("validation")
    assert component(at)["question"]["item"] == int(table.index[rows[table.errors[rows].argmax()]])


def test_what_the_lab_tells_is_kept_in_the_address(runs, open_page, component):
    at = open_page("noise", run=RUN)
    told = {"stack": [*STACK, {"name": "blur", "severity": 0.25}], "draw": 7, "level": 0.5, "seq": 1}
    at.session_state["noise-lab"] = {"stack": told}
    at.run()
    assert not at.exception
    assert at.query_params["corruption"] == "gaussian,occlusion,blur"
    assert at.query_params["severity"] == "0.3,0.5,0.25"
    assert (at.query_params["draw"], component(at)["draw"]) == ("7", 7)


def test_a_severity_curve_is_asked_for_by_its_button(runs, open_page, nothing_in_the_background, words):
    from aelib.jobs import curving

    at = open_page("noise", run=RUN, beside=PLAIN)
    next(button for button in at.button if button.label == "Severity curve").click().run()
    assert not at.exception
    assert "aelib.jobs.curving" in nothing_in_the_background
    assert curving.serve(runs) == 0
    at.run()
    assert not at.exception
    assert len(at.get("plotly_chart")) == 1
    assert words(at).count("Mean of 200 test items") == 2


def test_a_drawing_that_is_gone_and_no_drawing_at_all(runs, open_page, words):
    for address in ({"source": "drawing"}, {"source": "drawing", "drawing": "d-0123456789abcdef"}):
        at = open_page("noise", run=RUN, **address)
        assert not at.exception
        assert "There is no drawing yet" in words(at)


def test_a_drawing_goes_to_every_lab(runs, open_page, words):
    picture = sketch.answer({"run": RUN, "ink": stroke(), "keep": True}).more["id"]
    at = open_page("draw", run=RUN, drawing=picture)
    assert not at.exception
    assert {"Noise", "Decode", "Map", "Paths"} <= {button.label for button in at.button}
    code = drawing_use.code_of(RUN, picture, "", 0)
    for page, key in (("Decode", "code"), ("Map", "ground"), ("Paths", "drawing"), ("Noise", "drawing")):
        at = open_page("draw", run=RUN, drawing=picture)
        at.button[[button.label for button in at.button].index(page)].click().run()
        assert not at.exception
        assert not at.error
        assert f"## {page}" in words(at)
        if page == "Decode":
            np.testing.assert_allclose([float(v) for v in at.query_params[key].split(",")], code, rtol=1e-3)
        elif page == "Map":
            assert "A place between the points" in words(at)
        elif page == "Paths":
            assert "A is the drawing" in words(at)
            assert at.query_params["a"] == "drawing"
        else:
            assert at.query_params[key]
