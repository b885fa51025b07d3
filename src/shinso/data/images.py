"""ImageSet: labelled images in train, valid and test, whatever they were read from."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from shinso.core.errors import UserError
from shinso.core.files import file_digest
from shinso.data.decode import is_grey, read_image
from shinso.data.entry import DataSetEntry

SPLITS = ("train", "valid", "test")

_Pixels = np.ndarray[Any, np.dtype[np.uint8]]
_Labels = np.ndarray[Any, np.dtype[np.int64]]


class ImageSplit(ABC):
    """Some images and their classes."""

    labels: _Labels  # (N,) indices into the set's classes

    def __len__(self) -> int:
        return len(self.labels)

    @property
    @abstractmethod
    def images(self) -> _Pixels | None:
        """All images at once, uint8 (N, H, W) or (N, H, W, 3); None where sizes may differ."""

    @property
    @abstractmethod
    def channels(self) -> int:
        """1 where every image is grey, else 3."""

    @abstractmethod
    def image(self, index: int) -> _Pixels:
        """One image, uint8 (H, W) or (H, W, 3); raises UserError naming a damaged file."""

    @abstractmethod
    def name(self, index: int) -> str:
        """The image's file, or its place in the source."""

    @abstractmethod
    def digest(self) -> str:
        """sha256 of images and labels."""


@dataclass(frozen=True, eq=False)
class PackedSplit(ImageSplit):
    """Images of one size in one array."""

    pixels: _Pixels  # (N, H, W) or (N, H, W, 3)
    labels: _Labels
    source: str  # the source's own name of what they were taken from
    places: _Labels  # (N,) index of each in there

    @property
    def images(self) -> _Pixels:
        return self.pixels

    @property
    def channels(self) -> int:
        return 1 if self.pixels.ndim == 3 else 3

    def image(self, index: int) -> _Pixels:
        image: _Pixels = self.pixels[index]
        return image

    def name(self, index: int) -> str:
        return f"{self.source}/{self.places[index]}"

    def digest(self) -> str:
        digest = sha256(f"{self.pixels.shape}".encode())
        digest.update(np.ascontiguousarray(self.pixels).data)
        digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()

    def taken(self, indices: _Labels) -> PackedSplit:
        return PackedSplit(
            self.pixels[indices], self.labels[indices], self.source, self.places[indices]
        )


def packed_split(source: str, pixels: _Pixels, labels: Any) -> PackedSplit:
    """A whole array of the source as one split."""
    return PackedSplit(pixels, np.asarray(labels, np.int64), source, np.arange(len(pixels)))


@dataclass(frozen=True, eq=False)
class FolderSplit(ImageSplit):
    """Image files of any sizes, decoded one by one when asked for."""

    root: Path
    files: tuple[Path, ...]
    labels: _Labels

    @property
    def images(self) -> None:
        return None

    @cached_property
    def channels(self) -> int:
        return 1 if all(map(is_grey, self.files)) else 3

    def image(self, index: int) -> _Pixels:
        return read_image(self.files[index])

    def name(self, index: int) -> str:
        return self.files[index].relative_to(self.root).as_posix()

    def digest(self) -> str:
        lines = (
            f"{self.labels[i]} {self.name(i)} {file_digest(file)}\n"
            for i, file in enumerate(self.files)
        )
        return sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    def taken(self, indices: Sequence[int] | _Labels) -> FolderSplit:
        files = tuple(self.files[i] for i in indices)
        return FolderSplit(self.root, files, self.labels[np.asarray(indices, np.int64)])


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of a number of classes, in the splits that there are."""

    kind: ClassVar[str] = "images"

    name: str
    classes: tuple[str, ...]
    splits: Mapping[str, ImageSplit]  # of SPLITS
    licence: str = "the user's own"
    attribution: str = ""
    may_ship_weights: bool = False
    skipped: tuple[str, ...] = field(default=())  # damaged files that were left out

    def split(self, name: str) -> ImageSplit:
        """Raises UserError where the set has no such split."""
        if name not in self.splits:
            raise UserError(
                f"data set {self.name} has no split {name}; it has {', '.join(self.splits)}"
            )
        return self.splits[name]

    def __len__(self) -> int:
        return sum(len(split) for split in self.splits.values())

    @property
    def shape(self) -> tuple[int, ...] | None:
        """(H, W) or (H, W, 3) of every image; None where sizes differ."""
        images = self.splits["train"].images
        return None if images is None else images.shape[1:]

    def digest(self) -> str:
        """sha256 of classes, images, labels and splits: of what is learned from, however packed."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        parts = {name: split.digest() for name, split in self.splits.items()}
        return sha256(json.dumps([self.classes, parts], sort_keys=True).encode()).hexdigest()


def known_set(entry: DataSetEntry, splits: Mapping[str, ImageSplit]) -> ImageSet:
    """The ImageSet of a catalogue entry, with the entry's classes, licence and attribution."""
    return ImageSet(
        entry.name,
        entry.classes,
        splits,
        entry.licence,
        entry.attribution,
        entry.may_ship_weights,
    )
