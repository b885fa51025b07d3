"""PUCT against plain objects, against solved positions, and in batches."""

from __future__ import annotations

import numpy as np
import pytest

from shinso.go.board import Board
from shinso.go.playout import playout
from shinso.go.positions import Positions
from shinso.go.rules import BLACK
from shinso.go.search.puct import PUCT
from shinso.go.search.rollouts import RandomEvaluator, RandomRollouts
from shinso.go.search.tree import ROOT
from tests.go.search.oracle import SOLVABLE, best_moves, puct, solvable, strange_evaluator


def assert_consistent(tree, counted: int) -> None:
    """No virtual loss is left, and each node's visits are its own and its children's."""
    nodes = tree.nodes[: tree.used[0]]
    assert not nodes["pending"].any()
    assert nodes[ROOT]["visits"] == counted
    for node in nodes[nodes["child_count"] > 0]:
        first, count = node["first_child"], node["child_count"]
        below = nodes["visits"][first : first + count].sum()
        assert node["visits"] == below + (node["visits"] > 0)


@pytest.mark.parametrize("size, simulations", ((2, 400), (3, 400), (5, 300)))
def test_one_at_a_time_it_is_the_course_s_formula(size, simulations):
    board = Board(size, komi=0.5)
    search = PUCT(strange_evaluator, exploration=1.5)
    tree = search.tree(board)
    search.search([tree], simulations)
    oracle = puct(board, strange_evaluator, 1.5, simulations)
    assert dict(zip(tree.moves.tolist(), tree.children["visits"].tolist(), strict=True)) == {
        point: child.visits for point, child in oracle.children.items()
    }
    for point, child in oracle.children.items():
        assert tree.values[point] == pytest.approx(-child.total / max(child.visits, 1), abs=1e-5)
    assert_consistent(tree, simulations)


def test_superko_forbids_what_the_tree_has_passed():
    """Each child of each node is a legal move of the game that leads there, and each legal move is
    a child."""
    board = Board(2, komi=0.5)
    search = PUCT(strange_evaluator, exploration=5.0)
    tree = search.tree(board)
    search.search([tree], 3000)
    forbidden = 0
    for node, game in _walk(tree, board):
        first, count = tree.nodes[node][["first_child", "child_count"]]
        points = tree.nodes[first : first + count]["point"].tolist()
        assert points == np.flatnonzero(game.legal_moves()).tolist()
        free = Board(2, superko=False)
        for point, colour in enumerate(game.stones.ravel().tolist()):
            if colour:
                free.place(colour, point)
        forbidden += int(free.legal_moves(game.to_play).sum()) > count
    assert forbidden > 100


def _walk(tree, board):
    """Every expanded node with the game that leads to it."""
    games = {ROOT: board}
    for node in range(tree.used[0]):
        if node != ROOT:
            parent = games[int(tree.nodes[node]["parent"])]
            if tree.nodes[node]["child_count"] == 0:
                continue
            games[node] = parent.copy()
            games[node].play(int(tree.nodes[node]["point"]))
        yield node, games[node]


@pytest.mark.parametrize("batch", (1, 8))
@pytest.mark.parametrize("name", SOLVABLE)
def test_it_finds_solved_moves(name, batch):
    board = solvable(name)
    search = PUCT(RandomEvaluator(board.komi, seed=1), exploration=2.0, batch=batch)
    tree = search.tree(board)
    search.search([tree], 6000)
    assert int(tree.visit_counts.argmax()) in best_moves(board)


def test_batches_and_many_trees_make_as_many_simulations():
    boards = [Board(5, komi=0.5) for _ in range(3)]
    boards[1].play(12)
    boards[2].play(0)
    for batch in (1, 4, 16):
        search = PUCT(strange_evaluator, exploration=1.5, batch=batch)
        trees = [search.tree(board) for board in boards]
        search.search(trees, 150)
        for tree in trees:
            assert_consistent(tree, 150)
        for tree, board in zip(trees, boards, strict=True):
            alone = search.tree(board)
            search.search([alone], 150)
            assert (alone.visit_counts == tree.visit_counts).all()


