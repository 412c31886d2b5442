"""The HTTP routes, asked directly over ASGI: right answers bit for bit, and what surrounds each."""

import json
from urllib.parse import quote

import numpy as np
import pytest

from aelib.datasets._base import SPLITS, load_dataset
from aelib.runs.folder import open_run
from aelib.runs.weights import weights_version
from tests.app._asking import AXES, ONE, RUN, brute_share, points_of, table_of

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
