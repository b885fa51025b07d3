"""Every choice that makes a wide residual network. Imports no torch."""

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

PHOTOGRAPH_DEPTH = 50


@dataclass(frozen=True, kw_only=True)
class WideResNetRecipe(ResidualRecipe):
    depth: int = option(
        10, "layers with weights: 50 for photographs, or 6n + 4 for small images", minimum=10
    )
    width: int = option(2, "k: how many times the channels of a thin network", minimum=1)
    dropout: float = option(
        0.0,
        "share of channels' values left out between the convolutions of a block; none for "
        "photographs",
        minimum=0,
        below=1,
    )

    def check(self) -> None:
        super().check()
        if not self.for_photographs and self.depth % 6 != 4:
            raise UserError(
                f"--depth is {self.depth}, must be 6n + 4: 10, 16, 22, 28, 40; or "
                f"{PHOTOGRAPH_DEPTH}"
            )
        if self.for_photographs and self.dropout:
            raise UserError(
                f"--dropout is {self.dropout}, and the bottlenecks of --depth {PHOTOGRAPH_DEPTH} "
                "have none: leave it out"
            )

    @property
    def for_photographs(self) -> bool:
        return self.depth == PHOTOGRAPH_DEPTH


# Section 3: 200 epochs, the rate multiplied by 0.2 after 60, 120 and 160 of them.
_PAPER = {
    **AS_PUBLISHED,
    "depth": 28,
    "width": 10,
    "shift": 4,
    "epochs": 200,
    "step_decay": (0.3, 0.3, 0.2),
}
_PHOTOGRAPHS = {
    **_PAPER,
    **PHOTOGRAPHS,
    "depth": PHOTOGRAPH_DEPTH,
    "width": 2,
    "epochs": 90,
    "batch_size": 256,
    "optimiser": "sgd",
    "weight_decay": 1e-4,
    "step_decay": (1 / 3, 1 / 3, 0.1),
}
_LARGE = {PHOTOGRAPH_DEPTH: Preset(IMAGENET, _PHOTOGRAPHS)}

PRESETS = {
    "quick": Preset(ImageSpec(size=8), {"epochs": 1, "warmup_steps": 5}, "digits"),
    "cpu": Preset(ImageSpec()),
    "long": Preset(ImageSpec(), {"depth": 16, "epochs": 60, "erase": 0.5}),
    "paper": Preset(CIFAR, _PAPER, "cifar10", variants={"depth": _LARGE}),
}
