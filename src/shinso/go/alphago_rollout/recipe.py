"""Every choice that makes AlphaGo's rollout policy. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.recipe import Preset
from shinso.go.policy.recipe import GoSpec, PolicyRecipe


@dataclass(frozen=True, kw_only=True)
class AlphaGoRolloutRecipe(PolicyRecipe):
    epochs: int | None = 3
    batch_size: int = 256
    optimiser: str = "adam"
    learning_rate: float = 1e-2
    schedule: str = "cosine"
    evaluate_every: int | None = 2000


# Silver et al. 2016, methods, "rollout policy": 8 million positions, by stochastic descent, of
# which no more is said.
_PAPER = {
    "steps": 8_000_000 // 16,
    "batch_size": 16,
    "optimiser": "sgd",
    "momentum": 0.0,
    "evaluate_every": 50_000,
}

PRESETS: dict[str, Preset] = {
    "quick": Preset(GoSpec(size=7), {"epochs": 2, "batch_size": 64}, "uct_7x7"),
    "cpu": Preset(GoSpec()),
    "long": Preset(GoSpec(size=19), {"epochs": 2}, "go_19x19"),
    "paper": Preset(GoSpec(size=19), _PAPER, "go_19x19"),
}
