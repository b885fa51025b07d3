"""Recurrent cells, gate by gate, and the loop that unrolls one over time.

Every cell maps one step's input and the state before it to an output and the state after it.
A state is a tuple of (B, H) tensors whose first is the hidden state, which is also the output;
an LSTM's second is the cell state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from shinso.core.errors import UserError, nearest

State = tuple[Tensor, ...]
Gates = dict[str, Tensor]  # what a step lets through, and its candidate; by name, (B, H) each

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
}


class Cell(nn.Module, ABC):
    """What the cells share: their width, how many tensors make a state, and which gate says how
    much of the state before is kept."""

    state_tensors = 1
    keep_gate: str | None = None

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size

    def initial_state(self, inputs: Tensor) -> State:
        """Zeros (B, H) of the type and on the device of `inputs` (B, ...)."""
        shape = inputs.shape[0], self.hidden_size
        return tuple(inputs.new_zeros(shape) for _ in range(self.state_tensors))

    def forward(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """One step: (B, D) and the state before, to the output (B, H) and the state after."""
        state, _ = self.step(x_t, state)
        return state[0], state

    @abstractmethod
    def step(self, x_t: Tensor, state: State) -> tuple[State, Gates]:
        """One step: (B, D) and the state before, to the state after and the gates it took."""


class RNNCell(Cell):
    """h_t = f(W x_t + U h_(t-1) + b), the simple recurrent net (Elman 1990); it has no gates.

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

    def step(self, x_t: Tensor, state: State) -> tuple[State, Gates]:
        (hidden,) = state
        hidden = self.activation(self.from_input(x_t) + self.from_hidden(hidden))  # (B, H)
        return (hidden,), {}


class LSTMCell(Cell):
    """Long short-term memory with a forget gate; rows of the weights are stacked forget,
    candidate, input, output.

        f, i, o = sigmoid(W x_t + U h_(t-1) + b)     g = tanh(W_g x_t + U_g h_(t-1) + b_g)
        c_t = f * c_(t-1) + i * g                    h_t = o * tanh(c_t)

    Its core is the constant error carousel (Hochreiter and Schmidhuber 1997, section 3): with
    f = 1, as there, c_t = c_(t-1) + i * g, so that dc_t/dc_(t-1) = 1 and an error goes round any
    number of steps unchanged. The carousel has no weights and learns nothing by itself; the gates
    learn what it takes in (i) and lets out (o). It also never empties, so that its state grows
    without bound over a long stream: hence the forget gate (Gers, Schmidhuber and Cummins 2000),
    with which dc_t/dc_(t-1) = f.

    With `peephole` the gates see the cell state too: f and i add P c_(t-1), o adds Q c_t, g
    nothing. P and Q are full matrices; Gers and Schmidhuber (2000) have diagonal ones.
    """

    state_tensors = 2
    keep_gate = "forget"

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

    def step(self, x_t: Tensor, state: State) -> tuple[State, Gates]:
        hidden, cell_state = state
        stacked = self.from_input(x_t) + self.from_hidden(hidden)  # (B, 4H)
        forget, candidate, input_, output = stacked.chunk(4, dim=-1)  # (B, H) each

        if self.peephole:
            seen_by_forget, seen_by_input = self.from_previous_cell(cell_state).chunk(2, dim=-1)
            forget = forget + seen_by_forget
            input_ = input_ + seen_by_input
        forget, input_ = torch.sigmoid(forget), torch.sigmoid(input_)
        candidate = torch.tanh(candidate)
        cell_state = forget * cell_state + input_ * candidate

        if self.peephole:
            output = output + self.from_new_cell(cell_state)
        output = torch.sigmoid(output)
        hidden = output * torch.tanh(cell_state)
        gates = {"forget": forget, "input": input_, "output": output, "candidate": candidate}
        return (hidden, cell_state), gates


class GRUCell(Cell):
    """Gated recurrent unit (Cho et al. 2014, equations 5 to 8); rows of the input's weights are
    stacked reset, update, candidate.

        r, z = sigmoid(W x_t + U h_(t-1) + b)        h_t = z * h_(t-1) + (1 - z) * h~

    The update gate is forget and input gate in one: what is kept and what is taken in add up to
    1, so that the state stays within [-1, 1] without a gate at the output. z is the share that
    is kept, as in the paper; Chung et al. (2014, equation 5) and many slides swap z and 1 - z.

    With `reset_before`, as in the paper, the reset gate comes before the product:
    h~ = tanh(W_h x_t + V (r * h_(t-1)) + b_h). Without, as in the paper's first version
    (arXiv 1406.1078v1), cuDNN and torch.nn.GRU, it comes after, so that one product with h_(t-1)
    serves all three; it has a bias of its own inside:
    h~ = tanh(W_h x_t + r * (V h_(t-1) + c) + b_h).
    """

    keep_gate = "update"

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

    def step(self, x_t: Tensor, state: State) -> tuple[State, Gates]:
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
        return (hidden,), {"reset": reset, "update": update, "candidate": candidate}


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


@dataclass(frozen=True, eq=False)
class Unrolled:
    """A cell's way along a sequence: state and gates after each of T steps, in the order of time,
    also where the cell read it `backward`."""

    cell: Cell
    states: Sequence[State]
    gates: Sequence[Gates]
    backward: bool = False

    @property
    def hidden_states(self) -> list[Tensor]:
        """T tensors (B, H)."""
        return [state[0] for state in self.states]

    @property
    def last(self) -> State:
        """The state after the step that was read last."""
        return self.states[0 if self.backward else -1]


def unroll(
    cell: Cell,
    inputs: Tensor,
    state: State,
    *,
    running: Tensor | None = None,
    backward: bool = False,
) -> Unrolled:
    """Applies the cell to each step of `inputs` (B, T, D), `backward` from the last to the first.

    A sequence keeps its state through the steps that `running` (B, T) does not mark.
    """
    states, gates = [], []
    order = range(inputs.shape[1])
    steps = inputs.unbind(dim=1)  # T times (B, D)
    for t in reversed(order) if backward else order:
        after, gates_t = cell.step(steps[t], state)
        state = after if running is None else _held(running[:, t, None], after, state)
        states.append(state)
        gates.append(gates_t)
    forwards = slice(None, None, -1 if backward else 1)
    return Unrolled(cell, states[forwards], gates[forwards], backward)


def _held(running: Tensor, after: State, before: State) -> State:
    """Each sequence's state after the step if it is `running` (B, 1), else that before."""
    return tuple(torch.where(running, *pair) for pair in zip(after, before, strict=True))


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
        way = unroll(self.cell, inputs, state)
        return way.hidden_states, way.last


def gradient_norms(loss: Tensor, hidden_states: Sequence[Tensor]) -> Tensor:
    """|dL/dh_t| for each step: how much of the error still arrives there.

    `hidden_states` are the T tensors (B, H) of `Recurrent.unroll` that the scalar `loss` was
    computed from. Returns (T,): norms over batch and units together, 0 for a state that the loss
    does not depend on. Norms that shrink towards the first step are the vanishing gradient, norms
    that grow the exploding one (Bengio, Simard and Frasconi 1994). The graph is kept, so
    `loss.backward()` may follow.
    """
    gradients = torch.autograd.grad(loss, hidden_states, retain_graph=True, materialize_grads=True)
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
