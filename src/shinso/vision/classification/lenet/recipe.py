"""Every choice that makes a LeNet. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.core.recipe import Preset, option
from shinso.vision.classification.recipe import ClassifierRecipe, ImageSpec


@dataclass(frozen=True, kw_only=True)
class LeNetRecipe(ClassifierRecipe):
    activation: str = option("relu", "after each layer", choices=("relu", "tanh"))
    pooling: str = option("max", "subsampling of the maps", choices=("max", "average"))

    size: int = 28
    shift: int = 2
    epochs: int | None = 30
    batch_size: int = 64
    learning_rate: float = 2e-3
    schedule: str = "cosine"

    def check_spec(self, spec: ImageSpec) -> None:
        if spec.size < 12:
            raise UserError(
                f"--size is {spec.size}, must be at least 12: nothing is left of smaller images "
                "after lenet's second subsampling"
            )


PRESETS = {
    "quick": Preset(ImageSpec(), {"epochs": 3}),
    "cpu": Preset(ImageSpec()),
    "paper": Preset(
        ImageSpec(),
        {
            "activation": "tanh",
            "pooling": "average",
            "shift": 0,
            "epochs": 20,
            "optimiser": "sgd",
            "momentum": 0.0,
            "learning_rate": 0.02,
        },
    ),
}
