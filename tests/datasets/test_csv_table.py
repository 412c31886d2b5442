"""Tables of one's own: read whole, or refused with the line and the column."""

import numpy as np
import pandas
import pytest

from aelib.config import RunConfig
from aelib.datasets import _csv, table
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError

ROWS = [(number, number % 7 + 0.5, -number / 3, "abc"[number % 3]) for number in range(40)]


@pytest.fixture
def write(tmp_path):
    def write(text, name="mine.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def text(separator=",", header="height,weight,age,kind", decimal="."):
    lines = [header.replace(",", separator)] if header else []
    lines += [separator.join(str(cell).replace(".", decimal) for cell in row) for row in ROWS]
    return "\n".join(lines) + "\n"


def refusal(path, **fields):
    with pytest.raises(AelibError) as caught:
        table.load(table.Config(path=str(path), **fields))
    return caught.value


def in_order(dataset):
    items = dataset.all_items()
    return items.take(np.argsort(items.index))


# ── What is read ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_separator_byte_order_mark_and_line_ending_are_found_out(write, separator, encoding, ending):
    path = write(text(separator).replace("\n", ending), encoding=encoding)
    dataset = table.load(table.Config(path=str(path), label="kind", standardise=False))
    items = in_order(dataset)
    np.testing.assert_allclose(items.values, [row[:3] for row in ROWS], rtol=1e-6)
    assert [dataset.classes[label] for label in items.labels] == [row[3] for row in ROWS]
    assert dataset.feature_names == ("height", "weight", "age")
    assert any(_csv.SEPARATORS[separator] in note for note in dataset.notes)


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("header", ["height,weight,age,kind", ""])
def test_decimal_commas_of_a_german_spreadsheet(write, separator, header):
    path = write(text(separator, header, decimal=","), encoding="utf-8-sig")
    label = "kind" if header else "column 4"
    items = in_order(table.load(table.Config(path=str(path), label=label, standardise=False)))
    np.testing.assert_allclose(items.values, [row[:3] for row in ROWS], rtol=1e-6)


def test_without_a_header_columns_are_numbered(write):
    dataset = table.load(table.Config(path=str(write(text(header=""))), label="column 4"))
    assert dataset.feature_names == ("column 1", "column 2", "column 3")
    assert len(dataset.all_items()) == 40
    assert any("no header" in note for note in dataset.notes)


def test_a_header_of_numbers_can_be_named_one(write):
    path = write("2019,2020\n" + "".join(f"{number},{number**2}\n" for number in range(20)))
    assert len(table.load(table.Config(path=str(path))).all_items()) == 21
    dataset = table.load(table.Config(path=str(path), header="yes"))
    assert (len(dataset.all_items()), dataset.feature_names) == (20, ("2019", "2020"))


def test_pandas_writes_it_and_pandas_reads_the_same(tmp_path):
    random = np.random.default_rng(0)
    frame = pandas.DataFrame(random.normal(size=(30, 3)), columns=["a", 'b "quoted", with comma', "line\nbreak"])
    frame["kind"] = random.choice(["x, y", "z"], 30)
    frame.to_csv(tmp_path / "mine.csv")
    dataset = table.load(table.Config(path=str(tmp_path / "mine.csv"), label="kind", standardise=False))
    back = pandas.read_csv(tmp_path / "mine.csv", index_col=0)
    items = in_order(dataset)
    np.testing.assert_allclose(items.values, back.iloc[:, :3], rtol=1e-6)
    assert dataset.feature_names == tuple(back.columns[:3])
    assert dataset.classes == ("x, y", "z")
    assert any("only counts the rows" in note for note in dataset.notes)


def test_standardised_by_the_training_items(write):
    dataset = table.load(table.Config(path=str(write(text())), label="kind"))
    train = dataset.splits["train"].values
    np.testing.assert_allclose(train.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(0), 1, rtol=1e-5)


def test_labels_that_are_numbers_are_sorted_as_numbers(write):
    lines = "".join(f"{number},{number % 12}\n" for number in range(30))
    dataset = table.load(table.Config(path=str(write(f"a,month\n{lines}")), label="month"))
    assert dataset.classes == tuple(str(month) for month in range(12))


def test_blank_lines_and_spaces_do_no_harm(write):
    body = "".join(f" {number} , {number**2} \n\n , \n" for number in range(12))
    items = in_order(table.load(table.Config(path=str(write(f"a,b\n{body}")), standardise=False)))
    np.testing.assert_array_equal(items.values[:, 1], np.arange(12) ** 2)


def test_windows_1252_is_read_and_said(write):
    path = write(text(header="größe,weight,age,kind"), encoding="cp1252")
    dataset = table.load(table.Config(path=str(path), label="kind"))
    assert dataset.feature_names[0] == "größe"
    assert any("Windows-1252" in note for note in dataset.notes)


def test_a_file_that_changes_is_read_again(write):
    config = table.Config(path=str(write(text())), label="kind")
    assert len(load_dataset(config).all_items()) == 40
    write(text() + "1,2,3,a\n")
    assert len(load_dataset(config).all_items()) == 41


# ── What is refused ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("extra", "cells"), [("1,2,3\n", 3), ("1,2,3,a,5\n", 5)])
def test_ragged_rows_are_refused_with_their_line(write, extra, cells):
    error = refusal(write(text() + extra), label="kind")
    assert error.code == "E_DATA_BAD"
    assert f"Line 42 of 'mine.csv' has {cells} cells" in error.what
    assert "4, separated by comma" in error.why


def test_lines_are_counted_past_quoted_line_breaks_and_blank_lines(write):
    path = write('a,b\n"1\n",2\n\n3,4\n5\n')
    assert "Line 6 " in refusal(path).what


def test_columns_of_text_are_refused_by_name(write):
    error = refusal(write(text()))
    assert error.code == "E_TYPE"
    assert "Column 'kind'" in error.what
    assert "line 2 holds 'a'" in error.why
    two = refusal(write("a,b,c\n" + "1,x,y\n" * 12))
    assert "'b', 'c'" in two.what


@pytest.mark.parametrize("cell", ["1_000", "1.234.567", "0x10", "1e", "12 kg"])
def test_what_is_almost_a_number_is_text(write, cell):
    error = refusal(write("a,b\n" + "1,2\n" * 12 + f"3,{cell}\n"))
    assert error.code == "E_TYPE"
    assert "'b'" in error.what
    assert f"line 14 holds {cell!r}" in error.why


def test_a_point_among_decimal_commas_is_not_guessed_at(write):
    error = refusal(write("a;b\n" + "1,5;2,5\n" * 12 + "1,5;1.500\n"))
    assert error.code == "E_TYPE"
    assert "'1.500'" in error.why
    assert "decimal commas" in error.how_to_fix


@pytest.mark.parametrize("cell", ["", "NA", "nan", "NaN", "?", "-", "null", "inf", "-Infinity", "1e999"])
def test_missing_and_infinite_numbers_are_refused_with_count_and_place(write, cell):
    body = "1,2\n" * 12 + f"{cell},3\n" + "1,2\n" + f"{cell},3\n"
    error = refusal(write(f"a,b\n{body}"))
    assert error.code == "E_NONFINITE"
    assert "has 2 missing or infinite numbers" in error.what
    assert "line 14, column 'a'" in error.why


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "E_EMPTY"),
        (b"\xef\xbb\xbf\n\n", "E_EMPTY"),
        (b"a,b\n", "E_TOO_FEW"),
        (b"a,b\n1,2\n", "E_TOO_FEW"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "E_TYPE"),
        (b"PK\x03\x04\x00\x00\x00\x00", "E_TYPE"),
        (b"a,b\n\x81\x8d,2\n", "E_TYPE"),
        (b'a,b\n1,"2\n', "E_DATA_BAD"),
        (b'a,b\n1,"2"x\n', "E_DATA_BAD"),
        (b"a,a\n" + b"1,2\n" * 12, "E_DATA_BAD"),
        (b"a,b\n" + b"1,2\n" * 12, "E_DATA_BAD"),  # nothing varies
        (b"a,b\n" + b'1,"' + b"x" * 200_000 + b'"\n', "E_DATA_BAD"),  # longer than csv allows
    ],
)
def test_hostile_and_useless_files_are_refused(write, content, code):
    assert refusal(write(content)).code == code


