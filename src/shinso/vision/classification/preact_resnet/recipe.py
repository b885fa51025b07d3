"""Every choice that makes a pre-activation residual network. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.core.recipe import Preset, option
from shinso.vision.classification.recipe import (
    AS_PUBLISHED,
    CIFAR,
    IMAGENET,
    PHOTOGRAPHS,
    ImageSpec,
    ResidualRecipe,
)

PHOTOGRAPH_DEPTHS = (50, 101, 152)


@dataclass(frozen=True, kw_only=True)
class PreActResNetRecipe(ResidualRecipe):
    depth: int = option(
        20,
        "layers with weights: 50, 101, 152 for photographs, or for small images 6n + 2, with "
        "bottlenecks 9n + 2",
        minimum=8,
    )
    bottleneck: bool = option(
        False, "blocks of 1x1, 3x3 and 1x1 for small images too; for photographs always"
    )

    def check(self) -> None:
        super().check()
        layers = 9 if self.bottleneck else 6
        if not self.for_photographs and (self.depth % layers != 2 or self.depth == 2):
            some = ", ".join(str(layers * n + 2) for n in (1, 2, 3, 6, 12, 18))
            raise UserError(
                f"--depth is {self.depth}, must be {layers}n + 2: {some}; or 50, 101 or 152"
            )

    @property
    def for_photographs(self) -> bool:
        return self.depth in PHOTOGRAPH_DEPTHS


# Appendix: 64,000 updates, a rate of 0.01 in the first 400.
_PAPER = {
    **AS_PUBLISHED,
    "depth": 164,
    "bottleneck": True,
    "shift": 4,
    "epochs": None,
    "steps": 64_000,
    "optimiser": "sgd",
    "weight_decay": 1e-4,
    "step_decay": (0.5, 0.25, 0.1),
    "warmup_steps": 400,
}
_PHOTOGRAPHS = {
    **_PAPER,
    **PHOTOGRAPHS,
    "depth": 50,
    "steps": 600_000,
    "batch_size": 256,
    "warmup_steps": 0,
    "step_decay": (1 / 3, 1 / 3, 0.1),
}
_LARGE = dict.fromkeys(PHOTOGRAPH_DEPTHS, Preset(IMAGENET, _PHOTOGRAPHS))

PRESETS = {
    "quick": Preset(ImageSpec(size=8), {"depth": 8, "epochs": 1, "warmup_steps": 5}, "digits"),
    "cpu": Preset(ImageSpec()),
    "long": Preset(CIFAR, {"depth": 56, "shift": 4, "epochs": 70}, "cifar10"),
    "paper": Preset(CIFAR, _PAPER, "cifar10", variants={"depth": _LARGE}),
}
