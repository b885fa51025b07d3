"""Moves of many games by number, against playing the games one by one."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from shinso.core.errors import UserError
from shinso.data.games import GameSet, GameSplit
from shinso.data.sgf import BLACK, WHITE, Game
from shinso.go.board import Board
from shinso.go.records import Records, records_of, usual_size
from shinso.go.replay import positions_of


def random_game(seed: int, size: int = 5, moves: int = 60, **said) -> Game:
    """Legal moves and passes of either colour, whoever's turn it is."""
    random = np.random.default_rng(seed)
    board = Board(size, superko=False)
    for colour, point in said.get("setup", ()):
        board.place(colour, point)
    for _ in range(moves):
        colour = board.to_play if random.random() < 0.9 else 3 - board.to_play
        board.play(int(random.choice(np.flatnonzero(board.legal_moves(colour)))), colour)
    return Game(size, tuple(board.history), first=board.history[0][0], **said)


def set_of(*games: Game, **parts: list[Game]) -> GameSet:
    parts = parts or {"train": [*games]}
    return GameSet(
        "own",
        {
            name: GameSplit(tuple(own), tuple(f"{name}{i}.sgf" for i in range(len(own))))
            for name, own in parts.items()
        },
    )


GAMES = [
    random_game(1),
    random_game(2, moves=1),
    random_game(3, setup=((BLACK, 0), (WHITE, 7))),
    random_game(4, moves=90),
]


def test_positions_are_those_of_each_game_played_by_itself():
    records = Records(5, GAMES, "abcd")
    whole = [positions_of(game) for game in GAMES]
    kept = [points < 25 for _, points in whole]
    assert records.points.tolist() == [
        point for (_, points), own in zip(whole, kept, strict=True) for point in points[own]
    ]
    order = np.random.default_rng(0).permutation(len(records))
    found = records.positions(order)
    for name in ("colour", "to_play", "ko", "size"):
        expected = np.concatenate(
            [p.boards[name][own] for (p, _), own in zip(whole, kept, strict=True)]
        )
        assert (found.boards[name] == expected[order]).all(), name
    recents = np.concatenate([p.recent[own] for (p, _), own in zip(whole, kept, strict=True)])
    assert (found.recent == recents[order]).all()


def test_numbers_and_the_move_before():
    game = Game(5, ((BLACK, 3), (WHITE, 25), (BLACK, 7), (WHITE, 8)))
    records = Records(5, [game, game], "ab")
    assert records.points.tolist() == [3, 7, 8] * 2
    assert records.numbers.tolist() == [0, 2, 3] * 2
    assert records.last.tolist() == [25, 25, 7] * 2


def test_other_boards_and_what_cannot_be_played_are_left_out_with_a_count(caplog):
    twice = Game(5, ((BLACK, 3), (WHITE, 3)))
    buried = Game(5, ((BLACK, 3),), setup=((BLACK, 0), (WHITE, 1), (WHITE, 5)))
    games = set_of(GAMES[0], twice, buried, Game(9, ((BLACK, 3),)))
    with caplog.at_level(logging.WARNING, "shinso.go"):
        records = records_of(games, "train", 5)
    assert (records.points == Records(5, GAMES[:1], "a").points).all()
    assert records.left_out == ["train1.sgf", "train2.sgf"]
    assert caplog.messages == [
        "left out 1 game of train, not on 5x5",
        "left out 2 games with an illegal move, first train1.sgf",
    ]


@pytest.mark.parametrize(
    ("games", "said"),
    (
        ([Game(9, ((BLACK, 3),))], "no move on 5x5 in train; its games are on 9x9"),
        ([Game(5, ((BLACK, 25),))], "no move on 5x5 in train$"),
    ),
)
def test_nothing_to_learn_from_is_said(games, said):
    with pytest.raises(UserError, match=f"data set own has {said}"):
        records_of(set_of(*games), "train", 5)


def test_the_usual_size_is_that_of_most_games():
    assert usual_size(set_of(GAMES[0], Game(9, ((BLACK, 3),)), GAMES[1]).split("train")) == 5
