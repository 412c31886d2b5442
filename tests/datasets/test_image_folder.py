"""A folder of pictures: what becomes of its names, sizes and colours, and what is refused."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aelib.config import RunConfig, read_choice
from aelib.datasets import image_folder
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.registry import DATASETS
from tests.datasets._made import make_pictures

pytestmark = pytest.mark.usefixtures("offline")


def load_folder(folder, **fields):
    return image_folder.load(image_folder.Config(folder=str(folder), **fields))


def refusal(folder, **fields):
    with pytest.raises(AelibError) as caught:
        load_folder(folder, **fields)
    return caught.value


def test_class_folders_become_labels_in_sorted_order(tmp_path):
    make_pictures(tmp_path / "dog", 6, size=(32, 32))
    make_pictures(tmp_path / "cat" / "indoors", 8, size=(32, 32), seed=1)
    dataset = load_folder(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.info.counts == {"train": 8, "validation": 3, "test": 3}
    items = dataset.all_items()
    np.testing.assert_array_equal(items.labels, (items.index >= 8).astype(int))
    first = np.asarray(Image.open(tmp_path / "cat" / "indoors" / "000.png")).transpose(2, 0, 1)
    np.testing.assert_array_equal(items.values[items.index == 0][0], first)


def test_loose_pictures_have_no_labels(tmp_path):
    make_pictures(tmp_path)
    dataset = load_folder(tmp_path)
    assert dataset.classes == ()
    assert dataset.splits["train"].labels is None
    assert len(dataset.all_items()) == 12


def test_train_and_test_folders_are_kept_apart_also_inside_a_wrapping_folder(tmp_path):
    for pool, count in (("train", 10), ("test", 3)):
        make_pictures(tmp_path / "wrapped" / pool / "a", count)
        make_pictures(tmp_path / "wrapped" / pool / "b", count, seed=1)
    dataset = load_folder(tmp_path)
    assert dataset.info.counts == {"train": 16, "validation": 4, "test": 6}
    assert dataset.classes == ("a", "b")
    assert dataset.splits["test"].labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert any("test/ is the test split" in note for note in dataset.notes)


def test_a_train_folder_alone_and_with_a_validation_folder(tmp_path):
    make_pictures(tmp_path / "train" / "a", 10)
    make_pictures(tmp_path / "train" / "b", 10)
    assert load_folder(tmp_path).classes == ("a", "b")
    make_pictures(tmp_path / "val" / "a", 5)
    dataset = load_folder(tmp_path)
    assert (dataset.classes, len(dataset.all_items())) == (("a", "b"), 25)
    assert any("joined with train/" in note for note in dataset.notes)


def test_a_flat_test_folder_beside_labelled_training_pictures_drops_the_labels(tmp_path):
    make_pictures(tmp_path / "train" / "a", 10)
    make_pictures(tmp_path / "test", 4)
    dataset = load_folder(tmp_path)
    assert dataset.classes == ()
    assert dataset.info.counts["test"] == 4
    assert "No labels: only train/ has class folders." in dataset.notes


def test_everything_else_is_left_out_and_counted(tmp_path):
    make_pictures(tmp_path / "a", 10)
    make_pictures(tmp_path / "__MACOSX" / "a", 2)
    make_pictures(tmp_path / ".thumbnails", 2)
    make_pictures(tmp_path, 1)
    (tmp_path / "a" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "a" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "readme.txt").write_text("BMW pictures")
    (tmp_path / "a" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "b").symlink_to(tmp_path, target_is_directory=True)
    dataset = load_folder(tmp_path)
    assert len(dataset.all_items()) == 10
    assert dataset.notes[-1] == (
        "Left out: 1 broken links and special files, 1 files that are no pictures, 1 links to folders, "
        "1 pictures beside the class folders, 4 system files and folders."
    )


def test_a_picture_counts_by_its_content_not_its_name(tmp_path):
    make_pictures(tmp_path, 9)
    make_pictures(tmp_path / "x", 1, suffix="jpg")
    (tmp_path / "x" / "000.jpg").rename(tmp_path / "no_ending")
    assert len(load_folder(tmp_path).all_items()) == 10


@pytest.mark.parametrize(
    ("modes", "channels", "wanted", "note"),
    [
        (("L",), "auto", 1, "Grey items: no picture has colour."),
        (("L", "RGB"), "auto", 3, "Colour items: 12 of 24 pictures are grey, their channel is repeated."),
        (
            ("L", "RGB"),
            "grey",
            1,
            "Grey items: 12 of 24 pictures had colour and were turned grey (luma, ITU-R BT.601).",
        ),
        (("L",), "colour", 3, "Colour items: 12 of 12 pictures are grey, their channel is repeated."),
        (("RGB",), "auto", 3, "Colour items: every picture has colour."),
    ],
)
def test_one_rule_for_channels_with_counts(tmp_path, modes, channels, wanted, note):
    for mode in modes:
        make_pictures(tmp_path / mode, mode=mode)
    dataset = load_folder(tmp_path, channels=channels)
    assert dataset.info.item_shape == (wanted, 32, 32)
    assert note in dataset.notes


def test_grey_saved_as_colour_is_still_grey(tmp_path):
    for number in range(10):
        grey = np.full((8, 8, 1), number, np.uint8).repeat(3, axis=2)
        Image.fromarray(grey).save(tmp_path / f"{number}.png")
    dataset = load_folder(tmp_path, size=8)
    assert dataset.info.item_shape == (1, 8, 8)
    items = dataset.all_items()
    np.testing.assert_array_equal(items.values[:, 0, 0, 0], items.index)


def test_sizes_and_conversions_are_counted(tmp_path):
    make_pictures(tmp_path / "s", 10, size=(32, 32))
    make_pictures(tmp_path / "s" / "large", 2, size=(64, 40))
    Image.new("CMYK", (32, 32)).save(tmp_path / "s" / "print.jpg")
    notes = load_folder(tmp_path).notes
    assert any(
        note.startswith("2 of 13 pictures (32 x 32 to 64 x 40 pixels) were brought to 32 x 32") for note in notes
    )
    assert "1 of 13: CMYK turned into RGB." in notes


def test_the_order_does_not_depend_on_the_order_of_writing(tmp_path):
    make_pictures(tmp_path / "one", 12)
    for path in sorted((tmp_path / "one").iterdir(), reverse=True):
        (tmp_path / "two").mkdir(exist_ok=True)
        (tmp_path / "two" / path.name).write_bytes(path.read_bytes())
    assert load_folder(tmp_path / "one").hash == load_folder(tmp_path / "two").hash


def test_large_photographs_are_read_at_a_fraction_and_look_the_same(tmp_path):
    ramp = np.linspace(0, 255, 1600).astype(np.uint8)
    photo = np.stack([np.tile(ramp, (1200, 1)), np.full((1200, 1600), 90, np.uint8), np.tile(ramp[::-1], (1200, 1))], 2)
    for number in range(10):
        Image.fromarray(photo).save(tmp_path / f"{number}.jpg", quality=95)
    image = load_folder(tmp_path, size=32).splits["train"].values[0].astype(int)
    middle = photo[:1184, 200:1384]  # 32 x 37 pixels: all but the crop's last 16 rows and columns
    wanted = middle.reshape(32, 37, 32, 37, 3).mean((1, 3)).transpose(2, 0, 1)
    assert np.abs(image - wanted).mean() < 3


def test_refusals_name_the_folder_or_the_file(tmp_path, monkeypatch):
    assert refusal(tmp_path / "nowhere").code == "E_DATA_MISSING"
    assert str(tmp_path / "nowhere") in str(refusal(tmp_path / "nowhere"))
    assert refusal("").code == "E_DATA_MISSING"
    assert refusal(tmp_path).code == "E_EMPTY"
    make_pictures(tmp_path, 9)
    assert refusal(tmp_path).code == "E_TOO_FEW"
    assert refusal(tmp_path / "000.png").what.startswith("Cannot open the folder")
    make_pictures(tmp_path, 12)
    whole = (tmp_path / "005.png").read_bytes()
    for content, code in ((whole[: len(whole) // 2], "E_IMAGE_TRUNCATED"), (b"", "E_EMPTY"), (b"<svg/>", "E_TYPE")):
        (tmp_path / "005.png").write_bytes(content)
        error = refusal(tmp_path)
        assert (error.code, "'005.png'" in str(error)) == (code, True)
    (tmp_path / "005.png").write_bytes(whole)
    monkeypatch.setattr(image_folder, "MAX_MEMORY", 12 * 3 * 32**2 - 1)
    assert refusal(tmp_path).code == "E_TOO_LARGE"
    monkeypatch.setattr(image_folder, "MAX_FILES", 11)
    assert "more than 11 files" in str(refusal(tmp_path))


def test_odd_names_are_shown_escaped(tmp_path):
    make_pictures(tmp_path, 11)
    (tmp_path / "000.png").rename(tmp_path / "a\n\u202eb.png")
    (tmp_path / "a\n\u202eb.png").write_bytes(b"")
    assert "'a\\n\\u202eb.png' is empty" in str(refusal(tmp_path))


@pytest.mark.parametrize("fields", [{"size": 7}, {"size": 129}, {"size": 16.0}, {"fit": "zoom"}, {"folder": "a\0b"}])
def test_settings_out_of_range_are_refused(fields):
    with pytest.raises(AelibError, match=next(iter(fields))) as caught:
        RunConfig.parse({"dataset": {"name": "image_folder", **fields}})
    assert caught.value.code == "E_CONFIG"


def test_the_real_photos(real_data, tmp_path):
    if not (real_data / "photos32.zip").is_file():
        pytest.skip(f"real data folder absent: {real_data / 'photos32.zip'}")
    with zipfile.ZipFile(real_data / "photos32.zip") as archive:
        for entry in archive.infolist()[::10]:
            path = (tmp_path / entry.filename).resolve()
            assert path.is_relative_to(tmp_path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(entry))
    dataset = load_folder(tmp_path)
    assert len(dataset.all_items()) == 500
    assert len(dataset.classes) == 10
    assert dataset.info.item_shape == (3, 32, 32)
    assert "All 500 pictures have 32 x 32 pixels already; none was resampled." in dataset.notes


def test_a_folder_that_changed_is_read_again(tmp_path: Path) -> None:
    for number in range(12):
        Image.new("L", (8, 8), number * 20).save(tmp_path / f"{number:02d}.png")
    config = read_choice(DATASETS, {"name": "image_folder", "folder": str(tmp_path), "size": 8})
    before = load_dataset(config)
    assert load_dataset(config) is before, "nothing changed: the kept one"
    Image.new("L", (8, 8), 255).save(tmp_path / "99.png")
    assert sum(load_dataset(config).info.counts.values()) == 13
