"""The HTTP routes, asked directly over ASGI: right answers bit for bit, and one sentence for every bad question."""

import dataclasses
import json
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import pytest
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette

from aelib import codes
from aelib.config import read_choice
from aelib.datasets._base import SPLITS, load_dataset
from aelib.projections import _base as projections
from aelib.registry import PROJECTIONS
from aelib.runs.folder import open_run
from aelib.runs.weights import weights_version

RUN = "digits-vae"
AXES = '{"name": "axes"}'


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def about(self) -> dict[str, Any]:
        return json.loads(self.headers["x-loupe"], parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))

    @property
    def pictures(self) -> np.ndarray:
        return np.frombuffer(self.body, np.uint8).reshape(self.about["shape"])

    @property
    def sentence(self) -> str:
        error = json.loads(self.body)
        assert set(error) == {"code", "what", "why", "how_to_fix"}
        assert error["what"]
        assert "Traceback" not in self.body.decode()
        return error["code"]


@pytest.fixture(scope="module")
def portal():
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def ask(runs, portal):
    """Ask the app's own routes behind its own middleware, as its server would; a fault of ours is an exception."""
    from ui.routes import routes
    from ui.server import middleware

    app = Starlette(routes=routes, middleware=middleware)

    def ask(method: str, address: str, body: bytes = b"", host: str = "localhost:8501", parts: int = 1) -> Answer:
        path, _, query = address.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"host", host.encode()), (b"content-type", b"application/json")],
            "server": ("localhost", 8501),
            "client": ("127.0.0.1", 1),
        }
        size = max(1, -(-len(body) // parts))
        chunks = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
        coming = [{"type": "http.request", "body": c, "more_body": c is not chunks[-1]} for c in chunks]
        sent: list[dict[str, Any]] = []

        async def receive():
            return coming.pop(0) if coming else {"type": "http.disconnect"}

        async def send(message):
            sent.append(dict(message))

        portal.call(app, scope, receive, send)
        start = sent[0]
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))

    return ask


@pytest.fixture
def decode(ask):
    def decode(run: str = RUN, to: str = "decode", **body: Any) -> Answer:
        return ask("POST", f"/api/runs/{run}/{to}", json.dumps(body).encode())

    return decode


def table_of(runs, name=RUN):
    return codes.of_run(open_run(runs, name))


def points_of(runs, name, method):
    found = projections.read(open_run(runs, name), read_choice(PROJECTIONS, method))
    assert found is not None
    return found.points


def brute_share(queries, data) -> np.ndarray:
    """Support by its definition: the share of the data whose five nearest others are farther on average."""
    data = data.astype(np.float64)

    def mean_of_nearest(point):
        distances = np.sort(np.linalg.norm(data - point, axis=1))
        return distances[distances > 0][:5].mean()  # an item is not its own neighbour

    own = np.asarray([mean_of_nearest(point) for point in data])
    return np.asarray([(own > mean_of_nearest(query) - 1e-6).mean() for query in np.asarray(queries, np.float64)])


# ---- right answers


@pytest.mark.parametrize("run", ["digits-autoencoder", "digits-plane", "digits-vae"])
@pytest.mark.parametrize("count", [1, 7])
def test_decode_is_the_librarys_decode(run, count, runs, decode, pictures_of):
    width = table_of(runs, run).codes.shape[1]
    given = np.random.default_rng(3).normal(size=(count, width)).astype(np.float32)
    answer = decode(run, codes=given.tolist())
    assert answer.status == 200
    assert answer.about["shape"] == [count, 8, 8, 1]
    np.testing.assert_array_equal(answer.pictures, pictures_of(runs / run, given))


def test_decode_says_the_support(runs, decode):
    table = table_of(runs)
    given = np.concatenate([table.codes[:3], [np.full(table.codes.shape[1], 50.0)]]).astype(np.float32)
    shares = decode(codes=given.tolist()).about["support"]
    np.testing.assert_allclose(shares, brute_share(given, table.codes), atol=0.07)  # the app measures a sample
    assert shares[3] == 0


def test_nearest_is_a_search_over_all_codes(runs, decode):
    table = table_of(runs)
    given = table.codes[77] + np.float32(0.05)
    answer = decode(to="nearest", codes=[given.tolist()])
    distances = np.linalg.norm(table.codes.astype(np.float64) - given, axis=1)
    wanted = np.argsort(distances, kind="stable")[:6]
    assert answer.about["items"] == table.index[wanted].tolist()
    np.testing.assert_allclose(answer.about["distances"], distances[wanted], atol=1e-3)
    np.testing.assert_allclose(answer.about["codes"], table.codes[wanted], atol=1e-4)
    assert answer.about["names"] == [str(label) for label in table.labels[wanted]]
    images = load_dataset(open_run(runs, RUN).dataset()).all_items().values
    np.testing.assert_array_equal(answer.pictures[..., 0], images[wanted][:, 0])
    assert decode(to="nearest", codes=[[1.0]]).sentence == "E_CODES"
    assert decode(to="nearest", codes=[[float("inf")] * 8]).status == 400


