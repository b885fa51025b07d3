"""Normalisations: each written out for reading, and torch's own of the same mathematics to run.

    y = weight * (x - mean) / sqrt(variance + epsilon) + bias

with a weight and a bias of each channel. They differ in what mean and variance are taken over; of
maps (B, C, H, W):

    batch     B, H, W        each channel, over the examples; the only one that mixes examples
    layer     C, H, W        each example
    instance  H, W           each channel of each example
    group     C / G, H, W    each of G groups of channels of each example

The running statistics of the first stand in for those of the batch in evaluation mode. All have
the weights' names of torch's, so that a state_dict of one loads into the other. Layer, instance
and group are figure 2 of Wu and He 2018, Group normalization, section 3.1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from shinso.core.errors import UserError, nearest


def norm2d(kind: str, channels: int) -> nn.Module:
    """torch's own for maps (B, C, H, W): batch, layer, instance, group or none.

    Groups are the 32 of Wu and He 2018, or fewer that divide the channels and have two at least:
    with one each it would be instance normalisation. Raises UserError for another kind.
    """
    match kind:
        case "batch":
            return nn.BatchNorm2d(channels)
        case "layer":
            return nn.GroupNorm(1, channels)
        case "instance":
            return nn.InstanceNorm2d(channels, affine=True)
        case "group":
            return nn.GroupNorm(math.gcd(32, channels, channels // 2), channels)
        case "none":
            return nn.Identity()
    known = ("batch", "layer", "instance", "group", "none")
    raise UserError(f"no normalisation is named {kind!r}; {nearest(kind, known)}")


class Normalisation(nn.Module):
    """What all four share: a weight, a bias, and the division by the deviation."""

    def __init__(self, channels: int, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def standardised(self, x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        return (x - mean) / torch.sqrt(variance + self.epsilon)

    def scaled(self, x: Tensor) -> Tensor:
        """(B, C, ...): each channel by its own weight and bias."""
        return along_channels(self.weight, x) * x + along_channels(self.bias, x)


class BatchNorm(Normalisation):
    """Ioffe and Szegedy 2015, Batch normalization, algorithms 1 and 2.

    running <- (1 - momentum) * running + momentum * of the batch

    where the variance that is kept is the unbiased one, n / (n - 1) times that which is divided
    by.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, channels: int, epsilon: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(channels, epsilon)
        self.momentum = momentum
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C) or (B, C, H, W) to the same shape.

        Raises UserError in training mode where a channel has one value alone.
        """
        mean, variance = self.running_mean, self.running_var  # (C,)
        if self.training:
            mean, variance = self._of_batch(x)
        mean, variance = along_channels(mean, x), along_channels(variance, x)
        return self.scaled(self.standardised(x, mean, variance))

    def _of_batch(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of each channel, (C,), which the running ones follow."""
        values = x.transpose(0, 1).flatten(1)  # (C, n)
        count = values.shape[1]
        if count == 1:
            raise UserError("a batch of one value a channel has no variance: enlarge the batch")
        mean, variance = moments(values)  # (C, 1)
        with torch.no_grad():
            self.running_mean.lerp_(mean.squeeze(1), self.momentum)
            self.running_var.lerp_(variance.squeeze(1) * count / (count - 1), self.momentum)
            self.num_batches_tracked += 1
        return mean, variance


class GroupNorm(Normalisation):
    """Wu and He 2018, Group normalization, equations 1, 2 and 7."""

    def __init__(self, groups: int, channels: int, epsilon: float = 1e-5) -> None:
        """Raises UserError where the groups do not divide the channels."""
        super().__init__(channels, epsilon)
        if channels % groups:
            raise UserError(f"{groups} groups do not divide {channels} channels")
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """(B, C) or (B, C, H, W) to the same shape.

        Raises UserError where a group has one value alone.
        """
        grouped = x.reshape(len(x), self.groups, -1)  # (B, G, C / G * H * W)
        if grouped.shape[2] == 1:
            raise UserError("a group of one value has no variance: fewer groups, or larger maps")
        standard = self.standardised(grouped, *moments(grouped))
        return self.scaled(standard.view_as(x))


class LayerNorm(GroupNorm):
    """Ba, Kiros and Hinton 2016, Layer normalization, equation 3: all channels are one group.

    Of (B, C) it is torch's LayerNorm; of maps torch's would have a weight for each pixel, where
    convolutional networks have one for each channel.
    """

    def __init__(self, channels: int, epsilon: float = 1e-5) -> None:
        super().__init__(1, channels, epsilon)


class InstanceNorm(GroupNorm):
    """Ulyanov, Vedaldi and Lempitsky 2016, Instance normalization, equation 3: each channel is a
    group, so that it has none of (B, C)."""

    def __init__(self, channels: int, epsilon: float = 1e-5) -> None:
        super().__init__(channels, channels, epsilon)


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and (biased) variance over the last dimension, which stays as 1."""
    mean = x.mean(dim=-1, keepdim=True)
    return mean, (x - mean).square().mean(dim=-1, keepdim=True)


def along_channels(values: Tensor, x: Tensor) -> Tensor:
    """(C,) or (C, 1), to be combined with x (B, C, ...)."""
    return values.view(1, -1, *[1] * (x.dim() - 2))
