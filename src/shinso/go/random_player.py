"""The weakest opponent that still ends its games: any legal move that fills no eye of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from shinso.go.board import Board
from shinso.go.engine import Candidate, Choice, Limits
from shinso.go.playout import draw, is_eye


class RandomPlayer:
    """Plays all such moves with equal probability, and passes where there is none."""

    name = "go-random"
    sizes = None

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    @property
    def seed(self) -> int:
        return self._seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self._seed, self._random = seed, np.array([seed], np.uint64)

    def choose(self, board: Board, colour: int, limits: Limits) -> Choice:
        points = moves_of(board, colour)
        return Choice(points[int(draw(self._random, len(points)))])

    def analyse(self, board: Board, colour: int, limits: Limits) -> Iterator[list[Candidate]]:
        points = moves_of(board, colour)
        yield [Candidate(point, prior=1 / len(points), line=(point,)) for point in points]


def player(artifact: None, options: None) -> RandomPlayer:
    """The row's: there is nothing to choose."""
    return RandomPlayer()


def moves_of(board: Board, colour: int) -> list[int]:
    """The points of legal moves that fill no eye of their own, or a pass alone."""
    points = np.flatnonzero(board.legal_moves(colour)[:-1]).tolist()
    cells = [(point, (point // board.size + 1) * (board.size + 1)) for point in points]
    return [
        point
        for point, line in cells
        if not is_eye(board.record, line + point % board.size + 1, colour)
    ] or [board.pass_point]
