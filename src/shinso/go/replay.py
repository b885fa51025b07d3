"""Recorded games played again, each move checked.

Rules are as lenient as the players' may have been: only simple ko forbids a repetition, and
suicide is allowed where the record names rules that allow it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shinso.core.errors import UserError
from shinso.data.sgf import WHITE, Game
from shinso.go import recent
from shinso.go.board import Board
from shinso.go.compiled import compiled
from shinso.go.coordinates import handicap_points
from shinso.go.positions import Positions
from shinso.go.rules import (
    BOARD,
    NOWHERE,
    BoardRecord,
    cell_of,
    is_legal,
    play,
    play_pass,
)

SUICIDE_RULES = ("nz", "new zealand", "goe", "ing", "tromp-taylor")  # in SGF's RU
KOMI = 7.5  # where the record does not say


def starting_board(game: Game, name: str = "game", komi: float = KOMI) -> Board:
    """The board before the first move.

    A handicap whose stones the record does not show lies where GTP's fixed one does, if White
    plays first; otherwise Black's moves are it. Komi is rounded to halves; `komi` stands in where
    the record has none.

    Raises:
        UserError: the board is larger than 19x19, or what is set up is no position.
    """
    try:
        return _starting_board(game, komi)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def _starting_board(game: Game, komi: float) -> Board:
    suicide = game.rules.lower().startswith(SUICIDE_RULES)
    halves = round(2 * (komi if game.komi is None else game.komi))
    board = Board(game.size, halves / 2, suicide, superko=False)
    for colour, point in game.setup:
        board.place(colour, point)
    if game.handicap >= 2 and not game.setup and game.first == WHITE:
        board.give_handicap(handicap_points(game.size, game.handicap))
    board.to_play = game.first
    return board


def replay(game: Game, name: str = "game", moves: int | None = None, komi: float = KOMI) -> Board:
    """The board after so many moves, or after all.

    Raises:
        UserError: as `starting_board`, or a move is illegal; it is named, after `name`.
    """
    board = starting_board(game, name, komi)
    for number, (colour, point) in enumerate(game.moves[:moves], start=1):
        try:
            board.play(point, colour)
        except UserError as error:
            raise UserError(f"{name}, move {number}: {error}") from None
    return board


def positions_of(game: Game, name: str = "game") -> tuple[Positions, NDArray[np.int16]]:
    """What learners learn from: the N positions in which a move was made, each with the colour to
    play that made it, and the moves (N,), points or size * size for a pass.

    Raises:
        UserError: as `replay`.
    """
    start = starting_board(game, name)
    count = len(game.moves)
    colours, points = np.array(game.moves, np.int16).reshape(count, 2).T.copy()
    boards = np.zeros(count + 1, BOARD)
    recents = np.zeros((count + 1, *start.recent.shape), np.int8)
    boards[0], recents[0] = start.record, start.recent
    if _play_on(boards, recents, colours, points) < count:
        replay(game, name)  # says what is wrong
    return Positions(boards[:count], recents[:count], np.zeros((count, 0), np.uint64)), points


@compiled
def _play_on(
    boards: NDArray[np.void],
    recents: NDArray[np.int8],
    colours: NDArray[np.int16],
    points: NDArray[np.int16],
) -> int:
    """Fills `boards` and `recents` (N + 1, ...) from their first ones on by N moves; how many of
    them are legal. Superko is not looked at."""
    for i in range(points.size):
        give_turn(boards[i], colours[i])
        boards[i + 1] = boards[i]
        if not advance(boards[i + 1], colours[i], points[i]):
            return i
        recents[i + 1] = recents[i]
        recent.remember(recents[i + 1], boards[i + 1])
    return points.size


@compiled
def advance(board: BoardRecord, colour: int, point: int) -> bool:
    """A move or a pass by a colour, whoever was to play. Whether it is legal, superko apart; an
    illegal one is not made."""
    give_turn(board, colour)
    if point == board.size * board.size:
        play_pass(board, colour)
        return True
    cell = cell_of(board, point)
    legal = is_legal(board, cell, colour)
    if legal:
        play(board, cell, colour)
    return legal


@compiled
def give_turn(board: BoardRecord, colour: int) -> None:
    """Lets a colour play; to whom it is not the turn the ko does not matter."""
    if board.to_play != colour:
        board.to_play = colour
        board.ko = NOWHERE
