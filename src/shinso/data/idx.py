"""MNIST's IDX format: a big-endian header of type, rank and sizes, then the values.

Format: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from shinso.core.errors import UserError
from shinso.data.archives import decompressed
from shinso.data.entry import DataSetEntry
from shinso.data.images import ImageSet, PackedSplit, known_set, packed_split
from shinso.data.splitting import VALID_TENTH, stratified

_UNSIGNED_BYTE = 0x08

FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}


def read(entry: DataSetEntry, files: Mapping[str, Path]) -> ImageSet:
    """Reads the four files of MNIST or of a set in its format; 10% of train is valid.

    Raises UserError where a file is damaged or images and labels do not match.
    """
    train = _source_split("train", files)
    names = [str(place) for place in range(len(train))]
    parts = stratified(train.labels, names, VALID_TENTH)
    splits = {part: train.taken(indices) for part, indices in parts.items()}
    splits["test"] = _source_split("test", files)
    most = max(int(split.labels.max(initial=0)) for split in splits.values())
    if entry.classes and most >= len(entry.classes):
        raise UserError(f"data set {entry.name}: label {most} is none of {len(entry.classes)}")
    if not entry.classes:  # the user's own files: IDX has no names for classes
        entry = replace(entry, classes=tuple(str(label) for label in range(most + 1)))
    return known_set(entry, splits)


def _source_split(source: str, files: Mapping[str, Path]) -> PackedSplit:
    images_file, labels_file = (files[name] for name in FILES[source])
    images = read_idx(images_file)  # (N, H, W)
    labels = read_idx(labels_file)  # (N,)
    if images.ndim != 3 or labels.ndim != 1 or not 0 < len(images) == len(labels):
        raise UserError(
            f"{images_file} and {labels_file.name} do not match: "
            f"{images.shape} images, {labels.shape} labels"
        )
    return packed_split(source, images, labels)


def read_idx(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """An IDX file of unsigned bytes, plain or packed; raises UserError where it is damaged."""
    content = decompressed(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE:
        raise UserError(f"{path} is no IDX file of unsigned bytes")
    header = 4 + 4 * content[3]
    shape = tuple(int(size) for size in np.frombuffer(content[4:header], ">u4"))
    values = np.frombuffer(content, np.uint8, offset=min(header, len(content)))
    if len(shape) != content[3] or values.size != int(np.prod(shape, dtype=object)):
        raise UserError(f"{path} is damaged: {values.size:,} values do not fill {shape}")
    return values.reshape(shape).copy()  # a buffer of bytes is not writable
