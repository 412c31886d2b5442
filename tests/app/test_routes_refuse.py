"""The HTTP routes, asked badly: one sentence for every question that has no answer."""

import json
from urllib.parse import quote

import numpy as np
import pytest

from aelib.runs.folder import open_run
from aelib.runs.weights import weights_version
from tests.app._asking import AXES, ONE, RUN

# ---- bad questions

NESTED = b'{"codes": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BAD_BODIES = {
    "nothing": b"",
    "no JSON": b"codes",
    "half a JSON": b'{"codes": [[0',
    "not UTF-8": b"\xff\xfe{}",
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "no codes": b"{}",
    "codes twice": b'{"codes": [[0,0,0,0,0,0,0,0]], "codes": [[0,0,0,0,0,0,0,0]]}',
    "NaN": json.dumps({"codes": [[float("nan")] * 8]}).encode(),
    "infinity": json.dumps({"codes": [[float("inf")] * 8]}).encode(),
    "1e999": b'{"codes": [[1e999,0,0,0,0,0,0,0]]}',
    "beyond float32": b'{"codes": [[1e39,0,0,0,0,0,0,0]]}',
    "a number of a thousand digits": b'{"codes": [[' + b"9" * 1000 + b",0,0,0,0,0,0,0]]}",
    "a number of five thousand digits": b'{"codes": [[' + b"9" * 5000 + b",0,0,0,0,0,0,0]]}",
    "texts": json.dumps({"codes": [["a"] * 8]}).encode(),
    "nulls": json.dumps({"codes": [[None] * 8]}).encode(),
    "an object": json.dumps({"codes": {"0": ONE}}).encode(),
    "one flat row": json.dumps({"codes": ONE}).encode(),
    "too narrow": json.dumps({"codes": [[0.0] * 7]}).encode(),
    "too wide": json.dumps({"codes": [[0.0] * 9]}).encode(),
    "ragged rows": json.dumps({"codes": [ONE, ONE[:5]]}).encode(),
    "no rows": json.dumps({"codes": []}).encode(),
    "empty rows": json.dumps({"codes": [[]]}).encode(),
    "one row too many": json.dumps({"codes": [ONE] * 513}).encode(),
    "a million rows": b'{"codes": [' + b"[0]," * 249_999 + b"[0]]}",
    "two megabytes": b'{"codes": "' + b"x" * 2 * 2**20 + b'"}',
    "nested very deep": NESTED,
}


@pytest.mark.parametrize("kind", BAD_BODIES)
@pytest.mark.parametrize("to", ["decode", "decode_at"])
def test_a_bad_body_is_one_sentence(kind, to, ask):
    body = BAD_BODIES[kind]
    if to == "decode_at":
        body = body.replace(b'{"codes"', b'{"map": "{\\"name\\": \\"umap\\"}", "points"')
    answer = ask("POST", f"/api/runs/{RUN}/{to}", body)
    assert answer.status == 400
    assert answer.sentence in ("E_FILE", "E_REQUEST", "E_CODES", "E_TOO_LARGE")
    assert len(answer.body) < 1000, "a long question does not get a long answer"


@pytest.mark.parametrize(
    "kind", ["nothing", "no JSON", "a list", "null", "no codes", "two megabytes", "nested very deep"]
)
@pytest.mark.parametrize("to", ["noise", "noise/places", "draw", "draw/near"])
def test_a_bad_body_is_one_sentence_for_the_labs_too(kind, to, ask):
    answer = ask("POST", f"/api/{to}", BAD_BODIES[kind])
    assert answer.status in (400, 404)
    assert answer.sentence
    assert len(answer.body) < 1000


def test_a_body_in_many_parts_is_capped_too(ask):
    answer = ask("POST", f"/api/runs/{RUN}/decode", BAD_BODIES["two megabytes"], parts=64)
    assert answer.status == 400
    assert answer.sentence == "E_TOO_LARGE"


def test_huge_but_finite_codes_are_answered(runs, decode):
    answer = decode(codes=[[3e38, -3e38, 0, 0, 0, 0, 0, 0]])
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert np.isfinite(answer.about["support"]).all()
    else:
        assert answer.sentence


BAD_MAPS = {
    "none": None,
    "empty": "",
    "no JSON": "umap",
    "a list": "[]",
    "no name": "{}",
    "unknown": '{"name": "nope"}',
    "a path": '{"name": "../models/vae"}',
    "a private module": '{"name": "_base"}',
    "a name that is a number": '{"name": 7}',
    "a NUL": '{"name": "umap\\u0000"}',
    "a wrong setting": '{"name": "umap", "n_neighbors": "many"}',
    "an unknown setting": '{"name": "umap", "color": 1}',
    "a dimension the code does not have": '{"name": "axes", "across": 4000}',
    "a number": 5,
    "very long": '{"name": "' + "x" * 100_000 + '"}',
}


