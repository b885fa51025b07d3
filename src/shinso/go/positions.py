"""Many positions at once, as compiled code reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shinso.go.board import Board


@dataclass(frozen=True, eq=False)
class Positions:
    """N positions on boards of one size."""

    boards: NDArray[np.void]  # (N,) of rules.BOARD
    recent: NDArray[np.int8]  # (N, recent.KEPT, size * size)
    past: NDArray[np.uint64]  # (N, M) hashes of earlier positions; M may be 0 without superko

    @classmethod
    def of(cls, boards: Sequence[Board]) -> Positions:
        """Copies of one board or more."""
        past = np.zeros((len(boards), max(len(board.past) for board in boards)), np.uint64)
        for hashes, board in zip(past, boards, strict=True):
            hashes[: len(board.past)] = board.past
        return cls(
            np.stack([board.record for board in boards]),
            np.stack([board.recent for board in boards]),
            past,
        )

    @property
    def size(self) -> int:
        return int(self.boards["size"][0])

    def __len__(self) -> int:
        return len(self.boards)

    def __getitem__(self, which: slice | NDArray[np.integer] | list[int]) -> Positions:
        return Positions(self.boards[which], self.recent[which], self.past[which])
