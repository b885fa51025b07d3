from __future__ import annotations

import numpy as np
import pytest

from shinso.core.errors import UserError
from shinso.data.sgf import BLACK, WHITE, Game, read_game
from shinso.go.replay import positions_of, replay, starting_board

KO = "(;SZ[4]AB[ba][ab][bc]AW[ca][bb][db][cc];B[cb]%s;W[bb])"  # in it Black takes, White retakes


def test_a_game_with_setup_and_passes():
    game = read_game(b"(;SZ[9]KM[3.75]AB[aa][bb]AW[cc];W[dd];B[];B[ee];W[tt])")
    board = replay(game)
    assert board.stones[[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]].tolist() == [1, 1, 2, 2, 1]
    assert board.history == [*game.moves]
    assert board.komi == 7.5, "stones, as Chinese rules count them"
    assert board.to_play == BLACK
    assert replay(game, moves=1).to_play == BLACK
    assert replay(game, moves=1).stones.sum() == 6


@pytest.mark.parametrize(
    ("text", "komi"), (("KM[6.4]", 6.5), ("KM[0]", 0), ("KM[-5.5]", -5.5), ("", 7.5))
)
def test_komi_is_rounded_to_halves(text, komi):
    assert starting_board(read_game(f"(;SZ[9]{text};B[aa])".encode())).komi == komi


def test_komi_where_the_record_has_none():
    assert starting_board(Game(9), komi=0.5).komi == 0.5


def test_a_handicap_without_stones_lies_where_gtp_puts_it_unless_black_places_it_himself():
    placed = starting_board(read_game(b"(;SZ[9]HA[3];W[ee])"))
    assert np.flatnonzero(placed.stones).tolist() == [20, 24, 56]
    assert placed.to_play == WHITE
    assert not starting_board(read_game(b"(;SZ[9]HA[3];B[aa];B[bb];B[cc];W[ee])")).stones.any()
    assert starting_board(read_game(b"(;SZ[9]HA[2]AB[aa][bb];W[ee])")).stones.sum() == 2


def test_only_rules_that_allow_it_allow_suicide():
    text = "(;SZ[4]RU[%s]AB[ba][ab];W[aa])"
    assert replay(read_game((text % "NZ").encode())).stones.sum() == 2
    with pytest.raises(UserError, match=r"^x, move 1: White A4: illegal, it is suicide"):
        replay(read_game((text % "Japanese").encode()), "x")


def test_the_illegal_move_is_named():
    ko = read_game((KO % "").encode())
    for play in (replay, positions_of):
        with pytest.raises(UserError, match=r"^x\.sgf, move 2: White B3: illegal, it retakes"):
            play(ko, "x.sgf")
        with pytest.raises(UserError, match=r"^game, move 2: White E5: illegal, there is a stone"):
            play(read_game(b"(;SZ[9];B[ee];W[ee])"))


def test_a_position_may_come_again():
    again = read_game((KO % ";W[];B[]").encode())
    assert (replay(again).stones == starting_board(again).stones).all()
    assert len(positions_of(again)[0]) == 4


@pytest.mark.parametrize(
    ("record", "reason"),
    (
        (b"(;SZ[25];B[aa])", "x.sgf: a board of size 25; sizes are 2 to 19"),
        (b"(;SZ[9]AB[aa]AW[ab][ba])", "x.sgf: .* would leave stones without a liberty"),
        (b"(;SZ[5]HA[4];W[aa])", "x.sgf: a handicap of 4"),
    ),
)
def test_what_cannot_be_set_up(record, reason):
    with pytest.raises(UserError, match=reason):
        starting_board(read_game(record), "x.sgf")


def test_positions_are_those_of_boards_before_each_move():
    random = np.random.default_rng(8)
    board = starting_board(Game(7, setup=((BLACK, 0), (WHITE, 48))))
    moves = []
    for _ in range(120):
        colour = int(random.choice([BLACK, WHITE]))
        point = int(random.choice(np.flatnonzero(board.legal_moves(colour))))
        board.play(point, colour)
        moves.append((colour, point))
    game = Game(7, tuple(moves), ((BLACK, 0), (WHITE, 48)), moves[0][0])
    positions, points = positions_of(game)
    assert points.tolist() == [point for _, point in moves]
    for number in range(120):
        before = replay(game, moves=number)
        before.to_play = moves[number][0]
        record = positions.boards[number]
        for name in ("hash", "to_play", "passes", "ko", "colour"):
            assert (record[name] == before.record[name]).all(), (number, name)
        assert (positions.recent[number] == before.recent).all()


def test_a_game_without_moves_has_no_positions():
    positions, points = positions_of(Game(9))
    assert len(positions) == len(points) == 0
