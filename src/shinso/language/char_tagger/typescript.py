"""Typescript: passages of a split, mistyped, of which it is known what was meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from shinso.data.text import TextSplit
from shinso.language.char_tagger.passages import (
    PADDING,
    encoded,
    encoded_tags,
    passages_of,
    typed_and_meant,
)
from shinso.language.char_tagger.tags import SPACE, mended

Whole = NDArray[np.int64]
Marks = NDArray[np.bool_]

MOST = 4_000  # passages, spread over the split
SEED = 0  # of their errors


@dataclass(frozen=True, eq=False)
class Typescript:
    """N passages with W words and P places: the letters of each word and the space after it, one
    word after another."""

    typed: Sequence[str]
    meant: Sequence[str]
    symbols: Whole  # (N, WIDTH)
    tags: Whole  # (N, WIDTH)

    @classmethod
    def of(cls, split: TextSplit) -> Typescript:
        """The same for everyone."""
        passages = passages_of(split)
        indices = np.linspace(0, len(passages) - 1, min(MOST, len(passages))).astype(int).tolist()
        pairs = [typed_and_meant(passages[index], SEED, index) for index in indices]
        return cls(
            [word for typed, _ in pairs for word in typed],
            [word for _, meant in pairs for word in meant],
            np.stack([encoded(typed) for typed, _ in pairs]),
            np.stack([encoded_tags(*pair) for pair in pairs]),
        )

    @cached_property
    def places(self) -> Marks:
        """(N, WIDTH): true at P places."""
        return self.tags != PADDING

    @cached_property
    def as_typed(self) -> Whole:
        """(P,) tags that change nothing."""
        return self.symbols[self.places]

    @cached_property
    def right(self) -> Whole:
        """(P,) tags that mend all."""
        return self.tags[self.places]

    @cached_property
    def wrong(self) -> Marks:
        """(P,) where something else belongs than what was typed."""
        return self.right != self.as_typed

    @cached_property
    def misspelt(self) -> Marks:
        """(W,) words."""
        return np.array(self.typed) != np.array(self.meant)

    def words(self, answers: Whole) -> list[str]:
        """What (P,) tags make of the typed words."""
        tags = iter(answers.tolist())
        return [mended(word, [next(tags) for _ in range(len(word) + 1)]) for word in self.typed]

    def mends(self, answers: Whole) -> Marks:
        """(W,) words that (P,) tags make or leave right."""
        return np.array(self.words(answers)) == np.array(self.meant)

    def passages(self) -> Iterator[slice]:
        """Where the words of each passage are among all."""
        ends = np.cumsum(((self.symbols == SPACE) & self.places).sum(axis=1)).tolist()
        yield from (slice(*pair) for pair in pairwise([0, *ends]))
