"""GoogLeNet: Szegedy et al. 2015, Going deeper with convolutions, sections 4 and 5, table 1 and
figures 2b and 3.

An Inception module looks at its input through windows of three sizes at once, and 1 x 1
convolutions before the larger ones keep that cheap. Two auxiliary heads bring the error to the
middle of the network in training, and are left out afterwards.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shinso.layers.blocks import ConvolutionUnit, LocalResponse

if TYPE_CHECKING:
    from shinso.vision.classification.googlenet.recipe import GoogLeNetRecipe
    from shinso.vision.classification.recipe import ImageSpec

FIRST, SECOND = 64, 192  # channels before the first Inception module
# Table 1: 1 x 1; 3 x 3 reduced, 3 x 3; 5 x 5 reduced, 5 x 5; behind the pooling.
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
DROPOUT = 0.4
AUXILIARY_CHANNELS, AUXILIARY_DENSE, AUXILIARY_DROPOUT = 128, 1024, 0.7


class Inception(nn.Module):
    """Figure 2b: four branches of the same resolution, their channels side by side."""

    def __init__(self, inputs: int, widths: Sequence[int], largest: int, norm: str) -> None:
        """`largest` is the side of the largest window, 5 in the paper."""
        super().__init__()
        unit = partial(ConvolutionUnit, norm=norm)
        ones, reduced3, threes, reduced5, fives, pooled = widths
        self.branch1 = unit(inputs, ones, 1)
        self.branch2 = nn.Sequential(unit(inputs, reduced3, 1), unit(reduced3, threes, 3))
        self.branch3 = nn.Sequential(unit(inputs, reduced5, 1), unit(reduced5, fives, largest))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), unit(inputs, pooled, 1))
        self.outputs = ones + threes + fives + pooled

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) to (B, `outputs`, H, W)."""
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        return torch.cat([branch(maps) for branch in branches], dim=1)


class AuxiliaryHead(nn.Module):
    """Section 5: pooling to 4 x 4, 1 x 1 convolution, a dense layer, dropout, logits."""

    def __init__(self, inputs: int, classes: int, width: float, norm: str, theirs: bool) -> None:
        super().__init__()
        self.pool = F.adaptive_avg_pool2d if theirs else pooled_to
        outputs, hidden = int(AUXILIARY_CHANNELS * width), int(AUXILIARY_DENSE * width)
        self.conv = ConvolutionUnit(inputs, outputs, 1, norm=norm)
        self.dense = nn.Linear(outputs * 4 * 4, hidden)
        self.dropout = nn.Dropout(AUXILIARY_DROPOUT)
        self.output = nn.Linear(hidden, classes)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        maps = self.conv(self.pool(maps, 4))  # (B, 128, 4, 4)
        hidden = F.relu(self.dense(maps.flatten(1)))  # (B, 1024)
        return self.output(self.dropout(hidden))


class GoogLeNet(nn.Module):
    """13,378,280 parameters on 3 x 224 x 224 with 1000 classes, 6,998,552 without auxiliary heads;
    in torchvision's variant 13,004,888 and 6,624,904."""

    head = ("output", "auxiliary1", "auxiliary2")  # what fine-tuning replaces with the classes

    def __init__(
        self,
        channels: int = 3,
        classes: int = 1000,
        width: float = 1.0,
        stem: str = "large",
        norm: str = "none",
        auxiliary: bool = True,
        variant: str = "paper",
    ) -> None:
        """The small stem begins with 3 x 3 and stride 1, and pools once.

        torchvision's variant has 3 x 3 windows in place of 5 x 5, 2 x 2 in the last pooling, others
        in the auxiliary heads', no local response normalisation, and 1e-3 for BN's epsilon.
        """
        super().__init__()
        theirs = variant == "torchvision"
        blocks: dict[str, Inception] = {}
        outputs = int(SECOND * width)
        for name, published in INCEPTIONS.items():
            widths = [int(count * width) for count in published]
            blocks[name] = Inception(outputs, widths, 3 if theirs else 5, norm)
            outputs = blocks[name].outputs
        self.stem = nn.Sequential(_stem(channels, width, stem, norm, responds=not theirs))
        self.inceptions = nn.ModuleDict(blocks)
        self.pool3 = pool()
        self.pool4 = pool(2 if theirs else 3)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(outputs, classes)
        self.auxiliary1 = self.auxiliary2 = None
        if auxiliary:
            head = partial(AuxiliaryHead, classes=classes, width=width, norm=norm, theirs=theirs)
            self.auxiliary1 = head(blocks["4a"].outputs)
            self.auxiliary2 = head(blocks["4d"].outputs)
        self._initialise(theirs)

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, ...]:
        """(B, C, H, W) to logits (B, classes); in training followed by those of the auxiliary
        heads. Shapes are those of 224 pixels; 28 give half of them."""
        block = self.inceptions
        maps = self.stem(images)  # (B, 192, 28, 28)
        maps = self.pool3(block["3b"](block["3a"](maps)))  # (B, 480, 14, 14)
        early = block["4a"](maps)  # (B, 512, 14, 14)
        middle = block["4d"](block["4c"](block["4b"](early)))  # (B, 528, 14, 14)
        maps = self.pool4(block["4e"](middle))  # (B, 832, 7, 7)
        maps = block["5b"](block["5a"](maps))  # (B, 1024, 7, 7)
        logits = self.output(self.dropout(maps.mean(dim=(2, 3))))
        if not self.training or self.auxiliary1 is None or self.auxiliary2 is None:
            return logits
        return logits, self.auxiliary1(early), self.auxiliary2(middle)

    def _initialise(self, theirs: bool) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if theirs and isinstance(module, nn.BatchNorm2d):
                module.eps = 1e-3


def _stem(
    channels: int, width: float, kind: str, norm: str, responds: bool
) -> OrderedDict[str, nn.Module]:
    """Figure 3, the layers below the first Inception module."""
    first, second = int(FIRST * width), int(SECOND * width)
    unit = partial(ConvolutionUnit, norm=norm)
    large, responds = kind == "large", responds and norm == "none"
    return OrderedDict(
        conv1=unit(channels, first, 7, 2) if large else unit(channels, first, 3),
        pool1=pool() if large else nn.Identity(),
        response1=LocalResponse() if responds else nn.Identity(),
        conv2=unit(first, first, 1),
        conv3=unit(first, second, 3),
        response2=LocalResponse() if responds else nn.Identity(),
        pool2=pool(),
    )


def pool(window: int = 3) -> nn.MaxPool2d:
    return nn.MaxPool2d(window, stride=2, ceil_mode=True)


def pooled_to(maps: Tensor, side: int) -> Tensor:
    """(B, C, H, H) to (B, C, side, side) by overlapping means: 14 to 4 by 5 x 5, 3 apart."""
    stride = maps.shape[-1] // side
    return F.avg_pool2d(maps, maps.shape[-1] - (side - 1) * stride, stride)


def build(recipe: GoogLeNetRecipe, spec: ImageSpec) -> dict[str, nn.Module]:
    network = GoogLeNet(
        spec.channels,
        spec.classes,
        recipe.width,
        recipe.stem,
        recipe.norm,
        recipe.auxiliary,
        recipe.variant,
    )
    return {"classifier": network}
