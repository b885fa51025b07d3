"""Recurrent cells, gate by gate, and the loop that unrolls one over time.

Every cell maps one step's input and the state before it to an output and the state after it.
A state is a tuple of (B, H) tensors whose first is the hidden state, which is also the output;
an LSTM's second is the cell state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from shinso.core.errors import UserError, nearest

State = tuple[Tensor, ...]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
}


class Cell(nn.Module):
    """What the cells share: their width, and how many tensors make a state."""

    state_tensors = 1

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size

    def initial_state(self, inputs: Tensor) -> State:
        """Zeros (B, H) of the type and on the device of `inputs` (B, ...)."""
        zeros = inputs.new_zeros(inputs.shape[0], self.hidden_size)
        return (zeros,) * self.state_tensors

    def forward(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """One step: (B, D) and the state before, to the output (B, H) and the state after."""
        raise NotImplementedError


class RNNCell(Cell):
    """h_t = f(W x_t + U h_(t-1) + b), the simple recurrent net (Elman 1990).

    `activation` f is sigmoid, tanh or relu.
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, bias: bool = True, activation: str = "tanh"
    ) -> None:
        super().__init__(hidden_size)
        if activation not in ACTIVATIONS:
            raise UserError(f"no activation {activation!r}; {nearest(activation, ACTIVATIONS)}")
        self.activation = ACTIVATIONS[activation]
        self.from_input = nn.Linear(input_size, hidden_size, bias=bias)
        self.from_hidden = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        (hidden,) = state
        hidden = self.activation(self.from_input(x_t) + self.from_hidden(hidden))  # (B, H)
        return hidden, (hidden,)


class LSTMCell(Cell):
    """Long short-term memory with a forget gate (Hochreiter and Schmidhuber 1997; Gers,
    Schmidhuber and Cummins 2000); rows of the weights are stacked forget, candidate, input,
    output.

        f, i, o = sigmoid(W x_t + U h_(t-1) + b)     g = tanh(W_g x_t + U_g h_(t-1) + b_g)
        c_t = f * c_(t-1) + i * g                    h_t = o * tanh(c_t)

    With `peephole` the gates see the cell state too: f and i add P c_(t-1), o adds Q c_t, g
    nothing. P and Q are full matrices; Gers and Schmidhuber (2000) have diagonal ones.
    """

    state_tensors = 2

    def __init__(
        self, input_size: int, hidden_size: int, *, bias: bool = True, peephole: bool = False
    ) -> None:
        super().__init__(hidden_size)
        self.from_input = nn.Linear(input_size, 4 * hidden_size, bias=bias)
        self.from_hidden = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        self.peephole = peephole
        if peephole:
            self.from_previous_cell = nn.Linear(hidden_size, 2 * hidden_size, bias=False)
            self.from_new_cell = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        hidden, cell_state = state
        stacked = self.from_input(x_t) + self.from_hidden(hidden)  # (B, 4H)
        forget, candidate, input_, output = stacked.chunk(4, dim=-1)  # (B, H) each

        if self.peephole:
            seen_by_forget, seen_by_input = self.from_previous_cell(cell_state).chunk(2, dim=-1)
            forget = forget + seen_by_forget
            input_ = input_ + seen_by_input
        kept = torch.sigmoid(forget) * cell_state
        cell_state = kept + torch.sigmoid(input_) * torch.tanh(candidate)

        if self.peephole:
            output = output + self.from_new_cell(cell_state)
        hidden = torch.sigmoid(output) * torch.tanh(cell_state)
        return hidden, (hidden, cell_state)


