"""Residual networks for small images: He, Zhang, Ren and Sun 2016, section 4.2.

    y = ReLU(F(x) + shortcut(x)),  F = Conv-BN-ReLU-Conv-BN    (equations 1 and 2)

A 3 x 3 convolution, then three stages of n blocks with 16, 32 and 64 channels at full, half and
quarter resolution: 6n + 2 layers with weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from shinso.vision.classification.recipe import ImageSpec
    from shinso.vision.classification.resnet.recipe import ResNetRecipe

WIDTHS = (16, 32, 64)


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """Keeps the resolution, or halves it; batch normalisation makes a bias useless."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


class PaddedShortcut(nn.Module):
    """Option A: every second pixel, and zeros for the new channels; no parameters."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.added = outputs - inputs

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) to (B, 2C, H/2, W/2)."""
        before = self.added // 2
        return F.pad(maps[:, :, ::2, ::2], (0, 0, 0, 0, before, self.added - before))


class ProjectedShortcut(nn.Sequential):
    """Option B: a 1 x 1 convolution with stride 2."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(convolution(inputs, outputs, 1, stride=2), nn.BatchNorm2d(outputs))


SHORTCUTS = {"A": PaddedShortcut, "B": ProjectedShortcut}


class BasicBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, shortcut: str) -> None:
        super().__init__()
        changes = inputs != outputs
        self.conv1 = convolution(inputs, outputs, 3, stride=2 if changes else 1)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = convolution(outputs, outputs, 3)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = SHORTCUTS[shortcut](inputs, outputs) if changes else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        residual = F.relu(self.bn1(self.conv1(maps)))
        residual = self.bn2(self.conv2(residual))
        return F.relu(residual + self.shortcut(maps))


class ResNet(nn.Module):
    """Depth 20: 269,722 parameters on 3 x 32 x 32 with 10 classes, option A."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self, channels: int = 3, classes: int = 10, depth: int = 20, shortcut: str = "A"
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(convolution(channels, WIDTHS[0], 3), nn.BatchNorm2d(WIDTHS[0]))
        inputs = [WIDTHS[0], *WIDTHS]
        self.stages = nn.ModuleList(
            stage(inputs[i], width, (depth - 2) // 6, shortcut) for i, width in enumerate(WIDTHS)
        )
        self.output = nn.Linear(WIDTHS[-1], classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        maps = F.relu(self.stem(images))  # (B, 16, H, W)
        for blocks in self.stages:
            maps = blocks(maps)  # at last (B, 64, H/4, W/4)
        return self.output(maps.mean(dim=(2, 3)))


def stage(inputs: int, outputs: int, count: int, shortcut: str) -> nn.Sequential:
    """`count` blocks, the first of which changes the shape."""
    first = BasicBlock(inputs, outputs, shortcut)
    return nn.Sequential(first, *(BasicBlock(outputs, outputs, shortcut) for _ in range(count - 1)))


def build(recipe: ResNetRecipe, spec: ImageSpec) -> dict[str, nn.Module]:
    return {"classifier": ResNet(spec.channels, spec.classes, recipe.depth, recipe.shortcut)}
