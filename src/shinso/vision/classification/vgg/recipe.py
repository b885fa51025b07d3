"""Every choice that makes a VGG. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.core.recipe import Preset, option
from shinso.vision.classification.recipe import (
    AS_PUBLISHED,
    IMAGENET,
    PHOTOGRAPHS,
    QUICK_PLAIN,
    ImageSpec,
    ScaledRecipe,
)

DEPTHS = (11, 13, 16, 19)  # table 1, configurations A, B, D and E


@dataclass(frozen=True, kw_only=True)
class VGGRecipe(ScaledRecipe):
    depth: int = option(16, "layers with weights: 11, 13, 16, 19; two fewer with the small stem")

    norm: str = "none"
    width: float = 0.375
    learning_rate: float = 0.01

    @property
    def stride(self) -> int:
        """Of the small stem, until the last convolutions: what is left is then pooled as it is."""
        return 32 if self.stem == "large" else 16

    @property
    def narrowest(self) -> int:
        return 64

    def check(self) -> None:
        super().check()
        if self.depth not in DEPTHS:
            depths = ", ".join(map(str, DEPTHS))
            raise UserError(f"--depth is {self.depth}, must be one of {depths}")


# Section 3.1, and crops of 224 out of 256 pixels: 74 epochs, the rate divided by 10 thrice.
_PAPER = {
    **AS_PUBLISHED,
    **PHOTOGRAPHS,
    "width": 1.0,
    "epochs": 74,
    "batch_size": 256,
    "optimiser": "sgd",
    "step_decay": (0.25, 0.25, 0.1),
}

PRESETS = {
    "quick": Preset(ImageSpec(size=16), {**QUICK_PLAIN, "depth": 11, "epochs": 2}, "digits"),
    "cpu": Preset(ImageSpec()),
    "long": Preset(ImageSpec(), {"width": 1.0, "epochs": 40}),
    "paper": Preset(IMAGENET, _PAPER),
}
