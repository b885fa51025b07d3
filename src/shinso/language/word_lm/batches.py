"""How a stream of words becomes the batches of an epoch.

A text of N words is read as <eos> w_1 ... w_(N-1) and answered as w_1 ... w_N: the word after each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shinso.core.errors import UserError

Words = NDArray[np.int64]
Order = Callable[[int], np.random.Generator]  # epoch -> what shuffles it


class Batches(Protocol):
    """Batches (B, T) of words and (B, T) or (B, 1) of what follows."""

    epoch_steps: int
    carries: bool  # whether rows go on where those of the batch before ended

    def batch(self, epoch: int, position: int, rows: slice) -> tuple[Words, Words]:
        """These rows of a batch of the epoch; `position` counts from 0."""
        ...


class Streams:
    """The text in `count` long pieces, read side by side, `unroll` words at a time: truncated
    back-propagation through time (Williams and Peng 1990), whose state is carried on.

    The N mod `count` last words are not learned from.
    """

    carries = True

    def __init__(self, stream: Words, first: int, count: int, unroll: int) -> None:
        length = len(stream) // count
        if length < 1:
            raise UserError(
                f"the text has {len(stream)} tokens, fewer than --batch-size {count}; give more "
                "text or smaller batches"
            )
        read = np.concatenate([[first], stream[:-1]])
        self.words = read[: length * count].reshape(count, length)
        self.answers = stream[: length * count].reshape(count, length)
        self.unroll = unroll
        self.epoch_steps = -(-length // unroll)

    def batch(self, epoch: int, position: int, rows: slice) -> tuple[Words, Words]:
        steps = slice(position * self.unroll, (position + 1) * self.unroll)
        return self.words[rows, steps], self.answers[rows, steps]


class Windows:
    """The runs of `width` words, each with the one that follows, shuffled anew each epoch; those
    that fill no batch are left out."""

    carries = False

    def __init__(self, stream: Words, count: int, width: int, order: Order) -> None:
        self.epoch_steps = (len(stream) - width) // count
        if self.epoch_steps < 1:
            raise UserError(
                f"the text has {len(stream)} tokens, too few for --window {width} and "
                f"--batch-size {count}; give more text or smaller batches"
            )
        self.stream = stream
        self.width = width
        self.count = count
        self.order = order
        self._shuffled: tuple[int, Words] | None = None

    def batch(self, epoch: int, position: int, rows: slice) -> tuple[Words, Words]:
        chosen = self._starts(epoch)[position * self.count : (position + 1) * self.count][rows]
        windows = self.stream[chosen[:, None] + np.arange(self.width + 1)]  # (B, width + 1)
        return windows[:, :-1], windows[:, -1:]

    def _starts(self, epoch: int) -> Words:
        if self._shuffled is None or self._shuffled[0] != epoch:
            starts = self.order(epoch).permutation(len(self.stream) - self.width)
            self._shuffled = epoch, starts
        return self._shuffled[1]
