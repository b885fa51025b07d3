"""What the rollout policy is asked with, who plays by its answers, and rollouts by its weights."""

from __future__ import annotations

import torch
from torch import Tensor

from shinso.core.artifact import Artifact
from shinso.core.recipe import Options
from shinso.go.alphago_rollout.patterns import features_of
from shinso.go.alphago_rollout.rollouts import PolicyRollouts
from shinso.go.policy.player import PolicyPlayer
from shinso.go.policy.predictor import PolicyPredictor
from shinso.go.positions import Positions


class AlphaGoRolloutPredictor(PolicyPredictor):
    """Patterns are local: it answers on boards of any size."""

    network_name = "rollout"
    sizes = None

    def shown(self, positions: Positions) -> Tensor:
        """(N, points, FEATURES)."""
        return torch.from_numpy(features_of(positions))


def player(artifact: Artifact, options: Options | None = None) -> PolicyPlayer:
    return PolicyPlayer(AlphaGoRolloutPredictor(artifact, options))


def rollouts(artifact: Artifact, komi: float, seed: int) -> PolicyRollouts:
    """Its rollouts, for a search. Raises UserError for an artifact that was exported."""
    return PolicyRollouts(
        artifact.weights("rollout")["weights"].flatten().cpu().numpy(), komi, seed
    )
