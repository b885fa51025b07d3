"""Layers that compute as int8 will, in numbers that gradients can move (Jacob et al. 2018,
Quantization and training of neural networks for efficient integer-arithmetic-only inference,
section 3).

    w' = s round(w / s),            s = max |w| / 127 of each output channel
    x' = t (round(x / t + z) - z),  t = (high - low) / 255, within 0 and 255

The gradient of a rounding is taken to be 1, and 0 beyond what 8 bits reach. The range from `low` to
`high` is a moving average of what the batches had. What is rounded is what a layer multiplies; a
graph rounds sums of shortcuts and outputs of convolutions besides.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.func import functional_call

LAYERS = (nn.Conv2d, nn.Linear)
MOMENTUM = 0.01  # of each batch in the ranges, as torch's own observer has it

Range = tuple[float, float]


class Rounded(nn.Module):
    """A layer whose weights and inputs are rounded to 8 bits."""

    low: Tensor
    high: Tensor
    known: Tensor

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("low", torch.zeros(()))
        self.register_buffer("high", torch.zeros(()))
        self.register_buffer("known", torch.tensor(False))

    def forward(self, inputs: Tensor) -> Tensor:
        if self.training:
            self._look(inputs.detach())
        weight = self.layer.get_parameter("weight")
        rounded = (rounded_inputs(inputs, self.low, self.high),)
        outputs: Tensor = functional_call(self.layer, {"weight": rounded_weight(weight)}, rounded)
        return outputs

    @torch.no_grad()
    def _look(self, inputs: Tensor) -> None:
        """0 is in every range: padding has to be exact."""
        low, high = inputs.amin().clamp(max=0), inputs.amax().clamp(min=0)
        share = MOMENTUM if self.known else 1.0
        self.low.lerp_(low, share)
        self.high.lerp_(high, share)
        self.known.fill_(True)


def rounded_weight(weight: Tensor) -> Tensor:
    """Of output channels first, each with its scale."""
    largest = weight.detach().abs().flatten(1).amax(dim=1)  # (outputs,)
    scale = torch.where(largest > 0, largest / 127, 1.0)
    zeros = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, scale, zeros, 0, -127, 127)


def rounded_inputs(inputs: Tensor, low: Tensor, high: Tensor) -> Tensor:
    scale = ((high - low) / 255).clamp(min=torch.finfo(torch.float32).tiny)
    zero = (-low / scale).round().to(torch.int32)
    return torch.fake_quantize_per_tensor_affine(inputs.float(), scale, zero, 0, 255)


def with_rounding(network: nn.Module) -> nn.Module:
    """The same network, whose layers round."""
    for path, module in list(network.named_modules()):
        if type(module) in LAYERS:
            network.set_submodule(path, Rounded(module))
    return network


def without_rounding(network: nn.Module) -> nn.Module:
    """A copy with the layers as they were, with what they have learned."""
    plain = copy.deepcopy(network)
    for path, module in list(plain.named_modules()):
        if isinstance(module, Rounded):
            plain.set_submodule(path, module.layer)
    return plain


def ranges(network: nn.Module) -> dict[str, Range]:
    """{name of a layer's weights: the range of its inputs} as learned so far."""
    return {
        f"{path}.weight": (float(module.low), float(module.high))
        for path, module in network.named_modules()
        if isinstance(module, Rounded) and module.known
    }
