"""Oracles: torch's kernels for the cells that have one, and for every cell the plain layers of
recurrent.py, one sequence at a time and without padding."""

import copy

import pytest
import torch
from safetensors.torch import load, save
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from shinso.core.errors import UserError
from shinso.layers.masks import padding_mask
from shinso.layers.recurrent import CELLS, Recurrent
from shinso.layers.stack import (
    RecurrentStack,
    copy_weights,
    pack,
    set_forget_bias,
)

BATCH, STEPS, INPUTS, HIDDEN = 4, 6, 3, 5
LENGTHS = torch.tensor([2, 6, 1, 4])
EXACT = {"rtol": 0, "atol": 1e-12}

FUSED = [("rnn", "tanh"), ("rnn", "relu"), ("lstm", "tanh"), ("gru-reset-after", "tanh")]
every_cell = pytest.mark.parametrize("cell", CELLS)
every_shape = pytest.mark.parametrize("layers", [1, 2])
every_direction = pytest.mark.parametrize("bidirectional", [False, True], ids=["one way", "both"])


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def made(cell="lstm", layers=2, **options) -> RecurrentStack:
    return RecurrentStack(cell, INPUTS, HIDDEN, layers, **options).double()


def state_of(stack: RecurrentStack) -> tuple[torch.Tensor, ...]:
    return tuple(drawn(*zeros.shape) for zeros in stack.initial_state(torch.zeros(BATCH)))


def derivatives(stack, inputs, state, lengths=None):
    """Outputs and last state, and the gradients of a fixed mixture of them by inputs, state and
    weights."""
    inputs = inputs.clone().requires_grad_()
    state = tuple(tensor.clone().requires_grad_() for tensor in state)
    outputs, last = stack(inputs, state, lengths)
    loss = sum(
        (tensor * torch.linspace(-1, 2, tensor.numel()).view_as(tensor)).sum()
        for tensor in (outputs, *last)
    )
    gradients = torch.autograd.grad(loss, (inputs, *state, *stack.parameters()))
    given = 1 + len(state)
    return (outputs, *last), gradients[:given], gradients[given:]


# By the cells and by the kernel -------------------------------------------------------------------


def gradients_by_cells(stack, gradients):
    """The kernel's gradients as its written-out twin has them: copying is linear, so that it maps
    gradients as it maps weights. One of two biases that are added has their common gradient."""
    mapped = copy.deepcopy(stack)
    twin = stack.written_out()
    with torch.no_grad():
        for (name, parameter), gradient in zip(mapped.named_parameters(), gradients, strict=True):
            parameter.copy_(gradient)
            if "bias_hh" in name:
                parameter[: 2 * HIDDEN if stack.cell_name == "gru-reset-after" else None] = 0
    copy_weights(mapped.kernel, twin.cells)
    return tuple(twin.parameters())


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "padded"])
@every_direction
@every_shape
@pytest.mark.parametrize(("cell", "activation"), FUSED)
def test_kernel_and_cells_agree(cell, activation, layers, bidirectional, lengths):
    fused = made(cell, layers, bidirectional=bidirectional, activation=activation)
    written = fused.written_out()
    assert (fused.fused, written.fused) == (True, False)
    inputs, state = drawn(BATCH, STEPS, INPUTS), state_of(fused)

    *expected, by_weights = derivatives(fused, inputs, state, lengths)
    *found, found_by_weights = derivatives(written, inputs, state, lengths)

    torch.testing.assert_close(found, expected, **EXACT)
    expected_by_weights = gradients_by_cells(fused, by_weights)
    torch.testing.assert_close(found_by_weights, expected_by_weights, **EXACT)


@pytest.mark.parametrize(("cell", "activation"), FUSED)
def test_both_start_alike(cell, activation):
    options = {"layers": 2, "bidirectional": True, "activation": activation}
    torch.manual_seed(3)
    fused = RecurrentStack(cell, INPUTS, HIDDEN, **options)
    torch.manual_seed(3)
    written = RecurrentStack(cell, INPUTS, HIDDEN, **options, fused=False)
    expected = fused.written_out().state_dict()
    torch.testing.assert_close(written.state_dict(), expected, rtol=0, atol=0)


@every_cell
def test_weights_start_uniform_within_one_over_the_root_of_the_units(cell):
    hidden = 50
    stack = RecurrentStack(cell, 30, hidden, 2)
    bound = hidden**-0.5
    for parameter in stack.parameters():
        assert parameter.abs().max() <= bound
        if parameter.dim() == 2:
            assert parameter.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)


def test_what_has_no_kernel_is_written_out():
    assert not any(made(cell).fused for cell in ("gru", "lstm-peephole"))
    assert not made("rnn", activation="sigmoid").fused


