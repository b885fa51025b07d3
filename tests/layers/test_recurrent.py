"""Oracles: torch.nn's recurrent layers with the same weights, and hand arithmetic in NumPy."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from shinso.core.errors import UserError
from shinso.layers.recurrent import (
    CELLS,
    GRUCell,
    LSTMCell,
    Recurrent,
    RNNCell,
    gradient_norms,
    initialise,
    make_cell,
)

BATCH, STEPS, INPUTS, HIDDEN = 3, 5, 4, 6
EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def drawn(*shape: int, generator: torch.Generator) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def recurrent(cell: str, generator: torch.Generator, **options) -> Recurrent:
    """A layer in float64 whose every parameter, biases too, is drawn."""
    layer = Recurrent(cell, INPUTS, HIDDEN, **options).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(0, 0.5, generator=generator)
    return layer


def copy_rnn(ours: Recurrent, theirs: nn.RNN) -> None:
    cell = ours.cell
    theirs.weight_ih_l0.copy_(cell.from_input.weight)
    theirs.weight_hh_l0.copy_(cell.from_hidden.weight)
    if theirs.bias:
        theirs.bias_ih_l0.copy_(cell.from_input.bias)
        theirs.bias_hh_l0.zero_()


def torch_order(stacked: Tensor) -> Tensor:
    """Rows stacked forget, candidate, input, output to torch's input, forget, candidate, output."""
    forget, candidate, input_, output = stacked.chunk(4)
    return torch.cat([input_, forget, candidate, output])


def copy_lstm(ours: Recurrent, theirs: nn.LSTM) -> None:
    cell = ours.cell
    theirs.weight_ih_l0.copy_(torch_order(cell.from_input.weight))
    theirs.weight_hh_l0.copy_(torch_order(cell.from_hidden.weight))
    if theirs.bias:
        theirs.bias_ih_l0.copy_(torch_order(cell.from_input.bias))
        theirs.bias_hh_l0.zero_()


def copy_gru(ours: Recurrent, theirs: nn.GRU) -> None:
    cell = ours.cell
    theirs.weight_ih_l0.copy_(cell.from_input.weight)
    gates, candidate = cell.gates_from_hidden, cell.candidate_from_hidden
    theirs.weight_hh_l0.copy_(torch.cat([gates.weight, candidate.weight]))
    if theirs.bias:
        theirs.bias_ih_l0.copy_(cell.from_input.bias)
        theirs.bias_hh_l0.zero_()
        theirs.bias_hh_l0[2 * HIDDEN :] = candidate.bias


def torch_layer(kind: type[nn.RNNBase], **options) -> nn.RNNBase:
    return kind(INPUTS, HIDDEN, batch_first=True, dtype=torch.float64, **options)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("name", "activation", "kind", "copy"),
    [
        ("rnn", "tanh", nn.RNN, copy_rnn),
        ("rnn", "relu", nn.RNN, copy_rnn),
        ("lstm", "tanh", nn.LSTM, copy_lstm),
        ("gru-reset-after", "tanh", nn.GRU, copy_gru),
    ],
)
def test_outputs_and_gradients_are_those_of_torch(name, activation, kind, copy, bias, generator):
    ours = recurrent(name, generator, bias=bias, activation=activation)
    options = {"nonlinearity": activation} if kind is nn.RNN else {}
    theirs = torch_layer(kind, bias=bias, **options)
    with torch.no_grad():
        copy(ours, theirs)
    inputs = drawn(BATCH, STEPS, INPUTS, generator=generator).requires_grad_()
    state = tuple(drawn(BATCH, HIDDEN, generator=generator) for _ in range(ours.cell.state_tensors))
    weight = drawn(BATCH, STEPS, HIDDEN, generator=generator)

    outputs, last = ours(inputs, state)
    torch_state = tuple(tensor[None] for tensor in state)
    expected, expected_last = theirs(inputs, torch_state if kind is nn.LSTM else torch_state[0])

    torch.testing.assert_close(outputs, expected, **EXACT)
    expected_last = expected_last if kind is nn.LSTM else (expected_last,)
    for tensor, expected_tensor in zip(last, expected_last, strict=True):
        torch.testing.assert_close(tensor, expected_tensor[0], **EXACT)

    (by_inputs,) = torch.autograd.grad((outputs * weight).sum(), inputs, retain_graph=True)
    (expected_by_inputs,) = torch.autograd.grad(
        (expected * weight).sum(), inputs, retain_graph=True
    )
    torch.testing.assert_close(by_inputs, expected_by_inputs, **EXACT)

    # The copying is linear, so that it maps gradients as it maps weights.
    (outputs * weight).sum().backward()
    (expected * weight).sum().backward()
    with torch.no_grad():
        mapped = torch_layer(kind, bias=bias, **options)
        for parameter in ours.parameters():
            parameter.copy_(parameter.grad)
        copy(ours, mapped)
    for (where, gradient), original in zip(
        mapped.named_parameters(), theirs.parameters(), strict=True
    ):
        if where == "bias_hh_l0":  # redundant in torch but for the GRU's candidate
            gradient, original_grad = gradient[2 * HIDDEN :], original.grad[2 * HIDDEN :]
            if kind is not nn.GRU:
                continue
        else:
            original_grad = original.grad
        torch.testing.assert_close(gradient, original_grad, **EXACT)


