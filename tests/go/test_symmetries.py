from __future__ import annotations

import numpy as np
import pytest

from shinso.go.board import Board
from shinso.go.features import alphago_planes
from shinso.go.positions import Positions
from shinso.go.symmetries import (
    INVERSE,
    SYMMETRIES,
    transform_moves,
    transform_planes,
    transform_policy,
)

ALL = np.arange(SYMMETRIES)


def test_by_hand():
    board = np.array([[1, 2], [3, 4]])
    assert transform_planes(board, 0).tolist() == [[1, 2], [3, 4]]
    assert transform_planes(board, 1).tolist() == [[2, 4], [1, 3]]
    assert transform_planes(board, 4).tolist() == [[2, 1], [4, 3]]
    eight = transform_planes(np.stack([board] * 8), ALL)
    assert len({turned.tobytes() for turned in eight}) == 8


@pytest.mark.parametrize("size", (2, 5, 19))
def test_each_is_undone_by_its_inverse(size):
    planes = np.random.default_rng(size).random((8, 3, size, size))
    policy = np.random.default_rng(size).random((8, size**2 + 1))
    assert (transform_planes(transform_planes(planes, ALL), INVERSE) == planes).all()
    assert (transform_policy(transform_policy(policy, ALL), INVERSE) == policy).all()


@pytest.mark.parametrize("symmetry", range(SYMMETRIES))
def test_moves_planes_and_policies_go_the_same_way(symmetry):
    size = 5
    points = np.arange(size**2 + 1)
    moved = transform_moves(points, symmetry, size)
    policies = transform_policy(np.eye(size**2 + 1), symmetry)
    assert (policies.argmax(axis=1) == moved).all() and moved[-1] == size**2
    boards = transform_planes(np.eye(size**2).reshape(-1, size, size), symmetry)
    assert (boards.reshape(-1, size**2).argmax(axis=1) == moved[:-1]).all()


def test_a_game_played_mirrored_has_mirrored_planes():
    size, moves = 7, [24, 17, 10, 18, 3, 31, 25, 16, 38, 45, 23]
    plain = Board(size)
    for point in moves:
        plain.play(point)
    planes = alphago_planes(Positions.of([plain]))
    for symmetry in range(SYMMETRIES):
        turned = Board(size)
        for point in transform_moves(np.array(moves), symmetry, size):
            turned.play(int(point))
        expected = transform_planes(planes, symmetry)
        assert (alphago_planes(Positions.of([turned])) == expected).all()
