"""The moves of many recorded games, by number, each with the position that it was made in.

A position takes kilobytes, a move three bytes: kept are the moves, and games are played again up to
the ones that are asked for. That takes a microsecond or so a move before it, much less than a
network's pass.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shinso.core.errors import UserError
from shinso.core.report.words import counted
from shinso.data.games import GameSet, GameSplit
from shinso.data.sgf import Game
from shinso.go.board import Board
from shinso.go.compiled import compiled
from shinso.go.positions import Positions
from shinso.go.recent import KEPT, remember
from shinso.go.replay import advance, give_turn, starting_board
from shinso.go.rules import BoardRecord

_log = logging.getLogger("shinso.go")

Indices = NDArray[np.integer]


class Records:
    """N moves of games on boards of one size, passes left out: AlphaGo's policies have no word for
    them. Rules are as lenient as `shinso.go.replay` says.

    `points` (N,) are the moves, `numbers` (N,) how many were made before in each one's game,
    `last` (N,) the point that was played just before, size * size for a pass or none. `left_out`
    are the names of games with an illegal move or setup.
    """

    def __init__(self, size: int, games: Sequence[Game], names: Sequence[str]) -> None:
        self.size = size
        self.left_out: list[str] = []
        starts = _Starts()
        start_of: list[int] = []
        kept: list[NDArray[np.int16]] = []
        for game, name in zip(games, names, strict=True):
            moves = np.array(game.moves, np.int16).reshape(-1, 2)
            try:
                start = starts.number_of(game)
            except UserError:
                self.left_out.append(name)
                continue
            if play_on(starts.boards[start].record.copy(), moves) < len(moves):
                self.left_out.append(name)
                continue
            start_of.append(start)
            kept.append(moves)
        self._starts = Positions.of(starts.boards or [Board(size)])
        self._start_of = np.array(start_of, np.int64)  # (G,)
        self._moves = np.concatenate([np.empty((0, 2), np.int16), *kept])  # (M, 2) colour, point
        lengths = np.array([len(moves) for moves in kept], np.int64)
        self._ends = np.cumsum(lengths)  # (G,)
        self._list(lengths)

    def _list(self, lengths: NDArray[np.int64]) -> None:
        """Finds which of all moves are no passes, and what is known of them."""
        first = np.repeat(self._ends - lengths, lengths)  # (M,) of its game
        numbers = np.arange(len(self._moves)) - first
        points = self._moves[:, 1]
        before = np.where(numbers > 0, np.roll(points, 1), self.size**2)
        self._which = np.flatnonzero(points < self.size**2)  # (N,) among all M
        self.points, self.last = points[self._which].astype(np.int64), before[self._which]
        self.numbers = numbers[self._which]

    def __len__(self) -> int:
        return len(self._which)

    def positions(self, indices: Indices) -> Positions:
        """Those in which the moves of these numbers were made."""
        ends = self._which[indices]
        games = np.searchsorted(self._ends, ends, side="right")
        starts = self._starts[self._start_of[games]]
        play_each_on(starts.boards, starts.recent, self._moves, ends - self.numbers[indices], ends)
        return Positions(starts.boards, starts.recent, np.zeros((len(ends), 0), np.uint64))


class _Starts:
    """The boards on which games begin. Most begin alike."""

    def __init__(self) -> None:
        self.boards: list[Board] = []
        self._numbers: dict[object, int] = {}

    def number_of(self, game: Game) -> int:
        """Raises UserError where the game's setup is no position."""
        beginning = game.setup, game.first, game.handicap, game.rules
        if beginning not in self._numbers:
            self.boards.append(starting_board(game))
            self._numbers[beginning] = len(self.boards) - 1
        return self._numbers[beginning]


@lru_cache(maxsize=3)  # train, valid and test: learner, baselines and evaluations share them
def records_of(data: GameSet, split: str, size: int) -> Records:
    """The games of a split on boards of a size. Others are left out with a count.

    Raises:
        UserError: none of them has a move on such a board.
    """
    games = data.split(split)
    fitting = [place for place, game in enumerate(games) if game.size == size]
    if other := len(games) - len(fitting):
        _log.warning("left out %s of %s, not on %s", counted(other, "game"), split, _board(size))
    records = Records(size, [games[i] for i in fitting], [games.sources[i] for i in fitting])
    if records.left_out:
        told = counted(len(records.left_out), "game")
        _log.warning("left out %s with an illegal move, first %s", told, records.left_out[0])
    if not len(records):
        sizes = Counter(game.size for game in games if game.size != size)
        there = f"; its games are on {_board(sizes.most_common(1)[0][0])}" if sizes else ""
        raise UserError(f"data set {data.name} has no move on {_board(size)} in {split}{there}")
    return records


def usual_size(games: GameSplit) -> int:
    """The size of board of most games."""
    return Counter(game.size for game in games).most_common(1)[0][0]


def _board(size: int) -> str:
    return f"{size}x{size}"


# Compiled ---------------------------------------------------------------------------------------


@compiled
def play_on(board: BoardRecord, moves: NDArray[np.int16]) -> int:
    """Makes moves (N, 2), colours and points, on a board; how many come before an illegal one."""
    for i in range(len(moves)):
        if not advance(board, moves[i, 0], moves[i, 1]):
            return i
    return len(moves)


@compiled
def play_each_on(
    boards: NDArray[np.void],
    recents: NDArray[np.int8],
    moves: NDArray[np.int16],
    firsts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> None:
    """Makes the moves from `firsts` (N,) up to `ends` (N,), of legal moves (M, 2), on N boards,
    on which it is then the turn of whoever makes the move at the end."""
    for i in range(boards.size):
        for at in range(firsts[i], ends[i]):
            advance(boards[i], moves[at, 0], moves[at, 1])
            if at >= ends[i] - KEPT:  # earlier ones are forgotten by then
                remember(recents[i], boards[i])
        give_turn(boards[i], moves[ends[i], 0])
