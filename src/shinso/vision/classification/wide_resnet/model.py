"""Wide residual networks: Zagoruyko and Komodakis 2016, Wide residual networks.

    y = x + F(x),  F = BN-ReLU-Conv-BN-ReLU-(dropout)-Conv       (figure 1d)

Fewer blocks with k times the channels (table 1): three stages of n blocks with 16k, 32k and 64k at
full, half and quarter resolution, 6n + 4 layers with weights. For photographs (section 3) it is
the residual network of 50 layers with bottlenecks k times as wide inside.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional as F

from shinso.layers.normalisation import norm2d
from shinso.layers.residual import (
    Bottleneck,
    PreActivationBlock,
    stages,
    start_as_he,
    stem_convolution,
    stem_pooling,
)

if TYPE_CHECKING:
    from shinso.vision.classification.recipe import ImageSpec
    from shinso.vision.classification.wide_resnet.recipe import WideResNetRecipe

PHOTOGRAPH_PLAN = ((256, 3), (512, 4), (1024, 6), (2048, 3))  # outputs and blocks of each stage


class WideResNet(nn.Module):
    """Depth 28, width 10: 36,479,194 parameters on 3 x 32 x 32 with 10 classes."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self,
        channels: int = 3,
        classes: int = 10,
        depth: int = 28,
        width: int = 10,
        dropout: float = 0.0,
        norm: str = "batch",
        stem: str = "small",
    ) -> None:
        super().__init__()
        block = partial(PreActivationBlock, norm=norm, dropout=dropout)
        plan = [(outputs * width, (depth - 4) // 6) for outputs in (16, 32, 64)]
        self.stem = stem_convolution(stem, channels, 16, norm)
        self.pooling = stem_pooling(stem)
        self.stages = stages(block, 16, plan)
        self.norm = norm2d(norm, 64 * width)
        self.output = nn.Linear(64 * width, classes)
        start_as_he(self)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        maps = self.pooling(self.stem(images))  # (B, 16, H, W)
        for blocks in self.stages:
            maps = blocks(maps)  # at last (B, 64 width, H/4, W/4)
        return self.output(F.relu(self.norm(maps)).mean(dim=(2, 3)))


class WideBottleneckResNet(nn.Module):
    """Width 2: 68,883,240 parameters with 1,000 classes and a large stem, torchvision's
    wide_resnet50_2."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self,
        channels: int = 3,
        classes: int = 1000,
        width: int = 2,
        norm: str = "batch",
        stem: str = "large",
    ) -> None:
        super().__init__()
        block = partial(Bottleneck, norm=norm, widening=width)
        self.stem = nn.Sequential(stem_convolution(stem, channels, 64, norm), norm2d(norm, 64))
        self.pooling = stem_pooling(stem)
        self.stages = stages(block, 64, PHOTOGRAPH_PLAN)
        self.output = nn.Linear(PHOTOGRAPH_PLAN[-1][0], classes)
        start_as_he(self)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        maps = self.pooling(F.relu(self.stem(images)))  # (B, 64, H/4, W/4)
        for blocks in self.stages:
            maps = blocks(maps)  # at last (B, 2048, H/32, W/32)
        return self.output(maps.mean(dim=(2, 3)))


def build(recipe: WideResNetRecipe, spec: ImageSpec) -> dict[str, nn.Module]:
    network: nn.Module
    if recipe.for_photographs:
        network = WideBottleneckResNet(
            spec.channels, spec.classes, recipe.width, recipe.norm, recipe.stem
        )
    else:
        network = WideResNet(
            spec.channels,
            spec.classes,
            recipe.depth,
            recipe.width,
            recipe.dropout,
            recipe.norm,
            recipe.stem,
        )
    return {"classifier": network}