def logistic(a):
    return 1 / (1 + np.exp(-a))


def arrays(cell: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy() for name, value in cell.named_parameters()}


def test_sigmoid_rnn_by_hand():
    cell = RNNCell(2, 1, activation="sigmoid").double()
    with torch.no_grad():
        cell.from_input.weight.copy_(torch.tensor([[1.0, -2.0]]))
        cell.from_hidden.weight.copy_(torch.tensor([[3.0]]))
        cell.from_input.bias.copy_(torch.tensor([0.5]))
    x, h = torch.tensor([[1.0, 1.0]]).double(), torch.tensor([[0.25]]).double()

    output, (hidden,) = cell(x, (h,))

    # 1 - 2 + 3 * 0.25 + 0.5 = 0.25
    assert output.item() == pytest.approx(1 / (1 + np.exp(-0.25)), abs=1e-15)
    assert hidden is output


def test_peepholes_gate_by_gate(generator):
    """Forget and input gate see the cell state before, the output gate the one after."""
    cell = LSTMCell(INPUTS, HIDDEN, peephole=True).double()
    x, h, c = (drawn(BATCH, size, generator=generator) for size in (INPUTS, HIDDEN, HIDDEN))
    w = arrays(cell)
    W_f, W_g, W_i, W_o = np.split(w["from_input.weight"], 4)
    U_f, U_g, U_i, U_o = np.split(w["from_hidden.weight"], 4)
    b_f, b_g, b_i, b_o = np.split(w["from_input.bias"], 4)
    P_f, P_i = np.split(w["from_previous_cell.weight"], 2)
    P_o = w["from_new_cell.weight"]

    output, (hidden, cell_state) = cell(x, (h, c))

    for row in range(BATCH):
        x_t, h_t, c_t = x[row].numpy(), h[row].numpy(), c[row].numpy()
        f = logistic(W_f @ x_t + U_f @ h_t + P_f @ c_t + b_f)
        i = logistic(W_i @ x_t + U_i @ h_t + P_i @ c_t + b_i)
        g = np.tanh(W_g @ x_t + U_g @ h_t + b_g)
        new = f * c_t + i * g
        o = logistic(W_o @ x_t + U_o @ h_t + P_o @ new + b_o)
        np.testing.assert_allclose(cell_state[row].detach(), new, rtol=0, atol=1e-12)
        np.testing.assert_allclose(hidden[row].detach(), o * np.tanh(new), rtol=0, atol=1e-12)
    assert output is hidden


def test_gru_with_the_reset_gate_before_the_product(generator):
    cell = GRUCell(INPUTS, HIDDEN, reset_before=True).double()
    x, h = (drawn(BATCH, size, generator=generator) for size in (INPUTS, HIDDEN))
    w = arrays(cell)
    W_r, W_z, W_n = np.split(w["from_input.weight"], 3)
    U_r, U_z = np.split(w["gates_from_hidden.weight"], 2)
    U_n = w["candidate_from_hidden.weight"]
    b_r, b_z, b_n = np.split(w["from_input.bias"], 3)

    output, (hidden,) = cell(x, (h,))

    for row in range(BATCH):
        x_t, h_t = x[row].numpy(), h[row].numpy()
        r = logistic(W_r @ x_t + U_r @ h_t + b_r)
        z = logistic(W_z @ x_t + U_z @ h_t + b_z)
        candidate = np.tanh(W_n @ x_t + U_n @ (r * h_t) + b_n)
        expected = z * h_t + (1 - z) * candidate
        np.testing.assert_allclose(hidden[row].detach(), expected, rtol=0, atol=1e-12)
    assert output is hidden


