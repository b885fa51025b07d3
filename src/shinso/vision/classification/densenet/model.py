"""DenseNets: Huang, Liu, van der Maaten and Weinberger 2017, Densely connected convolutional
networks, section 3 and table 1.

    x_l = H_l([x_0, x_1, ..., x_(l-1)])    (equation 2)

Each layer sees the maps of all layers before it in its block and adds k of its own, so that layer
l + 1 has (l + 1) k channels more than the block was given. Between blocks a transition halves the
resolution and compresses the channels.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from shinso.layers.normalisation import norm2d

if TYPE_CHECKING:
    from shinso.vision.classification.densenet.recipe import DenseNetRecipe
    from shinso.vision.classification.recipe import ImageSpec

PLAIN_STEM = 16  # channels of the first convolution without bottlenecks; with them it is 2 k
BOTTLENECK = 4  # times k are the channels between a layer's two convolutions


class PreActivated(nn.Sequential):
    """BN-ReLU-Conv, after He et al. 2016b; it keeps the resolution."""

    def __init__(self, inputs: int, outputs: int, kernel: int, norm: str) -> None:
        super().__init__()
        self.norm = norm2d(norm, inputs)
        self.activation = nn.ReLU()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=norm == "none")


class DenseLayer(nn.Sequential):
    """H_l: BN-ReLU-Conv 3 x 3, with a bottleneck of 1 x 1 before it (section 3, DenseNet-B)."""

    def __init__(self, inputs: int, growth: int, bottleneck: bool, norm: str) -> None:
        super().__init__()
        if bottleneck:
            self.bottleneck = PreActivated(inputs, BOTTLENECK * growth, 1, norm)
            inputs = BOTTLENECK * growth
        self.convolution = PreActivated(inputs, growth, 3, norm)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C + k, H, W): what it was given, and its own behind that."""
        return torch.cat((maps, super().forward(maps)), dim=1)


class Transition(nn.Sequential):
    """Section 3, pooling layers and compression: BN-ReLU-Conv 1 x 1 and the mean of 2 x 2."""

    def __init__(self, inputs: int, outputs: int, norm: str) -> None:
        super().__init__()
        self.convolution = PreActivated(inputs, outputs, 1, norm)
        self.pool = nn.AvgPool2d(2)


class DenseNet(nn.Module):
    """DenseNet-121: 7,978,856 parameters on 3 x 224 x 224 with 1000 classes."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self,
        channels: int = 3,
        classes: int = 1000,
        layers: Sequence[int] = (6, 12, 24, 16),
        growth: int = 32,
        bottleneck: bool = True,
        compression: float = 0.5,
        stem: str = "large",
        norm: str = "batch",
    ) -> None:
        """`layers` of each dense block, `growth` k, `compression` theta."""
        super().__init__()
        width = 2 * growth if bottleneck else PLAIN_STEM
        parts: list[tuple[str, nn.Module]] = [("stem", _stem(channels, width, stem, norm))]
        for number, count in enumerate(layers, 1):
            inputs = [width + growth * before for before in range(count)]
            block = (DenseLayer(before, growth, bottleneck, norm) for before in inputs)
            parts.append((f"block{number}", _numbered("layer", block)))
            width += growth * count
            if number < len(layers):
                compressed = int(width * compression)
                parts.append((f"transition{number}", Transition(width, compressed, norm)))
                width = compressed
        self.features = nn.Sequential(OrderedDict(parts))
        self.norm = norm2d(norm, width)
        self.activation = nn.ReLU()
        self.output = nn.Linear(width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        maps = self.activation(self.norm(self.features(images)))  # (B, 1024, H/32, W/32)
        return self.output(maps.mean(dim=(2, 3)))


def _stem(channels: int, width: int, kind: str, norm: str) -> nn.Sequential:
    """Table 1: 7 x 7 and pooling, to a quarter of the resolution; for small images 3 x 3."""
    bias = norm == "none"
    if kind == "small":
        conv = nn.Conv2d(channels, width, 3, padding=1, bias=bias)
        return nn.Sequential(OrderedDict(conv=conv))
    conv = nn.Conv2d(channels, width, 7, stride=2, padding=3, bias=bias)
    pool = nn.MaxPool2d(3, stride=2, padding=1)
    parts = OrderedDict(conv=conv, norm=norm2d(norm, width), activation=nn.ReLU(), pool=pool)
    return nn.Sequential(parts)


def _numbered(name: str, modules: Iterable[nn.Module]) -> nn.Sequential:
    """A chain of modules that are counted from 1, as papers do."""
    return nn.Sequential(OrderedDict((f"{name}{i}", m) for i, m in enumerate(modules, 1)))


def build(recipe: DenseNetRecipe, spec: ImageSpec) -> dict[str, nn.Module]:
    network = DenseNet(
        spec.channels,
        spec.classes,
        recipe.layers,
        recipe.growth,
        recipe.bottleneck,
        recipe.compression,
        recipe.stem,
        recipe.norm,
    )
    return {"classifier": network}
