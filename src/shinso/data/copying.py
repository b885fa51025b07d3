"""Symbols to remember: a data set that is drawn, without end and without files.

The copying task (Hochreiter and Schmidhuber 1997, Long short-term memory, Neural Computation
9(8); in this form Arjovsky, Shah and Bengio 2016, Unitary evolution recurrent neural networks,
section 4.1). Some symbols come in, then nothing for a while, then a sign, and now the symbols
are to be written in their order:

    in     d a c b . . . . . . ! . . . .        . blank    ! delimiter
    out    . . . . . . . . . . . d a c b        4 symbols over a distance of 7

Every sequence is a function of its index. Which split it belongs to is decided by a hash of its
symbols, so that the splits share nothing, whatever the seed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shinso.core.errors import UserError, nearest

Whole = NDArray[np.int64]
Words = NDArray[np.uint64]

SYMBOLS = 8
BLANK = 8
DELIMITER = 9
TOKENS = 10
SYMBOL_BITS = 3
FEWEST, MOST = 2, 21  # symbols of a sequence: every split has some, and they fit a word of 64 bits

HELD_OUT = {"valid": 0x76616C6964, "test": 0x74657374}  # where each one's stream of words starts
HELD_OUT_COUNT = 1_000
PARTS = ("valid", "test", *("train",) * 8)  # of the sequences a tenth, a tenth and the rest


def to_read(symbols: Whole, distance: int) -> Whole:
    """(N, L) symbols to the (N, L + distance + L) tokens that a net reads.

    `distance` counts the steps from the last symbol to the first that is to be written, as T in
    the paper: T - 1 blanks and the delimiter.
    """
    count, length = symbols.shape
    tokens = np.full((count, distance + 2 * length), BLANK)
    tokens[:, :length] = symbols
    tokens[:, length + distance - 1] = DELIMITER
    return tokens


def to_write(symbols: Whole, distance: int) -> Whole:
    """(N, L) symbols to the (N, L + distance + L) tokens to write: blanks, then the symbols."""
    count, length = symbols.shape
    tokens = np.full((count, distance + 2 * length), BLANK)
    tokens[:, length + distance :] = symbols
    return tokens


def draw(part: str, start: int, indices: Whole, length: int) -> Whole:
    """(N, length) symbols 0 to 7 of the split `part`: those at `indices` (N,) of the endless
    stream that starts at `start`, 64 bits. `length` is FEWEST to MOST."""
    words = _mixed(np.uint64(start) + (indices.astype(np.uint64) + np.uint64(1)) * _GOLDEN)
    while (strangers := _parts(words, length) != PARTS.index(part)).any():
        words[strangers] = _mixed(words[strangers] + _GOLDEN)
    shifts = SYMBOL_BITS * np.arange(length, dtype=np.uint64)
    return (words[:, None] >> shifts & np.uint64(SYMBOLS - 1)).astype(np.int64)


@dataclass(frozen=True)
class HeldOut:
    """The fixed sequences of `valid` or `test`, of any length."""

    part: str

    def __len__(self) -> int:
        return HELD_OUT_COUNT

    def symbols(self, length: int) -> Whole:
        """(N, length); short sequences come more than once, since there are only 8^length."""
        return draw(self.part, HELD_OUT[self.part], np.arange(len(self)), length)


@dataclass(frozen=True)
class CopyingSet:
    """The set and its splits. What is trained on is drawn anew for each seed, without end."""

    name = "copying"
    licence = "none: drawn at random"
    splits = tuple(HELD_OUT)

    def split(self, name: str) -> HeldOut:
        """`valid` or `test`; raises UserError for another name."""
        if name not in HELD_OUT:
            raise UserError(f"copying has no split {name}; {nearest(name, HELD_OUT)}")
        return HeldOut(name)

    def digest(self) -> str:
        """SHA-256 of what is held out, at every length."""
        digest = hashlib.sha256()
        for name in self.splits:
            for length in range(FEWEST, MOST + 1):
                digest.update(self.split(name).symbols(length).tobytes())
        return digest.hexdigest()


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _parts(words: Words, length: int) -> Whole:
    """(N,) the index into PARTS of each word's first `length` symbols; all train's are one."""
    code = words & np.uint64((1 << SYMBOL_BITS * length) - 1)
    return np.minimum(_mixed(code) % np.uint64(len(PARTS)), PARTS.index("train")).astype(np.int64)


def _mixed(words: Words) -> Words:
    """splitmix64's output function (Steele, Lea and Flood 2014, Fast splittable pseudorandom
    number generators): every bit of a word depends on all, and different words stay different."""
    words = (words ^ words >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ words >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return words ^ words >> np.uint64(31)
