"""CIFAR-10, in its official binary form and as JPEG files.

The binary form is one byte of label, then 1,024 bytes each of red, green and blue, row by row
(A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009; its home page).
The official Python form is a pickle and is not read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from shinso.core.errors import UserError
from shinso.core.files import file_digest
from shinso.data.archives import read_members
from shinso.data.array_cache import Arrays, cached_arrays
from shinso.data.decode import read_image
from shinso.data.entry import DataSetEntry
from shinso.data.images import ImageSet, known_set, packed_split
from shinso.data.locate import cache_folder
from shinso.data.splitting import VALID_TENTH, stratified

_SIDE = 32  # pixels
_RECORD = 1 + 3 * _SIDE * _SIDE  # bytes

_BINARY_MEMBER = re.compile(r"(?:^|/)(data_batch_\d+|test_batch)\.bin$")
_JPEG_MEMBER = re.compile(r"(?:^|/)(train|test)/([^/]+)/(\d+)\.jpg$")

_log = logging.getLogger("shinso.data")


def read_binary(entry: DataSetEntry, files: Mapping[str, Path]) -> ImageSet:
    """Reads `cifar-10-binary.tar.gz`; 10% of train is valid."""
    return _cached_set(entry, files, lambda path: _unpack_binary(entry, path))


def read_jpeg(entry: DataSetEntry, files: Mapping[str, Path]) -> ImageSet:
    """Reads an archive of {train,test}/CLASS/NUMBER.jpg, in the order of class and number."""
    return _cached_set(entry, files, lambda path: _decode_jpegs(entry, path))


def _cached_set(
    entry: DataSetEntry, files: Mapping[str, Path], build: Callable[[Path], Arrays]
) -> ImageSet:
    (path,) = files.values()
    key = f"decoded-{file_digest(path)[:16]}"
    arrays = cached_arrays(cache_folder() / entry.name, key, lambda: build(path))
    train = packed_split("train", arrays["train_images"], arrays["train_labels"])
    names = [str(place) for place in range(len(train))]
    parts = stratified(train.labels, names, VALID_TENTH)
    splits = {part: train.taken(indices) for part, indices in parts.items()}
    splits["test"] = packed_split("test", arrays["test_images"], arrays["test_labels"])
    return known_set(entry, splits)


def _unpack_binary(entry: DataSetEntry, path: Path) -> Arrays:
    batches = {}
    for name, content in read_members(path, lambda name: bool(_BINARY_MEMBER.search(name))):
        if not content or len(content) % _RECORD:
            raise UserError(f"{path}: {name} is damaged: no whole number of {_RECORD}-byte records")
        batches[name] = np.frombuffer(content, np.uint8).reshape(-1, _RECORD)
    arrays: Arrays = {}
    for source, stem in (("train", "data_batch_"), ("test", "test_batch")):
        chosen = [batches[name] for name in sorted(batches) if stem in name]
        if not chosen:
            raise UserError(f"{path} has no {stem}*.bin")
        records = np.concatenate(chosen)
        labels, pixels = records[:, 0], records[:, 1:]
        if labels.max() >= len(entry.classes):
            raise UserError(f"{path} is damaged: label {labels.max()}")
        pixels = pixels.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)  # (N, 32, 32, 3)
        arrays[f"{source}_images"] = np.ascontiguousarray(pixels)
        arrays[f"{source}_labels"] = labels.astype(np.int64)
    return arrays


def _decode_jpegs(entry: DataSetEntry, path: Path) -> Arrays:
    _log.warning("decoding the images of %s once; later they come from the cache", path)
    decoded: dict[str, list[tuple[int, str, np.ndarray]]] = {"train": [], "test": []}
    for name, content in read_members(path, lambda name: bool(_JPEG_MEMBER.search(name))):
        match = _JPEG_MEMBER.search(name)
        assert match is not None
        source, label, number = match.groups()
        if label not in entry.classes:
            raise UserError(f"{path}: {name} is in no class of {entry.name}")
        image = read_image(content, f"{path}:{name}")
        if image.shape != (_SIDE, _SIDE, 3):
            raise UserError(f"{path}: {name} is {image.shape}, not {(_SIDE, _SIDE, 3)}")
        decoded[source].append((entry.classes.index(label), number, image))
    arrays: Arrays = {}
    for source, examples in decoded.items():
        if not examples:
            raise UserError(f"{path} has no {source}/CLASS/NUMBER.jpg")
        examples.sort(key=lambda example: example[:2])
        arrays[f"{source}_images"] = np.stack([image for _, _, image in examples])
        arrays[f"{source}_labels"] = np.array([label for label, _, _ in examples], np.int64)
    return arrays
