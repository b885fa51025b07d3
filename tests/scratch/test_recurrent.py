"""Oracles: finite differences for every gradient, and the torch cells with the same weights."""

import numpy as np
import pytest
import torch

from shinso.layers.recurrent import Recurrent
from shinso.scratch.recurrent import GRUCell, LSTMCell, RNNCell, Unrolled

BATCH, STEPS, INPUTS, HIDDEN = 2, 4, 3, 5

# NumPy's name of each weight and torch's.
RNN = {"W": "from_input.weight", "U": "from_hidden.weight", "b": "from_input.bias"}
LSTM = RNN
PEEPHOLE = LSTM | {"P": "from_previous_cell.weight", "Q": "from_new_cell.weight"}
GRU = {
    "W": "from_input.weight",
    "U": "gates_from_hidden.weight",
    "V": "candidate_from_hidden.weight",
    "b": "from_input.bias",
}
RESET_AFTER = GRU | {"v": "candidate_from_hidden.bias"}

CASES = {
    "rnn sigmoid": ("rnn", RNN, {"activation": "sigmoid"}),
    "rnn tanh": ("rnn", RNN, {"activation": "tanh"}),
    "rnn relu": ("rnn", RNN, {"activation": "relu"}),
    "lstm": ("lstm", LSTM, {}),
    "lstm peephole": ("lstm-peephole", PEEPHOLE, {}),
    "gru": ("gru", GRU, {}),
    "gru reset after": ("gru-reset-after", RESET_AFTER, {}),
}
CELLS = {
    "rnn": RNNCell,
    "lstm": LSTMCell,
    "lstm-peephole": LSTMCell,
    "gru": GRUCell,
    "gru-reset-after": GRUCell,
}


@pytest.fixture(params=[(case, bias) for case in CASES for bias in (True, False)], ids=str)
def pair(request):
    """A NumPy layer, the torch layer with the same weights, and the names that join them."""
    case, bias = request.param
    name, names, options = CASES[case]
    layer = Recurrent(name, INPUTS, HIDDEN, bias=bias, **options).double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(0, 0.7, generator=generator)
    weights = dict(layer.cell.named_parameters())
    names = {ours: theirs for ours, theirs in names.items() if theirs in weights}
    if name == "gru-reset-after":
        options = {"reset_before": False}
    parameters = {ours: weights[theirs].detach().numpy().copy() for ours, theirs in names.items()}
    assert len(names) == len(weights)
    return Unrolled(CELLS[name](**parameters, **options)), layer, names


@pytest.fixture
def random():
    return np.random.default_rng(2)


def problem(layer, random):
    """Inputs, a first state, and the weights of a scalar loss on outputs and last state."""
    tensors = layer.cell.state_tensors
    inputs = random.standard_normal((BATCH, STEPS, INPUTS))
    state = tuple(random.standard_normal((BATCH, HIDDEN)) for _ in range(tensors))
    by_outputs = random.standard_normal((BATCH, STEPS, HIDDEN))
    by_state = tuple(random.standard_normal((BATCH, HIDDEN)) for _ in range(tensors))
    return inputs, state, by_outputs, by_state


def test_against_torch(pair, random):
    ours, theirs, names = pair
    inputs, state, by_outputs, by_state = problem(theirs, random)

    outputs, last = ours.forward(inputs, state)
    d_inputs, d_state, gradients = ours.backward(by_outputs, by_state)

    x = torch.from_numpy(inputs).requires_grad_()
    first = tuple(torch.from_numpy(array).requires_grad_() for array in state)
    expected, expected_last = theirs(x, first)
    loss = (expected * torch.from_numpy(by_outputs)).sum()
    for tensor, weight in zip(expected_last, by_state, strict=True):
        loss = loss + (tensor * torch.from_numpy(weight)).sum()
    loss.backward()

    def equal(array, tensor):
        np.testing.assert_allclose(array, tensor.detach().numpy(), rtol=0, atol=1e-12)

    equal(outputs, expected)
    for array, tensor in zip(last, expected_last, strict=True):
        equal(array, tensor)
    equal(d_inputs, x.grad)
    for array, tensor in zip(d_state, first, strict=True):
        equal(array, tensor.grad)
    weights = dict(theirs.cell.named_parameters())
    for name, torch_name in names.items():
        equal(gradients[name], weights[torch_name].grad)


def test_against_finite_differences(pair, random):
    ours, theirs, _ = pair
    inputs, state, by_outputs, by_state = problem(theirs, random)

    def loss():
        outputs, last = ours.forward(inputs, state)
        return np.sum(outputs * by_outputs) + sum(
            np.sum(array * weight) for array, weight in zip(last, by_state, strict=True)
        )

    loss()
    d_inputs, d_state, gradients = ours.backward(by_outputs, by_state)
    parameters = ours.cell.parameters

    checks = [(inputs, d_inputs), *zip(state, d_state, strict=True)]
    checks += [(parameters[name], gradients[name]) for name in parameters]
    for values, gradient in checks:
        difference = central_differences(loss, values)
        np.testing.assert_allclose(gradient, difference, rtol=1e-6, atol=1e-8)


def central_differences(loss, values, step=1e-5):
    """dL/dvalues by (L(v + step) - L(v - step)) / 2 step, element by element, in place."""
    difference = np.empty_like(values)
    for place in np.ndindex(values.shape):
        original = values[place]
        values[place] = original + step
        above = loss()
        values[place] = original - step
        below = loss()
        values[place] = original
        difference[place] = (above - below) / (2 * step)
    return difference


def test_the_inner_bias_belongs_to_the_reset_gate_after_the_product():
    zeros = np.zeros
    with pytest.raises(ValueError, match="reset_before has none"):
        GRUCell(zeros((6, 2)), zeros((4, 2)), zeros((2, 2)), v=zeros(2))
