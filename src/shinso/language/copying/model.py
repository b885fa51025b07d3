"""The copier: a recurrent net that reads symbols and writes them down again later.

    h_t = cell(x_t, h_(t-1))        p(token t to write) = softmax(V h_t + c)

x_t is one-hot. Nothing but the state leads from a symbol that is read to the same one written,
so recall is memory and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shinso.layers.recurrent import Cell, GRUCell, LSTMCell, Recurrent, initialise

if TYPE_CHECKING:
    from shinso.language.copying.recipe import CopyingRecipe, CopyingSpec


class Copier(nn.Module):
    """A recurrent layer and a readout.

    It reads the symbols, a blank and a delimiter, and writes the symbols and a blank. The state
    goes in and comes out, so that a sequence can be read piece by piece; (hidden,), or (hidden,
    cell_state) for an LSTM, each (B, H).
    """

    def __init__(
        self, cell: str, symbols: int = 8, hidden: int = 96, *, activation: str = "tanh"
    ) -> None:
        super().__init__()
        self.tokens = symbols + 2
        self.recurrent = Recurrent(cell, self.tokens, hidden, activation=activation)
        self.readout = nn.Linear(hidden, symbols + 1)

    def forward(self, tokens: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """(B, T) tokens and the state before, to the logits (B, T, symbols + 1) of the tokens to
        write and the state after; without `state`, from zeros."""
        hidden, state = self.recurrent(self.embed(tokens), state or None)  # (B, T, H)
        return self.readout(hidden), *state

    def embed(self, tokens: Tensor) -> Tensor:
        """(B, T) to one-hot (B, T, symbols + 2)."""
        return F.one_hot(tokens, self.tokens).to(self.readout.weight.dtype)


def build(recipe: CopyingRecipe, spec: CopyingSpec) -> dict[str, nn.Module]:
    """{"copier": the net}, its weights drawn by torch's default generator."""
    copier = Copier(recipe.cell, spec.symbols, recipe.hidden, activation=recipe.activation)
    cell = copier.recurrent.cell
    initialise(copier, "xavier")
    initialise(cell.get_submodule("from_input"), "normal")  # only one of one-hot inputs arrives
    open_keep_gate(cell, recipe.keep_bias)
    return {"copier": copier}


@torch.no_grad()
def open_keep_gate(cell: Cell, bias: float) -> None:
    """Starts the gate that keeps the state near sigmoid(bias): the forget gate of an LSTM (Gers,
    Schmidhuber and Cummins 2000), the update gate of a GRU. The plain RNN has none."""
    size = cell.hidden_size
    match cell:
        case LSTMCell():
            cell.from_input.bias[:size] = bias
        case GRUCell():
            cell.from_input.bias[size : 2 * size] = bias


def initial_state(recipe: CopyingRecipe, batch: int) -> tuple[Tensor, ...]:
    """The zeros (batch, H) that reading starts from: nothing is remembered."""
    return (torch.zeros(batch, recipe.hidden),) * (2 if recipe.cell.startswith("lstm") else 1)


Examples = dict[str, tuple[tuple[Tensor, ...], dict[int, dict[int, str]]]]


def example_inputs(recipe: CopyingRecipe, spec: CopyingSpec) -> Examples:
    """One step of batch 1 and the dimensions that are dynamic. A graph has the loop over steps
    unrolled; one of a single step is applied again and again, over any distance."""
    token = torch.zeros(1, 1, dtype=torch.int64)
    inputs = (token, *initial_state(recipe, batch=1))
    return {"copier": (inputs, {index: {0: "batch"} for index in range(len(inputs))})}
