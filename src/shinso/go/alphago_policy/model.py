"""AlphaGo's policy network: Silver et al. 2016, Mastering the game of Go with deep neural networks
and tree search, methods, "policy network architecture"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from shinso.core.examples import ExampleInputs
    from shinso.go.alphago_policy.recipe import AlphaGoPolicyRecipe
    from shinso.go.policy.recipe import GoSpec

PLANES = {"all": 48, "raw": 12}  # of shinso.go.features: raw ends with how long ago stones were set


def convolution(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), nn.ReLU())


class AlphaGoPolicy(nn.Module):
    """Sees the first `planes` of the 48 that it is given.

    He's initial weights (He et al. 2015, Delving deep into rectifiers, equation 10) keep signals
    alive through 12 rectifiers; with a head of zeros all points are equally likely at first.
    """

    def __init__(self, size: int, planes: int, layers: int, filters: int) -> None:
        super().__init__()
        self.planes = planes
        self.first = convolution(planes, filters, 5)
        self.hidden = nn.Sequential(*(convolution(filters, filters, 3) for _ in range(layers - 2)))
        self.head = nn.Conv2d(filters, 1, 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(size * size))  # one for each point
        for parameter in self.parameters():
            if parameter.dim() == 4:
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            else:
                nn.init.zeros_(parameter)
        nn.init.zeros_(self.head.weight)

    def forward(self, planes: Tensor) -> Tensor:
        """(B, 48, size, size) to logits (B, size * size) of the points."""
        maps = self.hidden(self.first(planes[:, : self.planes]))  # (B, filters, size, size)
        return self.head(maps).flatten(1) + self.bias  # (B, size * size)


def build(recipe: AlphaGoPolicyRecipe, spec: GoSpec) -> dict[str, nn.Module]:
    planes = PLANES[recipe.features]
    return {"policy": AlphaGoPolicy(spec.size, planes, recipe.layers, recipe.filters)}


def example_inputs(recipe: AlphaGoPolicyRecipe, spec: GoSpec) -> ExampleInputs:
    planes = torch.zeros(1, PLANES["all"], spec.size, spec.size)  # (B, 48, size, size)
    return {"policy": ((planes,), {0: {0: "batch"}})}
