"""UCT: the bound it goes by, the moves it finds, and that a seed decides them."""

from __future__ import annotations

import numpy as np
import pytest

from shinso.go.board import Board
from shinso.go.rules import BLACK, CELLS, EMPTY, WHITE
from shinso.go.search.tree import ROOT, START
from shinso.go.search.uct import UCT, UCT_NODE, back_up_amaf, best_child, finish
from shinso.go.uct.recipe import UCTOptions
from tests.go.search.oracle import SOLVABLE, best_moves, solvable

PLAIN = UCT(exploration=1.0, equivalence=0)
AMAF = UCT(UCTOptions().exploration, UCTOptions().equivalence)


def searched(how: UCT, board: Board, simulations: int, seed: int = 1):
    tree = how.tree(board)
    how.search(tree, simulations, np.array([seed], np.uint64))
    return tree


# Formulas ---------------------------------------------------------------------------------------


def family(visits: list[int], values: list[float], amaf: list[tuple[int, float]]) -> np.ndarray:
    """A root and its children."""
    nodes = np.zeros(len(visits) + 1, UCT_NODE)
    nodes[ROOT]["first_child"], nodes[ROOT]["child_count"] = 1, len(visits)
    nodes[ROOT]["visits"] = sum(visits) + 1
    nodes["visits"][1:], nodes["value"][1:] = visits, values
    nodes["amaf_visits"][1:], nodes["amaf_value"][1:] = zip(*amaf, strict=True)
    return nodes


@pytest.mark.parametrize("exploration, equivalence", ((0.0, 100.0), (0.7, 100.0), (2.0, 5.0)))
def test_the_child_of_the_largest_bound_is_chosen(exploration, equivalence):
    generator = np.random.default_rng(3)
    chosen = set()
    for _ in range(200):
        n, m = generator.integers(1, 50, 6), generator.integers(1, 200, 6)
        w, v = generator.uniform(-n, n), generator.uniform(-m, m)
        nodes = family(n.tolist(), w.tolist(), list(zip(m, v, strict=True)))
        beta = m / (n + m + n * m / equivalence)
        bound = (1 - beta) * w / n + beta * v / m
        bound += exploration * np.sqrt(np.log(n.sum() + 1) / n)
        random = np.array([generator.integers(2**32)], np.uint64)
        best = best_child(nodes, ROOT, exploration, equivalence, random)
        assert best == 1 + bound.argmax()
        chosen.add(best)
    assert len(chosen) == 6


def test_a_child_of_which_nothing_is_known_comes_first_and_any_of_them():
    nodes = family([9, 0, 5, 0], [9, 0, 5, 0], [(0, 0), (0, 0), (0, 0), (0, 0)])
    random = np.array([0], np.uint64)
    assert {best_child(nodes, ROOT, 1.0, 0.0, random) for _ in range(50)} == {2, 4}
    nodes["amaf_visits"][[2, 4]] = 1
    nodes["amaf_value"][[2, 4]] = -1, 1
    assert best_child(nodes, ROOT, 0.1, 100.0, random) == 4


def test_amaf_counts_what_a_player_plays_first_from_a_node_on():
    """Root, Black plays 7, White's answers 8 and 9; the leaf is 9, and then Black plays 8."""
    nodes = np.zeros(6, UCT_NODE)
    nodes["parent"] = [0, 0, 0, 1, 1, 1]
    nodes["cell"] = [0, 7, 8, 7, 8, 9]
    nodes["first_child"][:2], nodes["child_count"][:2] = [1, 3], [2, 3]
    first = np.zeros(CELLS, np.int8)
    first[[8, 7]] = BLACK, WHITE  # of the playout; White's 7 comes after Black's in the tree
    back_up_amaf(nodes, 5, 1.0, WHITE, first)
    # White's own move 9 and 7, the latter played by White later; Black's 7 and, later, 8.
    assert nodes["amaf_visits"].tolist() == [0, 1, 1, 1, 0, 1]
    assert nodes["amaf_value"].tolist() == [0, -1, -1, 1, 0, 1]


def test_playouts_tell_who_was_first_at_each_point():
    for seed in range(30):
        board = Board(5, komi=0.5)
        first = np.empty(CELLS, np.int8)
        finish(board.record, first, np.array([seed], np.uint64))
        played = first[[board._cell(point) for point in range(25)]]
        stones = board.stones.ravel()
        assert (played[stones != EMPTY] != EMPTY).all()  # whoever has it, somebody was first
        assert np.count_nonzero(first) == np.count_nonzero(played)  # no pass, nothing outside


# Searches ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", (PLAIN, AMAF), ids=("plain", "amaf"))
@pytest.mark.parametrize("name", SOLVABLE)
def test_it_finds_solved_moves(how, name):
    board = solvable(name)
    best = best_moves(board)
    for seed in range(3):
        assert int(searched(how, board, 10_000, seed).visit_counts.argmax()) in best


@pytest.mark.parametrize("how", (PLAIN, AMAF), ids=("plain", "amaf"))
def test_with_growing_visits_the_solved_move_takes_them_all(how):
    """3x3 is solved: the centre wins by 9, any other first move by 3 at the most."""
    board = Board(3, komi=5.5)
    shares = [
        np.mean([searched(how, board, n, s).visit_counts[4] / n for s in range(4)])
        for n in (20, 200, 2000, 20_000)
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.5 and shares[-1] > 0.9


@pytest.mark.parametrize("komi, value", ((0.5, 1), (-0.5, -1)))
def test_two_passes_end_a_game_for_better_or_worse(komi, value):
    """Both have half of the board, Black has passed, and komi makes White win or lose."""
    board = Board.drawn(". X O .\nX X O O\n. X O .\n. X O .", komi=komi)
    board.play(board.pass_point)
    tree = searched(AMAF, board, 3000)
    assert tree.values[board.pass_point] == value
    assert (tree.visit_counts.argmax() == board.pass_point) == (value > 0)


def test_a_seed_decides_the_tree():
    board = Board(5, komi=0.5)
    one, same, other = (searched(AMAF, board, 2000, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.nodes, same.nodes)
    assert (one.visit_counts != other.visit_counts).any()


def test_simulations_may_be_made_in_parts_and_the_tree_grows():
    board = Board(5, komi=0.5)
    whole, parts = AMAF.tree(board), AMAF.tree(board)
    random = np.array([4], np.uint64)
    AMAF.search(whole, 3000, np.array([4], np.uint64))
    for count in (1, 999, 2000):
        AMAF.search(parts, count, random)
    used = int(whole.used[0])
    assert used > START
    assert np.array_equal(whole.nodes[:used], parts.nodes[:used])
    assert whole.nodes[ROOT]["visits"] == 3000


def test_leaves_are_expanded_after_so_many_visits():
    tree = searched(UCT(1.0, 0, expand_after=5), Board(5), 2000)
    nodes = tree.nodes[: tree.used[0]]
    assert nodes["visits"][nodes["child_count"] > 0].min() >= 6
    assert nodes["visits"][nodes["child_count"] == 0].max() == 5
