"""Every choice that makes a MobileNetV2. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.recipe import Preset, option
from shinso.vision.classification.recipe import (
    AS_PUBLISHED,
    IMAGENET,
    PHOTOGRAPHS,
    QUICK,
    GalleryRecipe,
    ImageSpec,
)


@dataclass(frozen=True, kw_only=True)
class MobileNetV2Recipe(GalleryRecipe):
    width: float = option(
        0.35, "width multiplier: share of the published channels, by eights and at least 8", above=0
    )

    epochs: int | None = 15

    @property
    def stride(self) -> int:
        return 32 if self.stem == "large" else 16


# Section 6.1: RMSprop, decay and momentum 0.9, 0.045 that falls by 2% an epoch, 4e-5 decay.
_PAPER = {
    **AS_PUBLISHED,
    **PHOTOGRAPHS,
    "width": 1.0,
    "epochs": 200,
    "batch_size": 96,
    "optimiser": "rmsprop",
    "learning_rate": 0.045,
    "beta2": 0.9,
    "epsilon": 1.0,
    "weight_decay": 4e-5,
    "step_decay": (0.005, 0.005, 0.98),
}

PRESETS = {
    "quick": Preset(ImageSpec(size=16), {**QUICK, "epochs": 1, "learning_rate": 0.05}, "digits"),
    "cpu": Preset(ImageSpec()),
    "long": Preset(ImageSpec(), {"width": 1.0, "epochs": 60}),
    "paper": Preset(IMAGENET, _PAPER),
}
