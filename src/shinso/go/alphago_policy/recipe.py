"""Every choice that makes AlphaGo's policy network. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.recipe import Preset, option
from shinso.go.policy.recipe import GoSpec, PolicyRecipe


@dataclass(frozen=True, kw_only=True)
class AlphaGoPolicyRecipe(PolicyRecipe):
    layers: int = option(
        6, "convolutions: one of 5 x 5, then of 3 x 3, the last of 1 x 1", minimum=2
    )
    filters: int = option(64, "filters of each but the last", minimum=1)
    features: str = option(
        "all",
        "planes to see: all 48, or raw, the stones and how long ago they were played",
        choices=("all", "raw"),
    )
    symmetries: bool = option(True, "show each position turned or mirrored, one of 8 ways, drawn")

    epochs: int | None = 4
    batch_size: int = 128
    optimiser: str = "adam"
    learning_rate: float = 2e-3
    warmup_steps: int = 200
    schedule: str = "cosine"
    evaluate_every: int | None = 1000
    precision: str = "bfloat16"
    memory_format: str = "channels_last"


# Silver et al. 2016, methods, "policy network: classification" and "architecture": 340 million
# updates, the rate halved after every 80 million.
_PAPER = {
    "layers": 13,
    "filters": 192,
    "steps": 340_000_000,
    "batch_size": 16,
    "optimiser": "sgd",
    "momentum": 0.0,
    "learning_rate": 3e-3,
    "warmup_steps": 0,
    "schedule": "step",
    "step_decay": (80 / 340, 80 / 340, 0.5),
    "evaluate_every": 100_000,
    "precision": "float32",
}

PRESETS: dict[str, Preset] = {
    "quick": Preset(
        GoSpec(size=7),
        {"layers": 3, "filters": 16, "batch_size": 32, "warmup_steps": 0, "evaluate_every": None},
        "uct_7x7",
    ),
    "cpu": Preset(GoSpec()),
    "long": Preset(GoSpec(size=19), {"steps": 12_000, "evaluate_every": 4000}, "go_19x19"),
    "paper": Preset(GoSpec(size=19), _PAPER, "go_19x19"),
    # The course: 30 million positions.
    "course": Preset(GoSpec(size=19), {**_PAPER, "steps": 30_000_000 // 16}, "go_19x19"),
}
