"""Roads, geodesics and the figures of a way, where the geometry is known."""

import numpy as np
import pytest
import torch

from aelib.errors import AelibError
from aelib.latent.geodesic import Search, geodesic
from aelib.latent.paths import evenly, figures, line, sheet, sphere, why_straight
from aelib.latent.roads import NEIGHBOURS, Roads

# --- roads ----------------------------------------------------------------------------------------------------------


def horseshoe(count: int = 200) -> np.ndarray:
    angles = np.linspace(0, 1.5 * np.pi, count)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_a_road_keeps_to_the_data_where_the_line_leaves_them():
    codes = horseshoe()
    road = Roads.of(codes).between(codes[0], codes[-1])
    assert np.all(np.diff(road.rows) > 0)
    assert road.length == pytest.approx(1.5 * np.pi, rel=0.01)
    np.testing.assert_allclose(np.linalg.norm(road.steps(40), axis=1), 1, atol=0.01)
    assert np.linalg.norm(line(codes[0], codes[-1], 41), axis=1).min() < 0.72
    np.testing.assert_array_equal(road.codes[[0, -1]], codes[[0, -1]])
    np.testing.assert_array_equal(road.codes[1:-1], codes[road.rows])


def test_a_road_is_the_shortest_one_that_a_plain_search_finds():
    codes = np.random.default_rng(1).normal(size=(60, 3)).astype(np.float32)
    far = np.linalg.norm(codes[:, None].astype(np.float64) - codes[None], axis=2)
    order = np.argsort(far, axis=1, kind="stable")[:, 1 : NEIGHBOURS + 1]
    ways = np.full((60, 60), np.inf)
    for row, near in enumerate(order):
        ways[row, near] = ways[near, row] = far[row, near]
    np.fill_diagonal(ways, 0)
    for between in range(60):  # Floyd and Warshall
        ways = np.minimum(ways, ways[:, between, None] + ways[None, between])
    roads = Roads.of(codes)
    for a, b in ((0, 1), (5, 40), (17, 33), (59, 2)):
        if far[a, b] <= max(np.sort(far[a])[NEIGHBOURS - 1], np.sort(far[b])[NEIGHBOURS - 1]):
            continue
        assert roads.between(codes[a], codes[b]).length == pytest.approx(ways[a, b], rel=1e-5)


def test_between_parts_that_nothing_joins_there_is_no_road():
    codes = np.concatenate([horseshoe(30), horseshoe(30) + 50])
    with pytest.raises(AelibError, match="No road leads from A to B") as caught:
        Roads.of(codes).between(codes[0], codes[-1])
    assert caught.value.code == "E_NO_ROAD"


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_among_few_items_and_twins_a_road_is_still_a_road(count):
    codes = np.ones((count, 2), np.float32)
    road = Roads.of(codes).between(np.zeros(2, np.float32), np.float32([3, 4]))
    assert road.steps(5).shape == (5, 2)
    np.testing.assert_allclose(road.codes[[0, -1]], [[0, 0], [3, 4]])


def test_large_data_make_a_graph_of_a_stated_sample():
    roads = Roads.of(horseshoe(500), most=100)
    assert (len(roads.codes), roads.is_sample) == (100, True)
    np.testing.assert_array_equal(roads.codes, horseshoe(500)[roads.rows])
    assert not Roads.of(horseshoe(100), most=100).is_sample


# --- geodesics ------------------------------------------------------------------------------------------------------


def globe(codes: torch.Tensor) -> torch.Tensor:
    """Latitude and longitude as a point of the unit sphere."""
    latitude, longitude = codes[:, 0], codes[:, 1]
    return torch.stack([latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()], dim=1)


def arc(start: np.ndarray, end: np.ndarray) -> float:
    a, b = (globe(torch.from_numpy(end)[None])[0].double() for end in (start, end))
    return float(torch.arccos(a @ b))


def walked(decode, codes: np.ndarray) -> float:
    return figures(decode(torch.from_numpy(codes)).numpy(), np.ones(len(codes))).length


@pytest.mark.parametrize("ends", [((0.8, 0.0), (0.8, 2.4)), ((-0.3, 0.1), (1.2, 1.9)), ((0.0, 0.0), (0.0, 1.0))])
def test_on_a_globe_it_is_the_great_circle(ends):
    start, end = np.float32(ends)
    codes = geodesic(globe, start, end, 60)
    assert walked(globe, codes) == pytest.approx(arc(start, end), rel=3e-3)
    jumps = np.linalg.norm(np.diff(globe(torch.from_numpy(codes)).numpy(), axis=0), axis=1)
    assert jumps.max() < 1.05 * jumps.min(), "at even speed"
    np.testing.assert_array_equal(codes[[0, -1]], [start, end])


@pytest.mark.parametrize(
    "decode",
    [
        lambda codes: codes @ torch.tensor([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]]) + 4,  # flat
        lambda codes: torch.stack([codes[:, 0].cos(), codes[:, 0].sin(), codes[:, 1]], dim=1),  # a cylinder, unrolled
    ],
)
def test_where_distances_are_those_of_the_codes_it_is_the_line(decode):
    start, end = np.float32([0.2, -1.0]), np.float32([2.4, 1.5])
    codes = geodesic(decode, start, end, 9, road=np.float32([[0.2, -1], [2, -1], [2.4, 1.5]]))
    np.testing.assert_allclose(codes, line(start, end, 9), atol=0.02)