@every_direction
@every_cell
def test_a_stack_is_layer_upon_layer(cell, bidirectional):
    stack = made(cell, bidirectional=bidirectional, fused=False)
    inputs, state = drawn(BATCH, STEPS, INPUTS), state_of(stack)

    outputs, last = stack(inputs, state)

    expected, ends = inputs, []
    for level in range(2):
        hidden = []
        for backward in [False, True][: stack.directions]:
            place = level * stack.directions + backward
            layer = Recurrent(cell, INPUTS, HIDDEN)
            layer.cell = stack.cells[place]
            start = tuple(tensor[place] for tensor in state)
            read, end = layer(expected.flip(1) if backward else expected, start)
            hidden.append(read.flip(1) if backward else read)
            ends.append(end)
        expected = torch.cat(hidden, dim=-1)
    torch.testing.assert_close(outputs, expected, **EXACT)
    for tensor, tensors in zip(last, zip(*ends, strict=True), strict=True):
        torch.testing.assert_close(tensor, torch.stack(tensors), **EXACT)


@pytest.mark.parametrize("fused", [True, False])
@every_cell
def test_a_sequence_may_be_cut_and_the_state_handed_on(cell, fused):
    stack = made(cell, fused=fused)
    inputs = drawn(BATCH, STEPS, INPUTS)
    whole, last = stack(inputs)
    first_part, state = stack(inputs[:, :2])
    second_part, state = stack(inputs[:, 2:], state)
    torch.testing.assert_close(torch.cat([first_part, second_part], dim=1), whole, **EXACT)
    torch.testing.assert_close(state, last, **EXACT)


@every_direction
@every_shape
@pytest.mark.parametrize(("cell", "activation"), FUSED)
def test_a_net_in_use_reads_a_single_step_as_its_cells_do(cell, activation, layers, bidirectional):
    options = {"activation": activation, "dropout": 0.5, "bidirectional": bidirectional}
    stack = made(cell, layers, **options).eval()
    inputs, state = drawn(BATCH, 1, INPUTS), state_of(stack)
    expected, expected_last = stack.written_out()(inputs, state)
    outputs, last = stack(inputs, state)
    torch.testing.assert_close(outputs, expected, **EXACT)
    torch.testing.assert_close(last, expected_last, **EXACT)


def test_a_state_of_other_layers_is_refused():
    state = state_of(made("gru", layers=4))
    with pytest.raises(ValueError, match="zip"):
        made("gru", layers=2)(drawn(BATCH, STEPS, INPUTS), state)
    with pytest.raises(RuntimeError, match="Expected hidden size"):
        made("gru-reset-after", layers=2)(drawn(BATCH, STEPS, INPUTS), state)
    with pytest.raises(ValueError, match="zip"):
        made("lstm", layers=2).eval()(drawn(BATCH, 1, INPUTS), (*state, *state))


# Sequences of different lengths -------------------------------------------------------------------


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "written"])
@every_direction
@every_cell
def test_padding_changes_nothing(cell, bidirectional, fused):
    """Each sequence by itself, at its own length, is the oracle."""
    stack = made(cell, bidirectional=bidirectional, fused=fused)
    inputs, state = drawn(BATCH, STEPS, INPUTS), state_of(stack)
    for row, length in enumerate(LENGTHS):
        inputs[row, length:] = torch.nan

    inputs.requires_grad_()
    outputs, last = stack(inputs, state, LENGTHS)
    (outputs.square().sum() + sum(tensor.square().sum() for tensor in last)).backward()
    by_weights = [parameter.grad.clone() for parameter in stack.parameters()]

    stack.zero_grad()
    for row, length in enumerate(LENGTHS):
        alone = inputs[row : row + 1, :length].detach().requires_grad_()
        expected, end = stack(alone, tuple(tensor[:, row : row + 1] for tensor in state))
        (expected.square().sum() + sum(tensor.square().sum() for tensor in end)).backward()
        torch.testing.assert_close(outputs[row, :length], expected[0], **EXACT)
        assert outputs[row, length:].count_nonzero() == 0
        for tensor, expected_tensor in zip(last, end, strict=True):
            torch.testing.assert_close(tensor[:, row], expected_tensor[:, 0], **EXACT)
        torch.testing.assert_close(inputs.grad[row, :length], alone.grad[0], **EXACT)
        assert inputs.grad[row, length:].count_nonzero() == 0
    for gradient, parameter in zip(by_weights, stack.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad, **EXACT)


def test_packing_as_in_the_course():
    padded = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 0], [8, 9, 0, 0]])
    lengths = torch.tensor([4, 3, 2])
    packed = pack(padded, lengths)
    assert packed.data.tolist() == [1, 5, 8, 2, 6, 9, 3, 7, 4]
    assert packed.batch_sizes.tolist() == [3, 3, 2, 1]
    # The written-out loop's masks are the same thing.
    running = padding_mask(lengths, 4)
    assert running.sum(dim=0).tolist() == packed.batch_sizes.tolist()
    assert padded.T[running.T].tolist() == packed.data.tolist()


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize(
    ("lengths", "said"),
    [
        ([3, 0, 1, 6], r"lengths\[1\] is 0; give 1 to 6"),
        ([3, 2, 1, 7], r"lengths\[3\] is 7; give 1 to 6"),
        ([3, 2, 1], r"\(3,\) of torch.int64; give a whole number for each of the 4 sequences"),
        ([3.0, 2.0, 1.0, 6.0], "torch.float32; give a whole number for each"),
    ],
)
def test_bad_lengths_are_refused_in_words(lengths, said, fused):
    with pytest.raises(UserError, match=said):
        made(fused=fused)(drawn(BATCH, STEPS, INPUTS), lengths=torch.tensor(lengths))


