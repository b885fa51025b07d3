"""The compiled rules against the slow rule book, and on many boards at once."""

from __future__ import annotations

import numpy as np
import pytest

from shinso.go import rules
from shinso.go.board import Board
from shinso.go.rules import BLACK, BOARD, EMPTY, WHITE
from tests.go.rulebook import Rulebook

# The oracle -------------------------------------------------------------------------------------


class Game:
    """One random game by both, compared after every move."""

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.random = size, np.random.default_rng(seed)
        # superko in four games of five: it has the longest memory, and holds the simple ko too
        suicide, superko = (self.random.random(2) < (0.5, 0.8)).tolist()
        self.board = Board(size, komi=0, suicide=suicide, superko=superko)
        self.book = Rulebook(size, suicide, superko)
        self.hashes = {self.book.position: int(self.board.record["hash"])}
        self.refused: set[str] = set()

    def play(self, moves: int, details_every: int) -> int:
        """At most so many moves, until it is finished; how many."""
        for number in range(moves):
            if self.board.finished:
                return number
            self.move()
            self.compare()
            if number % details_every == 0:
                self.compare_masks()
                self.compare_chains()
        return moves

    def move(self) -> None:
        """Any legal one; one in a hundred is a pass, one in thirty out of turn."""
        colour = self.board.to_play
        if self.random.random() < 1 / 30:
            colour = 3 - colour
        points = np.flatnonzero(self.board.legal_moves(colour))  # the pass is the last
        if len(points) == 1 or self.random.random() < 1 / 100:
            self.board.play(self.size**2, colour)
            self.book.play(None, colour)
            return
        point = int(self.random.choice(points[:-1]))
        place = divmod(point, self.size)
        assert self.book.objection(place, colour) == ""
        self.board.play(point, colour)
        self.book.play(place, colour)

    def compare(self) -> None:
        board, book = self.board, self.book
        assert tuple(map(tuple, board.stones.tolist())) == book.position
        assert (board.to_play, board.captures) == (book.to_play, book.captures)
        assert board.area_score() == book.area_score()
        hash_ = int(board.record["hash"])
        assert self.hashes.setdefault(book.position, hash_) == hash_

    def compare_masks(self) -> None:
        for colour in (BLACK, WHITE):
            objections = [self.book.objection(place, colour) for place in self.book.places()]
            legal = self.board.legal_moves(colour)
            assert legal.tolist() == [not objection for objection in objections] + [True]
            self.refused.update(objections)

    def compare_chains(self) -> None:
        for row, column in self.book.places():
            if self.book.position[row][column] != EMPTY:
                point = row * self.size + column
                chain, _ = self.book.region(self.book.position, (row, column))
                assert self.board.chain(point) == self.points(chain)
                liberties = self.book.liberties((row, column))
                assert self.board.liberties(point) == self.points(liberties)

    def points(self, places: set[tuple[int, int]]) -> list[int]:
        return sorted(row * self.size + column for row, column in places)


def games(total: int, sizes: dict[int, int], longest: int) -> tuple[int, set[str]]:
    """Games on each size in turn, with rules of their own, until there were `total` moves.
    `sizes` says after how many moves all points of a board are asked for their legality, chain and
    liberties. How many moves there were, and for which reasons points were refused."""
    played, refused, seed = 0, set(), 0
    while played < total:
        for size, details_every in sizes.items():
            game = Game(size, seed)
            played += game.play(min(longest, 8 * size**2), details_every)
            assert len(set(game.hashes.values())) == len(game.hashes)
            refused |= game.refused
            seed += 1
    return played, refused


def test_random_games_by_the_rule_book():
    played, refused = games(20_000, {2: 1, 3: 1, 4: 3, 5: 10, 6: 20, 7: 20, 9: 40, 13: 100}, 300)
    assert played >= 20_000
    assert refused == {"", "stone", "ko", "suicide", "superko"}


@pytest.mark.slow
def test_a_million_random_moves_by_the_rule_book():
    sizes = {2: 1, 3: 2, 4: 10, 5: 20, 6: 50, 7: 50, 8: 100, 9: 100, 13: 300, 19: 1000}
    played, refused = games(1_000_000, sizes, 500)
    assert played >= 1_000_000
    assert refused == {"", "stone", "ko", "suicide", "superko"}


# Many boards at once ----------------------------------------------------------------------------


def test_many_boards_are_played_as_each_alone():
    count, size, moves = 20, 5, 60
    random = np.random.default_rng(0)
    alone = [Board(size, suicide=number % 2 == 0) for number in range(count)]
    boards = np.array([board.record for board in alone])
    past = np.zeros((count, moves + 1), np.uint64)
    past[:, 0] = boards["hash"]  # each has noted the empty board
    legal = np.empty((count, size**2 + 1), np.bool_)
    for _ in range(moves):
        rules.legal_each(boards, past, legal)
        assert legal.tolist() == [board.legal_moves().tolist() for board in alone]
        points = np.array([random.choice(np.flatnonzero(row)) for row in legal])
        rules.play_each(boards, points, past)
        for board, point in zip(alone, points.tolist(), strict=True):
            board.play(point)
    assert sum(board.captures[BLACK] for board in alone) > 50
    for one, board in zip(boards, alone, strict=True):
        for field in BOARD.names:
            assert (one[field] == board.record[field]).all()


def test_a_full_memory_of_positions_is_an_error():
    board, past = np.zeros(1, BOARD)[0], np.zeros(1, np.uint64)
    rules.clear(board, 3, False, True)
    rules.note(board, past)
    with pytest.raises(IndexError, match="full"):
        rules.note(board, past)


def test_a_copy_is_one_assignment():
    boards = np.zeros(2, BOARD)
    rules.clear(boards[0], 4, False, True)
    boards[1] = boards[0]
    rules.play(boards[1], rules.cell_of(boards[1], 5), BLACK)
    assert boards[0]["empty_count"] == 16
    assert boards[1]["empty_count"] == 15


@pytest.mark.parametrize("size", range(2, 20))
def test_points_and_cells(size):
    board = np.zeros(1, BOARD)[0]
    rules.clear(board, size, False, True)
    cells = [rules.cell_of(board, point) for point in range(size**2)]
    assert [rules.point_of(board, cell) for cell in cells] == list(range(size**2))
    inside = np.flatnonzero(board["colour"] == EMPTY)
    assert sorted(cells) == inside.tolist()
    for cell in cells:  # no wrapping round an edge
        assert len({*rules.neighbours(board, cell)} & {*cells}) == 4 - sum(
            place in (0, size - 1) for place in divmod(cells.index(cell), size)
        )