def test_missing_files_folders_and_no_name(tmp_path):
    assert refusal(tmp_path / "none.csv").code == "E_DATA_MISSING"
    assert "no file" in refusal(tmp_path).why
    assert "dataset.path" in refusal("").how_to_fix


def test_sizes_are_capped(write, monkeypatch):
    path = write(text())
    for name, limit in (("MAX_BYTES", 100), ("MAX_CELLS", 50), ("MAX_COLUMNS", 3)):
        with monkeypatch.context() as patch:
            patch.setattr(_csv, name, limit)
            assert refusal(path, label="kind").code == "E_TOO_LARGE", name


def test_label_columns_are_checked(write):
    path = write(text())
    error = refusal(path, label="kinds")
    assert (error.code, "Did you mean 'kind'?") == ("E_CONFIG", error.how_to_fix)
    error = refusal(write(text() + "1,2,3,\n"), label="kind")
    assert error.code == "E_LABELS"
    assert "line 42" in error.why
    many = "".join(f"{number},{number / 7}\n" for number in range(600))
    assert refusal(write(f"a,b\n{many}"), label="b").code == "E_LABELS"
    only = "".join(f"{number}\n" for number in range(20))
    assert refusal(write(f"kind\n{only}"), label="kind").code == "E_EMPTY"


def test_numbers_too_large_for_a_model_are_refused(write):
    body = "".join(f"{number},{number}e300\n" for number in range(1, 20))
    for standardise in (True, False):
        error = refusal(write(f"a,b\n{body}"), standardise=standardise)
        assert error.code == "E_TOO_LARGE"


def test_a_path_with_nul_is_refused_by_the_config():
    with pytest.raises(AelibError, match="path"):
        RunConfig.parse({"dataset": {"name": "table", "path": "a\0b"}})