# Dropout ------------------------------------------------------------------------------------------


def chain(fused: bool, dropout: float, layers: int = 2, width: int = 2000) -> RecurrentStack:
    """Layers that hand on what they get: h_t = relu(x_t)."""
    stack = RecurrentStack(
        "rnn", width, width, layers, dropout=dropout, activation="relu", fused=False
    )
    for cell in stack.cells:
        nn.init.eye_(cell.from_input.weight)
        nn.init.zeros_(cell.from_hidden.weight)
        nn.init.zeros_(cell.from_input.bias)
    if not fused:
        return stack
    kernel = RecurrentStack("rnn", width, width, layers, dropout=dropout, activation="relu")
    for weight, recurrent, *biases in kernel.kernel.all_weights:
        nn.init.eye_(weight)
        for parameter in (recurrent, *biases):
            nn.init.zeros_(parameter)
    return kernel


@pytest.mark.parametrize("fused", [True, False])
def test_dropout_lies_between_layers_alone(fused):
    """Half of the outputs of the lower layer are dropped and the others doubled, once."""
    ones = torch.ones(1, 1, 400)
    stack = chain(fused, dropout=0.5, width=400)
    outputs, _ = stack(ones)
    assert set(outputs.unique().tolist()) == {0.0, 2.0}
    assert outputs.mean().item() == pytest.approx(1, abs=0.2)
    torch.testing.assert_close(stack.eval()(ones)[0], ones)
    one_layer = chain(fused, dropout=0.5, layers=1, width=400)
    torch.testing.assert_close(one_layer(ones)[0], ones)


def test_dropout_of_everything_leaves_the_upper_layer_its_bias():
    fused = made(dropout=1.0)
    inputs = drawn(BATCH, STEPS, INPUTS)
    outputs = fused(inputs)
    torch.testing.assert_close(fused.written_out()(inputs), outputs, **EXACT)
    torch.testing.assert_close(fused(2 * inputs)[0], outputs[0], **EXACT)


# Bias of the forget gate --------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["lstm", "lstm-peephole"])
@pytest.mark.parametrize("fused", [True, False])
def test_the_forget_bias_is_what_was_set_and_nothing_else_is(cell, fused):
    stack = made(cell, bidirectional=True, fused=fused)
    before = stack.written_out().state_dict()
    set_forget_bias(stack, 1.5)
    for name, tensor in stack.written_out().state_dict().items():
        if name.endswith("from_input.bias"):
            assert tensor[:HIDDEN].tolist() == [1.5] * HIDDEN
            tensor[:HIDDEN] = before[name][:HIDDEN]
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_what_has_no_forget_gate_refuses_its_bias():
    with pytest.raises(UserError, match="gru has no forget gate; lstm and lstm-peephole have"):
        set_forget_bias(made("gru"), 1.0)


def test_unknown_names_are_refused_in_words():
    with pytest.raises(UserError, match="'lstn'; did you mean lstm"):
        made("lstn")
    with pytest.raises(UserError, match="'selu'; did you mean relu"):
        made("rnn", activation="selu")


# As a module --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fused", [True, False])
def test_copies_and_saved_weights_give_the_same(fused):
    stack = made("gru-reset-after", bidirectional=True, fused=fused)
    inputs = drawn(BATCH, STEPS, INPUTS)
    expected = stack(inputs)
    stored = save(stack.state_dict())
    twin = copy.deepcopy(stack)
    nn.init.zeros_(next(stack.parameters()))  # a copy does not follow

    restored = made("gru-reset-after", bidirectional=True, fused=fused)
    restored.load_state_dict(load(stored))
    for other in (twin, restored):
        torch.testing.assert_close(other(inputs), expected, rtol=0, atol=0)


def test_writing_out_draws_nothing_and_keeps_type_and_mode():
    stack = made("lstm", dropout=0.3).eval()
    before = torch.get_rng_state()
    twin = stack.written_out()
    assert torch.equal(torch.get_rng_state(), before)
    assert not twin.training and twin.dropout == 0.3
    assert {parameter.dtype for parameter in twin.parameters()} == {torch.float64}
    assert torch.equal(twin.written_out().cells[0].from_input.bias, twin.cells[0].from_input.bias)


@pytest.mark.parametrize("fused", [True, False])
def test_macs_are_counted_on_the_meta_device(fused):
    """4 gates of (D + H) x H at each step, and in the second layer of (H + H) x H."""
    with torch.device("meta"):
        stack = RecurrentStack("lstm", INPUTS, HIDDEN, 2, fused=fused)
        with FlopCounterMode(display=False) as counter:
            stack(torch.zeros(1, STEPS, INPUTS))
    expected = STEPS * 4 * HIDDEN * ((INPUTS + HIDDEN) + (HIDDEN + HIDDEN))
    assert counter.get_total_flops() // 2 == expected
