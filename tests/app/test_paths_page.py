"""Paths: its route, its ends of every kind, its downloads, and what it says where there is no way."""

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from aelib import codes
from aelib.errors import AelibError
from aelib.latent.paths import line
from aelib.runs.folder import open_run

RUN = "digits-vae"


@pytest.fixture
def table(runs):
    return codes.of_run(open_run(runs, RUN))


def ends(table, a=10, b=20):
    return {"a": {"code": table.codes[a].tolist()}, "b": {"code": table.codes[b].tolist()}, "steps": 5}


def test_the_route_gives_the_pictures_of_each_way_in_their_order(runs, table, pictures_of):
    from ui import ways

    found = ways.answer(RUN, {**ends(table), "ways": ["line", "road"]})
    assert [(way["name"], way["steps"], len(way["places"])) for way in found.more["ways"]] == [
        ("line", 5, 5),
        ("road", 5, 5),
    ]
    assert found.pictures.shape == (10, 8, 8, 1)
    assert found.support.shape == (10,)
    np.testing.assert_array_equal(found.pictures[:5], pictures_of(runs / RUN, line(*table.codes[[10, 20]], 5)))
    np.testing.assert_array_equal(found.pictures[[5, 9]], found.pictures[[0, 4]])


def test_a_geodesic_goes_on_with_each_question_until_it_has_settled(runs, table):
    from ui import ways

    shares, lengths = [0.0], []
    while shares[-1] < 1:
        (way,) = ways.answer(RUN, {**ends(table, 30, 40), "ways": ["geodesic"]}).more["ways"]
        shares.append(way["share"])
        lengths.append(way["length"])
    assert shares == sorted(shares)
    assert len(set(shares)) == len(shares), "each question is a round"
    (straight,) = ways.answer(RUN, {**ends(table, 30, 40), "ways": ["line"]}).more["ways"]
    assert lengths[-1] < straight["length"]


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 1}, {"steps": 25}, {"steps": "5"}, {"steps": None}, {"ways": []}, {"ways": ["ferry"]},
        {"ways": [["line"]]}, {"ways": "line"}, {"a": None},
        {"a": {"code": [1, 2]}}, {"a": {"code": [float("nan")] * 8}},
        {"b": {"place": [1]}}, {"b": {"place": ["x", 2]}}, {"b": [1, 2]},
    ],
)  # fmt: skip
def test_a_bad_question_is_refused(change, runs, table):
    from ui import ways

    with pytest.raises(AelibError):
        ways.answer(RUN, {**ends(table), "ways": ["line"], **change})


def test_where_no_road_leads_there_is_a_sentence_and_the_other_ways_stay(runs, table, monkeypatch):
    from aelib.latent.roads import Roads
    from ui import cached_ways, ways

    apart = Roads.of(np.concatenate([table.codes[:100], table.codes[:100] + 1000]))
    monkeypatch.setattr(cached_ways, "roads", lambda run_id: apart)
    asked = {**ends(table), "b": {"code": (table.codes[50] + 1000).tolist()}, "ways": list(ways.WAYS)}
    found = ways.answer(RUN, asked)
    about = {way["name"]: way for way in found.more["ways"]}
    assert "No road leads from A to B" in about["road"]["note"]
    assert about["road"]["steps"] == 0
    assert found.pictures.shape[0] == 15
    assert about["line"]["lowest"] == 0, "far from all data"


def test_a_sphere_through_the_origin_says_that_it_is_the_line(runs, table):
    from ui import ways

    asked = {**ends(table), "b": {"code": (-table.codes[10]).tolist()}, "ways": ["line", "sphere"]}
    found = ways.answer(RUN, asked)
    assert "opposite each other" in found.more["ways"][1]["note"]
    np.testing.assert_array_equal(found.pictures[:5], found.pictures[5:])


def test_ends_that_are_the_same_stand_still(runs, open_page, words, table):
    from ui import ways

    assert "the path stands still" in words(open_page("paths", run=RUN, **{"from": "5", "to": "5"}))
    found = ways.answer(RUN, {**ends(table, 10, 10), "ways": list(ways.WAYS)})
    assert all(way["length"] == pytest.approx(0, abs=1e-4) and way["share"] == 1 for way in found.more["ways"])


def test_a_place_on_a_plane_is_its_code(runs):
    from ui import ways

    np.testing.assert_allclose(ways.code_of("digits-plane", {"place": [0.5, -1.25]}), [0.5, -1.25])


