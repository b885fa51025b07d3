"""Every choice that makes a GoogLeNet. Imports no torch."""

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


@dataclass(frozen=True, kw_only=True)
class GoogLeNetRecipe(ScaledRecipe):
    auxiliary: bool = option(True, "two auxiliary heads, which in training add 0.3 of their losses")
    variant: str = option(
        "paper",
        "paper: 5x5 windows, local response normalisation without another; torchvision: 3x3 in "
        "their place, for its weights, which need --norm batch too",
        choices=("paper", "torchvision"),
    )

    norm: str = "none"
    width: float = 0.25
    epochs: int | None = 15
    learning_rate: float = 0.01

    @property
    def stride(self) -> int:
        return 32 if self.stem == "large" else 8

    @property
    def narrowest(self) -> int:
        return 16

    def check_spec(self, spec: ImageSpec) -> None:
        super().check_spec(spec)
        least = 2 * self.stride  # leaves the 4 x 4 maps that the auxiliary heads read
        if self.auxiliary and spec.size < least:
            raise UserError(
                f"images of {spec.size} x {spec.size} are too small for googlenet's auxiliary "
                f"heads: enlarge them by --size {least} or more, or give --no-auxiliary"
            )


# Section 6: momentum 0.9, the rate falls by 4% every 8 epochs; what the paper leaves open is as
# in AlexNet.
_PAPER = {
    **AS_PUBLISHED,
    **PHOTOGRAPHS,
    "width": 1.0,
    "epochs": 250,
    "optimiser": "sgd",
    "step_decay": (8 / 250, 8 / 250, 0.96),
}

PRESETS = {
    "quick": Preset(ImageSpec(size=16), {**QUICK_PLAIN, "epochs": 1}, "digits"),
    "cpu": Preset(ImageSpec()),
    "long": Preset(ImageSpec(), {"width": 1.0, "epochs": 30}),
    "paper": Preset(
        IMAGENET,
        _PAPER,
        variants={
            "variant": {
                "torchvision": Preset(
                    IMAGENET, _PAPER | {"variant": "torchvision", "norm": "batch"}
                )
            }
        },
    ),
}