def test_virtual_losses_spread_the_walks_of_a_round():
    """With nothing but equal priors a round visits as many moves as it has walks."""
    sizes = []

    def evaluate(positions: Positions) -> tuple[np.ndarray, np.ndarray]:
        sizes.append(len(positions))
        return np.ones((len(positions), 26)), np.zeros(len(positions))

    search = PUCT(evaluate, exploration=1.0, batch=8)
    tree = search.tree(Board(5))
    search.search([tree], 25)
    assert sizes == [1, 8, 8, 8]
    assert tree.visit_counts.max() == 1


def test_leaves_come_with_the_positions_that_led_there():
    seen = []

    def evaluate(positions: Positions) -> tuple[np.ndarray, np.ndarray]:
        seen.append(positions[np.arange(len(positions))])
        return strange_evaluator(positions)

    board = Board(4, komi=0.5)
    for point in (5, 6, 9):
        board.play(point)
    search = PUCT(evaluate, exploration=1.5, batch=3)
    tree = search.tree(board)
    search.search([tree], 60)
    games = {}
    for node, game in _walk(tree, board):
        games[game.record["hash"], game.record["passes"], game.record["to_play"]] = game
        assert node < tree.used[0]
    checked = 0
    for positions in seen:
        for record, recent, past in zip(
            positions.boards, positions.recent, positions.past, strict=True
        ):
            count = record["positions"]
            assert past[count - 1] == record["hash"]
            assert (past[:4] == board.past[:4]).all()
            game = games[record["hash"], record["passes"], record["to_play"]]
            if game.record["positions"] == count:
                assert (recent[0] == game.stones.ravel()).all()
                checked += (recent == game.recent).all()
    assert checked > 50


def test_apv_mixes_evaluations_and_rollouts_and_opens_nodes_past_a_threshold():
    """W / N of a node is (1 - lambda) Wv / N + lambda Wr / N over all that was backed up."""
    evaluated, rolled = [], []

    def evaluate(positions: Positions) -> tuple[np.ndarray, np.ndarray]:
        evaluated.append(len(positions))
        return np.ones((len(positions), 10)), np.full(len(positions), 0.5)

    def rollout(positions: Positions) -> np.ndarray:
        to_play = positions.boards["to_play"]
        rolled.append(len(positions))
        return np.where(to_play == BLACK, 1.0, -1.0)  # Black wins them all

    search = PUCT(evaluate, 1.0, expand_after=4, rollout=rollout, rollout_weight=0.25)
    tree = search.tree(Board(3))
    search.search([tree], 4)
    assert (sum(evaluated), sum(rolled)) == (1, 4)  # one evaluation, four playouts
    assert tree.visit_counts.sum() == 0
    assert -tree.nodes[ROOT]["value"] / 4 == pytest.approx(0.75 * 0.5 + 0.25 * 1.0)
    search.search([tree], 3)
    assert tree.visit_counts.sum() == 3
    assert (sum(evaluated), sum(rolled)) == (1 + np.count_nonzero(tree.visit_counts), 7)
    searched = tree.visit_counts > 0
    assert tree.values[searched] == pytest.approx(0.75 * -0.5 + 0.25 * 1.0)


def test_random_rollouts_are_playouts():
    boards = [Board(5, komi=0.5) for _ in range(2)]
    boards[1].play(12)
    results = np.mean([RandomRollouts(0.5, s)(Positions.of(boards)) for s in range(400)], axis=0)
    random, lead = np.array([9], np.uint64), []
    for _ in range(400):
        board = boards[1].copy()
        playout(board.record, random)
        lead.append(np.sign(board.area_score()))
    assert results[1] == pytest.approx(-np.mean(lead), abs=0.15)
    assert results[0] > 0 > results[1]


@pytest.mark.parametrize(
    "answer, complaint",
    (
        ((np.ones((1, 9)), np.zeros(1)), r"priors \(1, 9\) .* \(1, 10\)"),
        ((np.ones((1, 10)), np.zeros((1, 1))), r"values \(1, 1\)"),
        ((np.full((1, 10), np.nan), np.zeros(1)), "not finite"),
    ),
)
def test_an_evaluator_that_answers_wrongly_is_told(answer, complaint):
    search = PUCT(lambda positions: answer, exploration=1.0)
    with pytest.raises(ValueError, match=complaint):
        search.search([search.tree(Board(3))], 1)
