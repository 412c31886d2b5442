"""Selections kept with a run, groups in the code space, and what is taken out."""

import csv
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from aelib import codes
from aelib.codes import CodeTable
from aelib.errors import AelibError
from aelib.exchange import selections as exported
from aelib.latent import groups
from aelib.runs import selections
from aelib.runs.folder import Run


@pytest.fixture
def run(tiny_run, copy_of) -> Run:
    return copy_of(tiny_run)


def code_of(act) -> str:
    with pytest.raises(AelibError) as found:
        act()
    return found.value.code


# ---- kept with a run


def test_a_selection_comes_back_as_it_was(run):
    items = np.asarray([900, 3, 0, 44, 3])
    saved = selections.save(run, items, "  the odd\tsevens ")
    assert saved.name == "the odd sevens"
    assert selections.items_of(run, saved.id).tolist() == [0, 3, 44, 900]
    assert [each.id for each in selections.listed(run)] == [saved.id]
    assert saved.count == 4


def test_names_are_what_people_type_and_ids_are_ours(run):
    names = ["../../etc/passwd", "<script>alert(1)</script>", "naïve 七", "a" * selections.LONGEST_NAME]
    ids = [selections.save(run, np.asarray([n]), name).id for n, name in enumerate(names)]
    assert {path.name for path in (run.folder / "selections").iterdir()} == {f"{each}.json" for each in ids}
    assert {saved.name for saved in selections.listed(run)} == set(names)


@pytest.mark.parametrize("name", [" ", "a" * 81, "with\x00nothing", "with\u202eturned"])
def test_a_name_that_cannot_be_shown_is_refused(name, run):
    assert code_of(lambda: selections.save(run, np.asarray([1]), name)) == "E_CONFIG"


def test_a_taken_name_and_an_empty_selection_are_refused(run):
    selections.save(run, np.asarray([1]), "one")
    assert code_of(lambda: selections.save(run, np.asarray([2]), "one")) == "E_EXISTS"
    assert code_of(lambda: selections.save(run, np.zeros(0, int), "none")) == "E_CONFIG"


def test_rename_and_delete(run):
    saved = selections.save(run, np.asarray([5, 6]), "before")
    other = selections.save(run, np.asarray([7]), "other")
    assert selections.rename(run, saved.id, "after").name == "after"
    assert selections.rename(run, saved.id, "after").name == "after"
    assert code_of(lambda: selections.rename(run, saved.id, "other")) == "E_EXISTS"
    assert selections.items_of(run, saved.id).tolist() == [5, 6]
    selections.delete(run, saved.id)
    selections.delete(run, saved.id)
    assert [each.id for each in selections.listed(run)] == [other.id]
    assert code_of(lambda: selections.items_of(run, saved.id)) == "E_NOT_FOUND"


def test_the_same_nameless_selection_is_kept_once_and_old_ones_go(run, monkeypatch):
    monkeypatch.setattr(selections, "MOST_NAMELESS", 3)
    first = selections.save(run, np.asarray([4, 2]))
    assert selections.save(run, np.asarray([2, 4])).id == first.id
    kept = selections.save(run, np.asarray([9]), "named")
    newer = [selections.save(run, np.asarray([n])) for n in range(3)]
    found = {saved.id for saved in selections.listed(run)}
    assert found == {kept.id, *(saved.id for saved in newer)}


@pytest.mark.parametrize("identity", ["../config", "s-0", "", "auto-zzzzzzzzzzzz", "s-000000000000/../x"])
def test_only_our_ids_open_files(identity, run):
    assert code_of(lambda: selections.items_of(run, identity)) == "E_NOT_FOUND"


