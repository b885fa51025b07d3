"""Oracles: the worked example, finite differences, and the torch adder update by update."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from shinso.language.adder.model import Adder as TorchAdder
from shinso.scratch import adder as scratch
from shinso.scratch.adder import HIDDEN, WIDTH, Adder, accuracy, as_inputs, bits, number, train

NAMES = {
    "W": "recurrent.cell.from_input.weight",
    "U": "recurrent.cell.from_hidden.weight",
    "V": "readout.weight",
}


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_the_worked_example(random):
    row = bits(np.array([158]))[0]
    assert row[::-1].tolist() == [1, 0, 0, 1, 1, 1, 1, 0]  # as printed
    assert number(row) == 158 == 54 + 104

    report = scratch.Report(update=300, loss=0.25, a=54, b=104, predicted=row)
    assert str(report) == (
        "update 300\n"
        "loss   0.2500\n"
        "pred   [1 0 0 1 1 1 1 0]\n"
        "true   [1 0 0 1 1 1 1 0]\n"
        "54 + 104 = 158\n"
    )


def test_gradients_against_finite_differences(random):
    adder = Adder.drawn("normal", random)
    a, b = random.integers(128, size=(2, 3))
    inputs, targets = as_inputs(a, b), bits(a + b)
    _, gradients = adder.loss_and_gradients(inputs, targets)

    for name, values in adder.parameters.items():
        for place in np.ndindex(values.shape):
            original = values[place]
            losses = []
            for step in (1e-5, -1e-5):
                values[place] = original + step
                losses.append(adder.loss_and_gradients(inputs, targets)[0])
            values[place] = original
            difference = (losses[0] - losses[1]) / 2e-5
            assert gradients[name][place] == pytest.approx(difference, rel=1e-6, abs=1e-9)


def test_updates_are_those_of_torch(random):
    """Several updates of stochastic gradient descent from the same weights, to 1e-12."""
    ours = Adder.drawn("xavier", random)
    theirs = TorchAdder("rnn", hidden=HIDDEN, bias=False, activation="sigmoid").double()
    theirs.load_state_dict(
        {NAMES[name]: torch.from_numpy(value.copy()) for name, value in ours.parameters.items()}
    )
    optimiser = torch.optim.SGD(theirs.parameters(), lr=0.1)

    for _ in range(20):
        a, b = random.integers(128, size=(2, 1))
        loss = ours.update(as_inputs(a, b), bits(a + b), learning_rate=0.1)

        logits, _ = theirs(torch.from_numpy(as_inputs(a, b)))
        expected = 0.5 * (logits.sigmoid() - torch.from_numpy(bits(a + b))).square().sum()
        optimiser.zero_grad()
        expected.backward()
        optimiser.step()

        assert loss == pytest.approx(expected.item(), abs=1e-12)
        weights = dict(theirs.named_parameters())
        for name, value in ours.parameters.items():
            np.testing.assert_allclose(
                value, weights[NAMES[name]].detach().numpy(), rtol=0, atol=1e-12
            )


@pytest.mark.parametrize(
    ("initialisation", "deviations"),
    [
        ("normal", {"W": 1, "U": 1, "V": 1}),
        ("xavier", {"W": 2**-0.5, "U": 0.25, "V": 0.25}),
        ("he", {"W": 1, "U": 8**-0.5, "V": 8**-0.5}),
    ],
)
def test_initialisations(initialisation, deviations, random):
    drawn = [Adder.drawn(initialisation, random).parameters for _ in range(300)]
    for name, deviation in deviations.items():
        values = np.stack([parameters[name] for parameters in drawn])
        assert values.std() == pytest.approx(deviation, rel=0.04)


def test_it_learns_to_add(random):
    """The course's 10,000 updates: nearly every sum right, from a net that knows none."""
    adder = Adder.drawn("normal", random)
    assert accuracy(adder) < 0.05
    reports = list(train(adder, random))
    assert [report.update for report in reports] == list(range(0, 10_000, 100))
    assert reports[-1].predicted.shape == (WIDTH,)
    assert accuracy(adder) > 0.99


def test_the_module_prints_its_reports():
    command = [sys.executable, "-m", "shinso.scratch.adder", "--updates", "201"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [line for line in printed.splitlines() if line.startswith("update")] == [
        "update 0",
        "update 100",
        "update 200",
    ]
    assert printed.rstrip().endswith("of all 16,384 sums are right")
