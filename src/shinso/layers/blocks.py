"""Blocks that several convolutional networks are made of."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from shinso.layers.normalisation import norm2d


class ConvolutionUnit(nn.Sequential):
    """A convolution, its normalisation and an activation.

    It keeps the resolution, or divides it by the stride. It has a bias where it has no
    normalisation, which would take it away again.
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


class LocalResponse(nn.Module):
    """Krizhevsky, Sutskever and Hinton 2012, section 3.3: a value is divided by what channels near
    its own have at the same pixel.

    b_i = a_i / (k + alpha * sum of a_j^2 over the n channels around i)^beta

    As nn.LocalResponseNorm, which takes n times the paper's alpha and is four times slower.
    """

    def __init__(self, n: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75) -> None:
        super().__init__()
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        channels, around = maps.shape[1], self.n // 2
        squares = F.pad(maps.square(), (0, 0, 0, 0, around, around))  # (B, C + n - 1, H, W)
        response = squares[:, :channels]
        for shift in range(1, self.n):
            response = response + squares[:, shift : shift + channels]
        return maps * (self.k + self.alpha * response) ** -self.beta
