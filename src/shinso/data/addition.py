"""Sums of whole numbers, bit by bit: a data set made by arithmetic.

All 128 x 128 pairs of operands below 128, whose sums fit 8 bits, and 1,000 pairs below 2^15, whose
sums fit 16 bits, to see whether what was learnt is addition or 8 columns of it. Bits come least
significant first, the order in which a sum is worked out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shinso.core.errors import UserError, nearest

Whole = NDArray[np.int64]
Real = NDArray[np.float32]

WIDTH = 8
LONG_WIDTH = 16
LONG_PAIRS = 1_000
HELD_OUT = 0.1


def bits(numbers: ArrayLike, width: int) -> Whole:
    """(N,) whole numbers to (N, width) zeros and ones, the least significant bit first.

    Raises UserError for a number below 0 or of more than `width` bits.
    """
    whole = np.asarray(numbers, dtype=np.int64)
    for misfit in whole[(whole < 0) | (whole >> width != 0)][:1]:
        raise UserError(f"{misfit} does not fit {width} bits; give 0 to {2**width - 1}")
    return (whole[:, None] >> np.arange(width)) & 1


def number(bits: ArrayLike) -> Whole:
    """The inverse of `bits`: (..., width) zeros and ones to (...) whole numbers."""
    whole = np.asarray(bits).astype(np.int64)
    return whole @ (1 << np.arange(whole.shape[-1]))


@dataclass(frozen=True, eq=False)
class Pairs:
    """N sums: operands `first` (N,) and `second` (N,), written in `width` bits."""

    first: Whole
    second: Whole
    width: int

    def __len__(self) -> int:
        return len(self.first)

    @property
    def sums(self) -> Whole:
        """(N,)"""
        return self.first + self.second

    @cached_property
    def inputs(self) -> Real:
        """(N, width, 2): at each step one bit of either operand."""
        operands = [bits(self.first, self.width), bits(self.second, self.width)]
        return np.stack(operands, axis=-1).astype(np.float32)

    @cached_property
    def targets(self) -> Real:
        """(N, width): the bits of the sums."""
        return bits(self.sums, self.width).astype(np.float32)

    def where(self, chosen: NDArray[np.bool_]) -> Pairs:
        """The pairs that `chosen` (N,) marks."""
        return Pairs(self.first[chosen], self.second[chosen], self.width)


@dataclass(frozen=True)
class AdditionSet:
    """The set and its splits. `valid` is a fixed tenth of the pairs, the same for every seed.

    `train` is the rest, or with `all_pairs` every pair, as in the course, which holds nothing out.
    `test` is every pair, `test_16` the 16-bit ones.
    """

    all_pairs: bool = False

    name = "addition"
    licence = "none: made by arithmetic"

    @cached_property
    def train(self) -> Pairs:
        return self.test if self.all_pairs else self.test.where(~self._held_out)

    @cached_property
    def valid(self) -> Pairs:
        return self.test.where(self._held_out)

    @cached_property
    def test(self) -> Pairs:
        limit = 2 ** (WIDTH - 1)
        first, second = np.divmod(np.arange(limit * limit), limit)
        return Pairs(first, second, WIDTH)

    @cached_property
    def test_16(self) -> Pairs:
        limit = 2 ** (LONG_WIDTH - 1)
        drawn = np.array([_hash(f"16-bit pair {k}") for k in range(LONG_PAIRS)], dtype=np.uint64)
        first, second = drawn % limit, drawn // limit % limit
        return Pairs(first.astype(np.int64), second.astype(np.int64), LONG_WIDTH)

    def split(self, name: str) -> Pairs:
        """`train`, `valid` or `test`; raises UserError for another name."""
        splits = ("train", "valid", "test")
        if name not in splits:
            raise UserError(f"addition has no split {name}; {nearest(name, splits)}")
        pairs: Pairs = getattr(self, name)
        return pairs

    def digest(self) -> str:
        """SHA-256 of the content, whatever of it is trained on."""
        content: list[NDArray[Any]] = [self._held_out]
        for pairs in (self.test, self.test_16):
            content += [pairs.inputs, pairs.targets]
        return hashlib.sha256(b"".join(array.tobytes() for array in content)).hexdigest()

    @cached_property
    def _held_out(self) -> NDArray[np.bool_]:
        """Marks the tenth of the pairs with the lowest hash; a + b and b + a share theirs, so that
        neither is in train while the other is in valid. (1,639 pairs: the tenth ends in a twin.)"""
        pairs = zip(self.test.first.tolist(), self.test.second.tolist(), strict=True)
        keys = np.array([_hash(f"{min(a, b)} + {max(a, b)}") for a, b in pairs], dtype=np.uint64)
        last = np.sort(keys)[round(HELD_OUT * len(keys)) - 1]
        held_out: NDArray[np.bool_] = keys <= last
        return held_out


def _hash(text: str) -> int:
    """64 bits, the same on every machine and in every version."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
