"""Every choice that makes a multi-layer perceptron. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.recipe import Preset, option
from shinso.vision.classification.recipe import ClassifierRecipe, ImageSpec


@dataclass(frozen=True, kw_only=True)
class MLPRecipe(ClassifierRecipe):
    hidden: tuple[int, ...] = option((300, 100), "units of each hidden layer", minimum=1)
    dropout: float = option(0.2, "share of hidden units left out", minimum=0, maximum=1)

    epochs: int | None = 30
    batch_size: int = 128
    optimiser: str = "adamw"
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    schedule: str = "cosine"


PRESETS = {
    "quick": Preset(ImageSpec(size=8), {"epochs": 3}),
    "cpu": Preset(ImageSpec(size=8)),
    # LeNet-300-100 as LeCun et al. 1998 train it, section III.C.4, but for its sigmoid-like squash.
    "paper": Preset(
        ImageSpec(), {"dropout": 0.0, "optimiser": "sgd", "learning_rate": 0.05}, "mnist"
    ),
}
