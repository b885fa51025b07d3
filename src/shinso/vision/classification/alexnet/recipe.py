"""Every choice that makes an AlexNet. Imports no torch."""

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
class AlexNetRecipe(ScaledRecipe):
    columns: int = option(
        1,
        "1: that of 2014, as torchvision has it; 2: that of 2012, in halves that see each other "
        "in three layers, with local response normalisation and the paper's initial weights",
        minimum=1,
        maximum=2,
    )

    norm: str = "none"
    width: float = 0.5
    learning_rate: float = 0.01

    @property
    def stride(self) -> int:
        return 32 if self.stem == "large" else 8

    @property
    def narrowest(self) -> int:
        return 64 if self.columns == 1 else 48

    def check_spec(self, spec: ImageSpec) -> None:
        least = 63 if self.stem == "large" else 15
        if spec.size < least:
            raise UserError(
                f"images of {spec.size} x {spec.size} are too small for alexnet with the "
                f"{self.stem} stem, whose third pooling leaves nothing of them: enlarge them by "
                f"--size {least} or more"
            )


# Section 5, and crops of 224 out of 256 pixels: about 90 epochs, the rate divided by 10 thrice.
_PAPER = {
    **AS_PUBLISHED,
    **PHOTOGRAPHS,
    "columns": 2,
    "width": 1.0,
    "epochs": 90,
    "optimiser": "sgd",
    "step_decay": (0.25, 0.25, 0.1),
}

PRESETS = {
    "quick": Preset(ImageSpec(size=16), {**QUICK_PLAIN, "epochs": 2}, "digits"),
    "cpu": Preset(ImageSpec()),
    "long": Preset(ImageSpec(), {"width": 1.0, "epochs": 60}),
    "paper": Preset(IMAGENET, _PAPER),
}
