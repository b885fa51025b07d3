"""Ladders on drawn positions, and against a reading by definition on random ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from shinso.core.errors import UserError
from shinso.go.board import Board
from shinso.go.ladders import captures_in_ladder, escapes_ladder
from shinso.go.rules import BLACK, EMPTY, WHITE
from tests.go.rulebook import Rulebook, marked

LADDER = """
    . . X . . . . . .
    . X O a . . . . .
    . X e . . . . . .
    . . . . . . . . .
    . . . . . . . . .
    . . . . . . . . .
    . . . . . . b . .
    . . . . . . . . .
    . . . . . . . . .
"""
PREY = 11
PATIENCE = 200  # positions of a reading by definition


def ladder(breaker: int = EMPTY) -> Board:
    board = Board.drawn(LADDER)
    if breaker:
        board.place(breaker, marked(LADDER, "b"))
    return board


def captures(board: Board, point: int) -> bool:
    return captures_in_ladder(board.record, board._cell(point))


def escapes(board: Board, point: int) -> bool:
    return escapes_ladder(board.record, board._cell(point))


# Drawn ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("breaker", "caught"), ((EMPTY, True), (BLACK, True), (WHITE, False)))
def test_a_ladder_runs_to_the_edge_unless_a_stone_of_its_own_breaks_it(breaker, caught):
    board = ladder(breaker)
    assert board.is_caught(PREY) is caught
    assert captures(board, marked(LADDER, "a")) is caught
    assert not captures(board, marked(LADDER, "e")), "atari from the wrong side"
    board.play(marked(LADDER, "a"))
    assert escapes(board, marked(LADDER, "e")) is not caught
    assert not escapes(board, 80), "a move elsewhere saves nothing"


def test_a_ladder_across_the_whole_board_is_read():
    board = Board(19)
    for colour, row, column in ((1, 0, 2), (1, 1, 1), (1, 2, 1), (2, 1, 2)):
        board.place(colour, row * 19 + column)
    assert board.is_caught(21)
    board.place(WHITE, 16 * 19 + 16)
    assert not board.is_caught(21)


def test_a_capture_saves_a_chain_in_atari_too():
    drawing = """
        . O X . .
        O X O c .
        . e X . .
        . . . . .
        . . . . .
    """
    board = Board.drawn(drawing)
    assert board.is_caught(2)
    assert board.is_caught(6)
    saved = {point for point in range(25) if board.is_legal(point) and escapes(board, point)}
    extensions, captures_ = {3, marked(drawing, "e")}, {0, marked(drawing, "c")}
    assert saved == extensions | captures_


def test_a_chain_of_three_liberties_is_in_no_ladder():
    board = Board(9)
    board.play(40)
    assert not board.is_caught(40)
    with pytest.raises(UserError, match="A9 is empty; a stone was meant"):
        board.is_caught(0)


def test_a_ko_that_may_not_be_retaken_catches_nothing():
    board = Board.drawn(". X O .\nX O . O\n. X O .\n. . . .", superko=False)
    board.play(6)
    assert board.liberties(6) == [5]
    assert not board.is_caught(6)
    board.play(15)
    board.play(12)
    assert board.is_caught(6)


# By definition ----------------------------------------------------------------------------------


def book_of(board: Board) -> Rulebook:
    book = Rulebook(board.size, suicide=False, superko=False)
    book.set_up(board.stones.tolist())
    book.to_play = board.to_play
    return book


def by_book(book: Rulebook, place: tuple[int, int]) -> tuple[bool, bool]:
    """Whether a legal move captures in a ladder, and whether it escapes one; IndexError where that
    takes too long to read."""
    colour, after = book.to_play, book.copy()
    after.play(place, colour)

    def some(of: int, liberties: int, caught: bool) -> bool:
        return any(
            after.is_caught(stone, [None] * PATIENCE) is caught
            for stone in book.places()
            if book.position[stone[0]][stone[1]] == of
            and len(book.liberties(stone)) == liberties
            and after.position[stone[0]][stone[1]] == of
            and (of == colour or place in book.liberties(stone))
        )

    return some(3 - colour, 2, True), some(colour, 1, False)


def random_positions(size: int, games: int) -> Iterator[Board]:
    """One in five of those of random games, without a ko."""
    for seed in range(games):
        board, random = Board(size, superko=False), np.random.default_rng(seed)
        for _ in range(2 * size**2):
            board.play(int(random.choice(np.flatnonzero(board.legal_moves()))))
            if random.random() < 0.2 and board.ko is None:
                yield board.copy()


@pytest.mark.parametrize(("size", "games"), ((4, 6), (5, 10), (6, 4)))
def test_against_a_reading_by_definition(size, games):
    moves, chains, too_long = [], [], 0
    for board in random_positions(size, games):
        book = book_of(board)
        for point in range(size**2):
            place = divmod(point, size)
            try:
                if board.is_legal(point):
                    expected = by_book(book, place)
                    assert (captures(board, point), escapes(board, point)) == expected
                    moves.append(expected)
                elif colour := book.position[place[0]][place[1]]:
                    turned = book.copy()
                    turned.to_play = 3 - colour
                    chains.append(turned.is_caught(place, [None] * PATIENCE))
                    assert board.is_caught(point) is chains[-1]
            except IndexError:
                too_long += 1
    assert min(sum(column) for column in zip(*moves, strict=True)) > 5
    assert 5 < sum(chains) < len(chains) - 5
    assert too_long < len(moves) / 10
