"""The board on drawn positions, its setup, its scores, and what it says of bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shinso.core.errors import UserError
from shinso.go.board import Board
from shinso.go.coordinates import gtp_point, handicap_points
from shinso.go.rules import BLACK, EMPTY, WHITE
from tests.go.rulebook import drawn, marked

KO = """
    . X O . .
    X O b O .
    . X O . .
    . . . . .
    . . . . .
"""
SNAPBACK = """
    O b w X .
    O O O X .
    X X X X .
    . . . . .
    . . . . .
"""
SUICIDE = """
    X b O .
    O O O .
    . . . .
    . . . .
"""
SEND_TWO = """
    s O b O .
    X X O O .
    . X O . .
    . X O . .
    . X O . .
"""
SEKI = """
    . X . O .
    X X . O O
    X X X O O
    X X X O O
    X X X O O
"""


# Drawn positions --------------------------------------------------------------------------------


def test_a_ko_is_retaken_after_a_move_elsewhere():
    board = Board.drawn(KO, superko=False)
    taken = 6
    board.play(marked(KO, "b"))
    assert (board.ko, board.captures) == (taken, {BLACK: 1, WHITE: 0})
    with pytest.raises(UserError, match=r"^White B4: illegal, it retakes the ko$"):
        board.play(taken)
    assert not board.legal_moves()[taken]
    assert board.is_legal(taken, BLACK), "who took it may fill it"
    board.play(24)
    board.play(20)
    assert board.ko is None
    board.play(taken)
    assert board.captures == {BLACK: 1, WHITE: 1}


def test_a_pass_lifts_the_ko_but_not_superko():
    for superko in (False, True):
        board = Board.drawn(KO, superko=superko)
        board.play(marked(KO, "b"))
        board.play(board.pass_point)
        board.play(board.pass_point)
        assert board.is_legal(6) is not superko


def test_snapback():
    board = Board.drawn(SNAPBACK)
    board.play(marked(SNAPBACK, "b"))
    board.play(marked(SNAPBACK, "w"))
    assert board.captures == {BLACK: 0, WHITE: 1}
    assert board.ko is None
    board.play(marked(SNAPBACK, "b"))
    assert board.captures == {BLACK: 5, WHITE: 1}
    assert (board.stones == drawn(". X . X .\n. . . X .\nX X X X .\n. . . . .\n. . . . .")).all()


def test_suicide_of_several_stones():
    point = marked(SUICIDE, "b")
    board = Board.drawn(SUICIDE)
    with pytest.raises(UserError, match=r"^Black B4: illegal, it is suicide$"):
        board.play(point)
    board = Board.drawn(SUICIDE, suicide=True)
    board.play(point)
    assert board.captures == {BLACK: 0, WHITE: 2}
    assert (board.stones[0] == [EMPTY, EMPTY, WHITE, EMPTY]).all()


def test_suicide_of_one_stone_changes_nothing_and_so_repeats():
    drawing = ". O .\nO . .\n. . ."
    with pytest.raises(UserError, match="superko"):
        Board.drawn(drawing, suicide=True).play(0)
    board = Board.drawn(drawing, suicide=True, superko=False)
    board.play(0)
    assert (board.stones == drawn(drawing)).all()
    assert board.captures == {BLACK: 0, WHITE: 1}


def test_send_two_return_one_is_stopped_by_superko_alone():
    for superko in (False, True):
        board = Board.drawn(SEND_TWO, superko=superko)
        board.play(marked(SEND_TWO, "s"), WHITE)
        board.play(marked(SEND_TWO, "b"))
        assert board.captures == {BLACK: 2, WHITE: 0}
        assert board.ko is None
        assert board.is_legal(1) is not superko
    with pytest.raises(UserError, match="it repeats an earlier position"):
        board.play(1)


def test_superko_remembers_more_than_the_first_memory_holds():
    board = Board(2)
    first = len(board.past)
    random = np.random.default_rng(0)
    seen = {board.stones.tobytes()}
    for _ in range(100):
        points = np.flatnonzero(board.legal_moves())[:-1]
        if not len(points):
            board.play(board.pass_point)
            continue
        board.play(int(random.choice(points)))
        assert board.stones.tobytes() not in seen
        seen.add(board.stones.tobytes())
    assert len(seen) > first
    assert len(board.past) > first


def test_chains_and_liberties():
    board = Board.drawn(SNAPBACK)
    assert board.chain(7) == [0, 5, 6, 7]
    assert board.liberties(7) == [1, 2]
    with pytest.raises(UserError, match=r"^B5 is empty; a stone was meant$"):
        board.liberties(1)


# The game ---------------------------------------------------------------------------------------


def test_two_passes_in_a_row_finish_a_game_and_a_move_resumes_it():
    board = Board(9)
    board.play(81)
    board.play(40)
    board.play(81)
    assert not board.finished
    board.play(81)
    assert board.finished
    board.play(41)
    assert not board.finished
    assert board.history == [(BLACK, 81), (WHITE, 40), (BLACK, 81), (WHITE, 81), (BLACK, 41)]


def test_who_is_to_play():
    board = Board(5)
    board.play(3, WHITE)
    assert board.to_play == BLACK
    board.to_play = WHITE
    board.play(4)
    assert (board.stones[0] == [0, 0, 0, WHITE, WHITE]).all()


def test_setting_who_is_to_play_lifts_the_ko():
    board = Board.drawn(KO, superko=False)
    board.play(marked(KO, "b"))
    board.to_play = WHITE  # he is already
    assert board.ko == 6
    board.to_play = BLACK
    board.to_play = WHITE
    assert board.is_legal(6)


def test_a_copy_goes_its_own_way():
    board = Board(5, komi=0.5)
    board.play(12)
    other = board.copy()
    other.play(13)
    other.komi = 3
    assert (board.komi, board.to_play, board.history) == (0.5, WHITE, [(BLACK, 12)])
    assert board.stones[2, 3] == EMPTY
    board.play(14)
    assert (other.stones[2] == [0, 0, BLACK, WHITE, 0]).all()
    assert other.past[2] != board.past[2]


def test_it_draws_itself():
    board = Board(3)
    board.play(0)
    board.play(5)
    assert str(board) == "   A B C\n 3 X . .\n 2 . . O\n 1 . . ."


# Setup ------------------------------------------------------------------------------------------


def test_setup_stones_are_no_moves():
    board = Board.drawn(SNAPBACK)
    board.place(WHITE, 1)  # the chain keeps a liberty
    board.place(BLACK, 1)  # in its place, and captures nothing
    board.clear(0)
    assert board.captures == {BLACK: 0, WHITE: 0}
    assert (board.history, board.to_play) == ([], BLACK)
    assert (board.stones[0] == [EMPTY, BLACK, EMPTY, BLACK, EMPTY]).all()
    assert board.liberties(5) == [0, 2]


def test_setup_lifts_ko_and_superko():
    board = Board.drawn(KO)
    board.play(marked(KO, "b"))
    board.place(WHITE, 24)
    assert board.is_legal(6)


def test_setup_that_leaves_no_liberty_is_refused_and_changes_nothing():
    board = Board.drawn(SUICIDE)
    before = board.record.copy()
    with pytest.raises(UserError, match=r"^Black B4 cannot be set up: .* without a liberty"):
        board.place(BLACK, 1)
    board.play(15)
    assert (board.record["colour"] != before["colour"]).sum() == 1
    assert board.liberties(0) == [1]


def test_handicap():
    board = Board(19)
    board.give_handicap(handicap_points(19, 3))
    names = ("D4", "Q16", "D16")
    assert np.flatnonzero(board.stones).tolist() == sorted(gtp_point(n, 19) for n in names)
    assert (board.stones.max(), board.to_play) == (BLACK, WHITE)
    with pytest.raises(UserError, match="an empty board; clear this one first"):
        board.give_handicap([0, 1])


@pytest.mark.parametrize("points", ([], [3], [3, 3], range(9)), ids=len)
def test_handicaps_that_are_none(points):
    with pytest.raises(UserError, match="it is 2 to 8 stones, each on a point of its own"):
        Board(3).give_handicap(points)


def test_a_handicap_off_the_board_leaves_it_empty():
    board = Board(3)
    with pytest.raises(UserError, match="point 9 is not on a 3x3 board"):
        board.give_handicap([1, 9])
    assert not board.stones.any()


# Scores -----------------------------------------------------------------------------------------


def test_seki_is_scored_by_its_stones_and_eyes_and_nobody_has_the_rest():
    board = Board.drawn(SEKI, komi=0.5)
    assert board.area_score() == 13 - 10 - 0.5
    assert board.territory_score() == 1 - 1 - 0.5


def test_territory_counts_prisoners_and_the_dead():
    board = Board.drawn(
        """
        . X O . .
        . X O . X
        . X O O O
        . X . . .
        X X X X X
        """,
        komi=0,
    )
    assert board.area_score() == (10 + 4) - 5  # three points beside Black's last stone are nobody's
    assert board.territory_score() == 4
    assert board.territory_score(dead=[9]) == 4 - (4 + 1)
    board = Board.drawn(KO, komi=0)
    board.play(marked(KO, "b"))
    assert board.territory_score() == 1 + 2  # a prisoner, and the two points that Black alone holds


def test_an_empty_board_belongs_to_nobody():
    assert Board(9, komi=6.5).area_score() == -6.5
    board = Board(9, komi=6.5)
    board.play(0)
    assert board.area_score() == 81 - 6.5


def test_dead_points_must_have_stones():
    with pytest.raises(UserError, match="A5 is empty"):
        Board.drawn(SEKI).territory_score(dead=[0])


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", (0, 1, 20, -9, 9.5, "9"))
def test_sizes_that_are_none(size):
    with pytest.raises(UserError, match=r"a board of size .*; sizes are 2 to 19"):
        Board(size)


@pytest.mark.parametrize("komi", (math.nan, math.inf, -math.inf, 3.75, 1e-9))
def test_a_komi_that_is_none(komi):
    with pytest.raises(UserError, match=f"a komi of {komi}; it is a whole or a half number"):
        Board(9, komi=komi)
    board = Board(9)
    with pytest.raises(UserError, match="komi"):
        board.komi = komi
    assert board.komi == 7.5


@pytest.mark.parametrize("komi", (0, -7, 0.5, 361.5))
def test_any_whole_or_half_komi(komi):
    assert Board(9, komi=komi).area_score() == -komi


@pytest.mark.parametrize("point", (-1, 82, 1000, 2.5))
def test_points_that_are_none(point):
    board = Board(9)
    for method in (board.play, board.is_legal, board.clear, board.chain):
        with pytest.raises(
            UserError, match=f"point {point} is not on a 9x9 board; .* 81 is a pass"
        ):
            method(point)


def test_colours_that_are_none():
    board = Board(9)
    for call in (
        lambda: board.play(3, 0),
        lambda: board.is_legal(3, 3),
        lambda: board.place(EMPTY, 3),
        lambda: setattr(board, "to_play", 3),
    ):
        with pytest.raises(UserError, match="Black is 1, White is 2"):
            call()


def test_an_illegal_move_changes_nothing():
    board = Board.drawn(KO)
    board.play(marked(KO, "b"))
    before, past, history = board.record.copy(), board.past.copy(), board.history.copy()
    for point, reason in ((6, "ko"), (7, "there is a stone")):
        with pytest.raises(UserError, match=reason):
            board.play(point)
    for field in before.dtype.names:
        assert np.array_equal(board.record[field], before[field]), field
    assert (board.past == past).all()
    assert board.history == history


def test_a_drawing_is_what_the_board_is_drawn_as():
    board = Board.drawn(". X .\n? . X\nO O .", to_play=WHITE, komi=0.5)
    assert [line[3:] for line in str(board).splitlines()[1:]] == [". X .", ". . X", "O O ."]
    assert (board.to_play, board.komi, board.history) == (WHITE, 0.5, [])
    with pytest.raises(UserError, match="a drawing of 2 lines needs 2 marks in each"):
        Board.drawn(". X O\n. . .")
