"""MobileNetV2: Sandler et al. 2018, Inverted residuals and linear bottlenecks, section 4, tables 1
and 2.

A block expands few channels to many, filters each of those by itself, and projects them to few
again, without an activation, which would lose what few channels hold. It adds to what it was given
where the shape stays: the shortcut joins the narrow ends, not the wide ones as in a ResNet.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor, nn

from shinso.layers.blocks import ConvolutionUnit

if TYPE_CHECKING:
    from shinso.vision.classification.mobilenet_v2.recipe import MobileNetV2Recipe
    from shinso.vision.classification.recipe import ImageSpec

FIRST, LAST = 32, 1280  # channels of the first and the last convolution
# Table 2: expansion t, channels out c, blocks n, stride s of the first of them.
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
DROPOUT = 0.2  # of the authors' code; the paper has no word about it
DIVISOR = 8  # of which every number of channels is a multiple


class InvertedResidual(nn.Module):
    """Table 1: C to t C channels by 1 x 1, 3 x 3 depthwise, and by a linear 1 x 1 to C'."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int, norm: str) -> None:
        super().__init__()
        self.adds = stride == 1 and inputs == outputs
        unit = partial(ConvolutionUnit, norm=norm)
        wide = inputs * expansion
        self.expand = unit(inputs, wide, 1, activation=nn.ReLU6) if expansion > 1 else nn.Identity()
        self.depthwise = unit(wide, wide, 3, stride, groups=wide, activation=nn.ReLU6)
        self.project = unit(wide, outputs, 1, activation=nn.Identity)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H/stride, W/stride)."""
        residual = self.project(self.depthwise(self.expand(maps)))
        return maps + residual if self.adds else residual


class MobileNetV2(nn.Module):
    """3,504,872 parameters on 3 x 224 x 224 with 1000 classes."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self,
        channels: int = 3,
        classes: int = 1000,
        width: float = 1.0,
        stem: str = "large",
        norm: str = "batch",
    ) -> None:
        super().__init__()
        unit = partial(ConvolutionUnit, norm=norm, activation=nn.ReLU6)
        outputs = divisible(FIRST * width)
        self.stem = unit(channels, outputs, 3, 2 if stem == "large" else 1)
        blocks = []
        for expansion, count, repeats, first_stride in STAGES:
            for stride in (first_stride, *(repeats - 1) * (1,)):
                inputs, outputs = outputs, divisible(count * width)
                blocks.append(InvertedResidual(inputs, outputs, stride, expansion, norm))
        self.blocks = nn.Sequential(*blocks)
        last = divisible(LAST * max(1.0, width))  # section 5: narrow networks keep the 1280
        self.last = unit(outputs, last, 1)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(last, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        maps = self.stem(images)  # (B, 32, H/2, W/2), (B, 32, H, W) with the small stem
        maps = self.blocks(maps)  # (B, 320, H/32, W/32), or H/16, W/16
        maps = self.last(maps)  # (B, 1280, H/32, W/32), or H/16, W/16
        return self.output(self.dropout(maps.mean(dim=(2, 3))))


def divisible(count: float) -> int:
    """The nearest multiple of 8, and never below nine tenths of what was asked for."""
    nearest = max(DIVISOR, int(count + DIVISOR / 2) // DIVISOR * DIVISOR)
    return nearest + DIVISOR if nearest < 0.9 * count else nearest


def build(recipe: MobileNetV2Recipe, spec: ImageSpec) -> dict[str, nn.Module]:
    network = MobileNetV2(spec.channels, spec.classes, recipe.width, recipe.stem, recipe.norm)
    return {"classifier": network}
