"""The rollout policy's network, made for its table of patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from shinso.go.alphago_rollout.model import AlphaGoRollout
from shinso.go.alphago_rollout.table import FEATURES, ILLEGAL, NOTHING, ROWS

if TYPE_CHECKING:
    from torch import nn

    from shinso.core.examples import ExampleInputs
    from shinso.go.alphago_rollout.recipe import AlphaGoRolloutRecipe
    from shinso.go.policy.recipe import GoSpec


def build(recipe: AlphaGoRolloutRecipe, spec: GoSpec) -> dict[str, nn.Module]:
    return {"rollout": AlphaGoRollout(ROWS, NOTHING, ILLEGAL)}


def example_inputs(recipe: AlphaGoRolloutRecipe, spec: GoSpec) -> ExampleInputs:
    features = torch.zeros(1, spec.size**2, FEATURES, dtype=torch.int64)  # (B, points, FEATURES)
    return {"rollout": ((features,), {0: {0: "batch", 1: "points"}})}
