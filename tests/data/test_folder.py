from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from shinso.core.errors import UserError
from shinso.data import describe, open_data
from tests.data.conftest import image_bytes

CLASSES = ['<b onclick="x">&amp;', "two words", "深層 学習"]


def fill(folder: Path, count: int, shade: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        colour = (shade, number, 0)
        (folder / f"{number}.png").write_bytes(image_bytes(colour, size=(5 + number, 4)))
    return folder


@pytest.fixture
def own(tmp_path) -> Path:
    """One level: three classes of 20 images of different sizes."""
    for shade, name in enumerate(CLASSES):
        fill(tmp_path / "own" / name, 20, shade)
    return tmp_path / "own"


def sizes(data) -> dict[str, int]:
    return {name: len(split) for name, split in data.splits.items()}


def test_one_level_of_classes_is_split_by_hash(own):
    data = open_data(str(own))
    assert data.name == "own" and data.classes == tuple(sorted(CLASSES))
    assert sizes(data) == {"train": 42, "valid": 6, "test": 12}
    assert data.shape is None and data.split("train").images is None
    for split in data.splits.values():
        assert np.bincount(split.labels).tolist() == [len(split) // 3] * 3
        for i in range(len(split)):
            folder, number = split.name(i).split("/")
            image = split.image(i)
            assert image.shape == (4, 5 + int(number[:-4]), 3)
            assert data.classes[split.labels[i]] == folder == CLASSES[image[0, 0, 0]]
    names = [split.name(i) for split in data.splits.values() for i in range(len(split))]
    assert len(set(names)) == 60


def test_the_split_does_not_depend_on_where_the_folder_is(own, tmp_path):
    shutil.copytree(own, tmp_path / "moved")
    first, second = open_data(own), open_data(tmp_path / "moved")
    for name in first.splits:
        a, b = first.split(name), second.split(name)
        assert [a.name(i) for i in range(len(a))] == [b.name(i) for i in range(len(b))]
    assert first.digest() == second.digest()


def test_the_digest_sees_every_pixel_and_name(own):
    before = open_data(own).digest()
    changed = own / "two words/7.png"
    content = changed.read_bytes()
    changed.write_bytes(image_bytes((9, 9, 9)))
    assert open_data(own).digest() != before
    changed.write_bytes(content)
    assert open_data(own).digest() == before
    changed.rename(own / "two words/7b.png")
    assert open_data(own).digest() != before


def test_given_splits_are_kept(tmp_path):
    for split, count in (("train", 10), ("val", 3), ("test", 4)):
        for name in ("cat", "dog"):
            fill(tmp_path / split / name, count)
    data = open_data(tmp_path)
    assert sizes(data) == {"train": 20, "valid": 6, "test": 8}
    assert all(data.split("valid").name(i).startswith("val/") for i in range(6))


def test_missing_valid_is_a_tenth_of_train_and_missing_test_is_an_error(tmp_path):
    for name in ("cat", "dog"):
        fill(tmp_path / "train" / name, 20)
    data = open_data(tmp_path)
    assert sizes(data) == {"train": 36, "valid": 4}
    with pytest.raises(UserError, match=r"has no split test; it has train, valid"):
        data.split("test")


def test_classes_may_be_called_train_and_test(tmp_path):
    for name in ("train", "bus", "test"):
        fill(tmp_path / name, 10)
    assert open_data(tmp_path).classes == ("bus", "test", "train")


def test_every_image_format_and_no_other_file_is_listed(tmp_path):
    kinds = {"PNG": "png", "JPEG": "JPG", "BMP": "bmp", "GIF": "gif", "WEBP": "webp", "TIFF": "tif"}
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for kind, suffix in kinds.items():
            (tmp_path / name / f"x.{suffix}").write_bytes(image_bytes((1, 2, 3), kind=kind))
        for junk in ("notes.txt", ".DS_Store", "._x.png"):
            (tmp_path / name / junk).write_text("junk")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    data = open_data(tmp_path)
    assert len(data) == 12 and data.classes == ("a", "b")
    for split in data.splits.values():
        for i in range(len(split)):
            assert split.image(i).shape == (4, 6, 3)


def test_decomposed_and_composed_names_are_one_class(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "がぎ") for form in ("NFC", "NFD"))
    fill(tmp_path / "train" / decomposed, 10)
    fill(tmp_path / "train/other", 10)
    fill(tmp_path / "valid" / composed, 2)
    data = open_data(tmp_path)
    assert composed in data.classes
    assert data.split("valid").labels.tolist() == [data.classes.index(composed)] * 2


def test_names_that_are_not_utf8_are_read(tmp_path):
    import os

    for name in (b"caf\xe9", b"tea"):
        fill(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)), 10)
    data = open_data(tmp_path)
    assert len(data) == 20 and len(data.digest()) == 64


