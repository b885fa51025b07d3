"""Planes against a slow definition on the rule book, and drawn ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from shinso.go import features
from shinso.go.board import Board
from shinso.go.positions import Positions
from shinso.go.rules import BLACK, EMPTY, WHITE
from tests.go.rulebook import Place, Rulebook, around, marked
from tests.go.test_ladders import LADDER, PREY, by_book


class Slow:
    """A game by the rule book, and its planes by the words of the papers' tables."""

    def __init__(self, size: int, suicide: bool) -> None:
        self.book = Rulebook(size, suicide, superko=True)
        self.positions = [self.book.position]
        self.born: dict[Place, int] = {}  # by place, the number of the move that put the stone

    def play(self, place: Place | None) -> None:
        self.book.play(place, self.book.to_play)
        self.positions.append(self.book.position)
        if place is not None:
            self.born[place] = len(self.positions) - 1

    def alphago(self) -> np.ndarray:
        """(49, size, size), the ladders left out."""
        book, me = self.book, self.book.to_play
        planes = np.zeros((49, book.size, book.size))

        def one_hot(first: int, count: int, place: Place) -> None:
            if count:
                planes[(first + min(count, 8) - 1, *place)] = 1

        planes[3], planes[48] = 1, me == BLACK
        for place in book.places():
            stone = book.position[place[0]][place[1]]
            planes[({me: 0, 3 - me: 1, EMPTY: 2}[stone], *place)] = 1
            if stone != EMPTY:
                one_hot(4, len(self.positions) - self.born[place], place)
                one_hot(12, len(book.liberties(place)), place)
            elif not book.objection(place, me):
                after, captured, lost = book.after(place, me)
                one_hot(20, len(captured), place)
                if not lost:
                    liberties = book.liberties(place, after)
                    one_hot(36, len(liberties), place)
                    if len(liberties) == 1:
                        one_hot(28, len(book.region(after, place)[0]), place)
                planes[(46, *place)] = not self.is_eye(place, me)
        return planes

    def is_eye(self, place: Place, colour: int) -> bool:
        """All neighbours of a colour, and of the diagonals that are on the board at most one of
        the other; none at the edge."""
        row, column = place
        if any(self.book.position[r][c] != colour for r, c in around(self.book.size, place)):
            return False
        corners = [(row + r, column + c) for r in (-1, 1) for c in (-1, 1)]
        here = [p for p in corners if all(0 <= axis < self.book.size for axis in p)]
        cuts = sum(self.book.position[r][c] == 3 - colour for r, c in here)
        return cuts == 0 or (cuts == 1 and len(here) == 4)

    def zero(self) -> np.ndarray:
        me, planes = self.book.to_play, []
        empty = np.zeros((self.book.size, self.book.size))
        for ago in range(1, 9):
            known = ago <= len(self.positions)
            stones = np.array(self.positions[-ago]) if known else empty
            planes += [stones == me, stones == 3 - me]
        return np.array([*planes, np.full_like(empty, me == BLACK)])


def random_games(size: int, games: int, moves: int) -> Iterator[tuple[Board, Slow]]:
    for seed in range(games):
        random = np.random.default_rng([size, seed])
        board, slow = Board(size, suicide=bool(seed % 2)), Slow(size, bool(seed % 2))
        for _ in range(moves):
            point = int(random.choice(np.flatnonzero(board.legal_moves())))
            board.play(point)
            slow.play(None if point == board.pass_point else divmod(point, size))
            yield board, slow


def names_of(planes: np.ndarray) -> list[int]:
    """The numbers of planes where something differs."""
    return sorted({int(plane) for plane in np.argwhere(planes)[:, 0]})


@pytest.mark.parametrize(("size", "games", "moves"), ((2, 4, 12), (5, 4, 60), (9, 2, 100)))
def test_all_planes_but_ladders_against_their_definition(size, games, moves):
    pairs = [
        (board.copy(), slow.alphago(), slow.zero())
        for board, slow in random_games(size, games, moves)
    ]
    positions = Positions.of([board for board, *_ in pairs])
    fast = features.alphago_planes(positions, features.VALUE_PLANES)
    fast[:, 44:46] = 0
    expected = np.array([alphago for _, alphago, _ in pairs])
    for planes, slow in zip(fast, expected, strict=True):
        assert names_of(planes != slow) == []
    assert (features.alphago_zero_planes(positions) == [zero for *_, zero in pairs]).all()
    if size == 9:
        unseen = set(range(49)) - {int(plane) for plane in np.argwhere(expected)[:, 1]}
        # Seven stones are rarely taken or given away at once, and zeros are never ones.
        assert unseen <= {24, 25, 26, 27, 32, 33, 34, 35, 44, 45, 47}


