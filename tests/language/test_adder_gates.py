"""The adder's report shows what its gates do, bit by bit, in one addition."""

import numpy as np
import pytest
import torch

from shinso import api, catalog
from shinso.core import exhibits
from shinso.data.addition import Pairs
from shinso.language.adder.learner import EXAMPLE, EXAMPLE_AXIS
from shinso.language.adder.recipe import AdderRecipe

REACH = "How much of each state reaches the end"
TITLES = {
    "rnn": ["Hidden state by unit"],
    "lstm": ["Gates along the sequence", "Cell state by unit", "Forget gate by unit", REACH],
}


@pytest.mark.parametrize("cell", TITLES)
def test_a_run_keeps_pictures_of_its_gates(cell, tmp_path):
    api.train(AdderRecipe(cell=cell, steps=20, evaluate_every=20), out=tmp_path / "run")

    shown = exhibits.load(tmp_path / "run" / "exhibits" / "training")

    assert [exhibit.title for exhibit in shown[2:]] == TITLES[cell]
    (state,) = (exhibit for exhibit in shown if exhibit.title.endswith("state by unit"))
    assert state.column_labels == ("00", "10", "10", "01", "10", "11", "01", "00")
    assert state.column_title == EXAMPLE_AXIS

    network = catalog.open_artifact(tmp_path / "run").network("adder")
    bits = torch.from_numpy(example().inputs)
    zeros = (torch.zeros(1, 16),) * (2 if cell == "lstm" else 1)
    *_, last = network(bits, *zeros)  # the cell state where there is one
    order = [int(unit) for unit in state.row_labels]
    np.testing.assert_allclose(state.values[:, -1], last[0, order], rtol=0, atol=1e-6)


def test_the_axis_tells_the_truth_about_the_carry():
    pairs = example()
    carried = np.flatnonzero(pairs.inputs[0].sum(axis=1) % 2 != pairs.targets[0]) + 1
    steps = " and ".join(map(str, carried))
    first, second = EXAMPLE
    told = f"step: bits of {first} and {second}; a carry comes into steps {steps}"
    assert told == EXAMPLE_AXIS


def example() -> Pairs:
    first, second = (np.array([operand]) for operand in EXAMPLE)
    return Pairs(first, second, 8)
