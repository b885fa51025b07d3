"""Residual blocks, y = shortcut(x) + F(x), and what the networks made of them share.

He et al. 2016a, Deep residual learning for image recognition, activate the sum; He et al. 2016b,
Identity mappings in deep residual networks, activate before each convolution instead, so that
nothing stands in the way from block to block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch import Tensor, nn
from torch.nn import functional as F

from shinso.layers.normalisation import norm2d


def convolution(
    inputs: int, outputs: int, kernel: int, stride: int = 1, norm: str = "batch"
) -> nn.Conv2d:
    """Keeps the resolution, or divides it by the stride; normalisation makes a bias useless."""
    padding, bias = kernel // 2, norm == "none"
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=padding, bias=bias)


# Shortcuts ----------------------------------------------------------------------------------------


class PaddedShortcut(nn.Module):
    """Option A: every second pixel, and zeros for the new channels; no parameters."""

    def __init__(self, inputs: int, outputs: int, stride: int = 2) -> None:
        super().__init__()
        self.added = outputs - inputs
        self.stride = stride

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C + added, H / stride, W / stride)."""
        before = self.added // 2
        taken = maps[:, :, :: self.stride, :: self.stride]
        return F.pad(taken, (0, 0, 0, 0, before, self.added - before))


def shortcut_of(kind: str, inputs: int, outputs: int, stride: int, norm: str) -> nn.Module | None:
    """Of a block with its activation behind the sum: the identity where it fits, else by kind.

    A pads with zeros and B projects (He et al. 2016a, section 3.3); none is that of a plain
    network, which has no shortcuts at all.
    """
    if kind == "none":
        return None
    if inputs == outputs and stride == 1:
        return nn.Identity()
    if kind == "A":
        return PaddedShortcut(inputs, outputs, stride)
    projection = convolution(inputs, outputs, 1, stride, norm)
    return nn.Sequential(projection, norm2d(norm, outputs))


# Activation behind the sum ------------------------------------------------------------------------


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions: He et al. 2016a, figure 5, left."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, shortcut: str = "B", norm: str = "batch"
    ) -> None:
        super().__init__()
        self.conv1 = convolution(inputs, outputs, 3, stride, norm)
        self.bn1 = norm2d(norm, outputs)  # its name in weights; of any kind
        self.conv2 = convolution(outputs, outputs, 3, norm=norm)
        self.bn2 = norm2d(norm, outputs)
        self.shortcut = shortcut_of(shortcut, inputs, outputs, stride, norm)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        residual = F.relu(self.bn1(self.conv1(maps)))
        residual = self.bn2(self.conv2(residual))
        return activated_sum(residual, maps, self.shortcut)


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1, the middle one with a quarter of the outputs, or `widening` times as
    many: He et al. 2016a, figure 5, right; Zagoruyko and Komodakis 2016, section 3.

    The stride is in the 3 x 3, as torchvision and timm have it; the paper's is in the first 1 x 1,
    which then reads a quarter of the pixels.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int,
        shortcut: str = "B",
        norm: str = "batch",
        widening: int = 1,
    ) -> None:
        super().__init__()
        inner = widening * outputs // 4
        self.conv1 = convolution(inputs, inner, 1, norm=norm)
        self.bn1 = norm2d(norm, inner)
        self.conv2 = convolution(inner, inner, 3, stride, norm)
        self.bn2 = norm2d(norm, inner)
        self.conv3 = convolution(inner, outputs, 1, norm=norm)
        self.bn3 = norm2d(norm, outputs)
        self.shortcut = shortcut_of(shortcut, inputs, outputs, stride, norm)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        residual = F.relu(self.bn1(self.conv1(maps)))
        residual = F.relu(self.bn2(self.conv2(residual)))
        residual = self.bn3(self.conv3(residual))
        return activated_sum(residual, maps, self.shortcut)


def activated_sum(residual: Tensor, maps: Tensor, shortcut: nn.Module | None) -> Tensor:
    """Equations 1 and 2 of He et al. 2016a; without a shortcut, the block of a plain network."""
    return F.relu(residual if shortcut is None else residual + shortcut(maps))


# Activation before the convolutions ---------------------------------------------------------------


class PreActivationBlock(nn.Module):
    """BN-ReLU-Conv twice: He et al. 2016b, figure 4e; with dropout between, Zagoruyko and
    Komodakis 2016, figure 1d.

    Where the shape changes, a convolution of the activated maps is the shortcut.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int,
        norm: str = "batch",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.norm1 = norm2d(norm, inputs)
        self.conv1 = convolution(inputs, outputs, 3, stride, norm)
        self.norm2 = norm2d(norm, outputs)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = convolution(outputs, outputs, 3, norm=norm)
        self.shortcut = projection_of(inputs, outputs, stride, norm)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        active = F.relu(self.norm1(maps))
        residual = self.dropout(F.relu(self.norm2(self.conv1(active))))
        residual = self.conv2(residual)
        return residual + (maps if self.shortcut is None else self.shortcut(active))


class PreActivationBottleneck(nn.Module):
    """BN-ReLU-Conv three times, of 1 x 1, 3 x 3 and 1 x 1: He et al. 2016b, section 4."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: str = "batch") -> None:
        super().__init__()
        inner = outputs // 4
        self.norm1 = norm2d(norm, inputs)
        self.conv1 = convolution(inputs, inner, 1, norm=norm)
        self.norm2 = norm2d(norm, inner)
        self.conv2 = convolution(inner, inner, 3, stride, norm)
        self.norm3 = norm2d(norm, inner)
        self.conv3 = convolution(inner, outputs, 1, norm=norm)
        self.shortcut = projection_of(inputs, outputs, stride, norm)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        active = F.relu(self.norm1(maps))
        residual = self.conv2(F.relu(self.norm2(self.conv1(active))))
        residual = self.conv3(F.relu(self.norm3(residual)))
        return residual + (maps if self.shortcut is None else self.shortcut(active))


def projection_of(inputs: int, outputs: int, stride: int, norm: str) -> nn.Conv2d | None:
    """None where the identity fits."""
    if inputs == outputs and stride == 1:
        return None
    return convolution(inputs, outputs, 1, stride, norm)


# Networks of blocks -------------------------------------------------------------------------------


def stem_convolution(kind: str, channels: int, outputs: int, norm: str) -> nn.Conv2d:
    """3 x 3 for small images, or 7 x 7 with stride 2 for photographs."""
    if kind == "large":
        return convolution(channels, outputs, 7, stride=2, norm=norm)
    return convolution(channels, outputs, 3, norm=norm)


def stem_pooling(kind: str) -> nn.Module:
    return nn.MaxPool2d(3, stride=2, padding=1) if kind == "large" else nn.Identity()


def stages(
    block: Callable[[int, int, int], nn.Module],
    inputs: int,
    plan: Iterable[tuple[int, int]],
) -> nn.ModuleList:
    """Of (outputs, number of blocks) each; the first block of each but the first halves the maps.

    `block` is called with inputs, outputs and stride.
    """
    made = nn.ModuleList()
    for number, (outputs, count) in enumerate(plan):
        first = block(inputs, outputs, 1 if number == 0 else 2)
        others = (block(outputs, outputs, 1) for _ in range(count - 1))
        made.append(nn.Sequential(first, *others))
        inputs = outputs
    return made


def start_as_he(network: nn.Module) -> None:
    """Convolutions N(0, 2 / fan out): He et al. 2015, Delving deep into rectifiers, equation 14."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