def test_ladder_planes_against_their_definition():
    seen = np.zeros(2, int)
    for board, slow in random_games(5, 4, 40):
        if board.ko is not None:
            continue
        planes = features.alphago_planes(Positions.of([board]))[0, 44:46]
        book = slow.book.copy()
        book.superko = book.suicide = False  # which ladders do not look at
        for point in np.flatnonzero(board.legal_moves()[:-1]):
            place = divmod(int(point), 5)
            if book.objection(place, book.to_play):
                continue
            try:
                assert tuple(planes[:, place[0], place[1]]) == by_book(book, place), str(board)
            except IndexError:  # too long to read by definition
                continue
            seen += planes[:, place[0], place[1]]
    assert seen.min() > 3


# Drawn ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("breaker", "works"), ((EMPTY, True), (WHITE, False)))
def test_a_drawn_ladder(breaker, works):
    board = Board.drawn(LADDER)
    if breaker:
        board.place(breaker, marked(LADDER, "b"))
    before = features.alphago_planes(Positions.of([board]))[0].reshape(48, -1)
    assert np.flatnonzero(before[44]).tolist() == ([marked(LADDER, "a")] if works else [])
    assert not before[45].any()
    board.play(marked(LADDER, "a"))
    after = features.alphago_planes(Positions.of([board]))[0].reshape(48, -1)
    assert np.flatnonzero(after[45]).tolist() == ([] if works else [marked(LADDER, "e")])
    assert after[12:20, PREY].tolist() == [1] + [0] * 7, "the prey has one liberty"


def test_drawn_counts():
    """Black takes nine stones at a, leaves two in atari at b, and fills an eye at c."""
    drawing = """
        O O O O O a
        O O O O X .
        X X X X . .
        . . . . O O
        X X . O X b
        c X . O O .
    """
    board = Board.drawn(drawing)
    planes = features.alphago_planes(Positions.of([board]), features.VALUE_PLANES, np.float32)[0]
    planes = planes.reshape(49, -1)
    a, b, c = (marked(drawing, mark) for mark in "abc")
    assert planes.dtype == np.float32
    assert np.flatnonzero(planes[20:28, a]).tolist() == [7], "8 or more"
    assert np.flatnonzero(planes[28:36, a]).tolist() == []
    assert np.flatnonzero(planes[28:36, b]).tolist() == [1]
    assert np.flatnonzero(planes[36:44, b]).tolist() == [0]
    assert planes[46, [a, b, c]].tolist() == [1, 1, 0]
    assert planes[4:12, board.stones.ravel() != EMPTY].sum(axis=0).tolist() == [1] * 23
    assert planes[11, board.stones.ravel() != EMPTY].all(), "set up: as old as can be"
    assert planes[48].all() and planes[3].all() and not planes[47].any()
    board.to_play = WHITE
    white = features.alphago_planes(Positions.of([board]), features.VALUE_PLANES)[0].reshape(49, -1)
    assert not white[48].any()
    assert (white[0] == planes[1]).all() and (white[1] == planes[0]).all()


def test_of_a_game_that_begins_with_a_handicap_zero_sees_it_in_all_positions():
    board = Board(9)
    board.give_handicap([20, 60])
    board.play(40)
    planes = features.alphago_zero_planes(Positions.of([board]))[0].reshape(17, -1)
    assert np.flatnonzero(planes[1]).tolist() == [40]
    assert not planes[3:16:2].any()
    assert all(np.flatnonzero(plane).tolist() == [20, 60] for plane in planes[0:16:2])


def test_planes_of_some_positions():
    boards = [Board(5), Board(5), Board(5)]
    boards[1].play(3)
    boards[2].play(4)
    positions = Positions.of(boards)
    planes = features.alphago_planes(positions)
    assert len(positions[[2, 1]]) == 2 and positions.size == 5
    assert (features.alphago_planes(positions[[2, 1]]) == planes[[2, 1]]).all()
