"""Passages: running words in pieces of WIDTH places, which a net reads at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shinso.core.errors import UserError
from shinso.data.misspelling import mistyped, words_in
from shinso.data.text import TextSplit
from shinso.language.char_tagger.tags import SPACE, tags_of, unchanged

Whole = NDArray[np.int64]

WIDTH = 64
PADDING = -100  # the tag of no place: torch's cross-entropy passes over it


def passages(words: Iterable[str]) -> Iterator[list[str]]:
    """As many words at a time as fit with the spaces after them."""
    passage: list[str] = []
    filled = 0
    for word in words:
        filled += len(word) + 1
        if filled > WIDTH:
            yield passage
            passage, filled = [], len(word) + 1
        passage.append(word)
    if passage:
        yield passage


@lru_cache(maxsize=4)  # learner, evaluations and baseline share them
def passages_of(split: TextSplit) -> tuple[str, ...]:
    """Those of all of its text, each as its words with spaces between.

    Raises UserError where there are no words.
    """
    words = (word for line in split for _, word in words_in(line))
    found = tuple(" ".join(passage) for passage in passages(words))
    if not found:
        raise UserError(f"{split.source(0)} has no words of the letters a to z; give English text")
    return found


def typed_and_meant(passage: str, seed: int, index: int) -> tuple[list[str], list[str]]:
    """The words of a passage as they are typed, and as they were meant; without those that
    letters too many push over the end."""
    meant = passage.split()
    typed = next(passages(mistyped(meant, seed, index)))
    return typed, meant[: len(typed)]


def encoded(words: Sequence[str]) -> Whole:
    """(WIDTH,) symbols of words, each followed by a space, with spaces for the rest."""
    return _filled(map(unchanged, words), SPACE)


def encoded_tags(typed: Sequence[str], meant: Sequence[str]) -> Whole:
    """(WIDTH,) tags of words, with PADDING for the rest."""
    return _filled(map(tags_of, typed, meant), PADDING)


def _filled(by_word: Iterable[Sequence[int]], filling: int) -> Whole:
    numbers = [number for word in by_word for number in word]
    return np.array(numbers + [filling] * (WIDTH - len(numbers)), dtype=np.int64)
