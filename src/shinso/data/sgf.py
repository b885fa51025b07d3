"""A game of Go as plain values, read from the nodes of an SGF record and written as one.

Points are numbers, `row * size + column` with row 0 at the top, and a pass is `size * size`;
whether a move is legal is for those to say who play the game again.
Source: SGF FF[4], "Go (GM=1) specific properties", https://www.red-bean.com/sgf/go.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from string import ascii_letters

from shinso.core.errors import UserError
from shinso.data.sgf_encoding import decoded
from shinso.data.sgf_text import Node, Tree, parse, write

EMPTY, BLACK, WHITE = 0, 1, 2

COLOURS = {"B": BLACK, "W": WHITE}
STONES = {"AB": BLACK, "AW": WHITE, "AE": EMPTY}  # setup

SMALLEST, LARGEST = 2, len(ascii_letters)  # a coordinate is one letter: a to z, A to Z
LARGEST_TT = 19  # up to here FF[3] and older write a pass as "tt"

Move = tuple[int, int]  # colour, point


@dataclass(frozen=True)
class Game:
    """A game and what its record says about it."""

    size: int = 19
    moves: tuple[Move, ...] = ()
    setup: tuple[Move, ...] = ()  # stones on the board before the first move, by point
    first: int = BLACK  # who plays first
    komi: float | None = None  # points for White; None where the record does not say
    handicap: int = 0
    result: str = ""  # as SGF's RE: B+3.5, W+R, Draw
    rules: str = ""
    black: str = ""  # players,
    white: str = ""
    black_rank: str = ""  # their ranks,
    white_rank: str = ""
    date: str = ""
    comments: Mapping[int, str] = field(default_factory=dict)  # by the number of moves before

    @property
    def winner(self) -> int | None:
        """BLACK, WHITE, EMPTY for a draw, or None where it is not known."""
        said = self.result.upper()
        if _WON.match(said):
            return COLOURS[said[0]]
        return EMPTY if said in _DRAWN else None

    def fingerprint(self) -> str:
        """sha256 of the board, the setup and the moves up to the last that is no pass: the same
        for all copies of a game, whatever they say about it."""
        played = len(self.moves)
        while played and self.moves[played - 1][1] == self.size**2:
            played -= 1
        return sha256(f"{self.size} {self.setup} {self.moves[:played]}".encode()).hexdigest()


_WON = re.compile(r"[BW](LACK|HITE)?(\+|$)")
_DRAWN = ("0", "DRAW", "JIGO", "D+J")


def read_game(content: bytes, name: str = "SGF") -> Game:
    """The main line of the first game of a file. Raises UserError as `parse` and `game_of` do."""
    return game_of(next(parse(decoded(content), name)).main_line(), name)


def write_game(game: Game) -> str:
    return write([tree_of(game)])


# --- Points --------------------------------------------------------------------------------------


def point_name(point: int, size: int) -> str:
    """Column and row as letters from the upper left, "dd"; of a pass nothing."""
    if point == size**2:
        return ""
    row, column = divmod(point, size)
    return ascii_letters[column] + ascii_letters[row]


@lru_cache(maxsize=LARGEST)
def _points(size: int) -> dict[str, int]:
    return {point_name(point, size): point for point in range(size**2)}


@lru_cache(maxsize=LARGEST)
def _moves_by_name(size: int) -> dict[str, dict[str, Move]]:
    """By colour and point. All games share these tuples: that is a tenth of the room."""
    passes = {"": size**2} | ({"tt": size**2} if size <= LARGEST_TT else {})
    names = _points(size) | passes
    return {
        letter: {name: (colour, point) for name, point in names.items()}
        for letter, colour in COLOURS.items()
    }


# --- Reading -------------------------------------------------------------------------------------


def game_of(line: Sequence[Node], name: str = "SGF") -> Game:
    """The game along the nodes of a tree's main line, or of another of its lines.

    Args:
        line: from the root on.
        name: what errors call the record.

    Raises:
        UserError: it is no Go, the board is not square or too large, a point is not on it, a node
            has two moves, a stone is put down or taken away after the first move, or komi or
            handicap are no numbers.
    """
    try:
        return _game(line)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def _game(line: Sequence[Node]) -> Game:
    start = next((at for at, node in enumerate(line) if _letters(node)), len(line))
    opening = line[: start + 1]  # some put stones and the first move into one node
    facts = {key: values[0] for node in reversed(opening) for key, values in node.items()}
    if (kind := facts.get("GM", "").strip()) not in ("", "1"):
        raise UserError(f"GM[{kind}] is another game; Go is GM[1]")
    size = _size(facts.get("SZ", ""))
    setup = _setup(opening, size)
    moves = _moves(line, start, size)
    plays = facts.get("PL", "").strip().upper()[:1]
    return Game(
        size=size,
        moves=moves,
        setup=setup,
        first=moves[0][0] if moves else COLOURS.get(plays, WHITE if setup else BLACK),
        komi=_komi(facts.get("KM", "")),
        handicap=_handicap(facts.get("HA", "")),
        comments=_comments(line),
        **{said: " ".join(facts.get(key, "").split()) for said, key in _SAID.items()},
    )


# Fields of one line of text.
_SAID = {
    "result": "RE",
    "rules": "RU",
    "black": "PB",
    "white": "PW",
    "black_rank": "BR",
    "white_rank": "WR",
    "date": "DT",
}


def _letters(node: Node) -> list[str]:
    return [letter for letter in COLOURS if letter in node]


def _size(value: str) -> int:
    if not value.strip():
        return 19  # SGF's default for Go
    size = int(value) if re.fullmatch(r"\s*\d{1,3}\s*", value, re.ASCII) else 0
    if not SMALLEST <= size <= LARGEST:
        raise UserError(f"SZ[{_shown(value)}] is no square board of {SMALLEST} to {LARGEST} lines")
    return size


def _komi(value: str) -> float | None:
    """Some servers write hundredths (750), or stones, as Chinese rules do: 3.75 are 7.5 points."""
    if not value.strip():
        return None
    if _NUMBER.fullmatch(value) is None:
        raise UserError(f"komi KM[{_shown(value)}] is no number")
    komi = float(value.replace(",", "."))
    if abs(komi) >= 100 and value.strip().lstrip("+-").isdigit():
        komi /= 100
    quarters = (4 * komi) % 2 == 1
    return 2 * komi if quarters else komi


_NUMBER = re.compile(r"\s*[+-]?\d{1,4}([.,]\d{0,8})?\s*", re.ASCII)


def _handicap(value: str) -> int:
    if re.fullmatch(r"\s*\d{0,3}\s*", value, re.ASCII) is None:
        raise UserError(f"handicap HA[{_shown(value)}] is no number of stones")
    return int(value) if value.strip() else 0


def _setup(opening: Sequence[Node], size: int) -> tuple[Move, ...]:
    position: dict[int, int] = {}
    for number, node in enumerate(opening, start=1):
        here: dict[int, int] = {}
        for key, colour in STONES.items():
            for value in node.get(key, ()):
                for point in _rectangle(value, size, f"node {number}: {key}"):
                    if here.setdefault(point, colour) != colour:
                        twice = point_name(point, size)
                        raise UserError(f"node {number}: point {twice} is set up in two ways")
        position |= here
    return tuple((colour, point) for point, colour in sorted(position.items()) if colour != EMPTY)


def _rectangle(value: str, size: int, place: str) -> list[int]:
    """A point, or with "aa:cc" all those between two corners."""
    points = _points(size)
    corners = [points.get(corner.strip()) for corner in value.split(":")]
    if len(corners) > 2 or None in corners:
        raise UserError(f"{place}[{_shown(value)}] is no point of a board of {size} lines")
    rows, columns = zip(
        *(divmod(corner, size) for corner in corners if corner is not None), strict=True
    )
    return [
        row * size + column
        for row in range(min(rows), max(rows) + 1)
        for column in range(min(columns), max(columns) + 1)
    ]


def _moves(line: Sequence[Node], start: int, size: int) -> tuple[Move, ...]:
    by_name = _moves_by_name(size)
    moves: list[Move] = []
    for at in range(start, len(line)):
        node = line[at]
        if at > start and not STONES.keys().isdisjoint(node):
            raise UserError(
                f"node {at + 1} changes stones after the first move; from there on only moves can"
            )
        letters = _letters(node)
        if not letters:
            continue
        values = [value for letter in letters for value in node[letter]]
        if len(values) > 1:
            raise UserError(f"node {at + 1} has {len(values)} moves; each has a node of its own")
        move = by_name[letters[0]].get(values[0].strip())
        if move is None:
            played = f"{letters[0]}[{_shown(values[0])}]"
            raise UserError(f"node {at + 1}: {played} is no point of a board of {size} lines")
        moves.append(move)
    return tuple(moves)


def _comments(line: Sequence[Node]) -> dict[int, str]:
    comments: dict[int, list[str]] = {}
    played = 0
    for node in line:
        if _letters(node):
            played += 1
        if text := "\n".join(node.get("C", ())).strip():
            comments.setdefault(played, []).append(text)
    return {number: "\n".join(texts) for number, texts in comments.items()}


def _shown(value: str) -> str:
    """A value from outside, on one line and not too long."""
    return repr(value[:20])[1:-1]


# --- Writing -------------------------------------------------------------------------------------


def tree_of(game: Game) -> Tree:
    """A record of one line of moves. `game_of` reads an equal game from it."""
    tree = Tree()
    last = tree.add(_root(game), -1)
    for number, (colour, point) in enumerate(game.moves, start=1):
        node = {"B" if colour == BLACK else "W": [point_name(point, game.size)]}
        last = tree.add(node | _comment(game, number), last)
    return tree


def _root(game: Game) -> Node:
    root = {"FF": ["4"], "GM": ["1"], "CA": ["UTF-8"], "AP": ["shinso"], "SZ": [str(game.size)]}
    if game.komi is not None:
        root["KM"] = [str(game.komi)]
    if game.handicap:
        root["HA"] = [str(game.handicap)]
    for key in ("AB", "AW"):
        stones = [point_name(p, game.size) for colour, p in game.setup if colour == STONES[key]]
        root |= {key: stones} if stones else {}
    if not game.moves:
        root["PL"] = ["B" if game.first == BLACK else "W"]
    root |= {key: [getattr(game, said)] for said, key in _SAID.items() if getattr(game, said)}
    return root | _comment(game, 0)


def _comment(game: Game, number: int) -> Node:
    return {"C": [game.comments[number]]} if number in game.comments else {}