def test_the_road_is_a_second_beginning_and_the_better_end_is_kept():
    def wall(codes: torch.Tensor) -> torch.Tensor:  # a high ridge, with a way round it
        ridge = 6 * torch.exp(-(codes[:, :1] ** 2) / 0.1 - codes[:, 1:] ** 2 / 1.0)
        return torch.cat([codes, ridge], dim=1)

    start, end = np.float32([-2, 0]), np.float32([2, 0])  # by symmetry the line is as good as its near ones get
    round_it = np.float32([[-2, 0], [-1, 2], [1, 2], [2, 0]])
    by_line, by_road = (walked(wall, geodesic(wall, start, end, 60, road)) for road in (None, round_it))
    assert by_road < 0.6 * by_line
    assert by_road < 6.5


def test_a_search_gets_no_longer_with_any_round_and_tells_how_far_it_is():
    start, end = np.float32([0.8, 0.0]), np.float32([0.8, 2.4])
    search, told, lengths = Search(globe, start, end), [], []
    while search.share < 1:
        lengths.append(walked(globe, search.path(40)))
        search.go_on()
        told.append(search.share)
    assert told == sorted(told)
    assert np.all(np.diff(lengths) < 1e-4)
    shares: list[float] = []
    np.testing.assert_array_equal(geodesic(globe, start, end, 40, progress=shares.append), search.path(40))
    assert shares == told


def test_ends_that_are_one_and_decoders_that_stand_still_or_have_no_slope():
    start = np.float32([0.5, 0.5])
    np.testing.assert_array_equal(geodesic(globe, start, start, 4), np.tile(start, (4, 1)))
    still = geodesic(lambda codes: 0 * codes, start, start + 1, 4)
    np.testing.assert_array_equal(still, line(start, start + 1, 4))
    with pytest.raises(AelibError, match="no slope"):
        geodesic(lambda codes: codes.detach().round(), start, start + 1, 4)


# --- figures and shapes ---------------------------------------------------------------------------------------------


def test_the_figures_of_a_way_by_hand():
    pictures = np.zeros((3, 1, 2, 2))
    pictures[1, 0, 0] = [3, 4]
    pictures[2, 0, 0] = [3, 5]
    assert figures(pictures, np.array([0.5, 0.2, 0.9])) == (6.0, 5.0, 0.2)
    assert figures(pictures[:1], np.ones(1)) == (0.0, 0.0, 1.0)


def test_even_steps_along_a_corner():
    np.testing.assert_allclose(evenly(np.array([[0, 0], [3, 0], [3, 1]]), 5), [[0, 0], [1, 0], [2, 0], [3, 0], [3, 1]])
    np.testing.assert_array_equal(evenly(np.ones((3, 2)), 4), np.ones((4, 2)))


def test_a_sheet_has_its_corners_and_lines_for_edges():
    corners = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    found = sheet(corners, 5)
    np.testing.assert_allclose(found[[0, 0, -1, -1], [0, -1, 0, -1]], corners, atol=1e-6)
    np.testing.assert_allclose(found[0], line(corners[0], corners[1], 5), atol=1e-6)
    np.testing.assert_allclose(found[:, 2], line(corners[:2].mean(0), corners[2:].mean(0), 5), atol=1e-6)


@pytest.mark.parametrize(
    ("start", "end", "word"),
    [
        ([0, 0], [1, 2], "origin"),
        ([1, 2], [-2, -4], "opposite"),
        ([1, 2], [2, 4], "one direction"),
        ([1, 0], [0, 1], ""),
    ],
)
def test_a_sphere_that_is_the_line_says_why(start, end, word):
    start, end = np.float32(start), np.float32(end)
    assert word in why_straight(start, end)
    assert np.array_equal(sphere(start, end, 5), line(start, end, 5)) == bool(word)


def test_a_linear_decoder_has_the_line_for_its_geodesic():
    from aelib.config import RunConfig
    from aelib.datasets._base import DataInfo
    from aelib.models._base import build

    raw = {"dataset": {"name": "digits"}, "model": {"name": "linear", "latent_dim": 16}, "network": {"name": "mlp"}}
    model = build(RunConfig.parse(raw), DataInfo((1, 8, 8), {"train": 1000, "validation": 100, "test": 100}))
    model.requires_grad_(False)
    start, end = np.random.default_rng(3).normal(size=(2, 16)).astype(np.float32)
    road = np.stack([start, start + 1, end])
    codes = geodesic(model.decode, start, end, 12, road)
    np.testing.assert_allclose(codes, line(start, end, 12), atol=0.01)
    straight = model.decode(torch.from_numpy(np.stack([start, end])))
    assert walked(model.decode, codes) == pytest.approx(float((straight[1] - straight[0]).norm()), rel=1e-3)
