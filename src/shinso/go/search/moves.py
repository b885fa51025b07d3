"""From a searched tree to a move: noise, temperature, resignation.

Silver et al., Mastering the game of Go without human knowledge, 2017, methods, "self-play".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shinso.core.errors import UserError
from shinso.go.search.tree import ROOT, Tree

NOISE_WEIGHT = 0.25  # epsilon
# Of Dirichlet's alpha times the number of legal moves: AlphaGo Zero's 0.03 on an empty 19x19
# board, which KataGo (Wu, Accelerating Self-Play Learning in Go, 2019) keeps where fewer are.
NOISE_MASS = 0.03 * 361


def add_noise(tree: Tree, generator: np.random.Generator) -> None:
    """Mixes noise into the priors of the root's moves, so that self-play tries all of them:

    P(s, a) = (1 - epsilon) p + epsilon eta, eta ~ Dir(alpha). Once for each root, after its
    evaluation. Raises UserError for a root that has none yet."""
    children = tree.children
    if tree.nodes[ROOT]["visits"] == 0:
        raise UserError("noise goes on an evaluated root; search at least one simulation first")
    alpha = np.full(len(children), NOISE_MASS / len(children))
    priors = children["prior"]
    children["prior"] = (1 - NOISE_WEIGHT) * priors + NOISE_WEIGHT * generator.dirichlet(alpha)


def visit_policy(visit_counts: NDArray[np.integer], temperature: float) -> NDArray[np.float64]:
    """(M,) visits to (M,) probabilities pi(a) ~ N(a)^(1 / temperature), the most visited alone (of
    equals the first) at a temperature of 0. Raises UserError where nothing was visited, and for a
    temperature below 0."""
    if not visit_counts.any():
        raise UserError("no move was visited; search more simulations")
    if temperature < 0:
        raise UserError(f"a temperature of {temperature}; it is 0 or more")
    shares = visit_counts / visit_counts.max()
    if temperature == 0:
        return np.eye(len(shares))[shares.argmax()]
    powers = shares ** (1 / temperature)
    return powers / powers.sum()


def is_lost(tree: Tree, threshold: float) -> bool:
    """Whether a player resigns: the value of the root for who is to play, and that of the move
    most visited, are both below the threshold."""
    root = tree.nodes[ROOT]
    best = tree.visit_counts.argmax()
    root_value = -root["value"] / max(root["visits"], 1)
    return bool(max(root_value, tree.values[best]) < threshold)
