"""What the gates of a recurrent net do along a sequence, and how far back it remembers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shinso.core.exhibits import Curve, Exhibit, Heatmap
from shinso.layers.recurrent import Recurrent, State, Unrolled, gradient_norms, unroll
from shinso.layers.stack import RecurrentStack

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trace:
    """What one layer did along a sequence in one direction; times are those of the sequence, also
    where the layer read it `backward`.

    `gates` has the cell's gates and its candidate by name, (B, T, H) each. `hidden_states` are T
    tensors (B, H), `cell_states` (B, T, H) are an LSTM's alone. All belong to autograd's graph
    where there is one.
    """

    layer: int  # from 1, the lowest
    backward: bool
    gates: Mapping[str, Tensor]
    hidden_states: Sequence[Tensor]
    cell_states: Tensor | None
    keep_gate: str | None

    @cached_property
    def hidden(self) -> Tensor:
        """(B, T, H)"""
        return torch.stack(list(self.hidden_states), dim=1)

    @property
    def kept(self) -> Tensor | None:
        """(B, T, H): how much of the state before passes a step directly, unit by unit; None for
        a cell without gates.

        For an LSTM this is dc_t/dc_(t-1) = f_t with the hidden state before held constant: the
        constant error carousel with its forget gate (Gers, Schmidhuber and Cummins 2000). It
        leaves out what c_(t-1) does by way of h_(t-1), which moves candidate and gates; Hochreiter
        and Schmidhuber (1997, appendix A.1) cut their gradient off there too. With peepholes the
        gates see the cell state as well, and f_t is only the part with the gates held constant.
        For a GRU it is dh_t/dh_(t-1) = z_t with gates and candidate held constant.
        """
        return self.gates[self.keep_gate] if self.keep_gate is not None else None

    @property
    def reaching_end(self) -> Tensor | None:
        """(B, T, H): how much of each step's state reaches the state read last, that way: the
        product of `kept` over the steps read after it, so 1 for the last itself."""
        if self.kept is None:
            return None
        in_order = self.kept.flip(1) if self.backward else self.kept
        after = torch.cat([in_order[:, 1:], torch.ones_like(in_order[:, :1])], dim=1)
        products = after.flip(1).cumprod(dim=1).flip(1)
        return products.flip(1) if self.backward else products

    def gradient_norms(self, loss: Tensor) -> Tensor:
        """(T,): |dL/dh_t| in all ways, for a scalar `loss` computed from the traces' `hidden`."""
        return gradient_norms(loss, self.hidden_states)


