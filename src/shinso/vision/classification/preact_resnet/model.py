"""Pre-activation residual networks: He, Zhang, Ren and Sun 2016, Identity mappings in deep residual
networks.

    y = x + F(x),  F = BN-ReLU-Conv-BN-ReLU-Conv, or with three convolutions    (equations 3 and 4)

Nothing but additions stands between any two blocks, so that the error reaches each of them as it
is (equation 5). For small images three stages, from 16 channels on, of basic blocks (6n + 2 layers)
or bottlenecks (9n + 2); for photographs four stages of bottlenecks.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional as F

from shinso.layers.normalisation import norm2d
from shinso.layers.residual import (
    PreActivationBlock,
    PreActivationBottleneck,
    stages,
    start_as_he,
    stem_convolution,
    stem_pooling,
)

if TYPE_CHECKING:
    from shinso.vision.classification.preact_resnet.recipe import PreActResNetRecipe
    from shinso.vision.classification.recipe import ImageSpec

COUNTS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
WIDTHS = (256, 512, 1024, 2048)


class PreActResNet(nn.Module):
    """Depth 164 of bottlenecks: 1,703,258 parameters on 3 x 32 x 32 with 10 classes; depth 50:
    25,549,352 with 1,000 classes and a large stem."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self,
        channels: int = 3,
        classes: int = 10,
        depth: int = 20,
        bottleneck: bool = False,
        norm: str = "batch",
        stem: str = "small",
    ) -> None:
        super().__init__()
        kind, plan = blocks_of(depth, bottleneck)
        width = 64 if depth in COUNTS else 16
        self.stem = stem_convolution(stem, channels, width, norm)
        self.pooling = stem_pooling(stem)
        self.stages = stages(partial(kind, norm=norm), width, plan)
        self.norm = norm2d(norm, plan[-1][0])
        self.output = nn.Linear(plan[-1][0], classes)
        start_as_he(self)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        maps = self.pooling(self.stem(images))  # (B, 16 or 64, H, W), or H/4, W/4
        for blocks in self.stages:
            maps = blocks(maps)  # half of height and width by each but the first
        return self.output(F.relu(self.norm(maps)).mean(dim=(2, 3)))


def blocks_of(depth: int, bottleneck: bool) -> tuple[type[nn.Module], list[tuple[int, int]]]:
    """Their kind, and of each stage their outputs and their number."""
    if depth in COUNTS:
        return PreActivationBottleneck, list(zip(WIDTHS, COUNTS[depth], strict=True))
    if bottleneck:
        return PreActivationBottleneck, [(outputs, (depth - 2) // 9) for outputs in (64, 128, 256)]
    return PreActivationBlock, [(outputs, (depth - 2) // 6) for outputs in (16, 32, 64)]


def build(recipe: PreActResNetRecipe, spec: ImageSpec) -> dict[str, nn.Module]:
    network = PreActResNet(
        spec.channels,
        spec.classes,
        recipe.depth,
        recipe.bottleneck,
        recipe.norm,
        recipe.stem,
    )
    return {"classifier": network}
