"""What the policy network is asked with, and who plays by its answers."""

from __future__ import annotations

import torch
from torch import Tensor

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.recipe import Options
from shinso.go.features import alphago_planes
from shinso.go.policy.player import PolicyPlayer
from shinso.go.policy.predictor import PolicyPredictor
from shinso.go.positions import Positions


class AlphaGoPolicyPredictor(PolicyPredictor):
    network_name = "policy"

    def shown(self, positions: Positions) -> Tensor:
        """(N, 48, size, size). Raises UserError for boards of another size than the weights'."""
        own, asked = self.spec.size, positions.size
        if asked != own:
            raise UserError(
                f"the weights of {self.artifact.path or self.artifact.system} are for boards of "
                f"{own} x {own}, and this one has {asked} x {asked}; train it on such games"
            )
        return torch.from_numpy(alphago_planes(positions)).float()


def player(artifact: Artifact, options: Options | None = None) -> PolicyPlayer:
    return PolicyPlayer(AlphaGoPolicyPredictor(artifact, options))