@pytest.mark.parametrize(
    "value",
    [[], {}, {"name": 1, "made": 0, "steps": [1]}, {"name": "", "made": 0, "steps": [-1]},
     {"name": "", "made": 0, "steps": [True]}, {"name": "", "made": 0, "steps": []}],
)  # fmt: skip
def test_a_damaged_file_says_so_and_hides_no_other(value, run):
    whole = selections.save(run, np.asarray([1]), "whole")
    (run.folder / "selections" / "s-0123456789ab.json").write_text(json.dumps(value))
    assert code_of(lambda: selections.items_of(run, "s-0123456789ab")) == "E_FILE"
    assert [saved.id for saved in selections.listed(run)] == [whole.id]


def test_a_folder_that_cannot_be_written_says_so(run):
    (run.folder / "selections").write_text("no folder")  # as root, a read-only folder would be written all the same
    assert code_of(lambda: selections.save(run, np.asarray([1]), "one")) == "E_DISK"


def test_a_million_items_fit_into_a_file(run):
    items = np.flatnonzero(np.random.default_rng(0).random(1_000_000) < 0.5)
    saved = selections.save(run, items, "half of a million")
    np.testing.assert_array_equal(selections.items_of(run, saved.id), items)


def test_a_run_that_is_gone_is_not_made_again(run):
    import shutil

    shutil.rmtree(run.folder)
    assert code_of(lambda: selections.save(run, np.asarray([1]), "one")) == "E_NO_RUN"
    assert not run.folder.exists()


# ---- groups


@pytest.fixture
def cloud():
    generator = np.random.default_rng(1)
    return generator.normal(size=(300, 4)).astype(np.float32), np.sort(generator.choice(300, 40, replace=False))


def near(cloud: np.ndarray, row: int, k: int) -> set[int]:
    distances = [(float(np.linalg.norm(cloud[row] - other)), at) for at, other in enumerate(cloud) if at != row]
    return {at for _, at in sorted(distances)[:k]}


def test_growing_and_shrinking_by_hand(cloud):
    codes_, rows = cloud
    members = set(rows.tolist())
    wanted = members.union(*(near(codes_, row, 3) for row in rows))
    assert groups.grow(codes_, rows, 3).tolist() == sorted(wanted)
    large = np.asarray(sorted(wanted))
    kept = [row for row in large if near(codes_, row, 2) <= wanted]
    assert groups.shrink(codes_, large, 2).tolist() == kept


def test_growing_among_codes_that_are_all_alike():
    codes_ = np.zeros((30, 2), np.float32)
    grown = groups.grow(codes_, np.asarray([29]), 5)
    assert 29 in grown
    assert len(grown) == 6
    assert groups.shrink(codes_, np.arange(30), 5).tolist() == list(range(30))
    assert groups.grow(codes_[:1], np.asarray([0]), 5).tolist() == [0]


def test_too_much_to_grow_is_refused(cloud, monkeypatch):
    monkeypatch.setattr(groups, "MOST_DISTANCES", 1000)
    assert code_of(lambda: groups.grow(*cloud, 3)) == "E_TOO_LARGE"


def test_typical_odd_and_direction(cloud):
    codes_, rows = cloud
    centre = codes_[rows].mean(axis=0)
    order = sorted(rows.tolist(), key=lambda row: float(np.linalg.norm(codes_[row] - centre)))
    assert groups.typical(codes_, rows, 5).tolist() == order[:5]
    assert groups.odd(codes_, rows, 5).tolist() == order[::-1][:5]
    others = np.setdiff1d(np.arange(300), rows)
    np.testing.assert_allclose(groups.direction(codes_, rows, others), codes_[others].mean(0) - centre, atol=1e-6)


# ---- taken out

CLASSES = ("=SUM(A1)", "a/b ../c", "plain")


