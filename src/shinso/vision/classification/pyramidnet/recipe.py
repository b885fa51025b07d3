"""Every choice that makes a pyramidal residual network. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.core.recipe import Preset, option
from shinso.vision.classification.recipe import AS_PUBLISHED, CIFAR, ImageSpec, ResidualRecipe


@dataclass(frozen=True, kw_only=True)
class PyramidNetRecipe(ResidualRecipe):
    depth: int = option(20, "layers with weights, 6n + 2: 20, 56, 110", minimum=8)
    alpha: int = option(32, "channels that all blocks together add to the first 16", minimum=1)

    def check(self) -> None:
        super().check()
        if self.depth % 6 != 2:
            raise UserError(f"--depth is {self.depth}, must be 6n + 2: 8, 14, 20, 32, 56, 110")


# Section 4: 300 epochs, the rate divided by 10 after 150 and 225 of them.
_PAPER = {
    **AS_PUBLISHED,
    "depth": 110,
    "alpha": 48,
    "shift": 4,
    "epochs": 300,
    "weight_decay": 1e-4,
    "step_decay": (0.5, 0.25, 0.1),
}

PRESETS = {
    "quick": Preset(ImageSpec(size=8), {"depth": 8, "epochs": 1, "warmup_steps": 5}, "digits"),
    "cpu": Preset(ImageSpec()),
    "long": Preset(CIFAR, {"depth": 56, "alpha": 48, "shift": 4, "epochs": 70}, "cifar10"),
    "paper": Preset(CIFAR, _PAPER, "cifar10"),
}
