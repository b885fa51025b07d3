"""Blocks that several convolutional networks are made of."""

from __future__ import annotations

from torch import nn

from shinso.layers.normalisation import norm2d


class ConvolutionUnit(nn.Sequential):
    """A convolution, its normalisation and an activation.

    It keeps the resolution, or divides it by the stride. A bias would be taken away again by the
    normalisation, so it has one where there is none, or where `bias` asks for it.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        *,
        groups: int = 1,
        norm: str = "batch",
        activation: type[nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            inputs,
            outputs,
            kernel,
            stride,
            padding=kernel // 2,
            groups=groups,
            bias=norm == "none",
        )
        self.norm = norm2d(norm, outputs)
        self.activation = activation()
