"""Residual networks: He, Zhang, Ren and Sun 2016, Deep residual learning for image recognition.

    y = ReLU(F(x) + shortcut(x))                       (equations 1 and 2)
    F = Conv-BN-ReLU-Conv-BN, or with three convolutions, of 1 x 1, 3 x 3 and 1 x 1

For small images (section 4.2): a 3 x 3 convolution, then three stages of n blocks with 16, 32 and
64 channels at full, half and quarter resolution, 6n + 2 layers with weights. For photographs
(table 1): four stages from 64 channels on, behind a stem that leaves a quarter of the resolution.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional as F

from shinso.layers.normalisation import norm2d
from shinso.layers.residual import (
    BasicBlock,
    Bottleneck,
    stages,
    start_as_he,
    stem_convolution,
    stem_pooling,
)

if TYPE_CHECKING:
    from shinso.vision.classification.recipe import ImageSpec
    from shinso.vision.classification.resnet.recipe import ResNetRecipe

TABLE_1 = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}
WIDTHS = {BasicBlock: (64, 128, 256, 512), Bottleneck: (256, 512, 1024, 2048)}
SMALL_WIDTHS = (16, 32, 64)


class ResNet(nn.Module):
    """Depth 20: 269,722 parameters on 3 x 32 x 32 with 10 classes; depth 50: 25,557,032 with 1,000
    classes, a large stem and shortcuts B."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self,
        channels: int = 3,
        classes: int = 10,
        depth: int = 20,
        shortcut: str = "A",
        norm: str = "batch",
        stem: str = "small",
    ) -> None:
        super().__init__()
        kind, plan = blocks_of(depth)
        width = 64 if depth in TABLE_1 else 16
        block = partial(kind, shortcut=shortcut, norm=norm)
        self.stem = nn.Sequential(
            stem_convolution(stem, channels, width, norm), norm2d(norm, width)
        )
        self.pooling = stem_pooling(stem)
        self.stages = stages(block, width, plan)
        self.output = nn.Linear(plan[-1][0], classes)
        start_as_he(self)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        maps = self.pooling(F.relu(self.stem(images)))  # (B, 16 or 64, H, W), or H/4, W/4
        for blocks in self.stages:
            maps = blocks(maps)  # half of height and width by each but the first
        return self.output(maps.mean(dim=(2, 3)))


def blocks_of(depth: int) -> tuple[type[nn.Module], list[tuple[int, int]]]:
    """Their kind, and of each stage their outputs and their number."""
    if depth in TABLE_1:
        kind, counts = TABLE_1[depth]
        return kind, list(zip(WIDTHS[kind], counts, strict=True))
    return BasicBlock, [(outputs, (depth - 2) // 6) for outputs in SMALL_WIDTHS]


def build(recipe: ResNetRecipe, spec: ImageSpec) -> dict[str, nn.Module]:
    network = ResNet(
        spec.channels,
        spec.classes,
        recipe.depth,
        recipe.shortcut_kind,
        recipe.norm,
        recipe.stem,
    )
    return {"classifier": network}
