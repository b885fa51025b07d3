"""Moves drawn from worths that are kept up to date, against the network's softmax."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shinso import catalog
from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.go.alphago_rollout.predictor import rollouts
from shinso.go.alphago_rollout.rollouts import (
    begin,
    empty_worths,
    play_drawn,
    update,
)
from shinso.go.board import Board
from shinso.go.compiled import compiled
from shinso.go.engine import Limits
from shinso.go.policy.recipe import GoSpec, PolicyOptions
from shinso.go.positions import Positions
from shinso.go.random_player import moves_of
from shinso.go.rules import BOARD, CELLS, NOWHERE, play, play_pass
from shinso.go.search.puct import PUCT
from shinso.go.search.rollouts import RandomEvaluator

SYSTEM = catalog.find("alphago-rollout")
SIZE = 7


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    generator = torch.Generator().manual_seed(0)
    recipe, spec = SYSTEM.make_recipe("quick"), GoSpec(size=SIZE)
    networks = SYSTEM.networks(recipe, spec)
    weights = networks["rollout"].weights
    with torch.no_grad():
        weights[2:] = 0.7 * torch.randn(len(weights) - 2, 1, generator=generator)
    return Artifact(SYSTEM.name, recipe, spec, PolicyOptions(), networks)


@compiled
def played(factors, board, moves, draws, random, worths, fresh):
    """Plays `moves` (M,) drawn cells on a board, passes as NOWHERE, and fills `draws` with cells
    drawn in the position after them. Fills `fresh` with worths found anew there. How many of the
    moves took stones."""
    captured = np.empty(CELLS, np.int16)
    taken = takes = 0
    last = NOWHERE
    begin(board, factors, worths)
    for i in range(moves.size):
        last = play_drawn(board, last, captured[:taken], factors, worths, random)
        moves[i] = last
        taken = 0
        if last == NOWHERE:
            play_pass(board, board.to_play)
        else:
            taken = play(board, last, board.to_play)
            captured[:taken] = board.empties[board.empty_count - taken : board.empty_count]
            update(board, last, captured[:taken], factors, worths)
        takes += taken > 0
    for i in range(draws.size):
        draws[i] = play_drawn(board, last, captured[:taken], factors, worths, random)
    begin(board, factors, fresh)
    return takes


def test_draws_after_many_moves_are_the_networks_softmax(artifact):
    weights = artifact.weights("rollout")["weights"].flatten().numpy()
    factors = np.exp(weights.astype(np.float64))
    taken = 0
    for count in (1, 25, 40):
        record = np.zeros(1, BOARD)
        board = Board(SIZE, superko=False)
        record[0] = board.record
        moves, draws = np.empty(count, np.int64), np.empty(30_000, np.int64)
        worths, fresh = empty_worths(), empty_worths()
        random = np.array([count], np.uint64)
        taken += played(factors, record[0], moves, draws, random, worths, fresh)
        for cell in moves.tolist():
            row, column = divmod(cell, SIZE + 1)
            board.play((row - 1) * SIZE + column - 1 if cell else board.pass_point)
        assert (board.record["colour"] == record[0]["colour"]).all()
        for name in ("states", "points"):
            assert (getattr(worths, name) == getattr(fresh, name)).all(), name
        np.testing.assert_allclose(worths.lines, fresh.lines, rtol=1e-12)

        points = moves_of(board, board.to_play)
        predictor = SYSTEM.load("predictor")(artifact)
        expected = predictor.probabilities(board, points)
        cells = [(p // SIZE + 1) * (SIZE + 1) + p % SIZE + 1 for p in points]
        found = np.bincount(draws, minlength=CELLS)[cells] / len(draws)
        assert found.sum() == pytest.approx(1)
        assert len(points) > 3
        assert np.abs(found - expected).max() < 4 * np.sqrt(0.25 / len(draws))
    assert taken > 2


def test_rollouts_end_and_judge_for_who_is_to_play(artifact):
    board = Board(SIZE, komi=0.5)
    for column in range(SIZE):  # Black's wall leaves White one line
        board.place(1, 5 * SIZE + column)
    positions = Positions.of([board] * 20)
    results = rollouts(artifact, komi=0.5, seed=1)(positions)
    assert results.shape == (20,) and set(results.tolist()) <= {-1.0, 1.0}
    assert results.mean() > 0.5
    assert (rollouts(artifact, komi=0.5, seed=1)(positions) == results).all()
    assert rollouts(artifact, komi=60.0, seed=1)(positions).tolist() == [-1.0] * 20
    board.to_play = 2
    assert rollouts(artifact, komi=0.5, seed=1)(Positions.of([board] * 20)).mean() < -0.5


def test_a_search_takes_them(artifact):
    board = Board(SIZE)
    puct = PUCT(
        RandomEvaluator(7.5, 1), 1.0, rollout=rollouts(artifact, 7.5, 2), rollout_weight=0.5
    )
    tree = puct.tree(board)
    puct.search([tree], 20)
    assert tree.nodes[0]["visits"] == 20


def test_it_answers_on_boards_of_any_size(artifact):
    player = SYSTEM.load("player")(artifact, PolicyOptions())

    assert 0 <= player.choose(Board(9), 1, Limits()).point < 81


def test_an_untrained_table_finds_legal_moves_equally_likely():
    networks = SYSTEM.networks(SYSTEM.make_recipe("quick"), GoSpec(size=SIZE))
    untrained = Artifact(SYSTEM.name, SYSTEM.make_recipe(), GoSpec(size=SIZE), None, networks)
    board = Board(SIZE)
    for point in (24, 25, 17):
        board.play(point)
    logits = SYSTEM.load("predictor")(untrained, PolicyOptions()).logits(Positions.of([board]))
    logs = torch.from_numpy(logits).double().log_softmax(dim=1)[0]
    assert logs[board.legal_moves()[:-1]].tolist() == pytest.approx([-np.log(46)] * 46)


def test_graphs_have_no_table(artifact):
    graphs = Artifact(SYSTEM.name, artifact.recipe, artifact.spec, graphs={"rollout": b""})
    with pytest.raises(UserError, match="no weights of a network rollout; take the artifact it"):
        rollouts(graphs, 7.5, 0)
