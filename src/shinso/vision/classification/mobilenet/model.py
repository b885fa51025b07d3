"""MobileNets: Howard et al. 2017, Efficient convolutional neural networks for mobile vision
applications, section 3 and table 1.

A standard convolution filters and combines at once; here a depthwise one filters each channel by
itself, and a pointwise one (1 x 1) combines them. With kernels of K x K, M channels in, N out and
maps of F x F that costs K K M F F + M N F F in place of K K M N F F multiply-adds (section 3.1).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor, nn

from shinso.layers.blocks import ConvolutionUnit

if TYPE_CHECKING:
    from shinso.vision.classification.mobilenet.recipe import MobileNetRecipe
    from shinso.vision.classification.recipe import ImageSpec

FIRST = 32  # channels of the first convolution
# Table 1, channels out and stride of each pair. (It prints stride 2 for the last depthwise
# convolution too, between maps of the same 7 x 7.)
BLOCKS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *5 * ((512, 1),),
    (1024, 2),
    (1024, 1),
)


class SeparableConvolution(nn.Sequential):
    """A depthwise and a pointwise convolution, each normalised and activated (figure 3)."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: str) -> None:
        super().__init__()
        unit = partial(ConvolutionUnit, norm=norm, activation=nn.ReLU6)
        self.depthwise = unit(inputs, inputs, 3, stride, groups=inputs)
        self.pointwise = unit(inputs, outputs, 1)


class MobileNet(nn.Module):
    """4,231,976 parameters on 3 x 224 x 224 with 1000 classes."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self,
        channels: int = 3,
        classes: int = 1000,
        width: float = 1.0,
        stem: str = "large",
        norm: str = "batch",
    ) -> None:
        """`width` is the multiplier alpha of section 3.3."""
        super().__init__()
        outputs = int(FIRST * width)
        self.stem = ConvolutionUnit(
            channels, outputs, 3, 2 if stem == "large" else 1, norm=norm, activation=nn.ReLU6
        )
        blocks = []
        for count, stride in BLOCKS:
            inputs, outputs = outputs, int(count * width)
            blocks.append(SeparableConvolution(inputs, outputs, stride, norm))
        self.blocks = nn.Sequential(*blocks)
        self.output = nn.Linear(outputs, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        maps = self.stem(images)  # (B, 32, H/2, W/2), (B, 32, H, W) with the small stem
        maps = self.blocks(maps)  # (B, 1024, H/32, W/32), or H/16, W/16
        return self.output(maps.mean(dim=(2, 3)))


def build(recipe: MobileNetRecipe, spec: ImageSpec) -> dict[str, nn.Module]:
    network = MobileNet(spec.channels, spec.classes, recipe.width, recipe.stem, recipe.norm)
    return {"classifier": network}
