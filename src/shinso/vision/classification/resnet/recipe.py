"""Every choice that makes a residual network. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.core.recipe import Preset, option
from shinso.vision.classification.recipe import ClassifierRecipe, ImageSpec


@dataclass(frozen=True, kw_only=True)
class ResNetRecipe(ClassifierRecipe):
    depth: int = option(20, "layers with weights, 6n + 2: 20, 32, 44, 56, 110", minimum=8)
    shortcut: str = option(
        "A",
        "where the shape changes: A pads with zero channels, B projects by a 1x1 convolution",
        choices=("A", "B"),
    )

    shift: int = 2
    flip: bool = True
    epochs: int | None = 20
    batch_size: int = 128
    optimiser: str = "nesterov"
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    warmup_steps: int = 400
    schedule: str = "cosine"
    precision: str = "bfloat16"
    memory_format: str = "channels_last"

    def check(self) -> None:
        super().check()
        if self.depth % 6 != 2:
            raise UserError(f"--depth is {self.depth}, must be 6n + 2: 8, 14, 20, 32, 44, 56, 110")

    def check_spec(self, spec: ImageSpec) -> None:
        if spec.size < 8:
            raise UserError(
                f"images of {spec.size} x {spec.size} are too small for resnet, which halves them "
                "twice: enlarge them by --size 8 or more"
            )


_CIFAR = ImageSpec(channels=3, size=32, mean=(0.5,) * 3, std=(0.25,) * 3)

# Section 4.2: 64,000 updates, the rate divided by 10 at half and three quarters of them.
_PAPER = {
    "shift": 4,
    "epochs": None,
    "steps": 64_000,
    "optimiser": "sgd",
    "weight_decay": 1e-4,
    "schedule": "step",
    "step_decay": (0.5, 0.25, 0.1),
    "warmup_steps": 0,
    "precision": "float32",
    "memory_format": "contiguous",
}

PRESETS = {
    "quick": Preset(ImageSpec(size=8), {"depth": 8, "epochs": 1, "warmup_steps": 5}, "digits"),
    "cpu": Preset(ImageSpec()),
    "long": Preset(_CIFAR, {"shift": 4, "epochs": 70, "label_smoothing": 0.1}, "cifar10"),
    "paper": Preset(_CIFAR, _PAPER, "cifar10"),
}
