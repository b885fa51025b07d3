"""Every choice that makes a DenseNet. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.core.recipe import Preset, option
from shinso.vision.classification.recipe import (
    AS_PUBLISHED,
    CIFAR,
    IMAGENET,
    PHOTOGRAPHS,
    GalleryRecipe,
    ImageSpec,
)

# Table 1: dense layers of each block.
PUBLISHED = {
    121: (6, 12, 24, 16),
    161: (6, 12, 36, 24),
    169: (6, 12, 32, 32),
    201: (6, 12, 48, 32),
}


@dataclass(frozen=True, kw_only=True)
class DenseNetRecipe(GalleryRecipe):
    depth: int = option(
        22,
        "layers with weights: 121, 161, 169 or 201 for photographs; else three blocks, 6n + 4 with "
        "bottlenecks, 3n + 4 without",
        minimum=7,
    )
    growth: int = option(12, "growth rate k, the channels that each layer adds", minimum=1)
    bottleneck: bool = option(True, "1x1 convolutions to 4k channels before the 3x3 (DenseNet-B)")
    compression: float = option(
        0.5,
        "theta, the share of channels that a transition keeps; below 1 it is DenseNet-C",
        above=0,
        maximum=1,
    )

    @property
    def layers(self) -> tuple[int, ...]:
        """Dense layers of each block."""
        if self.depth in PUBLISHED:
            return PUBLISHED[self.depth]
        return 3 * ((self.depth - 4) // self._period,)

    @property
    def stride(self) -> int:
        transitions = 2 ** (len(self.layers) - 1)
        return 4 * transitions if self.stem == "large" else transitions

    @property
    def _period(self) -> int:
        """By how much one more layer in each of three blocks deepens the network."""
        return 6 if self.bottleneck else 3

    def check(self) -> None:
        super().check()
        if self.depth in PUBLISHED:
            if not self.bottleneck:
                raise UserError(f"--depth {self.depth} has bottlenecks: leave --no-bottleneck out")
        elif self.depth < 4 + self._period or (self.depth - 4) % self._period:
            n = self._period
            raise UserError(
                f"--depth is {self.depth}, must be {', '.join(map(str, PUBLISHED))} or "
                f"{n}n + 4: {n + 4}, {2 * n + 4}, ..., 40, 100"
            )
        stem = 2 * self.growth if self.bottleneck else 16
        width = stem + self.growth * self.layers[0]  # what the first transition compresses
        if width * self.compression < 1:
            raise UserError(
                f"--compression {self.compression:g} leaves no channel of the {width} of the first "
                "block: give more, such as 0.5"
            )


# Section 4.2, CIFAR: 300 epochs of batches of 64, the rate divided by 10 at half and three
# quarters of them; ImageNet: 90 epochs of 256, divided at 30 and 60.
_PAPER = {
    **AS_PUBLISHED,
    "shift": 4,
    "epochs": 300,
    "batch_size": 64,
    "weight_decay": 1e-4,
    "step_decay": (0.5, 0.25, 0.1),
}
_PHOTOGRAPHS = _PAPER | {
    **PHOTOGRAPHS,
    "growth": 32,
    "epochs": 90,
    "batch_size": 256,
    "step_decay": (1 / 3, 1 / 3, 0.1),
}


def _small(depth: int, **changes: object) -> Preset:
    return Preset(CIFAR, _PAPER | {"depth": depth} | changes, "cifar10")


PRESETS = {
    "quick": Preset(
        ImageSpec(size=8),
        {
            "depth": 16,
            "epochs": 2,
            "batch_size": 32,
            "learning_rate": 0.1,
            "warmup_steps": 5,
        },
        "digits",
    ),
    "cpu": Preset(ImageSpec()),
    "long": Preset(ImageSpec(), {"depth": 100, "epochs": 40}),
    "paper": Preset(
        IMAGENET,
        _PHOTOGRAPHS | {"depth": 121},
        variants={
            "depth": {
                # Table 2
                40: _small(40, bottleneck=False, compression=1.0),
                100: _small(100),
                161: Preset(IMAGENET, _PHOTOGRAPHS | {"depth": 161, "growth": 48}),
                190: _small(190, growth=40),
                250: _small(250, growth=24),
            }
        },
    ),
}
