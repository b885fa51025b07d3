"""Random playouts as the judge of many positions at once: an evaluator without a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shinso.go.compiled import compiled
from shinso.go.playout import playout
from shinso.go.positions import Positions
from shinso.go.rules import BOARD, CELLS
from shinso.go.search.tree import outcome


class RandomRollouts:
    """One light playout a position: its result for who is to play, as `PUCT.rollout` wants it."""

    def __init__(self, komi: float, seed: int) -> None:
        self.komi = komi
        self.random = np.array([seed], np.uint64)

    def __call__(self, positions: Positions) -> NDArray[np.float64]:
        results = np.empty(len(positions))
        play_out(positions.boards, self.komi, self.random, results)
        return results


class RandomEvaluator:
    """Equal priors, and one playout for a value, as `PUCT.evaluate` wants them."""

    def __init__(self, komi: float, seed: int) -> None:
        self.rollouts = RandomRollouts(komi, seed)

    def __call__(self, positions: Positions) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        priors = np.ones((len(positions), positions.size**2 + 1), np.float32)
        return priors, self.rollouts(positions)


@compiled
def play_out(
    boards: NDArray[np.void], komi: float, random: NDArray[np.uint64], results: NDArray[np.float64]
) -> None:
    """Fills `results` (N,) for who is to play on each of the boards (N,), which stay as they
    are."""
    workspace = np.empty(1, BOARD)
    reached = np.empty(CELLS, np.int8)
    for i in range(boards.size):
        workspace[0] = boards[i]
        playout(workspace[0], random)
        results[i] = outcome(workspace[0], komi, boards[i].to_play, reached)
