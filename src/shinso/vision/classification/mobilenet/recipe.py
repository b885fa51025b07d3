"""Every choice that makes a MobileNet. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.recipe import Preset
from shinso.vision.classification.recipe import (
    AS_PUBLISHED,
    IMAGENET,
    PHOTOGRAPHS,
    QUICK,
    ImageSpec,
    ScaledRecipe,
)


@dataclass(frozen=True, kw_only=True)
class MobileNetRecipe(ScaledRecipe):
    """`width` is the paper's width multiplier alpha, `size` takes the place of its resolution
    multiplier rho: 224, 192, 160 or 128 pixels in the paper."""

    width: float = 0.5
    epochs: int | None = 15

    @property
    def stride(self) -> int:
        return 32 if self.stem == "large" else 16

    @property
    def narrowest(self) -> int:
        return 32


# Section 3.2: RMSprop as in Inception V3 (Szegedy et al. 2016, section 8: decay 0.9, epsilon 1,
# 0.045 that falls by 6% every two of 100 epochs).
_PAPER = {
    **AS_PUBLISHED,
    **PHOTOGRAPHS,
    "width": 1.0,
    "epochs": 100,
    "optimiser": "rmsprop",
    "learning_rate": 0.045,
    "beta2": 0.9,
    "epsilon": 1.0,
    "weight_decay": 0.0,
    "step_decay": (0.02, 0.02, 0.94),
}

PRESETS = {
    "quick": Preset(ImageSpec(size=16), {**QUICK, "epochs": 1, "learning_rate": 0.05}, "digits"),
    "cpu": Preset(ImageSpec()),
    "long": Preset(ImageSpec(), {"width": 1.0, "epochs": 60}),
    "paper": Preset(IMAGENET, _PAPER),
}
