"""Every choice that makes a residual network. Imports no torch."""

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

PHOTOGRAPH_DEPTHS = (18, 34, 50, 101, 152)  # of the paper's table 1


@dataclass(frozen=True, kw_only=True)
class ResNetRecipe(ResidualRecipe):
    depth: int = option(
        20,
        "layers with weights: 18, 34, 50, 101, 152 for photographs, or 6n + 2 for small images",
        minimum=8,
    )
    shortcut: str | None = option(
        None,
        "where the shape changes: A pads with zero channels, B projects by a 1x1 convolution; "
        "none: B for photographs, A for small images",
        choices=("A", "B"),
    )
    residual: bool = option(True, "shortcuts; without them it is the paper's plain network")

    def check(self) -> None:
        super().check()
        if not self.for_photographs and self.depth % 6 != 2:
            raise UserError(
                f"--depth is {self.depth}, must be 6n + 2: 8, 14, 20, 32, 44, 56, 110; or 18, 34, "
                "50, 101 or 152"
            )
        if self.shortcut is not None and not self.residual:
            raise UserError(
                f"--shortcut is {self.shortcut}, and a plain network has none: leave it or "
                "--no-residual out"
            )

    @property
    def for_photographs(self) -> bool:
        return self.depth in PHOTOGRAPH_DEPTHS

    @property
    def shortcut_kind(self) -> str:
        if not self.residual:
            return "none"
        return self.shortcut or ("B" if self.for_photographs else "A")


# Section 4.2: 64,000 updates, the rate divided by 10 at half and three quarters of them.
_PAPER = {
    **AS_PUBLISHED,
    "shift": 4,
    "epochs": None,
    "steps": 64_000,
    "optimiser": "sgd",
    "weight_decay": 1e-4,
    "step_decay": (0.5, 0.25, 0.1),
}
# Section 3.4: 600,000 updates of 256, the rate divided by 10 where the error no longer falls.
_PHOTOGRAPHS = {
    **_PAPER,
    **PHOTOGRAPHS,
    "steps": 600_000,
    "batch_size": 256,
    "step_decay": (1 / 3, 1 / 3, 0.1),
}
_LARGE = dict.fromkeys(PHOTOGRAPH_DEPTHS, Preset(IMAGENET, _PHOTOGRAPHS))

PRESETS = {
    "quick": Preset(ImageSpec(size=8), {"depth": 8, "epochs": 1, "warmup_steps": 5}, "digits"),
    "cpu": Preset(ImageSpec()),
    "long": Preset(CIFAR, {"shift": 4, "epochs": 70, "label_smoothing": 0.1}, "cifar10"),
    "paper": Preset(CIFAR, _PAPER, "cifar10", variants={"depth": _LARGE}),
}
