"""Batches of sentence pairs that are alike in length, so that little of them is padding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shinso.core.errors import UserError
from shinso.data.parallel import Pair
from shinso.language.translation.decoding import PAD
from shinso.language.translation.pairs import PairReading
from shinso.language.vocabulary import Ids

Whole = NDArray[np.int64]
Order = Callable[[int], np.random.Generator]  # epoch -> what shuffles it


class PairBatch(NamedTuple):
    """Sentences and their translations, padded at the end."""

    source: Tensor  # (B, S) int64, EOS last
    lengths: Tensor  # (B,) int64, of the sources
    target: Tensor  # (B, T + 1) int64, BOS first and EOS last: T to read, T to answer


@dataclass(frozen=True)
class Rows:
    """Rows of numbers of different lengths, kept one after the other."""

    numbers: Ids  # (N,)
    starts: Whole  # (R,)
    lengths: Whole  # (R,)

    @classmethod
    def of(cls, rows: Iterable[Ids]) -> Rows:
        rows = list(rows)
        lengths = np.array([len(row) for row in rows], np.int64)
        numbers = np.concatenate([np.empty(0, np.int32), *rows])
        return cls(numbers, lengths.cumsum() - lengths, lengths)

    def padded(self, indices: Whole) -> Whole:
        """The rows at `indices` (B,): (B, length of the longest)."""
        lengths = self.lengths[indices][:, None]  # (B, 1)
        places = np.arange(lengths.max())  # (L,)
        inside = places < lengths  # (B, L)
        numbers = self.numbers[np.where(inside, self.starts[indices][:, None] + places, 0)]
        return np.where(inside, numbers, PAD).astype(np.int64)


@dataclass(frozen=True)
class EncodedPairs:
    """The pairs of a split as numbers."""

    sources: Rows
    targets: Rows

    @classmethod
    def of(cls, reading: PairReading, pairs: Sequence[Pair]) -> EncodedPairs:
        return cls(
            Rows.of(reading.read_source(source) for source, _ in pairs),
            Rows.of(reading.read_target(target) for _, target in pairs),
        )

    def __len__(self) -> int:
        return len(self.sources.lengths)

    def batch(self, indices: Whole) -> PairBatch:
        """The pairs at `indices` (B,)."""
        return PairBatch(
            torch.from_numpy(self.sources.padded(indices)),
            torch.from_numpy(self.sources.lengths[indices]),
            torch.from_numpy(self.targets.padded(indices)),
        )


class LengthBuckets:
    """The pairs in order of length, cut into batches; a pure function of order and epoch.

    Each epoch shuffles the pairs of equal lengths among themselves, and then the batches. Cuts
    depend on lengths alone, so every epoch has the same number of steps. Batches are of
    `sentences` pairs, or of so many as fit into `tokens` of padding and all, counted on the longer
    side, as fairseq counts its --max-tokens.
    """

    def __init__(
        self,
        pairs: EncodedPairs,
        order: Order,
        *,
        sentences: int | None = None,
        tokens: int | None = None,
    ) -> None:
        """One of `sentences` and `tokens` is given. Raises UserError for a pair of more tokens."""
        self.order = order
        self.sources, self.targets = pairs.sources.lengths, pairs.targets.lengths - 1  # (R,)
        if sentences is not None:
            self.cuts = [*range(0, len(pairs), sentences), len(pairs)]
        else:
            assert tokens is not None
            by_length = self._by_length(np.arange(len(pairs)))
            self.cuts = _cuts(np.maximum(self.sources, self.targets)[by_length], tokens)
        self._ordered: tuple[int, list[Whole]] | None = None

    @property
    def epoch_steps(self) -> int:
        return len(self.cuts) - 1

    def indices(self, epoch: int, position: int) -> Whole:
        """(B,) the pairs of a batch of the epoch; `position` counts from 0."""
        if self._ordered is None or self._ordered[0] != epoch:
            self._ordered = epoch, self._batches(self.order(epoch))
        return self._ordered[1][position]

    def _batches(self, random: np.random.Generator) -> list[Whole]:
        ordered = self._by_length(random.permutation(len(self.sources)))
        batches = [ordered[start:end] for start, end in pairwise(self.cuts)]
        return [batches[place] for place in random.permutation(len(batches))]

    def _by_length(self, indices: Whole) -> Whole:
        """By the target's, then the source's; equals stay in order."""
        return indices[np.lexsort((self.sources[indices], self.targets[indices]))]


def _cuts(lengths: Whole, tokens: int) -> list[int]:
    """Where batches begin and end, whose size times longest is `tokens` at most."""
    if lengths.max() > tokens:
        raise UserError(
            f"--batch-tokens {tokens} is less than the {lengths.max():,} tokens of the longest "
            "sentence; give more, or leave that out"
        )
    cuts, longest = [0], 0
    for place, length in enumerate(lengths.tolist()):
        longest = max(longest, length)
        if (place + 1 - cuts[-1]) * longest > tokens:
            cuts.append(place)
            longest = length
    return [*cuts, len(lengths)]