# --- Faults ------------------------------------------------------------------------------------


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match=r"gone is not there"):
        open_data(tmp_path / "gone")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "x.png").write_bytes(image_bytes((1, 2, 3)))
    with pytest.raises(UserError, match=r"x.png is a file; give a folder"):
        open_data(tmp_path / "x.png")


def test_images_without_class_folders(tmp_path):
    with pytest.raises(UserError, match="has no folders; put the images of each class"):
        open_data(fill(tmp_path / "flat", 5))


def test_one_class_only(tmp_path):
    fill(tmp_path / "own/cat", 10)
    with pytest.raises(UserError, match="one class only, cat"):
        open_data(tmp_path / "own")


def test_an_empty_class(own):
    (own / "empty").mkdir()
    (own / "empty/readme.txt").write_text("no image")
    with pytest.raises(UserError, match=r"own/empty is a class without images"):
        open_data(own)


def test_too_few_images_to_split(own, tmp_path):
    fill(own / "rare", 2)
    told = r"rare has 2 images, too few to split into train, valid and test; give each class 3 or"
    with pytest.raises(UserError, match=told):
        open_data(own)
    for name, count in (("cat", 5), ("dog", 1)):
        fill(tmp_path / "split/train" / name, count)
    told = r"dog has 1 image, too few to split into train and valid; give each class 2 or more"
    with pytest.raises(UserError, match=told):
        open_data(tmp_path / "split")


def test_a_class_that_train_lacks(tmp_path):
    for name in ("cat", "dog"):
        fill(tmp_path / "train" / name, 3)
    fill(tmp_path / "test/bird", 3)
    with pytest.raises(UserError, match=r"test/bird is a class that train/ lacks"):
        open_data(tmp_path)


def test_a_test_folder_without_train(tmp_path):
    fill(tmp_path / "test/cat", 3)
    with pytest.raises(UserError, match="has test but no train/"):
        open_data(tmp_path)


def test_a_file_that_is_no_image_is_named_at_once(own):
    (own / "two words/5.png").write_text("not an image")
    with pytest.raises(UserError, match=r"two words/5.png is no image"):
        open_data(own)


def test_a_cut_image_is_named_when_it_is_read(own):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    from PIL import Image

    path = own / "two words/5.png"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:4000])
    data = open_data(own)
    with pytest.raises(UserError, match=r"two words/5.png is damaged"):
        for split in data.splits.values():
            for i in range(len(split)):
                split.image(i)
    skipping = open_data(own, skip_bad=True)
    assert len(skipping) == 59 and skipping.skipped == ("two words/5.png",)
    for split in skipping.splits.values():
        for i in range(len(split)):
            split.image(i)


def test_skipped_files_are_counted(own, caplog):
    (own / "two words/5.png").write_text("not an image")
    assert open_data(own, skip_bad=True).skipped == ("two words/5.png",)
    assert "left out 1 damaged image; the first is two words/5.png" in caplog.text
    (own / "two words/6.png").write_bytes(b"")
    data = open_data(own, skip_bad=True)
    assert data.skipped == ("two words/5.png", "two words/6.png")
    assert "left out 2 damaged images; the first is two words/5.png" in caplog.text


def test_a_folder_is_described(own):
    facts = describe(own)
    assert facts["examples"] == {"train": 42, "valid": 6, "test": 12}
    assert facts["classes"] == sorted(CLASSES) and facts["shape"] is None