def test_the_gru_variants_differ():
    """The inner bias is 0 here, so that the place of the reset gate is the only difference."""
    before, after = GRUCell(INPUTS, HIDDEN), GRUCell(INPUTS, HIDDEN, reset_before=False)
    after.load_state_dict(before.state_dict(), strict=False)
    torch.nn.init.zeros_(after.candidate_from_hidden.bias)
    x, h = torch.ones(1, INPUTS), torch.full((1, HIDDEN), 0.5)

    difference = before(x, (h,))[0] - after(x, (h,))[0]

    assert difference.abs().max() > 1e-4


@pytest.mark.parametrize("name", CELLS)
def test_gradients_against_finite_differences(name, generator):
    layer = recurrent(name, generator)
    inputs = drawn(2, 3, INPUTS, generator=generator).requires_grad_()
    names = [name for name, _ in layer.named_parameters()]

    def outputs(inputs, *parameters):
        named = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(layer, named, (inputs,))[0]

    assert torch.autograd.gradcheck(outputs, (inputs, *layer.parameters()))


@pytest.mark.parametrize("name", CELLS)
def test_without_biases_there_are_only_matrices(name):
    cell = make_cell(name, INPUTS, HIDDEN, bias=False)
    assert all(parameter.dim() == 2 for parameter in cell.parameters())


def test_parameters_of_the_gated_cells():
    """GRU against LSTM: three quarters of the parameters, biases included."""
    count = {
        name: sum(parameter.numel() for parameter in make_cell(name, 10, 20).parameters())
        for name in ("rnn", "lstm", "lstm-peephole", "gru")
    }
    assert count["lstm"] == 4 * count["rnn"] == 4 * (20 * 10 + 20 * 20 + 20)
    assert count["gru"] == 3 * count["rnn"]
    assert count["lstm-peephole"] == count["lstm"] + 3 * 20 * 20


@pytest.mark.parametrize("name", CELLS)
def test_a_sequence_may_be_cut_and_the_state_handed_on(name, generator):
    layer = recurrent(name, generator)
    inputs = drawn(BATCH, STEPS, INPUTS, generator=generator)

    whole, last = layer(inputs)
    first_part, state = layer(inputs[:, :2])
    second_part, state = layer(inputs[:, 2:], state)

    torch.testing.assert_close(torch.cat([first_part, second_part], dim=1), whole, **EXACT)
    torch.testing.assert_close(state, last, **EXACT)


def test_gradient_norms_shrink_as_the_weight_says():
    """h_t = w h_(t-1) + x_t: the derivative of h_T by h_t is w^(T - t)."""
    layer = Recurrent("rnn", 1, 1, bias=False, activation="relu").double()
    with torch.no_grad():
        layer.cell.from_input.weight.fill_(1)
        layer.cell.from_hidden.weight.fill_(0.5)

    hidden_states, _ = layer.unroll(torch.ones(1, 4, 1).double())
    loss = hidden_states[-1].sum()

    expected = torch.tensor([0.125, 0.25, 0.5, 1.0]).double()
    torch.testing.assert_close(gradient_norms(loss, hidden_states), expected, **EXACT)
    by_second = gradient_norms(hidden_states[1].sum(), hidden_states)
    torch.testing.assert_close(by_second, torch.tensor([0.5, 1, 0, 0]).double(), **EXACT)
    loss.backward()  # the graph is kept
    assert layer.cell.from_hidden.weight.grad.item() != 0


@pytest.mark.parametrize(
    ("scheme", "deviation"), [("normal", 1.0), ("xavier", 0.05), ("he", 0.05 * 2**0.5)]
)
def test_initialise(scheme, deviation, generator):
    layer = nn.Linear(400, 300)
    initialise(layer, scheme, generator)
    assert layer.weight.mean().item() == pytest.approx(0, abs=0.02 * deviation)
    assert layer.weight.std().item() == pytest.approx(deviation, rel=0.01)
    assert layer.bias.count_nonzero() == 0


def test_initialise_is_a_function_of_its_generator():
    first, second = (Recurrent("gru", 3, 4) for _ in range(2))
    for layer in (first, second):
        initialise(layer, "he", torch.Generator().manual_seed(7))
    torch.testing.assert_close(first.state_dict(), second.state_dict(), rtol=0, atol=0)


def test_unknown_names_are_refused_in_words():
    with pytest.raises(UserError, match="'grue'; did you mean gru"):
        make_cell("grue", 2, 3)
    with pytest.raises(UserError, match="'selu'; did you mean relu"):
        make_cell("rnn", 2, 3, activation="selu")
    with pytest.raises(UserError, match="'kaiming'; known: normal, xavier, he"):
        initialise(nn.Linear(2, 3), "kaiming")
