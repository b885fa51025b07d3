"""Features against a slow definition on `Board`, and drawn ones."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

import numpy as np

from shinso.go.alphago_rollout.patterns import features_of
from shinso.go.alphago_rollout.table import (
    AROUND,
    ILLEGAL,
    NAKADE,
    NOTHING,
    PLACE,
    RESPONSE,
    ROWS,
    SAVE,
)
from shinso.go.board import Board
from shinso.go.positions import Positions
from shinso.go.rules import BLACK, EMPTY, WHITE
from shinso.go.symmetries import SYMMETRIES, transform_moves
from tests.go.rulebook import marked

Place = tuple[int, int]

WAYS = [
    lambda row, column, flip=flip, turn=turn: _turned((row, -column if flip else column), turn)
    for flip in (False, True)
    for turn in range(4)
]


def _turned(place: Place, quarters: int) -> Place:
    for _ in range(quarters):
        place = -place[1], place[0]
    return place


def state(board: Board, row: int, column: int) -> tuple[int, int]:
    """Colour as who is to play sees it, and liberties up to 3; 9 off the board."""
    if not (0 <= row < board.size and 0 <= column < board.size):
        return 9, 0
    colour = board.stones[row, column]
    if colour == EMPTY:
        return 0, 0
    liberties = len(board.liberties(row * board.size + column))
    return (1 if colour == board.to_play else 2), min(liberties, 3)


def around(board: Board, point: int) -> tuple:
    row, column = divmod(point, board.size)
    steps = [(r, c) for r, c in product((-1, 0, 1), repeat=2) if r or c]
    return min(
        tuple(sorted((way(r, c), state(board, row + r, column + c)) for r, c in steps))
        for way in WAYS
    )


def response(board: Board, last: int, point: int) -> tuple:
    row, column = divmod(last, board.size)
    steps = [(r, c) for r, c in product(range(-2, 3), repeat=2) if 0 < abs(r) + abs(c) <= 2]
    move = divmod(point, board.size)
    return min(
        (
            way(move[0] - row, move[1] - column),
            tuple(sorted((way(r, c), state(board, row + r, column + c)) for r, c in steps)),
        )
        for way in WAYS
    )


def saves(board: Board, last: int) -> set[int]:
    row, column = divmod(last, board.size)
    chains = [
        r * board.size + c
        for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
        if state(board, r, c) == (1, 1)
    ]
    found = set()
    for point in np.flatnonzero(board.legal_moves()[:-1]).tolist():
        after = board.copy()
        after.play(point)
        stones = after.stones.ravel()
        if any(
            stones[chain] == board.to_play and len(after.liberties(chain)) > 1 for chain in chains
        ):
            found.add(point)
    return found


def random_positions(size: int, moves: int) -> list[Board]:
    random = np.random.default_rng(size)
    board, boards = Board(size, superko=False), []
    for _ in range(moves):
        point = int(random.choice(np.flatnonzero(board.legal_moves()[:-1])))
        board.play(point)
        if not board.legal_moves()[:-1].any():
            break
        boards.append(board.copy())
    return boards


def test_features_against_their_definition():
    boards = [*random_positions(5, 60), *random_positions(7, 80)]
    rows_of, patterns = defaultdict(set), defaultdict(set)
    saved = 0
    for board in boards:
        features = features_of(Positions.of([board]))[0]
        last = board.history[-1][1]
        assert features.min() >= 0 and features.max() < ROWS
        expected = saves(board, last)
        saved += len(expected)
        legal = board.legal_moves()
        for point, rows in enumerate(features.tolist()):
            if not legal[point]:
                assert rows == [ILLEGAL] + 4 * [NOTHING]
                continue
            (own,) = (row for row in rows if AROUND <= row < RESPONSE)
            rows_of[around(board, point)].add(own)
            patterns[own].add(around(board, point))
            gap = np.abs(np.subtract(divmod(point, board.size), divmod(last, board.size)))
            answered = [row for row in rows if row >= RESPONSE]
            place = [row - PLACE for row in rows if PLACE <= row < SAVE]
            if gap.sum() > 2:
                assert answered == place == []
            else:
                rows_of[response(board, last, point)].add(answered[0])
                patterns[answered[0]].add(response(board, last, point))
                assert place == [0 if gap.sum() == 1 else 1 if gap.max() == 1 else 2]
            assert (SAVE in rows) == (point in expected), (str(board), point)
    assert saved > 10 and len(rows_of) > 500
    assert all(len(rows) == 1 for rows in rows_of.values()), "alike, turned or mirrored"
    shared = sum(len(alike) > 1 for alike in patterns.values())
    assert shared < 0.03 * len(patterns), "a hash seldom makes one of two"


def test_features_turn_with_the_board():
    board = random_positions(7, 30)[-1]
    plain = np.sort(features_of(Positions.of([board]))[0], axis=1)
    for way in range(1, SYMMETRIES):
        turned = Board(7, superko=False)
        for colour, point in board.history:
            turned.play(int(transform_moves(np.array([point]), way, 7)[0]), colour)
        seen = np.sort(features_of(Positions.of([turned]))[0], axis=1)
        places = transform_moves(np.arange(49), way, 7)
        assert (seen[places] == plain).all()


def test_a_hole_of_three_is_entered_in_the_middle():
    drawing = """
        O O O X .
        X X X X .
        . . . . .
        . . . . .
        . . . . .
    """
    board = Board.drawn(drawing.replace("O O O X .", "O O O a ."))
    board.to_play = BLACK
    board.play(marked(drawing.replace("O O O X .", "O O O a ."), "a"))
    features = features_of(Positions.of([board]))[0]
    assert board.to_play == WHITE and board.stones[0, :3].tolist() == [EMPTY] * 3
    holes = [[row - NAKADE for row in rows if NAKADE <= row < AROUND] for rows in features.tolist()]
    assert holes[:3] == [[1], [2], []] or holes[:3] == [[1], [2], [1]]
    assert not any(holes[3:])


def test_before_any_move_and_after_a_pass_nothing_is_a_response():
    board = Board(5)
    board.play(12)
    board.play(25)
    for position in (Board(5), board):
        rows = features_of(Positions.of([position]))[0]
        assert (rows[:, 1:] == NOTHING).all()