def trace(
    net: RecurrentStack | Recurrent, inputs: Tensor, state: State | None = None
) -> list[Trace]:
    """What the net does along `inputs` (B, T, D), layer by layer, in each the backward direction
    second; `state` as its `forward` takes it.

    A fused stack is traced by its written-out twin, whose weights are a copy.
    """
    if isinstance(net, Recurrent):
        start = net.cell.initial_state(inputs) if state is None else state
        return [_trace(unroll(net.cell, inputs, start), layer=1)]
    start = net.initial_state(inputs) if state is None else state
    written = net.written_out() if net.fused else net
    _, ways = written.unroll(inputs, start)
    return [_trace(way, 1 + place // net.directions) for place, way in enumerate(ways)]


def _trace(way: Unrolled, layer: int) -> Trace:
    gates = {
        name: torch.stack([gates[name] for gates in way.gates], dim=1) for name in way.gates[0]
    }
    cell_states = None
    if way.cell.state_tensors == 2:
        cell_states = torch.stack([cell_state for _, cell_state in way.states], dim=1)
    return Trace(layer, way.backward, gates, way.hidden_states, cell_states, way.cell.keep_gate)


# To look at ---------------------------------------------------------------------------------------


def gate_exhibits(
    traces: Sequence[Trace], labels: Sequence[str], axis: str = "step"
) -> list[Exhibit]:
    """The first sequence of a batch, drawn: of each trace the gates' means over time, the state
    and the gate that keeps it by unit, and how much of the state reaches the end.

    `labels` (T,) say what was read at each step, `axis` what steps are.
    """
    return [
        exhibit
        for each in traces
        for exhibit in _exhibits(each, labels, axis, _place(each) if len(traces) > 1 else "")
    ]


def norm_exhibits(
    norms: Sequence[Sequence[float]],
    every: int,
    note: str,
    *,
    error: str = "the error",
    axis: str = "time step",
    state: str = "h_t",
) -> list[Exhibit]:
    """How much of an error reaches each time step, where gradients vanish or explode, drawn: over
    the whole learning, and at its beginning, a quarter of it and its end with `note`.

    `norms` (R, T) are |dL/d`state`| by time step, a row at each `every`-th update; without any,
    nothing is drawn.
    """
    if not norms:
        return []
    updates = [f"{every * row:,}" for row in range(len(norms))]
    times = range(1, len(norms[0]) + 1)
    chosen = sorted({0, len(norms) // 4, len(norms) - 1})
    return [
        Heatmap(
            f"Gradient of {error} at each time step while learning",
            "Dark rows learn nothing; a row that fades to the left is a gradient that vanishes on "
            "its way back, one that brightens explodes.",
            norms,
            row_labels=updates,
            column_labels=[str(time) for time in times],
            row_title="update",
            column_title=axis,
            log=True,
        ),
        Curve(
            f"{error.capitalize()} on its way back through time",
            note,
            {f"update {updates[row]}": (list(times), norms[row]) for row in chosen},
            x_label=axis,
            y_label=f"|dL/d{state}|",
            log_y=True,
        ),
    ]


def _place(trace: Trace) -> str:
    return f", layer {trace.layer}{' backward' if trace.backward else ''}"


def _exhibits(trace: Trace, labels: Sequence[str], axis: str, place: str) -> Iterator[Exhibit]:
    state_name, state = "Hidden state", _first(trace.hidden)
    if trace.cell_states is not None:
        state_name, state = "Cell state", _first(trace.cell_states)
    order = _by_pattern(state)

    def by_unit(title: str, note: str, values: Array) -> Heatmap:
        return Heatmap(
            f"{title} by unit{place}",
            note,
            values[:, order].T,
            row_labels=[str(unit) for unit in order],
            column_labels=labels,
            row_title="unit",
            column_title=axis,
        )

    if trace.gates:
        yield _means(trace, axis, place)
    yield by_unit(
        state_name,
        "Units that move together stand together, and those that move against them at the other "
        "end.",
        state,
    )
    if trace.kept is not None and trace.reaching_end is not None:
        yield by_unit(
            f"{str(trace.keep_gate).capitalize()} gate",
            "How much of its state a unit keeps at a step: 1 all, 0 nothing. Units in the order "
            "of their states.",
            _first(trace.kept),
        )
        yield _reach(_first(trace.reaching_end), axis, place)


def _means(trace: Trace, axis: str, place: str) -> Curve:
    gates = {name: _first(gate) for name, gate in trace.gates.items() if name != "candidate"}
    return Curve(
        f"Gates along the sequence{place}",
        "Means over the units: 1 is open, 0 shut.",
        {name: (_steps(gate), gate.mean(axis=1)) for name, gate in gates.items()},
        x_label=axis,
        y_label="how far open",
    )


def _reach(reaching: Array, axis: str, place: str) -> Curve:
    lines = {
        "unit that keeps most": reaching.max(axis=1),
        "mean of the units": reaching.mean(axis=1),
        "unit that keeps least": reaching.min(axis=1),
    }
    return Curve(
        f"How much of each state reaches the end{place}",
        "The product of the gates that keep it, from the step to the end.",
        {name: (_steps(reaching), values) for name, values in lines.items()},
        x_label=axis,
        y_label="share",
    )


def _first(values: Tensor) -> Array:
    """(B, T, H) to the first sequence's (T, H)."""
    return values[0].detach().double().cpu().numpy()


def _steps(values: Array) -> NDArray[np.int64]:
    return np.arange(1, len(values) + 1)


def _by_pattern(state: Array) -> NDArray[np.int64]:
    """The units of (T, H) sorted by their part in the pattern over time that explains most of what
    they do, the first principal component."""
    centred = state - state.mean(axis=0)
    _, _, patterns = np.linalg.svd(centred, full_matrices=False)
    parts = patterns[0] * np.sign(patterns[0][np.abs(patterns[0]).argmax()])  # SVD leaves the sign
    return np.argsort(-parts, kind="stable")