def test_the_films_have_their_frames_there_and_back(runs, table):
    from aelib.figures.gif import to_gif, to_webp, walk_frames
    from ui import ways

    found = ways.pictures(RUN, table.codes[10], table.codes[20], 5, 0)
    assert list(found) == list(ways.WAYS)
    frames = walk_frames(np.stack(list(found.values())))
    for made in (to_gif(frames), to_webp(frames)):
        with Image.open(io.BytesIO(made)) as film:
            shown = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(film)]
        assert len(shown) == 8
        np.testing.assert_array_equal(np.stack(shown), frames[:, 0])


def test_a_picture_of_ones_own_is_encoded_as_the_items_are(runs, table, open_page, component, words):
    from aelib.datasets._base import load_dataset

    at = open_page("paths", run=RUN, a="picture")
    assert "Upload a picture" in words(at)
    run = open_run(runs, RUN)
    items = load_dataset(run.dataset()).all_items()
    at.session_state["picture-A"] = ("mine.png", items.values[33].transpose(1, 2, 0), ["turned upright"])
    at.run()
    assert "A is the picture mine.png" in words(at)
    np.testing.assert_allclose(component(at)["a"]["code"], table.codes[33], atol=1e-4)


def test_a_dropped_handle_becomes_an_end_and_swaps(runs, open_page, component, words):
    at = open_page("paths", run=RUN, **{"a": "place", "a-at": "1,2", "to": "20"})
    at.button[[button.label for button in at.button].index("Swap A and B")].click().run()
    assert not at.exception
    assert component(at)["b"] == {"place": [1, 2]}
    assert "A is item 20" in words(at)


def test_an_attribute_is_told_on_items_that_it_was_not_made_from(runs, open_page, words, table):
    from aelib.latent.attribute import attribute

    at = open_page("paths", run=RUN, attribute="1", **{"of-from": "3", "of-to": "8", "from": "10"})
    assert not at.exception
    wanted = attribute(table.codes, np.flatnonzero(table.labels == 3), np.flatnonzero(table.labels == 8))
    said = words(at)
    assert f"Cohen's d **{wanted.effect:.2f}**" in said
    assert f"told on {wanted.held_out:,} others" in said
    at = at.selectbox(key="choose-of-from").set_value("8").run()
    assert not at.exception
    assert "too small" in words(at), "a class has no direction to itself"


def test_an_analogy_shows_the_items_nearest_to_its_answer(runs, open_page, table):
    from aelib.latent.attribute import analogy

    at = open_page("paths", run=RUN, analogy="1", **{"from": "10", "to": "20", "third": "30"})
    assert not at.exception
    _, rows = analogy(*table.codes[[np.flatnonzero(table.index == item)[0] for item in (10, 20, 30)]], table.codes)
    captions = [image.caption for part in at.get("image") for image in part.proto.imgs]
    assert "the items nearest to it: " + ", ".join(str(table.index[row]) for row in rows) in captions


def test_a_sheet_and_an_analogy_can_stand_together(runs, open_page):
    assert not open_page("paths", run=RUN, analogy="1", attribute="1", sheet="5").exception


def test_the_pixels_of_the_sheet_are_the_decoders(runs, open_page, table, pictures_of, monkeypatch):
    from ui import path_sheet

    seen = []
    original = path_sheet.pictures.sheet
    monkeypatch.setattr(
        path_sheet.pictures, "sheet", lambda *given, **more: seen.append(original(*given, **more)) or seen[-1]
    )
    at = open_page("paths", run=RUN, sheet="5", **{"from": "10", "to": "20", "third": "30", "fourth": "40"})
    assert not at.exception
    (shown,) = seen
    a, b, c, d = table.codes[[int(np.flatnonzero(table.index == item)[0]) for item in (10, 20, 30, 40)]]
    for row, down in enumerate(np.linspace(0, 1, 5)):
        for column, across in enumerate(np.linspace(0, 1, 5)):
            code = (1 - down) * ((1 - across) * a + across * b) + down * ((1 - across) * c + across * d)
            wanted = pictures_of(runs / RUN, [code])[0, :, :, 0].repeat(8, axis=0).repeat(8, axis=1)
            cell = shown[row * 67 : row * 67 + 64, column * 67 : column * 67 + 64]  # 8 x 8 pixels eight times as large
            assert np.abs(cell.astype(int) - wanted).max() <= 1, "the page's ends have five decimals"
    assert shown.shape == (5 * 67 - 3, 5 * 67 - 3)


def test_a_class_that_the_model_does_not_ask_for_does_not_make_the_film_anew(table, open_page, component):
    ids = set()
    for number in (1, 7):
        item = int(table.index[np.flatnonzero(table.labels == number)[0]])
        ids.add(component(open_page("paths", run=RUN, **{"from": str(item)}))["id"])
    assert len(ids) == 1
