"""Sets that need no file: computed, or there with a dependency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np

from shinso.data.addition import AdditionSet
from shinso.data.copying import CopyingSet
from shinso.data.entry import DataSetEntry
from shinso.data.games import GameSet, read_games
from shinso.data.images import ImageSet, known_set, packed_split
from shinso.data.numerals import numerals
from shinso.data.parallel import ParallelSet
from shinso.data.sentences import sentences
from shinso.data.splitting import THREE_WAYS, stratified
from shinso.data.text import TextSet


def read_addition(entry: DataSetEntry, files: Mapping[str, Path]) -> AdditionSet:
    """Sums of whole numbers, made by arithmetic."""
    return AdditionSet()


def read_uct_games(entry: DataSetEntry, files: Mapping[str, Path]) -> GameSet:
    """Games that come with this package."""
    with resources.as_file(resources.files("shinso.data") / f"{entry.name}.sgf") as file:
        games = read_games(file)
    return replace(
        games, name=entry.name, licence=entry.licence, may_ship_weights=entry.may_ship_weights
    )


def read_copying(entry: DataSetEntry, files: Mapping[str, Path]) -> CopyingSet:
    """Symbols to remember, drawn by a hash."""
    return CopyingSet()


def read_sentences(entry: DataSetEntry, files: Mapping[str, Path]) -> TextSet:
    """Lines made by a grammar."""
    return sentences()


def read_numerals(entry: DataSetEntry, files: Mapping[str, Path]) -> ParallelSet:
    """Numbers in English and in Japanese words."""
    return numerals()


def read_digits(entry: DataSetEntry, files: Mapping[str, Path]) -> ImageSet:
    """scikit-learn's handwritten digits, 1,797 images of 8 x 8, split 70/10/20.

    The 17 grey levels, 0 to 16, are spread over 0 to 255.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)  # (1797, 8, 8)
    whole = packed_split("digits", pixels, digits.target)
    names = [str(place) for place in range(len(whole))]
    parts = stratified(whole.labels, names, THREE_WAYS)
    return known_set(entry, {part: whole.taken(indices) for part, indices in parts.items()})
