"""A board to play on: the compiled rules with names, errors and a memory of the game."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinso.core.errors import UserError
from shinso.data.sgf import Move
from shinso.go import ladders, recent, rules
from shinso.go.area import area_score
from shinso.go.coordinates import COLUMNS, gtp_name
from shinso.go.rules import BLACK, EMPTY, MAX_SIZE, MIN_SIZE, NOWHERE, WHITE

COLOURS = {BLACK: "Black", WHITE: "White"}
MARKS = ".XO"  # of a drawing, by colour


class Board:
    """The position of a game, and what its rules remember of it.

    Colours are BLACK = 1 and WHITE = 2, EMPTY = 0; a point is row * size + column with row 0 at
    the top, `pass_point` a pass. Where a colour may be left out it is that of who is to play.
    Simple ko always holds, positional superko as `superko` says, with repetition told by 64-bit
    hashes. Two passes in a row finish a game; whoever plays on resumes it.

    `record` is the board for compiled code, an element of an array of `rules.BOARD`, `past` the
    hashes of its positions, and `recent` the last of them, see `shinso.go.recent`.
    """

    def __init__(
        self, size: int = 19, komi: float = 7.5, suicide: bool = False, superko: bool = True
    ) -> None:
        """Empty, Black to play. Raises UserError for a size but 2 to 19, and see `komi`."""
        if size not in range(MIN_SIZE, MAX_SIZE + 1):
            raise UserError(f"a board of size {size}; sizes are {MIN_SIZE} to {MAX_SIZE}")
        self.size = int(size)
        self.komi = komi
        self.history: list[Move] = []  # of moves, a pass being size * size; setup is none
        self.record = np.zeros(1, rules.BOARD)[0]
        self.past = np.zeros(2 * self.size**2, np.uint64)
        self.recent = np.zeros((recent.KEPT, self.size**2), np.int8)
        rules.clear(self.record, self.size, suicide, superko)
        self._note()

    @classmethod
    def drawn(cls, diagram: str, to_play: int = BLACK, **rules: Any) -> Board:
        """A position as a drawing has it: X for Black, O for White, any other mark for nothing,
        marks apart by spaces, a line a row. `rules` are those of `Board`."""
        rows = [line.split() for line in diagram.strip().splitlines()]
        board = cls(len(rows), **rules)
        if {len(row) for row in rows} != {board.size}:
            raise UserError(f"a drawing of {board.size} lines needs {board.size} marks in each")
        for point, mark in enumerate(chain.from_iterable(rows)):
            if mark in MARKS[BLACK:]:
                board.place(MARKS.index(mark), point)
        board.to_play = to_play
        return board

    def copy(self) -> Board:
        other = Board.__new__(Board)
        other.size, other.komi, other.history = self.size, self.komi, self.history.copy()
        other.record, other.past = self.record.copy(), self.past.copy()
        other.recent = self.recent.copy()
        return other

    # The position -------------------------------------------------------------------------------

    @property
    def komi(self) -> float:
        """White's points for playing second: any half or whole number, or UserError."""
        return self._komi

    @komi.setter
    def komi(self, komi: float) -> None:
        if not math.isfinite(komi) or komi % 0.5:
            raise UserError(f"a komi of {komi}; it is a whole or a half number, such as 7.5")
        self._komi = float(komi)

    @property
    def to_play(self) -> int:
        """Setting it to the other colour lifts the ko, as a pass would."""
        return int(self.record["to_play"])

    @to_play.setter
    def to_play(self, colour: int) -> None:
        if self._colour(colour) != self.to_play:
            self.record["to_play"], self.record["ko"] = colour, NOWHERE

    @property
    def pass_point(self) -> int:
        return self.size**2

    @property
    def stones(self) -> NDArray[np.int8]:
        """(size, size) colours, a copy."""
        return self._grid(self.record["colour"]).copy()

    @property
    def captures(self) -> dict[int, int]:
        """By colour, how many stones of the other it has taken, suicides among them."""
        return {colour: int(self.record["captures"][colour]) for colour in COLOURS}

    @property
    def ko(self) -> int | None:
        """The point that who is to play may not retake."""
        cell = int(self.record["ko"])
        return None if cell == NOWHERE else self._point(cell)

    @property
    def finished(self) -> bool:
        return int(self.record["passes"]) >= 2

    def chain(self, point: int) -> list[int]:
        """The points of the chain of the stone at a point, in order. Raises UserError where there
        is none."""
        head = self._stone(point)
        cells, following = [head], self.record["next"]
        while (cell := int(following[cells[-1]])) != head:
            cells.append(cell)
        return sorted(map(self._point, cells))

    def liberties(self, point: int) -> list[int]:
        """The points that are liberties of that chain, in order."""
        found = np.empty(self.pass_point, np.int16)
        count = rules.find_liberties(self.record, self._stone(point), found)
        return sorted(map(self._point, found[:count].tolist()))

    def __str__(self) -> str:
        """Drawn, X for Black, with GTP's coordinates."""
        letters = "   " + " ".join(COLUMNS[: self.size])
        lines = [
            f"{self.size - row:2} " + " ".join(MARKS[colour] for colour in line)
            for row, line in enumerate(self.stones)
        ]
        return "\n".join([letters, *lines])

    # Moves --------------------------------------------------------------------------------------

    def play(self, point: int, colour: int | None = None) -> None:
        """A move by either colour; then the other is to play. Raises UserError for an illegal one,
        with the reason, and changes nothing."""
        colour = self._colour(colour)
        if reason := self._objection(point, colour):
            raise UserError(f"{COLOURS[colour]} {gtp_name(point, self.size)}: {reason}")
        if point == self.pass_point:
            rules.play_pass(self.record, colour)
        else:
            rules.play(self.record, self._cell(point), colour)
            self._note()
        recent.remember(self.recent, self.record)
        self.history.append((colour, int(point)))

    def is_legal(self, point: int, colour: int | None = None) -> bool:
        """Raises UserError for a point that no board of this size has."""
        return not self._objection(point, self._colour(colour))

    def legal_moves(self, colour: int | None = None) -> NDArray[np.bool_]:
        """(size * size + 1,): which points may be played, a pass the last."""
        legal = np.empty(self.pass_point + 1, np.bool_)
        rules.legal_moves(self.record, self._colour(colour), self.past, legal)
        return legal

    def _objection(self, point: int, colour: int) -> str:
        """Why a move is illegal; empty where it is not."""
        if point == self.pass_point:
            return ""
        cell = self._cell(point)
        if self.record["colour"][cell] != EMPTY:
            return "illegal, there is a stone"
        if not rules.is_legal(self.record, cell, colour):
            return "illegal, it retakes the ko" if self.ko == point else "illegal, it is suicide"
        if rules.repeats(self.record, cell, colour, self.past):
            return "illegal, it repeats an earlier position (superko)"
        return ""

    def _note(self) -> None:
        if self.record["positions"] == len(self.past):
            self.past = np.concatenate([self.past, np.zeros_like(self.past)])
        rules.note(self.record, self.past)

    # Setup --------------------------------------------------------------------------------------

    def place(self, colour: int, point: int) -> None:
        """Sets a stone in place of what is there: no move, it captures nothing. The game goes on
        as if it began here: no ko, no passes, no earlier positions. Raises UserError where a
        chain would be left without a liberty."""
        self._set_up(self._colour(colour), point)

    def clear(self, point: int) -> None:
        """Takes a stone away, as `place` sets one."""
        self._set_up(EMPTY, point)

    def give_handicap(self, points: Iterable[int]) -> None:
        """Sets Black's stones, at `handicap_points` or wherever he likes; then White is to play.
        Raises UserError unless the board is empty and they are two different points or more."""
        points = list(points)
        if self.stones.any():
            raise UserError("a handicap goes on an empty board; clear this one first")
        if not 2 <= len(points) == len(set(points)) < self.pass_point:
            raise UserError(
                f"a handicap of {len(points)} stones on {len(set(points))} points; it is 2 to "
                f"{self.pass_point - 1} stones, each on a point of its own"
            )
        for point in points:
            self._cell(point)
        for point in points:
            self.place(BLACK, point)
        self.to_play = WHITE

    def _set_up(self, colour: int, point: int) -> None:
        before = self.stones.ravel()
        after = before.copy()
        self._cell(point)
        after[int(point)] = colour
        if not rules.arrange(self.record, after):
            rules.arrange(self.record, before)
            raise UserError(
                f"{COLOURS[colour]} {gtp_name(point, self.size)} cannot be set up: it would leave "
                "stones without a liberty; clear points beside them first"
            )
        self.record["positions"] = 0
        self._note()
        recent.begin(self.recent, self.record)

    # Scores -------------------------------------------------------------------------------------

    def area_score(self) -> float:
        """Black's area less White's and komi. All stones count as alive: stones, and empty points
        from which one colour alone can be reached."""
        return area_score(self.record, np.empty(rules.CELLS, np.int8)) - self.komi

    def territory_score(self, dead: Iterable[int] = ()) -> float:
        """Black's territory and prisoners less White's and komi. The chains of the stones at `dead`
        are taken for prisoners first; then territory is the empty points from which one colour
        alone can be reached. Japanese rules would not count eyes in a seki; these points do.
        Raises UserError where a dead point has no stone."""
        stones = self.stones.ravel()
        left = stones.copy()
        for point in dead:
            left[self.chain(point)] = EMPTY
        settled = np.zeros(1, rules.BOARD)[0]
        rules.clear(settled, self.size, False, False)
        rules.arrange(settled, left)
        reached = np.empty(rules.CELLS, np.int8)
        area_score(settled, reached)
        owners = self._grid(reached).ravel()[left == EMPTY]
        removed = stones[stones != left]
        black, white = (
            np.count_nonzero(owners == colour)
            + np.count_nonzero(removed == 3 - colour)
            + self.captures[colour]
            for colour in (BLACK, WHITE)
        )
        return float(black - white) - self.komi

    # Ladders ------------------------------------------------------------------------------------

    def is_caught(self, point: int) -> bool:
        """Whether the chain at a point is caught in a ladder if the other colour moves next; see
        `shinso.go.ladders`."""
        return ladders.is_caught(self.record, self._stone(point))

    # Names --------------------------------------------------------------------------------------

    def _colour(self, colour: int | None) -> int:
        if colour is None:
            return self.to_play
        if colour not in COLOURS:
            raise UserError(f"colour {colour}; Black is {BLACK}, White is {WHITE}")
        return int(colour)

    def _cell(self, point: int) -> int:
        if point not in range(self.pass_point):
            raise UserError(
                f"point {point} is not on a {self.size}x{self.size} board; its points are 0 to "
                f"{self.pass_point - 1}, and {self.pass_point} is a pass"
            )
        row, column = divmod(int(point), self.size)
        return (row + 1) * (self.size + 1) + column + 1

    def _point(self, cell: int) -> int:
        row, column = divmod(cell, self.size + 1)
        return (row - 1) * self.size + column - 1

    def _stone(self, point: int) -> int:
        """The cell of a point, which must have a stone."""
        cell = self._cell(point)
        if self.record["colour"][cell] == EMPTY:
            raise UserError(f"{gtp_name(point, self.size)} is empty; a stone was meant")
        return cell

    def _grid(self, cells: NDArray[np.int8]) -> NDArray[np.int8]:
        """(CELLS,) to (size, size), a view without the border."""
        line = self.size + 1
        return cells[line : line * line].reshape(self.size, line)[:, 1:]