class GRUCell(Cell):
    """Gated recurrent unit (Cho et al. 2014, equations 5 to 8); rows of the input's weights are
    stacked reset, update, candidate.

        r, z = sigmoid(W x_t + U h_(t-1) + b)        h_t = z * h_(t-1) + (1 - z) * h~

    With `reset_before`, as in the paper, the reset gate comes before the product:
    h~ = tanh(W_h x_t + V (r * h_(t-1)) + b_h). Without, as in torch.nn.GRU, it comes after, which
    needs a bias of its own inside: h~ = tanh(W_h x_t + r * (V h_(t-1) + c) + b_h).
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, bias: bool = True, reset_before: bool = True
    ) -> None:
        super().__init__(hidden_size)
        self.reset_before = reset_before
        self.from_input = nn.Linear(input_size, 3 * hidden_size, bias=bias)
        self.gates_from_hidden = nn.Linear(hidden_size, 2 * hidden_size, bias=False)
        self.candidate_from_hidden = nn.Linear(
            hidden_size, hidden_size, bias=bias and not reset_before
        )

    def forward(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        (hidden,) = state
        reset, update, candidate = self.from_input(x_t).chunk(3, dim=-1)  # (B, H) each
        reset_hidden, update_hidden = self.gates_from_hidden(hidden).chunk(2, dim=-1)
        reset = torch.sigmoid(reset + reset_hidden)
        update = torch.sigmoid(update + update_hidden)

        if self.reset_before:
            remembered = self.candidate_from_hidden(reset * hidden)
        else:
            remembered = reset * self.candidate_from_hidden(hidden)
        candidate = torch.tanh(candidate + remembered)

        hidden = update * hidden + (1 - update) * candidate
        return hidden, (hidden,)


CELLS = ("rnn", "lstm", "lstm-peephole", "gru", "gru-reset-after")


def make_cell(
    name: str, input_size: int, hidden_size: int, *, bias: bool = True, activation: str = "tanh"
) -> Cell:
    """The cell called `name`, one of CELLS; `activation` concerns the plain RNN alone.

    Raises UserError for a name or an activation that is none.
    """
    match name:
        case "rnn":
            return RNNCell(input_size, hidden_size, bias=bias, activation=activation)
        case "lstm" | "lstm-peephole":
            peephole = name == "lstm-peephole"
            return LSTMCell(input_size, hidden_size, bias=bias, peephole=peephole)
        case "gru" | "gru-reset-after":
            return GRUCell(input_size, hidden_size, bias=bias, reset_before=name == "gru")
    raise UserError(f"no recurrent cell {name!r}; {nearest(name, CELLS)}")


class Recurrent(nn.Module):
    """One layer: a cell applied to each step of a sequence in turn."""

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        *,
        bias: bool = True,
        activation: str = "tanh",
    ) -> None:
        super().__init__()
        self.cell = make_cell(cell, input_size, hidden_size, bias=bias, activation=activation)

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """(B, T, D) to the outputs (B, T, H) and the last state; without `state`, from zeros."""
        outputs, state = self.unroll(inputs, state)
        return torch.stack(outputs, dim=1), state

    def unroll(self, inputs: Tensor, state: State | None = None) -> tuple[list[Tensor], State]:
        """As `forward`, with the outputs as T tensors (B, H), for `gradient_norms`."""
        state = self.cell.initial_state(inputs) if state is None else state
        outputs = []
        for x_t in inputs.unbind(dim=1):  # (B, D)
            output, state = self.cell(x_t, state)
            outputs.append(output)
        return outputs, state


def gradient_norms(loss: Tensor, hidden_states: Sequence[Tensor]) -> Tensor:
    """|dL/dh_t| for each step: how much of the error still arrives there.

    `hidden_states` are the T tensors (B, H) of `Recurrent.unroll` that the scalar `loss` was
    computed from. Returns (T,): norms over batch and units together. Norms that shrink towards
    the first step are the vanishing gradient, norms that grow the exploding one (Bengio, Simard
    and Frasconi 1994). The graph is kept, so `loss.backward()` may follow.
    """
    gradients = torch.autograd.grad(loss, hidden_states, retain_graph=True)
    return torch.stack([gradient.norm() for gradient in gradients])


# Each by the number of inputs n that a unit has.
SCHEMES: dict[str, Callable[[int], float]] = {
    "normal": lambda n: 1.0,
    "xavier": lambda n: n**-0.5,
    "he": lambda n: (2 / n) ** 0.5,
}


@torch.no_grad()
def initialise(module: nn.Module, scheme: str, generator: torch.Generator | None = None) -> None:
    """Draws the weights of every linear map in `module` anew, and sets its biases to 0.

    A weight of a unit with n inputs has standard deviation 1 in `normal`, 1 / sqrt(n) in `xavier`
    and sqrt(2 / n) in `he` (He et al. 2015, equation 10). The course calls 1 / sqrt(n) Xavier;
    Glorot and Bengio (2010, equation 12) take the mean of a unit's inputs and outputs for n.

    Raises UserError for a scheme that is none.
    """
    if scheme not in SCHEMES:
        raise UserError(f"no initialisation {scheme!r}; {nearest(scheme, SCHEMES)}")
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.normal_(0, SCHEMES[scheme](layer.in_features), generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()
