"""The adder: a recurrent net that reads two numbers bit by bit and writes their sum.

    h_t = cell(x_t, h_(t-1))        logit of the sum's bit t = V h_t + c

Bits come least significant first, so all that the net must carry from step to step is the carry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from shinso.layers.recurrent import Recurrent, initialise

if TYPE_CHECKING:
    from shinso.core.examples import ExampleInputs
    from shinso.language.adder.recipe import AdderRecipe, AdderSpec


class Adder(nn.Module):
    """A recurrent layer and a readout.

    The state goes in and comes out, so that a number of any length can be added piece by piece;
    (hidden,), or (hidden, cell_state) for an LSTM, each (B, H).
    """

    def __init__(
        self,
        cell: str,
        inputs: int = 2,
        hidden: int = 16,
        *,
        bias: bool = True,
        activation: str = "tanh",
    ) -> None:
        super().__init__()
        self.recurrent = Recurrent(cell, inputs, hidden, bias=bias, activation=activation)
        self.readout = nn.Linear(hidden, 1, bias=bias)

    def forward(self, inputs: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """(B, T, 2) bits of both numbers and the state before, to the logits (B, T) of the sum's
        bits and the state after; without `state`, from zeros."""
        hidden, state = self.recurrent(inputs, state or None)  # (B, T, H)
        return self.readout(hidden).squeeze(-1), *state


def build(recipe: AdderRecipe, spec: AdderSpec) -> dict[str, nn.Module]:
    """{"adder": the net}, its weights drawn by torch's default generator."""
    adder = Adder(
        recipe.cell, spec.inputs, recipe.hidden, bias=recipe.bias, activation=recipe.activation
    )
    initialise(adder, recipe.init)
    return {"adder": adder}


def initial_state(recipe: AdderRecipe, batch: int) -> tuple[Tensor, ...]:
    """The zeros (batch, H) that an addition starts from: no carry."""
    return (torch.zeros(batch, recipe.hidden),) * (2 if recipe.cell.startswith("lstm") else 1)


def example_inputs(recipe: AdderRecipe, spec: AdderSpec) -> ExampleInputs:
    """Two numbers of zeros and the state before. Their length is fixed, since the loop over steps
    is unrolled in a graph; longer numbers are added `spec.width` bits at a time."""
    bits = torch.zeros(1, spec.width, spec.inputs)
    inputs = (bits, *initial_state(recipe, batch=1))
    return {"adder": (inputs, {index: {0: "batch"} for index in range(len(inputs))})}
