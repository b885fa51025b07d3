"""Randomness is a function of (seed, purpose, index) and is never carried along.

Whoever needs random numbers asks for them by what they are for ("order", epoch 3), so a run
resumed at any step draws the same ones, and drawing more for one purpose changes no other.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray

AHEAD = 64  # indices are mostly asked for in turn, and hashing many at once stays in the cache


class Randomness:
    """Derives every generator of a run from its seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._blocks: dict[str, tuple[int, list[int]]] = {}  # by purpose: the last one asked for

    def bits(self, purpose: str, index: int = 0) -> int:
        """64 random bits, a pure function of (seed, purpose, index)."""
        number, place = divmod(index, AHEAD)
        known, block = self._blocks.get(purpose, (None, []))
        if known != number:
            block = [self._hash(purpose, number * AHEAD + i) for i in range(AHEAD)]
            self._blocks[purpose] = number, block
        return block[place]

    def _hash(self, purpose: str, index: int) -> int:
        key = f"{self.seed}/{purpose}/{index}".encode()
        return int.from_bytes(blake2b(key, digest_size=8).digest(), "little")

    def numpy(self, purpose: str, index: int = 0) -> np.random.Generator:
        return np.random.default_rng(self.bits(purpose, index))

    def generator(self, purpose: str, index: int = 0) -> torch.Generator:
        """A CPU generator of its own, for sampling that must not touch the global ones."""
        return torch.Generator().manual_seed(self.bits(purpose, index))

    def compiled(self, purpose: str, index: int = 0) -> NDArray[np.uint64]:
        """The explicit state of compiled code: an array, because a uint64 that numba returns
        comes back as int and turns to float64 at the next call."""
        return np.array([self.bits(purpose, index)], dtype=np.uint64)

    def seed_generators(self, purpose: str, index: int, device: torch.device) -> None:
        """Seeds torch's global generators. On the generator objects: 1 microsecond, where
        torch.manual_seed, which visits every backend, takes 81."""
        bits = self.bits(purpose, index)
        torch.default_generator.manual_seed(bits)
        if device.type == "cuda":
            torch.cuda.default_generators[device.index or 0].manual_seed(bits)
