"""Noise, temperature and resignation."""

from __future__ import annotations

import numpy as np
import pytest

from shinso.core.errors import UserError
from shinso.go.board import Board
from shinso.go.search.moves import NOISE_MASS, add_noise, is_lost, visit_policy
from shinso.go.search.puct import PUCT
from tests.go.search.oracle import strange_evaluator


def test_noise_mixes_a_quarter_of_a_dirichlet_draw_into_the_priors():
    search = PUCT(strange_evaluator, exploration=1.0)
    drawn = []
    for seed in range(300):
        tree = search.tree(Board(4))
        search.search([tree], 1)
        before = tree.children["prior"].copy()
        add_noise(tree, np.random.default_rng(seed))
        drawn.append((tree.children["prior"] - 0.75 * before) / 0.25)
        assert tree.children["prior"].sum() == pytest.approx(1, abs=1e-5)
    drawn = np.array(drawn)
    assert drawn.min() > -1e-5
    assert drawn.mean(axis=0) == pytest.approx(1 / 17, abs=0.015)
    variance = (1 / 17) * (16 / 17) / (NOISE_MASS + 1)  # of Dir(alpha, ..., alpha)
    assert drawn.var(axis=0).mean() == pytest.approx(variance, rel=0.1)


def test_noise_needs_an_evaluated_root():
    with pytest.raises(UserError, match="search at least one"):
        add_noise(PUCT(strange_evaluator, 1.0).tree(Board(4)), np.random.default_rng(0))


def test_temperature():
    visits = np.array([10, 30, 0, 60, 60])
    assert visit_policy(visits, 1.0) == pytest.approx(visits / 160)
    assert visit_policy(visits, 0.5) == pytest.approx(visits**2 / (visits**2).sum())
    assert visit_policy(visits, 0.01)[:3] == pytest.approx([0, 0, 0])
    assert visit_policy(visits, 0.01)[3:] == pytest.approx([0.5, 0.5])
    assert visit_policy(visits, 0).tolist() == [0, 0, 0, 1, 0]


@pytest.mark.parametrize("visits, temperature", ((np.zeros(3, int), 1.0), (np.ones(3, int), -1)))
def test_no_visits_and_no_temperature(visits, temperature):
    with pytest.raises(UserError):
        visit_policy(visits, temperature)


@pytest.mark.parametrize("value, lost", ((-0.95, True), (-0.85, False), (0.95, False)))
def test_who_has_lost_resigns(value, lost):
    """An evaluator that gives Black, who is to play, the same value everywhere."""

    def evaluate(positions):
        sign = np.where(positions.boards["to_play"] == 1, 1.0, -1.0)
        return np.ones((len(positions), 17)), sign * value

    search = PUCT(evaluate, exploration=1.0)
    tree = search.tree(Board(4))
    search.search([tree], 50)
    assert is_lost(tree, -0.9) == lost
