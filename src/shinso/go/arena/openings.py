"""Openings: what games begin with, so that players who never vary still play different games.

A file has one a line, the size of the board and moves from Black's first on, in GTP's coordinates;
`#` begins a comment.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np

from shinso.core.errors import UserError
from shinso.core.files import told
from shinso.go.arena.settings import NONE, OWN
from shinso.go.board import Board
from shinso.go.coordinates import gtp_point
from shinso.go.symmetries import SYMMETRIES, transform_moves

Opening = tuple[int, ...]  # points
EMPTY_BOARD: Opening = ()


def openings_named(name: str, size: int) -> list[Opening]:
    """Those for boards of that size: our own, none at all, or a file's. Raises UserError for a file
    that has none or in which something is no opening."""
    if name == NONE:
        return [EMPTY_BOARD]
    if name == OWN:
        text = files(__package__).joinpath("openings.txt").read_text(encoding="utf-8")
        return read_openings(text, "openings.txt", size) or [EMPTY_BOARD]
    with told("reading", Path(name)):
        text = Path(name).read_text(encoding="utf-8", errors="replace")
    found = read_openings(text, name, size)
    if not found:
        raise UserError(f"{name} has no opening for {size} lines; a line of it is: {size} D4")
    return found


def read_openings(text: str, name: str, size: int) -> list[Opening]:
    """Those of a file's text that are for boards of that size. Raises UserError for a line, of any
    size, that is no opening."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        try:
            if words and (opening := _opening(words, size)) is not None:
                found.append(opening)
        except UserError as error:
            raise UserError(f"{name}, line {number}: {error}") from None
    return found


def _opening(words: Sequence[str], size: int) -> Opening | None:
    """None where it is for boards of another size."""
    if not words[0].isdecimal():
        raise UserError(f"{words[0]!r} is no size of a board; a line is such as 9 E5 C4")
    board = Board(int(words[0]))
    for word in words[1:]:
        board.play(gtp_point(word, board.size))
    return tuple(point for _, point in board.history) if board.size == size else None


def opening_of(openings: Sequence[Opening], size: int, seed: int, pair: int) -> Opening:
    """That of a pair of games: each once, in an order of the seed's, before any comes again, which
    it then does turned another way."""
    turn, place = divmod(pair, len(openings))
    random = np.random.default_rng(seed)
    order = random.permutation(len(openings))
    symmetries = (random.integers(SYMMETRIES, size=len(openings)) + turn) % SYMMETRIES
    points = np.array(openings[order[place]], np.int64)
    return tuple(transform_moves(points, int(symmetries[place]), size).tolist())
