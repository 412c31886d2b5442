"""What comes in is held against what a map needs; each fault names its array, its shapes and its first bad row."""

import io

import numpy as np
import pytest

from aelib.errors import AelibError
from aelib.exchange.brought import check
from aelib.exchange.sheets import read_sheet

CODES = np.random.default_rng(0).normal(size=(6, 3))


def refused(**arrays) -> AelibError:
    with pytest.raises(AelibError) as caught:
        check(arrays)
    return caught.value


def broken(*rows: int) -> np.ndarray:
    codes = CODES.copy()
    codes[list(rows), 1] = np.nan
    return codes


WRONG = {
    "no codes": ({"latents": CODES, "labels": np.zeros(6)}, "Rename 'latents'"),
    "nothing": ({}, "no array 'codes'"),
    "texts": ({"codes": np.array([["a"]])}, "no numbers"),
    "complex": ({"codes": CODES + 1j}, "complex128"),
    "a cube": ({"codes": CODES.reshape(2, 3, 3)}, "(2, 3, 3)"),
    "no items": ({"codes": CODES[:0]}, "(0, 3)"),
    "no numbers": ({"codes": CODES[:, :0]}, "(6, 0)"),
    "too long": ({"codes": np.zeros((1, 20_000), np.float32)}, "20,000 numbers"),
    "too many": ({"codes": np.broadcast_to(np.float32(0), (2_000_001, 1))}, "2,000,001"),
    "NaN": ({"codes": broken(2, 4)}, "2 of 6 codes hold NaN, infinite or huge numbers: the first is row 2"),
    "infinite": ({"codes": np.where(np.arange(6)[:, None] == 3, np.inf, CODES)}, "the first is row 3"),
    "huge": ({"codes": CODES * 1e30}, "--drop-broken"),
    "labels of another length": ({"codes": CODES, "labels": np.zeros(5)}, "'labels' has another length than the codes: "
                                 "it has 5 rows, codes has 6"),
    "images of another length": ({"codes": CODES, "images": np.zeros((7, 2, 2))}, "it has 7 rows, codes has 6"),
    "one-hot labels": ({"codes": CODES, "labels": np.eye(6)}, "argmax"),
    "flat images": ({"codes": CODES, "images": np.zeros((6, 4))}, "(6, 4)"),
    "images of 5 channels": ({"codes": CODES, "images": np.zeros((6, 8, 8, 5))}, "1 or 3 channels"),
    "images to 255 as floats": ({"codes": CODES, "images": np.full((6, 2, 2), 255.0)}, "Divide by 255"),
    "images beyond 255": ({"codes": CODES, "images": np.full((6, 2, 2), 256)}, "256"),
    "images with NaN": ({"codes": CODES, "images": np.full((6, 2, 2), np.nan)}, "nan"),
    "images too large": ({"codes": CODES, "images": np.zeros((6, 600, 600), np.uint8)}, "600 × 600"),
    "points in space": ({"codes": CODES, "points": CODES}, "'points' does not fit: shape (6, 3), wanted (items, 2)"),
    "points with NaN": ({"codes": CODES, "points": broken(5)[:, :2]}, "the first is 5"),
    "spreads of another size": ({"codes": CODES, "spreads": np.ones((6, 2))}, "(6, 2)"),
    "spreads of 0": ({"codes": CODES, "spreads": np.zeros((6, 3))}, "log_variance"),
    "errors with some NaN": ({"codes": CODES, "errors": np.array([1, 1, np.nan, 1, 1, 1])}, "the first is 2"),
    "an index twice": ({"codes": CODES, "index": np.array([0, 1, 2, 3, 3, 4])}, "3 stands in it again"),
    "an index below 0": ({"codes": CODES, "index": np.arange(6) - 1}, "leaves its range"),
    "an index of fractions": ({"codes": CODES, "index": np.arange(6) / 2}, "whole numbers"),
    "a lattice alone": ({"codes": CODES[:, :2], "lattice": np.zeros((2, 2, 4, 4))}, "lattice_extent=(x0, x1, y0, y1)"),
    "a flat lattice": ({"codes": CODES[:, :2], "lattice": np.zeros((4, 4, 4)), "lattice_extent": [0, 1, 0, 1]},
                       "(4, 4, 4)"),
    "an extent of nothing": ({"codes": CODES[:, :2], "lattice": np.zeros((2, 2, 4, 4)),
                              "lattice_extent": np.array([0, 0, 0, 1])}, "x0 ≠ x1"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_fault_is_one_sentence_with_its_figures(case):
    arrays, words = WRONG[case]
    assert words in str(refused(**{name: np.asarray(array) for name, array in arrays.items()}))


def test_codes_alone_are_enough():
    found = check({"codes": CODES})
    np.testing.assert_array_equal(found.codes, CODES.astype(np.float32))
    assert found.index.tolist() == list(range(6))
    assert found.labels is None
    assert found.images is None
    assert not found.notes


@pytest.mark.parametrize("codes", [np.arange(5), np.arange(5.0)[:, None], np.ones((1, 1)), np.ones((2, 4), np.float16)])
def test_small_and_narrow_codes_are_codes(codes):
    found = check({"codes": codes})
    assert found.codes.shape == (len(codes), codes.shape[1] if codes.ndim == 2 else 1)
    assert found.codes.dtype == np.float32


def test_broken_items_go_everywhere_or_nowhere():
    images = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2)
    given = {"codes": broken(0, 4), "labels": np.arange(6), "images": images, "index": np.arange(6) + 10}
    found = check({**given, "weight": np.arange(6.0)}, drop_broken=True)
    kept = [1, 2, 3, 5]
    assert found.index.tolist() == [10 + row for row in kept]
    assert found.labels is not None
    assert found.labels.tolist() == kept
    np.testing.assert_array_equal(found.images, images[kept][:, None])
    assert found.attributes["weight"].tolist() == kept
    assert "2 items were left out" in found.notes[0]
    with pytest.raises(AelibError, match="all 6 hold"):
        check({"codes": CODES * np.nan}, drop_broken=True)


LABELS = {
    "numbers": ([0, 2, 1, 0, 2, 1], None, [0, 2, 1, 0, 2, 1], ("0", "1", "2")),
    "a gap is kept": ([0, 3, 0, 3, 0, 3], None, [0, 3, 0, 3, 0, 3], ("0", "1", "2", "3")),
    "far apart": ([10, 500, 10, 500, 10, 500], None, [0, 1, 0, 1, 0, 1], ("10", "500")),
    "some missing": ([0, -1, 1, -1, 0, 1], None, [0, -1, 1, -1, 0, 1], ("0", "1")),
    "whole floats": ([0.0, np.nan, 1.0, 0.0, 1.0, 1.0], None, [0, -1, 1, 0, 1, 1], ("0", "1")),
    "named": ([0, 1, 0, 1, 0, 1], ["cat", "dog", "owl"], [0, 1, 0, 1, 0, 1], ("cat", "dog", "owl")),
    "too few names": ([0, 1, 2, 0, 1, 2], ["cat"], [0, 1, 2, 0, 1, 2], ("0", "1", "2")),
    "texts": (["b", "a", "", "b", "a", "a"], None, [1, 0, -1, 1, 0, 0], ("a", "b")),
    "texts in an order": (["b", "a", "", "b", "a", "a"], ["b", "a", "c"], [0, 1, -1, 0, 1, 1], ("b", "a", "c")),
    "bytes": ([b"b", b"a"] * 3, None, [1, 0] * 3, ("a", "b")),
    "truths": ([True, False] * 3, None, [1, 0] * 3, ("0", "1")),
    "none at all": ([-1] * 6, None, [-1] * 6, ()),
}  # fmt: skip


@pytest.mark.parametrize("case", LABELS)
def test_labels_become_classes(case):
    labels, classes, numbers, names = LABELS[case]
    arrays = {"codes": CODES, "labels": np.array(labels)}
    found = check(arrays if classes is None else {**arrays, "classes": np.array(classes)})
    assert found.labels is not None
    assert found.labels.tolist() == numbers
    assert found.classes == names


@pytest.mark.parametrize("kind", ["numbers", "texts"])
def test_a_hundred_thousand_classes_are_a_number_and_this_is_said(kind):
    labels = np.arange(100_000)
    found = check({"codes": np.zeros((100_000, 2)), "labels": labels if kind == "numbers" else labels.astype(str)})
    assert found.labels is None
    assert not found.classes
    assert len(np.unique(found.attributes["labels"])) == 100_000
    assert "100,000 classes" in found.notes[0]


def test_fractions_are_no_classes():
    found = check({"codes": CODES, "labels": np.linspace(0, 1, 6)})
    np.testing.assert_allclose(found.attributes["labels"], np.linspace(0, 1, 6), rtol=1e-6)
    assert "no whole numbers" in found.notes[0]


def test_further_rows_are_attributes():
    found = check(
        {
            "codes": CODES, "age": np.array([1, 2, 3, np.inf, np.nan, 6]), "hair": np.array(["red", "", "fair"] * 2),
            "loss": np.zeros(40), "weights": np.zeros((6, 6)), "old": np.array([True, False] * 3),
        }
    )  # fmt: skip
    assert list(found.attributes) == ["age", "hair", "old"]
    np.testing.assert_array_equal(found.attributes["age"], np.float32([1, 2, 3, np.nan, np.nan, 6]))
    np.testing.assert_array_equal(found.attributes["hair"], np.float32([1, np.nan, 0] * 2))
    assert found.values == {"hair": ("fair", "red")}
    assert any("'loss' was left out: it has the shape (40,), codes has 6 rows" in note for note in found.notes)
    assert any("'weights' was left out" in note for note in found.notes)


@pytest.mark.parametrize("shape", [(6, 4, 5), (6, 4, 5, 1), (6, 4, 5, 3), (6, 3, 4, 5), (6, 1, 4, 5), (6, 4, 5, 4)])
def test_pictures_in_any_usual_order(shape):
    pixels = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    found = check({"codes": CODES, "images": pixels}).images
    assert found is not None
    channels = 1 if 1 in shape[1:] or len(shape) == 3 else 3
    assert found.shape == (6, channels, 4, 5)
    last = pixels.reshape(6, 4, 5, -1) if shape[1] == 4 else pixels.transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(found.transpose(0, 2, 3, 1), last[..., :channels])
    for same in (pixels / 255, (pixels / 255).astype(np.float32), pixels.astype(np.int64)):
        np.testing.assert_array_equal(check({"codes": CODES, "images": same}).images, found)


def test_a_lattice_is_for_codes_of_two_numbers():
    lattice = {"lattice": np.zeros((2, 2, 4, 4)), "lattice_extent": np.array([0, 1, 0, 1])}
    assert check({"codes": CODES[:, :2], **lattice}).extent == (0, 1, 0, 1)
    found = check({"codes": CODES, **lattice})
    assert found.lattice is None
    assert "these have 3" in found.notes[0]


def test_a_csv_of_numbers_names_texts_and_labels():
    text = "z0,z1,label,city\n0.5,1,cat,Bonn\n2,3.5,dog,\n4,5,cat,Kiel\n"
    found = check(read_sheet(io.BytesIO(text.encode()), "codes.csv"))
    assert found.codes.tolist() == [[0.5, 1], [2, 3.5], [4, 5]]
    assert found.classes == ("cat", "dog")
    assert found.values == {"city": ("Bonn", "Kiel")}
    assert read_sheet(io.BytesIO(b"x,y\n1,2\n3,4\n"), "c.csv")["codes"].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("text", ["", "a\nb\n", '"', "\0\0\0"])
def test_a_csv_without_numbers_is_refused(text):
    with pytest.raises(AelibError):
        read_sheet(io.BytesIO(text.encode()), "codes.csv")


def test_a_parquet_file_with_lists_or_columns():
    import pyarrow as pa
    import pyarrow.parquet as pq

    for columns in ({"embedding": CODES.tolist()}, {f"dim_{n}": CODES[:, n] for n in range(3)}):
        file = io.BytesIO()
        pq.write_table(pa.table({**columns, "label": ["a", "b", None] * 2, "age": [1.0, None] * 3}), file)
        found = check(read_sheet(file, "codes.parquet"))
        np.testing.assert_allclose(found.codes, CODES, rtol=1e-6)
        assert found.labels is not None
        assert found.labels.tolist() == [0, 1, -1] * 2
        np.testing.assert_array_equal(found.attributes["age"], np.float32([1, np.nan] * 3))
    with pytest.raises(AelibError, match="no readable Parquet"):
        read_sheet(io.BytesIO(b"PAR1 and no more"), "codes.parquet")
