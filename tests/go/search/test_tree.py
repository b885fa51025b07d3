"""Trees that go on with the game, and what is read from them."""

from __future__ import annotations

import numpy as np
import pytest

from shinso.go.board import Board
from shinso.go.search.tree import ROOT, Tree
from shinso.go.search.uct import UCT

HOW = UCT(exploration=0.5, equivalence=500)


@pytest.fixture
def board() -> Board:
    return Board(5, komi=0.5)


def searched(board: Board) -> Tree:
    tree = HOW.tree(board)
    HOW.search(tree, 3000, np.array([1], np.uint64))
    return tree


def subtree(nodes: np.ndarray, node: int) -> list:
    """All that is known below a node, as nested lists."""
    first, count = nodes[node][["first_child", "child_count"]]
    known = nodes[node][["point", "visits", "value", "amaf_visits", "amaf_value"]].tolist()
    return [known, [subtree(nodes, child) for child in range(first, first + count)]]


def test_after_both_moves_what_was_found_below_them_is_kept(board):
    tree = searched(board)
    mine, yours = tree.line(ROOT, 2)
    child = tree.nodes[ROOT]["first_child"] + tree.moves.tolist().index(mine)
    first, count = tree.nodes[child][["first_child", "child_count"]]
    node = first + tree.nodes["point"][first : first + count].tolist().index(yours)
    below = subtree(tree.nodes, node)
    board.play(mine)
    board.play(yours)
    tree.follow(board)
    assert subtree(tree.nodes, ROOT) == below
    assert tree.nodes[ROOT]["visits"] > 50
    assert 1 < tree.used[0] < 3000
    assert not tree.nodes[tree.used[0] :]["visits"].any()
    before = tree.nodes[ROOT]["visits"]
    HOW.search(tree, 500, np.array([2], np.uint64))
    assert tree.nodes[ROOT]["visits"] == before + 500
    assert tree.visit_counts[[mine, yours]].tolist() == [0, 0]


def test_the_same_board_keeps_everything(board):
    tree = searched(board)
    nodes = tree.nodes.copy()
    tree.follow(board.copy())
    assert np.array_equal(tree.nodes, nodes)


def changed_komi(board: Board) -> Board:
    board.komi = 7.5
    return board


def changed_size(board: Board) -> Board:
    return Board(4, komi=board.komi)


def with_a_stone(board: Board) -> Board:
    """The same move on a board that was set up otherwise."""
    board = Board(5, komi=0.5)
    board.place(2, 0)
    board.play(12)
    return board


def undone(board: Board) -> Board:
    return Board(5, komi=0.5)


def out_of_turn(board: Board) -> Board:
    board.play(3, colour=1)
    return board


def other_rules(board: Board) -> Board:
    other = Board(5, komi=0.5, superko=False)
    other.play(12)
    return other


def resumed(board: Board) -> Board:
    """Two passes end a game; whoever searches it then resumes it."""
    board.play(25)
    board.play(25)
    return board


@pytest.mark.parametrize(
    "change",
    (changed_komi, changed_size, with_a_stone, undone, out_of_turn, other_rules, resumed),
)
def test_another_game_begins_anew(board, change):
    board.play(12)
    tree = searched(board)
    other = change(board.copy())
    tree.follow(other)
    assert tree.used[0] == 1
    assert np.array_equal(tree.nodes, np.zeros_like(tree.nodes))
    HOW.search(tree, 300, np.array([1], np.uint64))
    fresh = HOW.tree(other)
    HOW.search(fresh, 300, np.array([1], np.uint64))
    assert (tree.visit_counts == fresh.visit_counts).all()
    assert tree.visit_counts.sum() == 299


def test_the_best_line_is_legal_and_the_best_move_begins_it(board):
    tree = searched(board)
    line = tree.line(ROOT, 20)
    assert line[0] == tree.visit_counts.argmax()
    assert 3 <= len(line) <= 20
    for point in line:
        board.play(point)
