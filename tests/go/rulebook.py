"""The rules of Go, slow and obviously right: sets and flood fills, every rule by its definition.

It is the oracle of the compiled rules. A position is a tuple of rows, each a tuple of colours, and
superko compares positions whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

EMPTY, BLACK, WHITE = 0, 1, 2
Place = tuple[int, int]  # (row, column)
Position = tuple[tuple[int, ...], ...]


def drawn(diagram: str) -> list[list[int]]:
    """The colours of a drawing: X Black, O White, anything else empty; a line a row."""
    return [
        [{"X": BLACK, "O": WHITE}.get(mark, EMPTY) for mark in line.split()]
        for line in diagram.strip().splitlines()
    ]


@cache
def around(size: int, place: Place) -> tuple[Place, ...]:
    """The neighbours of a place."""
    row, column = place
    beside = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return tuple((r, c) for r, c in beside if 0 <= r < size and 0 <= c < size)


def marked(diagram: str, mark: str) -> int:
    """The point where a drawing has a mark."""
    return "".join(diagram.split()).index(mark)


class Rulebook:
    def __init__(self, size: int, suicide: bool, superko: bool) -> None:
        self.size, self.suicide, self.superko = size, suicide, superko
        self.set_up([[EMPTY] * size for _ in range(size)])
        self.to_play = BLACK
        self.captures = {BLACK: 0, WHITE: 0}

    def set_up(self, stones: Iterable[Iterable[int]]) -> None:
        self.position: Position = tuple(map(tuple, stones))
        self.positions = {self.position}
        self.two_ago: Position | None = None  # before a move that captured

    def copy(self) -> Rulebook:
        other = Rulebook.__new__(Rulebook)
        other.__dict__.update(self.__dict__)
        other.positions, other.captures = self.positions.copy(), self.captures.copy()
        return other

    def places(self) -> Iterator[Place]:
        return ((row, column) for row in range(self.size) for column in range(self.size))

    def region(self, position: Position, start: Place) -> tuple[set[Place], set[Place]]:
        """The connected places of the colour at `start`, and all places that touch them."""
        colour = position[start[0]][start[1]]
        inside, border, new = {start}, set(), [start]
        while new:
            for place in around(self.size, new.pop()):
                if position[place[0]][place[1]] != colour:
                    border.add(place)
                elif place not in inside:
                    inside.add(place)
                    new.append(place)
        return inside, border

    def liberties(self, place: Place, position: Position | None = None) -> set[Place]:
        position = position or self.position
        return {(r, c) for r, c in self.region(position, place)[1] if position[r][c] == EMPTY}

    def after(self, place: Place, colour: int) -> tuple[Position, set[Place], set[Place]]:
        """The position a stone makes, what it captures, and what of its own goes with it."""
        position = changed(self.position, {place}, colour)
        captured: set[Place] = set()
        for row, column in around(self.size, place):
            if position[row][column] == 3 - colour and not self.liberties((row, column), position):
                captured |= self.region(position, (row, column))[0]
        position = changed(position, captured, EMPTY)
        lost = set() if self.liberties(place, position) else self.region(position, place)[0]
        return changed(position, lost, EMPTY), captured, lost

    def objection(self, place: Place, colour: int) -> str:
        """Why a move is illegal: one word; empty where it is not."""
        if self.position[place[0]][place[1]] != EMPTY:
            return "stone"
        position, captured, lost = self.after(place, colour)
        if colour == self.to_play and len(captured) == 1 and position == self.two_ago:
            return "ko"
        if lost and not self.suicide:
            return "suicide"
        return "superko" if self.superko and position in self.positions else ""

    def play(self, place: Place | None, colour: int) -> None:
        """A legal move, None for a pass."""
        self.to_play = 3 - colour
        if place is None:
            self.two_ago = None
            return
        position, captured, lost = self.after(place, colour)
        self.two_ago = self.position if captured else None
        self.captures[colour] += len(captured)
        self.captures[3 - colour] += len(lost)
        self.position = position
        self.positions.add(position)

    def owners(self) -> list[list[int]]:
        """Each place's stone, or the one colour that an empty region touches."""
        owners = [list(line) for line in self.position]
        empty = {(r, c) for r, c in self.places() if self.position[r][c] == EMPTY}
        while empty:
            region, border = self.region(self.position, min(empty))
            empty -= region
            colours = {self.position[r][c] for r, c in border}
            if len(colours) == 1:
                owner = colours.pop()
                for row, column in region:
                    owners[row][column] = owner
        return owners

    def area_score(self) -> int:
        owners = [owner for line in self.owners() for owner in line]
        return owners.count(BLACK) - owners.count(WHITE)

    def is_caught(self, prey: Place, patience: list[None]) -> bool:
        """By a ladder, whoever is to play; read to the very end, or until IndexError when each
        position has taken one of `patience` and none is left."""
        patience.pop()
        hunted = self.position[prey[0]][prey[1]]
        liberties = self.liberties(prey)
        if self.to_play != hunted:
            if len(liberties) == 1:
                return not self.objection(min(liberties), 3 - hunted)
            return len(liberties) == 2 and any(
                game.is_caught(prey, patience) for game in self.replies(liberties)
            )
        return len(liberties) == 1 and all(
            game.is_caught(prey, patience)
            for game in self.replies(liberties | self.captures_beside(prey))
        )

    def captures_beside(self, prey: Place) -> set[Place]:
        """The last liberties of the other colour's chains that touch a chain."""
        around = self.region(self.position, prey)[1]
        hunters = [(r, c) for r, c in around if self.position[r][c] != EMPTY]
        return {min(last) for place in hunters if len(last := self.liberties(place)) == 1}

    def replies(self, places: set[Place]) -> Iterator[Rulebook]:
        for place in places:
            if not self.objection(place, self.to_play) and not self.after(place, self.to_play)[2]:
                game = self.copy()
                game.play(place, self.to_play)
                yield game


def changed(position: Position, places: set[Place], colour: int) -> Position:
    lines = list(position)
    for row, column in places:
        lines[row] = (*lines[row][:column], colour, *lines[row][column + 1 :])
    return tuple(lines)