@pytest.mark.parametrize(("run", "method"), [(RUN, "umap"), (RUN, "pca"), ("digits-autoencoder", "umap")])
def test_decode_at_blends_the_nearest(run, method, runs, decode, pictures_of):
    points, table = points_of(runs, run, method).astype(np.float64), table_of(runs, run)
    places = np.random.default_rng(0).uniform(points.min(0), points.max(0), (4, 2)).astype(np.float32)
    answer = decode(run, "decode_at", map=f'{{"name": "{method}"}}', points=places.tolist())
    assert answer.status == 200
    for place, picture, latents, rows in zip(
        places, answer.pictures, answer.about["latents"], answer.about["nearest"], strict=True
    ):
        distances = np.hypot(*(points - place).T)
        order = np.argsort(distances, kind="stable")[:8]
        weights = 1 / np.maximum(distances[order], 1e-9) ** 2
        wanted = (weights[:, None] * table.codes[order]).sum(0) / weights.sum()
        assert set(rows) == set(order.tolist())
        np.testing.assert_allclose(latents, wanted, atol=1e-3)
        difference = picture.astype(int) - pictures_of(runs / run, wanted[None])[0]
        assert np.abs(difference).max() <= 1


def test_decode_at_on_a_point_is_that_item(runs, decode, pictures_of):
    points, table = points_of(runs, RUN, "umap"), table_of(runs)
    answer = decode(to="decode_at", map='{"name": "umap"}', points=[points[11].tolist()])
    difference = answer.pictures.astype(int) - pictures_of(runs / RUN, table.codes[11:12])
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("axes", [AXES, '{"name": "axes", "across": 1, "up": 0}'])
def test_on_the_axes_of_two_numbers_the_place_is_the_code(axes, runs, decode, pictures_of):
    places = [[0.5, -1.25], [2.0, 0.125]]
    given = [place[::-1] for place in places] if "across" in axes else places
    answer = decode("digits-plane", "decode_at", map=axes, points=places)
    assert answer.status == 200
    np.testing.assert_array_equal(answer.pictures, pictures_of(runs / "digits-plane", given))


def test_one_axis_against_itself_is_no_code(runs, decode):
    """On a map of one dimension twice a place says nothing of the other one: the nearest items must say it."""
    answer = decode(
        "digits-plane", "decode_at", map='{"name": "axes", "across": 0, "up": 0}', points=[[0.5, 0.5], [1.0, 1.0]]
    )
    assert answer.status == 200
    assert all(answer.about["nearest"]), "blended, not taken as the code"


@pytest.mark.parametrize("split", ["train", "validation", "test", "all"])
def test_thumbnails_are_the_items(split, runs, ask):
    wanted = load_dataset(open_run(runs, RUN).dataset()).items(split).values.transpose(0, 2, 3, 1)
    version, got = weights_version(open_run(runs, RUN)), []
    for chunk in range(1000):
        answer = ask("GET", f"/api/runs/{RUN}/{version}/{split}/thumbnails/{chunk}")
        assert answer.status == 200
        if not answer.body:
            break
        got.append(np.frombuffer(answer.body, np.uint8).reshape(-1, 8, 8, 1))
    np.testing.assert_array_equal(np.concatenate(got), wanted)
    assert len({len(part) for part in got[:-1]}) <= 1, "all chunks but the last have one size"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("split", ["train", "validation", "test", "all"])
def test_arrays_are_those_of_the_table(split, runs, ask):
    run, table = open_run(runs, RUN), table_of(runs)
    rows = np.arange(len(table)) if split == "all" else np.flatnonzero(table.split == SPLITS.index(split))
    base = f"/api/runs/{RUN}/{weights_version(run)}/{split}"

    def got(what, kind):
        answer = ask("GET", f"{base}/{what}")
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
        return np.frombuffer(answer.body, kind)

    np.testing.assert_array_equal(got("items", "<i4"), table.index[rows])
    np.testing.assert_array_equal(got("labels", "<i4"), table.labels[rows])
    np.testing.assert_array_equal(got("errors", "<f4"), table.errors[rows])
    np.testing.assert_allclose(got("spread", "<f4"), table.spreads[rows].mean(axis=1))
    points = got(f"points?map={quote(json.dumps({'name': 'umap'}))}", "<f4").reshape(-1, 2)
    np.testing.assert_array_equal(points, points_of(runs, RUN, "umap")[rows])


def test_modules_are_served_under_their_version(ask):
    from ui.components import modules

    for path in modules.FOLDER.glob("*.js"):
        answer = ask("GET", f"/api/components/{modules.version()}/{path.name}")
        assert answer.status == 200
        assert answer.body == path.read_bytes()
        assert answer.headers["content-type"].startswith("text/javascript")


# ---- bad questions

NESTED = b'{"codes": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
ONE = [0.0] * 8
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


# ---- what surrounds every answer


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "169.254.169.254", ""]
)
def test_a_wrong_host_is_refused(host, ask):
    """A page of another site may point a name of its own at this machine (DNS rebinding)."""
    assert ask("POST", f"/api/runs/{RUN}/decode", json.dumps({"codes": [ONE]}).encode(), host=host).status == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:8600", "127.0.0.1:1", "[::1]", "[::1]:8501"])
def test_the_own_hosts_are_answered(host, ask):
    assert ask("POST", f"/api/runs/{RUN}/decode", json.dumps({"codes": [ONE]}).encode(), host=host).status == 200


def test_every_answer_has_the_security_headers(ask, decode):
    from ui.components import modules

    answers = [
        decode(codes=[ONE]),
        decode(codes=[]),
        ask("GET", "/api/nothing"),
        ask("GET", f"/api/components/{modules.version()}/map.js"),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        for part in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'self'", "base-uri 'self'"):
            assert part in policy
        assert "*" not in policy.split()
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers, "no other site may read an answer"
