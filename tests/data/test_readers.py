from __future__ import annotations

import dataclasses
import gzip
import io
import os
import tarfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shinso.core.errors import UserError
from shinso.data import cifar, open_data, store
from shinso.data.entry import SourceFile
from shinso.data.idx import read_idx
from shinso.data.store import entry_of
from tests.data.conftest import idx_bytes, write_mnist, write_tar


@pytest.fixture
def known(monkeypatch):
    """Replaces a set's files in the catalogue by small ones of the same layout."""

    def replace(name: str, *files: SourceFile) -> None:
        entry = dataclasses.replace(entry_of(name), files=files)
        others = [other for other in store.SETS if other.name != name]
        monkeypatch.setattr(store, "SETS", (*others, entry))

    return replace


# --- Digits ------------------------------------------------------------------------------------


def test_digits_need_nothing(homes):
    digits = open_data("digits")
    sizes = {name: len(split) for name, split in digits.splits.items()}
    assert sizes == {"train": 1258, "valid": 180, "test": 359}
    assert digits.classes == tuple("0123456789") and digits.shape == (8, 8)
    seen = {split.name(i) for split in digits.splits.values() for i in range(len(split))}
    assert len(seen) == len(digits) == 1797
    first = digits.split("train")
    assert first.images.dtype == np.uint8 and first.labels.dtype == np.int64
    assert first.images.max() == 255 and first.images.min() == 0
    assert (first.image(3) == first.images[3]).all()
    assert digits.digest() == open_data("digits").digest()


