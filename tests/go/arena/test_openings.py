from __future__ import annotations

import numpy as np
import pytest

from shinso.core.errors import UserError
from shinso.go.arena.openings import opening_of, openings_named, read_openings
from shinso.go.symmetries import SYMMETRIES, transform_moves


def turned(opening: tuple[int, ...], size: int) -> set[tuple[int, ...]]:
    """What it looks like from all sides."""
    points = np.array(opening, np.int64)
    return {tuple(transform_moves(points, s, size).tolist()) for s in range(SYMMETRIES)}


@pytest.mark.parametrize(("size", "least"), ((9, 16), (13, 12), (19, 12)))
def test_our_own_are_many_short_and_all_different_from_every_side(size, least):
    openings = openings_named("own", size)
    assert len(openings) >= least
    assert all(1 <= len(opening) <= 4 for opening in openings)
    looks = [frozenset(turned(opening, size)) for opening in openings]
    assert len(set(looks)) == len(looks)


def test_each_comes_once_before_any_comes_again_turned(size=9):
    openings = openings_named("own", size)
    count = len(openings)
    pairs = [opening_of(openings, size, 5, pair) for pair in range(3 * count)]
    for turn in range(3):
        seen = {min(turned(opening, size)) for opening in pairs[turn * count : (turn + 1) * count]}
        assert len(seen) == count
    assert len({*pairs}) > 2.5 * count, "turned, they are others"
    assert pairs[:count] != [opening_of(openings, size, 6, pair) for pair in range(count)]


def test_none_and_sizes_without_any_begin_with_the_empty_board():
    assert openings_named("none", 9) == openings_named("own", 7) == [()]
    assert opening_of([()], 7, 0, 12) == ()


def test_a_file(tmp_path):
    file = tmp_path / "mine"
    file.write_text("# mine\n\n5 C3 b2  # a comment\n9 E5\n5 a1\n")
    assert openings_named(str(file), 5) == [(12, 16), (20,)]
    with pytest.raises(UserError, match="mine has no opening for 13 lines; a line of it is: 13 D4"):
        openings_named(str(file), 13)


@pytest.mark.parametrize(
    ("line", "told"),
    (
        ("E5 C4", "f, line 2: 'E5' is no size of a board; a line is such as 9 E5 C4"),
        ("9 E5 K9", "f, line 2: 'K9' is no point of a 9x9 board"),
        ("9 E5 E5", "f, line 2: White E5: illegal, there is a stone"),
        ("99 E5", "f, line 2: a board of size 99"),
    ),
)
def test_lines_that_are_no_openings(line, told):
    with pytest.raises(UserError, match=told):
        read_openings(f"9 E5\n{line}\n", "f", 9)


def test_a_file_that_is_not_there():
    with pytest.raises(UserError, match=r"reading nowhere\.txt: no such file"):
        openings_named("nowhere.txt", 9)
