"""Oracles: autograd with gates or hidden states held constant, the stacks themselves, and hand
arithmetic."""

import numpy as np
import pytest
import torch
from torch import nn

from shinso.core.exhibits import Curve, Heatmap
from shinso.core.report.figures import figure
from shinso.core.report.markup import tag
from shinso.core.report.stills import draw
from shinso.layers.gates import Trace, gate_exhibits, norm_exhibits, trace
from shinso.layers.recurrent import CELLS, Recurrent, make_cell
from shinso.layers.stack import RecurrentStack

BATCH, STEPS, INPUTS, HIDDEN = 2, 5, 3, 4
EXACT = {"rtol": 0, "atol": 1e-12}
NAMES = {
    "rnn": set(),
    "lstm": {"forget", "input", "output", "candidate"},
    "lstm-peephole": {"forget", "input", "output", "candidate"},
    "gru": {"reset", "update", "candidate"},
    "gru-reset-after": {"reset", "update", "candidate"},
}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def made(cell, **options) -> RecurrentStack:
    return RecurrentStack(cell, INPUTS, HIDDEN, 2, bidirectional=True, **options).double()


# What is traced -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_the_traces_are_what_the_stack_computes(cell):
    stack = made(cell)
    inputs = drawn(BATCH, STEPS, INPUTS)
    state = tuple(drawn(*zeros.shape) for zeros in stack.initial_state(inputs))
    outputs, last = stack(inputs, state)

    traces = trace(stack, inputs, state)

    assert [(each.layer, each.backward) for each in traces] == [
        (1, False),
        (1, True),
        (2, False),
        (2, True),
    ]
    torch.testing.assert_close(
        torch.cat([each.hidden for each in traces[2:]], dim=-1), outputs, **EXACT
    )
    for place, each in enumerate(traces):
        end = 0 if each.backward else -1
        torch.testing.assert_close(each.hidden[:, end], last[0][place], **EXACT)
        assert set(each.gates) == NAMES[cell]
        assert all(gate.shape == (BATCH, STEPS, HIDDEN) for gate in each.gates.values())
        assert (each.cell_states is not None) == cell.startswith("lstm")
        if each.cell_states is not None:
            torch.testing.assert_close(each.cell_states[:, end], last[1][place], **EXACT)


@pytest.mark.parametrize("cell", CELLS)
def test_the_state_is_made_of_the_gates(cell):
    """Every state from the one before by the equations' last lines."""
    layer = Recurrent(cell, INPUTS, HIDDEN).double()
    (traced,) = trace(layer, drawn(BATCH, STEPS, INPUTS))
    gates, hidden = traced.gates, traced.hidden

    def before(states):
        return torch.cat([torch.zeros(BATCH, 1, HIDDEN).double(), states[:, :-1]], dim=1)

    for name in gates.keys() - {"candidate"}:
        assert gates[name].min() > 0 and gates[name].max() < 1
    if cell.startswith("lstm"):
        cell_states = gates["forget"] * before(traced.cell_states)
        cell_states = cell_states + gates["input"] * gates["candidate"]
        torch.testing.assert_close(traced.cell_states, cell_states, **EXACT)
        torch.testing.assert_close(hidden, gates["output"] * cell_states.tanh(), **EXACT)
    elif cell.startswith("gru"):
        kept, taken = gates["update"] * before(hidden), (1 - gates["update"]) * gates["candidate"]
        torch.testing.assert_close(hidden, kept + taken, **EXACT)
    else:
        assert traced.kept is None and traced.reaching_end is None


# How far it remembers -----------------------------------------------------------------------------