def test_digits_are_the_digits(homes):
    """The images are scikit-learn's under their labels: the oracle is the other library's table."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    split = open_data("digits").split("test")
    for i in range(0, len(split), 50):
        place = int(split.name(i).removeprefix("digits/"))
        assert split.labels[i] == bunch.target[place]
        assert np.abs(split.image(i) / 255 * 16 - bunch.images[place]).max() < 0.04


def test_addition_opens_through_the_store(homes):
    assert len(open_data("addition", ("addition",)).split("test")) == 16_384


# --- IDX ---------------------------------------------------------------------------------------


def mnist_files(contents: dict[str, bytes]) -> list[SourceFile]:
    return [SourceFile(n, 1, content=sha256(c).hexdigest()) for n, c in contents.items()]


def test_mnist_is_read_and_a_tenth_of_train_is_valid(homes, known):
    contents = write_mnist(homes.first / "mnist", train=200, test=30)
    known("mnist", *mnist_files(contents))
    mnist = open_data("mnist")
    assert {name: len(split) for name, split in mnist.splits.items()} == {
        "train": 180,
        "valid": 20,
        "test": 30,
    }
    assert np.bincount(mnist.split("valid").labels).tolist() == [2] * 10
    source = np.frombuffer(contents["train-images-idx3-ubyte.gz"][16:], np.uint8).reshape(-1, 5, 4)
    for name in ("train", "valid"):
        split = mnist.split(name)
        for i in range(len(split)):
            place = int(split.name(i).removeprefix("train/"))
            assert (split.image(i) == source[place]).all() and split.labels[i] == place % 10
    assert mnist.licence == "CC BY-SA 3.0" and mnist.attribution


def test_the_content_counts_and_not_the_packing(homes, known):
    contents = write_mnist(homes.first / "mnist")
    known("mnist", *mnist_files(contents))
    digest = open_data("mnist").digest()
    for name, content in contents.items():
        (homes.first / "mnist" / name).write_bytes(gzip.compress(content, compresslevel=1))
    assert open_data("mnist").digest() == digest


def test_other_content_is_refused_by_name(homes, known):
    contents = write_mnist(homes.first / "mnist")
    known("mnist", *mnist_files(contents))
    write_mnist(homes.first / "mnist", seed=1)
    with pytest.raises(UserError, match=r"mnist/train-images.* is not the .* of data set mnist"):
        open_data("mnist")


def test_a_cut_file_is_refused(homes, known):
    known("mnist", *mnist_files(write_mnist(homes.first / "mnist")))
    path = homes.first / "mnist/t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match=r"t10k-images.* is damaged"):
        open_data("mnist")


def test_a_folder_of_a_known_set_is_that_set(homes, known, tmp_path):
    known("mnist", *mnist_files(write_mnist(tmp_path / "elsewhere")))
    mnist = open_data(tmp_path / "elsewhere")
    assert mnist.name == "mnist" and mnist.licence == "CC BY-SA 3.0"


def test_a_users_own_set_in_mnists_format(homes, tmp_path):
    write_mnist(tmp_path / "kuzushiji")
    own = open_data(str(tmp_path / "kuzushiji"))
    assert own.name == "kuzushiji" and own.licence == "the user's own"
    assert own.classes == tuple("0123456789") and len(own.split("test")) == 20


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0",
        b"GIF89a  ",
        idx_bytes(np.zeros((2, 3)))[:-1],
        idx_bytes(np.zeros((2, 3))) + b"\0",
        b"\0\0\x0d\x01\0\0\0\x01" + bytes(4),  # floats
        b"\0\0\x08\x03\0\0\0\x01",  # cut inside the sizes
        b"\0\0\x08\x03" + b"\xff" * 12,  # sizes whose product overflows
    ],
)
def test_damaged_idx_is_refused(tmp_path, content):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(UserError, match=r"x.gz is (no IDX file|damaged)"):
        read_idx(path)


def test_images_and_labels_must_match(homes, tmp_path):
    write_mnist(tmp_path / "own")
    labels = gzip.compress(idx_bytes(np.zeros(7)))
    (tmp_path / "own/train-labels-idx1-ubyte.gz").write_bytes(labels)
    with pytest.raises(UserError, match="do not match"):
        open_data(tmp_path / "own")


# --- CIFAR-10 ----------------------------------------------------------------------------------


def cifar_binary(folder: Path, per_batch: int = 10) -> tuple[SourceFile, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (per_batch * 6, 32, 32, 3), np.uint8)
    labels = np.arange(per_batch * 6) % 10
    records = np.concatenate(
        [labels[:, None].astype(np.uint8), images.transpose(0, 3, 1, 2).reshape(len(images), -1)], 1
    )
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    members = {
        f"cifar-10-batches-bin/{name}": records[i * per_batch : (i + 1) * per_batch].tobytes()
        for i, name in enumerate(names)
    }
    members["cifar-10-batches-bin/readme.html"] = b"<html>"
    folder.mkdir(parents=True)
    return tar_file(folder / "cifar-10-binary.tar.gz", members, "w:gz"), images, labels


def tar_file(path: Path, members: dict[str, bytes], mode: str) -> SourceFile:
    content = write_tar(path, members, mode).read_bytes()
    return SourceFile(path.name, len(content), sha256(content).hexdigest())


def test_cifar10_binary_is_read(homes, known):
    file, images, labels = cifar_binary(homes.first / "cifar10")
    known("cifar10", file)
    cifar10 = open_data("cifar10")
    assert cifar10.shape == (32, 32, 3) and cifar10.classes[6] == "frog"
    assert (cifar10.split("test").images == images[50:]).all()
    assert (cifar10.split("test").labels == labels[50:]).all()
    train = cifar10.split("train")
    assert len(train) == 40  # of 5 of each class one is valid: a tenth, but one at least
    for i in range(len(train)):
        place = int(train.name(i).removeprefix("train/"))
        assert (train.image(i) == images[place]).all() and train.labels[i] == labels[place]


def test_a_cifar10_record_cut_short_is_refused(homes, known):
    (homes.first / "cifar10").mkdir()
    path = homes.first / "cifar10/cifar-10-binary.tar.gz"
    known("cifar10", tar_file(path, {"data_batch_1.bin": bytes(3072)}, "w:gz"))
    with pytest.raises(UserError, match=r"data_batch_1.bin is damaged"):
        open_data("cifar10")
    known("cifar10", tar_file(path, {"data_batch_1.bin": bytes(3073)}, "w:gz"))
    with pytest.raises(UserError, match=r"has no test_batch"):
        open_data("cifar10")
    known("cifar10", tar_file(path, {"test_batch.bin": b"\x0a" + bytes(3072)}, "w:gz"))
    with pytest.raises(UserError, match=r"has no data_batch"):
        open_data("cifar10")


def jpeg(colour: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 32), (colour, colour, 255 - colour)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def jpegs(homes, known) -> Path:
    classes = entry_of("cifar10_jpeg").classes
    members = {
        f"{split}/{name}/{number:04}.jpg": jpeg(20 * label + number)
        for split, count in (("test", 2), ("train", 10))
        for label, name in reversed(list(enumerate(classes)))
        for number in range(count)
    }
    (homes.first / "cifar10_jpeg").mkdir()
    path = homes.first / "cifar10_jpeg/cifar10_jpeg.tar.xz"
    known("cifar10_jpeg", tar_file(path, members, "w:xz"))
    return path


def test_cifar10_jpegs_are_decoded_in_order_of_class_and_number(jpegs):
    data = open_data("cifar10_jpeg")
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 90,
        "valid": 10,
        "test": 20,
    }
    test = data.split("test")
    assert test.labels.tolist() == [label for label in range(10) for _ in range(2)]
    means = test.images[:, :, :, 0].mean(axis=(1, 2))
    expected = [20 * label + number for label in range(10) for number in range(2)]
    assert np.abs(means - expected).max() < 4


def test_decoded_images_come_from_the_cache_the_second_time(jpegs, homes, monkeypatch, caplog):
    first = open_data("cifar10_jpeg")
    assert "decoding the images of" in caplog.text
    monkeypatch.setattr(cifar, "read_image", None)  # decoding would fail now
    assert open_data("cifar10_jpeg").digest() == first.digest()
    assert not list(homes.cache.rglob(".*"))  # nothing half-written stays


def test_a_damaged_cache_is_made_again(jpegs, homes):
    digest = open_data("cifar10_jpeg").digest()
    (cached,) = homes.cache.rglob("*-train_images.npy")
    content = bytearray(cached.read_bytes())
    content[-1] ^= 1
    cached.write_bytes(content)
    assert open_data("cifar10_jpeg").digest() == digest
    (index,) = homes.cache.rglob("*.json")
    index.write_text("{")
    assert open_data("cifar10_jpeg").digest() == digest


def test_another_archive_does_not_get_the_old_ones_cache(jpegs, known):
    digest = open_data("cifar10_jpeg").digest()
    with tarfile.open(jpegs) as archive:
        members = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}
    members["test/truck/0000.jpg"] = jpeg(3)
    known("cifar10_jpeg", tar_file(jpegs, members, "w:xz"))
    assert open_data("cifar10_jpeg").digest() != digest


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_is_done_without(jpegs, homes, caplog):
    homes.cache.mkdir(parents=True)
    homes.cache.chmod(0o500)
    assert len(open_data("cifar10_jpeg")) == 120
    assert "not cached" in caplog.text


def test_a_cache_folder_that_is_a_file_is_done_without(jpegs, homes, caplog):
    homes.cache.parent.mkdir(parents=True)
    homes.cache.write_text("in the way")
    assert len(open_data("cifar10_jpeg")) == 120
    assert "not cached" in caplog.text


def test_a_damaged_jpeg_in_the_archive_is_named(homes, known):
    (homes.first / "cifar10_jpeg").mkdir()
    path = homes.first / "cifar10_jpeg/cifar10_jpeg.tar.xz"
    for content, message in ((jpeg(3)[:300], "damaged"), (b"junk", "no image")):
        known("cifar10_jpeg", tar_file(path, {"train/cat/0001.jpg": content}, "w:xz"))
        with pytest.raises(UserError, match=f"tar.xz:train/cat/0001.jpg is {message}"):
            open_data("cifar10_jpeg")
