"""AlphaGo's rollout policy: Silver et al. 2016, Mastering the game of Go with deep neural networks
and tree search, methods, "rollout policy"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shinso.go.alphago_rollout.table import FEATURES, ILLEGAL, NOTHING, ROWS

if TYPE_CHECKING:
    from shinso.core.examples import ExampleInputs
    from shinso.go.alphago_rollout.recipe import AlphaGoRolloutRecipe
    from shinso.go.policy.recipe import GoSpec

NEVER = -30.0  # logit of points where no move may be made


class AlphaGoRollout(nn.Module):
    """A weight for each feature, added up for each move: linear in features that are 0 or 1."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(ROWS, 1))
        with torch.no_grad():
            self.weights[ILLEGAL] = NEVER

    def forward(self, features: Tensor) -> Tensor:
        """(B, points, FEATURES) rows of the table to logits (B, points)."""
        weights = F.embedding(features, self.weights, padding_idx=NOTHING)
        return weights.sum(dim=(2, 3))  # of (B, points, FEATURES, 1)


def build(recipe: AlphaGoRolloutRecipe, spec: GoSpec) -> dict[str, nn.Module]:
    return {"rollout": AlphaGoRollout()}


def example_inputs(recipe: AlphaGoRolloutRecipe, spec: GoSpec) -> ExampleInputs:
    features = torch.zeros(1, spec.size**2, FEATURES, dtype=torch.int64)  # (B, points, FEATURES)
    return {"rollout": ((features,), {0: {0: "batch", 1: "points"}})}
