"""Recurrent layers on top of each other, read in one direction or two: by the cells, written out,
or by torch's fused kernel where that is the same mathematics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from shinso.core.errors import UserError
from shinso.layers.masks import padding_mask
from shinso.layers.recurrent import (
    Cell,
    GRUCell,
    LSTMCell,
    RNNCell,
    State,
    Unrolled,
    make_cell,
    unroll,
)


class RecurrentStack(nn.Module):
    """`layers` recurrent layers, each reading the outputs of the one below.

    `cell` is one of recurrent.CELLS; `activation` concerns the plain rnn alone. A `bidirectional`
    layer (Schuster and Paliwal 1997) has two cells, one of which reads backward, and their outputs
    side by side. `dropout` is the share of a layer's outputs that the next one misses while
    training (Zaremba, Sutskever and Vinyals 2014, section 3.1); the last layer's are whole.

    With `fused` the work is done by torch's kernel for rnn with tanh or relu, lstm and
    gru-reset-after, which is much faster; it has none for the others, which are always written
    out. Both compute the same, and from the same random state they start with the same weights,
    drawn as torch does: U(-1 / sqrt(H), 1 / sqrt(H)).

    Exported to ONNX a fused lstm or gru-reset-after becomes one node a layer, for any batch, and
    with torch 2.15 for any length (not with 2.13; 2.11 cannot export an lstm: it gives its last
    state a dimension too many). A fused rnn and all that is written out is unrolled in the graph,
    for any batch but one length. `lengths` cannot be exported.

    Raises UserError for a cell or an activation that is none.
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        layers: int = 1,
        *,
        dropout: float = 0.0,
        bidirectional: bool = False,
        activation: str = "tanh",
        fused: bool = True,
    ) -> None:
        super().__init__()
        self.cell_name, self.activation = cell, activation
        self.input_size, self.hidden_size, self.layers = input_size, hidden_size, layers
        self.dropout = dropout
        self.directions = 2 if bidirectional else 1
        kernel = self._make_kernel()
        self.fused = fused and kernel is not None
        if fused and kernel is not None:
            self.kernel = kernel
        else:
            self.cells = nn.ModuleList(self._make_cells())
            self._draw() if kernel is None else copy_weights(kernel, self.cells)

    def forward(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """(B, T, D) to the last layer's outputs (B, T, H), or (B, T, 2H) in both directions, and
        the last state.

        A state is (hidden,), or (hidden, cell_state) for an LSTM, each (L, B, H), or (2L, B, H)
        with a layer's two directions one after the other; without `state`, from zeros.

        With `lengths` (B,) the rest of a sequence is padding, which changes nothing: outputs are 0
        there, the last state is that at a sequence's own end, and the backward direction starts
        there. Raises UserError for lengths that are not B whole numbers from 1 to T.
        """
        state = self.initial_state(inputs) if state is None else state
        if lengths is not None:
            _check(lengths, *inputs.shape[:2])
        by = self._by_kernel if self.fused else self._by_cells
        return by(inputs, state, lengths)

    def initial_state(self, inputs: Tensor) -> State:
        """Zeros of the type and on the device of `inputs` (B, ...)."""
        shape = self.layers * self.directions, inputs.shape[0], self.hidden_size
        tensors = 2 if self.cell_name.startswith("lstm") else 1
        # Not one tensor twice: torch.export would take the two inputs for one.
        return tuple(inputs.new_zeros(shape) for _ in range(tensors))

    # By the cells -----------------------------------------------------------------------------

    def _by_cells(
        self, inputs: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        outputs, ways = self.unroll(inputs, state, lengths)
        return outputs, tuple(map(torch.stack, zip(*(way.last for way in ways), strict=True)))

    def unroll(
        self, inputs: Tensor, state: State, lengths: Tensor | None = None
    ) -> tuple[Tensor, list[Unrolled]]:
        """As `forward` of a written-out stack: its outputs, and every cell's way along the
        sequence, layer by layer, in each the backward one second."""
        running = None if lengths is None else padding_mask(lengths, inputs.shape[1])  # (B, T)
        outputs = _zero_where_padded(inputs, running)
        cells = cast(Iterable[Cell], self.cells)
        pairs = list(zip(cells, zip(*state, strict=True), strict=True))  # a cell and its start
        ways: list[Unrolled] = []
        for layer in range(self.layers):
            if layer > 0:
                outputs = F.dropout(outputs, self.dropout, self.training)
            first = layer * self.directions
            both = [
                unroll(cell, outputs, start, running=running, backward=direction == 1)
                for direction, (cell, start) in enumerate(pairs[first : first + self.directions])
            ]
            hidden = [torch.stack(way.hidden_states, dim=1) for way in both]  # (B, T, H) each
            outputs = _zero_where_padded(torch.cat(hidden, dim=-1), running)
            ways += both
        return outputs, ways

    # By the kernel ----------------------------------------------------------------------------

    def _by_kernel(
        self, inputs: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        if self._is_lstm_step(inputs, lengths):
            return self._lstm_step(inputs[:, 0], state)
        given = inputs if lengths is None else pack(inputs, lengths)
        if self.cell_name == "lstm":
            outputs, last = self.kernel(given, state)
        else:
            outputs, hidden = self.kernel(given, *state)
            last = (hidden,)
        if lengths is not None:
            outputs, _ = pad_packed_sequence(
                outputs, batch_first=True, total_length=inputs.shape[1]
            )
        return outputs, last

    def _is_lstm_step(self, inputs: Tensor, lengths: Tensor | None) -> bool:
        """Whether a net in use reads a single step, as in drawing word after word."""
        alone = inputs.shape[1] == 1 and lengths is None and not self.training
        return alone and self.cell_name == "lstm" and self.directions == 1

    def _lstm_step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """One step (B, D) through all layers. The CPU's kernel for sequences packs the weights
        anew at every call, which takes longer than the step itself."""
        after = []
        for hidden, cell_state, weights in zip(*state, self.kernel.all_weights, strict=True):
            after.append(torch.lstm_cell(x_t, (hidden, cell_state), *weights))
            x_t = after[-1][0]
        return x_t[:, None], tuple(map(torch.stack, zip(*after, strict=True)))

    def written_out(self) -> RecurrentStack:
        """The same stack by its cells, with a copy of the weights, to be read or inspected.

        Where torch has two bias vectors that are only ever added, the cells have their sum.
        """
        with torch.device("meta"):  # draws no random numbers
            twin = RecurrentStack(
                self.cell_name,
                self.input_size,
                self.hidden_size,
                self.layers,
                dropout=self.dropout,
                bidirectional=self.directions == 2,
                activation=self.activation,
                fused=False,
            )
        like = next(self.parameters())
        twin = twin.to(like.dtype).to_empty(device=like.device).train(self.training)
        if self.fused:
            copy_weights(self.kernel, twin.cells)
        else:
            twin.load_state_dict(self.state_dict())
        return twin

    # Making -----------------------------------------------------------------------------------

    def _make_kernel(self) -> nn.RNNBase | None:
        options: dict[str, Any] = {
            "num_layers": self.layers,
            "batch_first": True,
            "dropout": self.dropout if self.layers > 1 else 0.0,  # torch warns of what has no use
            "bidirectional": self.directions == 2,
        }
        match self.cell_name, self.activation:
            case "rnn", "tanh" | "relu":
                options["nonlinearity"] = self.activation
                return nn.RNN(self.input_size, self.hidden_size, **options)
            case "lstm", _:
                return nn.LSTM(self.input_size, self.hidden_size, **options)
            case "gru-reset-after", _:
                return nn.GRU(self.input_size, self.hidden_size, **options)
        return None

    def _make_cells(self) -> Iterable[Cell]:
        for layer in range(self.layers):
            size = self.input_size if layer == 0 else self.directions * self.hidden_size
            for _ in range(self.directions):
                yield make_cell(self.cell_name, size, self.hidden_size, activation=self.activation)

    def _draw(self) -> None:
        bound = self.hidden_size**-0.5
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)


# Sequences of different lengths -------------------------------------------------------------------


def pack(inputs: Tensor, lengths: Tensor) -> PackedSequence:
    """Padded sequences (B, T, ...) without their padding, step by step as a kernel reads them: at
    each step the inputs of the sequences that still run, the longest first.

    [[1, 2, 3, 4], [5, 6, 7], [8, 9]] gives data [1, 5, 8, 2, 6, 9, 3, 7, 4] and batch sizes
    [3, 3, 2, 1].
    """
    return pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)


def _zero_where_padded(values: Tensor, running: Tensor | None) -> Tensor:
    """(B, T, ...) with 0 for what is not `running` (B, T), whatever stands there, even nan."""
    return values if running is None else values.masked_fill(~running[..., None], 0)


def _check(lengths: Tensor, batch: int, steps: int) -> None:
    if lengths.shape != (batch,) or lengths.is_floating_point():
        raise UserError(
            f"lengths are {tuple(lengths.shape)} of {lengths.dtype}; give a whole number for each "
            f"of the {batch} sequences"
        )
    for row, length in enumerate(lengths.tolist()):
        if not 1 <= length <= steps:
            raise UserError(f"lengths[{row}] is {length}; give 1 to {steps}, the steps there are")


# Weights ------------------------------------------------------------------------------------------


@torch.no_grad()
def copy_weights(kernel: nn.RNNBase, cells: Iterable[nn.Module]) -> None:
    """Gives the cells, layer by layer and forward before backward, the weights of the kernel."""
    for cell, weights in zip(cells, kernel.all_weights, strict=True):
        match cell:
            case RNNCell():
                _copy_linear(cell, weights)
            case LSTMCell():
                _copy_linear(cell, [_our_rows(weight) for weight in weights])
            case GRUCell():
                _copy_gru(cell, weights)


def _copy_linear(cell: RNNCell | LSTMCell, weights: Sequence[Tensor]) -> None:
    from_input, from_hidden, input_bias, hidden_bias = weights
    cell.from_input.weight.copy_(from_input)
    cell.from_hidden.weight.copy_(from_hidden)
    cell.from_input.bias.copy_(input_bias + hidden_bias)


def _our_rows(weight: Tensor) -> Tensor:
    """Rows stacked input, forget, candidate, output to forget, candidate, input, output."""
    input_, forget, candidate, output = weight.chunk(4)
    return torch.cat([forget, candidate, input_, output])


def _copy_gru(cell: GRUCell, weights: Sequence[Tensor]) -> None:
    """The candidate's second bias is not added to the first: the reset gate acts on it."""
    gates = 2 * cell.hidden_size
    from_input, from_hidden, input_bias, hidden_bias = weights
    cell.from_input.weight.copy_(from_input)
    cell.gates_from_hidden.weight.copy_(from_hidden[:gates])
    cell.candidate_from_hidden.weight.copy_(from_hidden[gates:])
    cell.from_input.bias.copy_(input_bias)
    cell.from_input.bias[:gates] += hidden_bias[:gates]
    cell.candidate_from_hidden.bias.copy_(hidden_bias[gates:])


@torch.no_grad()
def set_forget_bias(stack: RecurrentStack, value: float) -> None:
    """Sets the bias of every forget gate.

    At 0 a gate starts by keeping about half of its state at each step; at 1, which Jozefowicz,
    Zaremba and Sutskever (2015) recommend for every LSTM, about 0.73, so that a gradient lives
    long enough to teach it more. Raises UserError for a stack without forget gates.
    """
    if not stack.cell_name.startswith("lstm"):
        raise UserError(f"{stack.cell_name} has no forget gate; lstm and lstm-peephole have")
    size = stack.hidden_size
    if stack.fused:
        for _, _, input_bias, hidden_bias in stack.kernel.all_weights:
            input_bias[size : 2 * size] = value
            hidden_bias[size : 2 * size] = 0
    else:
        for cell in stack.cells:
            assert isinstance(cell, LSTMCell)
            cell.from_input.bias[:size] = value
