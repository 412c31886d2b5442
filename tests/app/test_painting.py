"""A pad with colours: its route, its page, and drawings that go from a grey run to one in colour and back."""

import base64
import json

import numpy as np
import pytest

from aelib.exchange import drawings
from aelib.runs.weights import load_info, load_model
from tests.app.test_code_lines import as_bytes, run_lines

GREY = "digits-vae"
RED, BLUE = (214, 39, 40), (31, 95, 214)


@pytest.fixture
def run(trained_in_colour, runs, copy_of):
    return copy_of(trained_in_colour)


@pytest.fixture
def painting():
    """Blocks of 16 pixels, so that each becomes one."""
    found = np.full((128, 128, 3), 255, np.uint8)
    found[32:96, 32:64], found[32:96, 64:96] = RED, BLUE
    return found


def text(pixels) -> str:
    return base64.b64encode(pixels.tobytes()).decode()


def test_the_route_answers_with_the_painted_item(run, painting, ask):
    import torch

    def asked(to: str, **more):
        return ask("POST", f"/api/{to}", json.dumps({"run": run.id, "ink": text(painting)} | more).encode())

    answer = asked("draw", keep=True)
    header, shown = answer.about, answer.pictures
    assert shown.shape == (2, 8, 8, 3)
    np.testing.assert_array_equal(shown[0], painting[8::16, 8::16])
    with torch.inference_mode():
        clean = torch.from_numpy(shown[:1].transpose(0, 3, 1, 2).astype(np.float32) / 255)
        recon, code = load_model(run).reconstruct(clean), load_model(run).encode(clean).codes.numpy()
    np.testing.assert_array_equal(shown[1], as_bytes(recon)[0].transpose(1, 2, 0))
    np.testing.assert_allclose(header["code"], code[0], atol=1e-4)
    kept = ask("GET", f"/api/drawn/{header['id']}")
    assert kept.body == painting.tobytes()
    assert asked("draw/near").pictures.shape == (8, 8, 8, 3)
    assert asked("draw", ink=text(np.full_like(painting, 255))).sentence == "E_EMPTY"
    assert asked("draw", ink=text(painting[:64])).sentence == "E_REQUEST"


def test_the_page_has_colours_where_the_items_do(run, painting, runs, open_page, component, words, lines_of):
    from ui import drawn

    picture = drawn.keep_drawing(painting)
    at = open_page("draw", run=run.id, drawing=picture)
    assert not at.exception
    assert (component(at)["colour"], component(at)["bright"]) == (True, True)
    assert "Its ground is white" in words(at)
    assert at.selectbox(key="the-only-way").options == ["as drawn"]
    assert "way" not in at.query_params, "a grey run is not told of a way that nobody chose"
    names = run_lines(lines_of(at), runs)
    np.testing.assert_array_equal(as_bytes(names["clean"])[0], painting[8::16, 8::16].transpose(2, 0, 1))
    at = open_page("draw", run=GREY)
    assert (component(at)["colour"], len(at.selectbox(key="choose-way").options)) == (False, 3)


def test_a_drawing_goes_to_runs_of_the_other_kind(run, painting, runs, open_page):
    from ui import drawn

    grey = drawn.item(GREY, drawn.keep_drawing(painting), "drawn")[0]
    assert (grey[2:6, 2:6] > 100).all(), "what is dark on white is ink"
    assert grey.sum() == grey[2:6, 2:6].sum()
    ink = np.zeros((128, 128), np.uint8)
    ink[32:96, 32:96] = 255
    found = drawn.item(run.id, drawn.keep_drawing(ink))
    np.testing.assert_array_equal(found, drawings.drawn_item(ink, load_info(run), "drawn", 0, True))
    assert (found[:, 2:6, 2:6] == 0).all()
    for page in ("noise", "paths"):
        address = {"source": "drawing", "a": "drawing", "drawing": drawn.keep_drawing(painting)}
        assert not open_page(page, run=GREY, **address).exception