@pytest.mark.parametrize("kind", BAD_MAPS)
def test_a_bad_map_is_one_sentence(kind, ask, decode, runs):
    answer = decode(to="decode_at", map=BAD_MAPS[kind], points=[[0.0, 0.0]])
    assert answer.status in (400, 404)
    assert answer.sentence
    text = quote(str(BAD_MAPS[kind] or ""))
    answer = ask("GET", f"/api/runs/{RUN}/{weights_version(open_run(runs, RUN))}/all/points?map={text}")
    assert answer.status in (400, 404)
    assert answer.sentence


def test_a_map_that_is_not_computed_is_not_computed_here(runs, ask, decode):
    text = '{"name": "umap", "neighbours": 77}'
    for file in (runs / RUN / "projections").glob("umap-*"):
        file.unlink()
    for description in ('{"name": "umap"}', text):
        answer = decode(to="decode_at", map=description, points=[[0.0, 0.0]])
        assert answer.status in (400, 404)
        assert answer.sentence


BAD_RUNS = [
    "no-such-run",
    "..",
    "%2e%2e",
    "..%5c..",
    "%00",
    "digits-vae%00",
    "A",
    "-",
    "x" * 300,
    "%F0%9F%94%8E",
    "%0a",
    "*",
]


@pytest.mark.parametrize("run", BAD_RUNS)
def test_a_bad_run_is_not_found(run, ask, runs):
    body = json.dumps({"codes": [ONE], "map": AXES, "points": [[0, 0]]}).encode()
    for method, rest in (
        ("POST", "decode"),
        ("POST", "decode_at"),
        ("GET", "0/all/points"),
        ("GET", "0/all/thumbnails/0"),
    ):
        answer = ask(method, f"/api/runs/{run}/{rest}", body if method == "POST" else b"")
        assert answer.status == 404
        assert answer.sentence in ("E_ID", "E_NO_RUN")


@pytest.mark.parametrize("run", ["..%2f..", "..%2f..%2fetc", "%2e%2e%2f%2e%2e", "digits-vae%2f..%2fdigits-plane", ""])
def test_a_run_with_a_slash_is_no_route(run, ask):
    for method, rest in (("POST", "decode"), ("GET", "0/all/items")):
        assert 400 <= ask(method, f"/api/runs/{run}/{rest}", b"{}").status < 500


@pytest.mark.parametrize(
    "rest",
    [
        "{version}/all/nope",
        "{version}/nope/items",
        "{version}/../items",
        "{version}/ALL/items",
        "{version}/all/codes",
        "0000/all/items",
        "%00/all/items",
        "{version}/%00/items",
        "{version}/all/%00",
        "0000/all/thumbnails/0",
        "{version}/nope/thumbnails/0",
        "{version}/all/thumbnails/-1",
        "{version}/all/thumbnails/x",
        "{version}/all/thumbnails/0.5",
    ],
)
def test_what_a_map_does_not_have_is_not_found(rest, ask, runs):
    answer = ask("GET", f"/api/runs/{RUN}/" + rest.format(version=weights_version(open_run(runs, RUN))))
    assert answer.status == 404


def test_an_enormous_chunk_is_empty_or_not_found(ask, runs):
    for number in (10**6, 10**30):
        answer = ask("GET", f"/api/runs/{RUN}/{weights_version(open_run(runs, RUN))}/all/thumbnails/{number}")
        assert answer.status in (200, 404)
        assert answer.status == 404 or answer.body == b""


def test_a_run_that_breaks_while_the_app_is_open_is_told(runs, decode, empty_caches):
    (runs / RUN / "weights.safetensors").write_bytes(b"")
    answer = decode(codes=[ONE])
    assert answer.status == 400
    assert answer.sentence == "E_CORRUPT"
    (runs / RUN / "weights.safetensors.json").write_text("{")
    assert decode(codes=[ONE]).sentence
    for file in (runs / RUN).glob("weights*"):
        file.unlink()
    assert decode(codes=[ONE]).status == 404


def test_an_unknown_module_is_not_found(ask):
    from ui.components import modules

    for file in ("nope.js", "map.css", "map.py", "modules.py", "..%2froutes.py", "%00", ".."):
        assert ask("GET", f"/api/components/{modules.version()}/{file}").status == 404
    assert ask("GET", "/api/components/0000/map.js").sentence == "E_NOT_FOUND"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(method, ask):
    assert ask(method, f"/api/runs/{RUN}/decode").status == 405
