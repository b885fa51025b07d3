"""Pyramidal residual networks: Han, Kim and Kim 2017, Deep pyramidal residual networks.

    D_k = 16 + alpha k / N channels behind block k of N     (section 2, additive)
    y = padded(x) + F(x),  F = BN-Conv-BN-ReLU-Conv-BN      (figure 6d)

Channels grow a little at each block and not all at once where the maps shrink. A first activation
in a block, or projections in shortcuts, do harm (section 3): new channels are zeros, and where the
maps shrink the shortcut takes means.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional as F

from shinso.layers.normalisation import norm2d
from shinso.layers.residual import convolution, start_as_he, stem_convolution, stem_pooling

if TYPE_CHECKING:
    from shinso.vision.classification.pyramidnet.recipe import PyramidNetRecipe
    from shinso.vision.classification.recipe import ImageSpec

FIRST = 16  # channels
STAGES = 3


class PyramidBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, norm: str = "batch") -> None:
        super().__init__()
        self.norm1 = norm2d(norm, inputs)
        self.conv1 = convolution(inputs, outputs, 3, stride, norm)
        self.norm2 = norm2d(norm, outputs)
        self.conv2 = convolution(outputs, outputs, 3, norm=norm)
        self.norm3 = norm2d(norm, outputs)
        self.added = outputs - inputs
        self.halves = stride == 2

    def forward(self, maps: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        residual = F.relu(self.norm2(self.conv1(self.norm1(maps))))
        residual = self.norm3(self.conv2(residual))
        if self.halves:
            maps = F.avg_pool2d(maps, 2, ceil_mode=True)
        return residual + F.pad(maps, (0, 0, 0, 0, 0, self.added))


class PyramidNet(nn.Module):
    """Depth 110, alpha 48: 1,772,706 parameters on 3 x 32 x 32 with 10 classes."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self,
        channels: int = 3,
        classes: int = 10,
        depth: int = 110,
        alpha: int = 48,
        norm: str = "batch",
        stem: str = "small",
    ) -> None:
        super().__init__()
        each = (depth - 2) // 6
        count = STAGES * each
        widths = [round(FIRST + alpha * k / count) for k in range(count + 1)]
        self.stem = nn.Sequential(
            stem_convolution(stem, channels, FIRST, norm), norm2d(norm, FIRST)
        )
        self.pooling = stem_pooling(stem)
        self.blocks = nn.Sequential(
            *(
                PyramidBlock(inputs, outputs, 2 if k in (each, 2 * each) else 1, norm)
                for k, (inputs, outputs) in enumerate(pairwise(widths))
            )
        )
        self.norm = norm2d(norm, widths[-1])
        self.output = nn.Linear(widths[-1], classes)
        start_as_he(self)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        maps = self.pooling(self.stem(images))  # (B, 16, H, W)
        maps = self.blocks(maps)  # (B, 16 + alpha, H/4, W/4)
        return self.output(F.relu(self.norm(maps)).mean(dim=(2, 3)))


def build(recipe: PyramidNetRecipe, spec: ImageSpec) -> dict[str, nn.Module]:
    network = PyramidNet(
        spec.channels,
        spec.classes,
        recipe.depth,
        recipe.alpha,
        recipe.norm,
        recipe.stem,
    )
    return {"classifier": network}
