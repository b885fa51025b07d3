"""Blocks against torch's own."""

import pytest
import torch
from torch import nn

from shinso.layers.blocks import ConvolutionUnit, LocalResponse


@pytest.mark.parametrize("channels", (2, 5, 12))
def test_local_response_is_torchs_by_output_and_gradient(channels):
    """torch divides its alpha by the number of channels that it sums over."""
    ours = LocalResponse(alpha=0.1)
    theirs = nn.LocalResponseNorm(5, alpha=5 * 0.1, beta=0.75, k=2.0)
    maps = torch.randn(3, channels, 4, 6, dtype=torch.float64)
    found = []
    for layer in (ours, theirs):
        given = maps.clone().requires_grad_()
        answer = layer(given)
        answer.square().sum().backward()
        found.append((answer, given.grad))
    torch.testing.assert_close(found[0], found[1])
    assert (found[0][0] - maps / 2**0.75).abs().max() > 1e-2  # neighbours do count


@pytest.mark.parametrize(("norm", "bias"), [("batch", False), ("none", True)])
def test_a_unit_is_convolution_normalisation_and_activation(norm, bias):
    unit = ConvolutionUnit(4, 6, 3, stride=2, groups=2, norm=norm, activation=nn.ReLU6).eval()
    assert (unit.conv.bias is not None) == bias
    maps = 20 * torch.randn(2, 4, 7, 7)
    expected = nn.functional.conv2d(maps, unit.conv.weight, unit.conv.bias, 2, 1, 1, 2)
    if norm == "batch":
        expected = expected / (1 + 1e-5) ** 0.5
    torch.testing.assert_close(unit(maps), expected.clamp(0, 6))
    assert unit(maps).max() == 6