@pytest.fixture
def table() -> CodeTable:
    generator = np.random.default_rng(2)
    return CodeTable(
        generator.normal(size=(4, 3)).astype(np.float32), generator.random((4, 3)).astype(np.float32),
        generator.random(4).astype(np.float32), np.asarray([0, 1, 2, -1]), np.asarray([12, 7, 900, 1234567]),
        np.asarray([0, 1, 2, 0], np.int8),
    )  # fmt: skip


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_table_is_read_back_by_other_programs(dimensions, table):
    import pandas

    points = np.random.default_rng(3).normal(size=(4, dimensions)).astype(np.float32)
    for found in (
        pandas.read_csv(io.BytesIO(exported.to_csv(table, CLASSES, points)), keep_default_na=False),
        pandas.read_parquet(io.BytesIO(exported.to_parquet(table, CLASSES, points))),
    ):
        assert found["item"].tolist() == [12, 7, 900, 1234567]
        assert found["split"].tolist() == ["train", "validation", "test", "train"]
        assert found["label"].tolist() == [0, 1, 2, -1]
        assert found["class"].tolist()[1:] == ["a/b ../c", "plain", ""]
        np.testing.assert_allclose(found[list("xyz"[:dimensions])], points, rtol=1e-6)
        np.testing.assert_allclose(found[["code_0", "code_1", "code_2"]], table.codes, rtol=1e-6)
        np.testing.assert_allclose(found["spread_2"], table.spreads[:, 2], rtol=1e-6)


def test_a_spreadsheet_runs_no_class_name(table):
    rows = list(csv.DictReader(io.StringIO(exported.to_csv(table, CLASSES).decode())))
    assert rows[0]["class"] == "'=SUM(A1)"


def test_arrays_are_read_back(table):
    images = np.random.default_rng(4).integers(0, 256, (4, 1, 5, 6), np.uint8)
    points = np.zeros((4, 2), np.float32)
    with np.load(io.BytesIO(exported.to_npz(table, CLASSES, points, images)), allow_pickle=False) as found:
        np.testing.assert_array_equal(found["codes"], table.codes)
        np.testing.assert_array_equal(found["labels"], table.labels)
        np.testing.assert_array_equal(found["index"], table.index)
        np.testing.assert_array_equal(found["images"], images[:, 0])
        assert tuple(found["classes"]) == CLASSES
        assert set(found) == {"codes", "spreads", "errors", "index", "labels", "classes", "points", "images"}


def test_a_table_without_labels_has_no_column_for_them(table):
    bare = CodeTable(table.codes, None, table.errors, np.full(4, -1), table.index, table.split)
    assert not {"label", "class", "spread_0"} & set(exported.columns(bare))
    with np.load(io.BytesIO(exported.to_npz(bare))) as found:
        assert set(found) == {"codes", "errors", "index"}


def test_pictures_are_named_by_item_and_stay_in_their_folder(table):
    images = np.random.default_rng(5).integers(0, 256, (4, 3, 5, 6), np.uint8)
    data = exported.to_zip(images, table, CLASSES)
    assert data == exported.to_zip(images, table, CLASSES)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == [
            "item-000012-SUM-A1.png", "item-000007-a-b-c.png", "item-000900-plain.png", "item-1234567.png",
        ]  # fmt: skip
        shown = np.asarray(Image.open(io.BytesIO(archive.read("item-000900-plain.png"))))
    np.testing.assert_array_equal(shown, images[2].transpose(1, 2, 0))


@pytest.mark.parametrize(("kind", "cap"), [("csv", "MOST_CELLS"), ("npz", "MOST_BYTES"), ("zip", "MOST_PICTURES")])
def test_too_large_is_refused_with_a_sentence(kind, cap, table, monkeypatch):
    monkeypatch.setattr(exported, cap, 3)
    assert code_of(lambda: exported.refuse_too_large(kind, table)) == "E_TOO_LARGE"
    made = {"csv": exported.to_csv, "npz": exported.to_npz, "zip": lambda t: exported.to_zip(np.zeros((4, 1, 2, 2)), t)}
    assert code_of(lambda: made[kind](table)) == "E_TOO_LARGE"


def test_the_tables_of_a_run_are_taken_out_whole(tiny_run):
    table = codes.of_run(tiny_run)
    lines = exported.to_csv(table).decode().splitlines()
    assert len(lines) == len(table) + 1