def by_own_unit(value: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """(1, H): the derivative of each unit of `value` (1, H) by the same unit of `at`."""
    jacobian = [torch.autograd.grad(unit, at, retain_graph=True)[0] for unit in value[0]]
    return torch.cat(jacobian).diagonal()[None]


def test_an_lstm_keeps_its_cell_state_by_the_forget_gate():
    """dc_t/dc_(t-1) = f_t, the hidden state before held constant."""
    cell = make_cell("lstm", INPUTS, HIDDEN).double()
    cell_state = drawn(1, HIDDEN).requires_grad_()
    (_, after), gates = cell.step(drawn(1, INPUTS), (drawn(1, HIDDEN), cell_state))
    torch.testing.assert_close(by_own_unit(after, cell_state), gates["forget"], **EXACT)


def test_peepholes_add_a_way_by_the_gates():
    cell = make_cell("lstm-peephole", INPUTS, HIDDEN).double()
    cell_state = drawn(1, HIDDEN).requires_grad_()
    (_, after), gates = cell.step(drawn(1, INPUTS), (drawn(1, HIDDEN), cell_state))
    assert (by_own_unit(after, cell_state) - gates["forget"]).abs().max() > 1e-3
    held = {name: gate.detach() for name, gate in gates.items()}
    after = held["forget"] * cell_state + held["input"] * held["candidate"]
    torch.testing.assert_close(by_own_unit(after, cell_state), gates["forget"], **EXACT)


def test_a_gru_keeps_its_state_by_the_update_gate():
    """dh_t/dh_(t-1) = z_t, gates and candidate held constant: weights from the hidden state of 0
    do that."""
    cell = make_cell("gru", INPUTS, HIDDEN).double()
    nn.init.zeros_(cell.gates_from_hidden.weight)
    nn.init.zeros_(cell.candidate_from_hidden.weight)
    hidden = drawn(1, HIDDEN).requires_grad_()
    (after,), gates = cell.step(drawn(1, INPUTS), (hidden,))
    torch.testing.assert_close(by_own_unit(after, hidden), gates["update"], **EXACT)
    assert cell.keep_gate == "update"


@pytest.mark.parametrize("backward", [False, True])
def test_what_reaches_the_end_is_the_gradient_along_the_cell_states(backward):
    """d(last c)/dc_t where nothing passes by the hidden states: the weights from them are 0."""
    stack = made("lstm", fused=False)
    for cell in stack.cells:
        nn.init.zeros_(cell.from_hidden.weight)
    inputs = drawn(1, STEPS, INPUTS)
    _, ways = stack.unroll(inputs, stack.initial_state(inputs))
    way, traced = ways[int(backward)], trace(stack, inputs)[int(backward)]

    for t, (_, cell_state) in enumerate(way.states):
        expected = by_own_unit(way.last[1], cell_state)
        torch.testing.assert_close(traced.reaching_end[:, t], expected, **EXACT)
    kept = traced.kept.flip(1) if backward else traced.kept
    whole = traced.reaching_end[:, -1 if backward else 0]
    torch.testing.assert_close(whole, kept[:, 1:].prod(dim=1), **EXACT)


def test_gradient_norms_of_both_layers_by_hand():
    """h_t = h_(t-1) / 2 + x_t below, h_t = h_(t-1) / 4 + (h_t below) above."""
    stack = RecurrentStack("rnn", 1, 1, 2, activation="relu", fused=False).double()
    for cell, weight in zip(stack.cells, (0.5, 0.25), strict=True):
        nn.init.ones_(cell.from_input.weight)
        nn.init.constant_(cell.from_hidden.weight, weight)
        nn.init.zeros_(cell.from_input.bias)

    lower, upper = trace(stack, torch.ones(1, 3, 1).double())
    loss = upper.hidden[:, -1].sum()

    above = torch.tensor([1 / 16, 1 / 4, 1]).double()
    below = torch.tensor([1 / 16 + 1 / 8 + 1 / 4, 1 / 4 + 1 / 2, 1]).double()
    torch.testing.assert_close(upper.gradient_norms(loss), above, **EXACT)
    torch.testing.assert_close(lower.gradient_norms(loss), below, **EXACT)
    middle = upper.gradient_norms(upper.hidden[:, 1].sum())
    torch.testing.assert_close(middle, torch.tensor([0.25, 1, 0]).double(), **EXACT)


# Drawn --------------------------------------------------------------------------------------------


def lstm_trace() -> Trace:
    """Two sequences of three steps and four units; in the first, units 1 and 3 rise, 0 and 2
    fall."""
    cell_states = torch.tensor([[0.0, 0.1, 2.0, 0.0], [-1.0, 0.2, 1.9, 2.0], [-2.0, 0.3, 1.8, 4.0]])
    keep = torch.tensor([[0.5, 0.6, 0.7, 0.8], [0.5, 1.0, 0.2, 0.4], [1.0, 0.5, 0.5, 0.0]])
    gates = {"forget": keep, "input": keep / 2, "output": 1 - keep, "candidate": -keep}
    return Trace(
        layer=1,
        backward=False,
        gates={name: torch.stack([gate, torch.zeros(3, 4)]) for name, gate in gates.items()},
        hidden_states=torch.stack([cell_states.tanh(), torch.zeros(3, 4)], dim=1).unbind(),
        cell_states=torch.stack([cell_states, torch.zeros(3, 4)]),
        keep_gate="forget",
    )


def test_the_first_sequence_is_drawn_with_units_that_move_together_together():
    means, state, gate, reach = gate_exhibits([lstm_trace()], ["a", "b", "c"], axis="letter")

    assert isinstance(means, Curve) and set(means.lines) == {"forget", "input", "output"}
    np.testing.assert_allclose(means.lines["forget"][1], [0.65, 0.525, 0.5], rtol=1e-6)
    assert means.lines["input"][0].tolist() == [1, 2, 3] and means.x_label == "letter"

    assert isinstance(state, Heatmap) and state.title == "Cell state by unit"
    assert state.row_labels == ("3", "1", "2", "0") and state.column_labels == ("a", "b", "c")
    np.testing.assert_allclose(state.values[0], [0, 2, 4])
    assert state.column_title == "letter"

    assert gate.title == "Forget gate by unit" and gate.row_labels == state.row_labels
    np.testing.assert_allclose(gate.values[1], [0.6, 1.0, 0.5], rtol=1e-6)

    assert reach.title == "How much of each state reaches the end"
    np.testing.assert_allclose(reach.lines["unit that keeps most"][1], [0.5, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(reach.lines["unit that keeps least"][1], [0, 0, 1], atol=1e-9)
    np.testing.assert_allclose(
        reach.lines["mean of the units"][1], [(0.5 + 0.5 + 0.1 + 0) / 4, 0.5, 1], rtol=1e-6
    )


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_can_be_drawn(cell):
    stack = made(cell)
    with torch.no_grad():
        exhibits = gate_exhibits(trace(stack, drawn(1, STEPS, INPUTS)), list("abcde"))
    titles = [exhibit.title for exhibit in exhibits]
    assert len(set(titles)) == len(titles) == 4 * (1 if cell == "rnn" else 4)
    assert titles[-1].endswith(", layer 2 backward")
    for exhibit in exhibits[: len(exhibits) // 4]:
        assert tag("h3", exhibit.title) in figure(exhibit)
        assert draw(exhibit).startswith(b"\x89PNG")


def test_one_layer_needs_no_place_in_its_titles():
    with torch.no_grad():
        traces = trace(Recurrent("rnn", INPUTS, HIDDEN), torch.randn(1, STEPS, INPUTS))
    (state,) = gate_exhibits(traces, list("abcde"))
    assert state.title == "Hidden state by unit"


def test_norms_are_drawn_over_all_of_the_learning_and_at_three_times_of_it():
    norms = [[row / 100, row / 10, row + 1.0] for row in range(8)]
    everything, some = norm_exhibits(norms, 50, "it vanishes", error="the error of recall")

    assert everything.title == "Gradient of the error of recall at each time step while learning"
    np.testing.assert_array_equal(everything.values, norms)
    assert everything.row_labels == ("0", "50", "100", "150", "200", "250", "300", "350")
    assert everything.column_labels == ("1", "2", "3") and everything.log

    assert some.title == "The error of recall on its way back through time"
    assert (some.note, some.x_label, some.y_label) == ("it vanishes", "time step", "|dL/dh_t|")
    assert list(some.lines) == ["update 0", "update 100", "update 350"]
    for row, (times, values) in zip((0, 2, 7), some.lines.values(), strict=True):
        assert times.tolist() == [1, 2, 3] and values.tolist() == norms[row]


def test_without_norms_there_is_nothing_to_draw():
    assert norm_exhibits([], 50, "it vanishes") == []
