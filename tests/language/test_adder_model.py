"""The adder's recipe and net; what it learns is the learner's test."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from shinso.core.errors import UserError
from shinso.data.addition import AdditionSet
from shinso.language.adder.model import Adder, build, example_inputs, initial_state
from shinso.language.adder.recipe import PRESETS, AdderRecipe, AdderSpec

CELLS = ("rnn", "lstm", "lstm-peephole", "gru", "gru-reset-after")


def test_the_recipe_imports_no_torch():
    script = "import sys, shinso.language.adder.recipe; print('torch' in sys.modules)"
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, capture_output=True, check=True).stdout.strip() == b"False"


@pytest.mark.parametrize("name", PRESETS)
def test_presets_make_recipes_and_nets(name):
    preset = PRESETS[name]
    recipe = AdderRecipe().changed(**preset.changes)
    networks = build(recipe, preset.spec)
    assert list(networks) == ["adder"]
    assert AdderRecipe.from_dict(recipe.as_dict()) == recipe


def test_cpu_is_the_default():
    assert AdderRecipe().changed(**PRESETS["cpu"].changes) == AdderRecipe()


def test_the_course_is_followed_to_the_letter():
    recipe = AdderRecipe().changed(**PRESETS["course"].changes)
    adder = build(recipe, AdderSpec())["adder"]
    shapes = {tuple(parameter.shape) for parameter in adder.parameters()}
    assert shapes == {(16, 2), (16, 16), (1, 16)}  # no biases
    assert (recipe.optimiser, recipe.momentum, recipe.learning_rate) == ("sgd", 0.0, 0.1)
    assert (recipe.batch_size, recipe.steps, recipe.report_every) == (1, 10_000, 100)
    assert (recipe.activation, recipe.init, recipe.loss) == ("sigmoid", "normal", "squared")
    assert recipe.train_on == "all"


def test_an_activation_that_would_not_be_used_is_refused():
    with pytest.raises(UserError, match="--activation relu is for --cell rnn; gru has tanh"):
        AdderRecipe(cell="gru", activation="relu")
    AdderRecipe(cell="rnn", activation="relu")


def carrying_adder() -> Adder:
    """A net whose weights were thought out. With sigmoids steep enough to be steps, three units
    count the ones among a, b and the carry: at least 1, at least 2, at least 3. "At least 2" is
    the next carry, and the bit of the sum is 1 - 2 + 3 of them."""
    adder = Adder("rnn", hidden=3, activation="sigmoid")
    cell = adder.recurrent.cell
    with torch.no_grad():
        cell.from_input.weight.fill_(40)
        cell.from_hidden.weight.copy_(40 * torch.tensor([[0.0, 1.0, 0.0]]).expand(3, 3))
        cell.from_input.bias.copy_(-40 * torch.tensor([0.5, 1.5, 2.5]))
        adder.readout.weight.copy_(torch.tensor([[2.0, -2.0, 2.0]]))
        adder.readout.bias.fill_(-1)
    return adder


def right(logits: torch.Tensor, targets: np.ndarray) -> bool:
    return np.array_equal(logits.detach().numpy() > 0, targets == 1)


def test_three_units_are_enough_to_add():
    adder, addition = carrying_adder(), AdditionSet()
    for pairs in (addition.test, addition.test_16):
        logits, _ = adder(torch.from_numpy(pairs.inputs))
        assert logits.shape == (len(pairs), pairs.width)
        assert right(logits, pairs.targets)


def test_the_state_is_the_carry():
    """16 bits in two pieces of 8: with the state handed on every sum is right, without it not."""
    adder, pairs = carrying_adder(), AdditionSet().test_16
    low, high = torch.from_numpy(pairs.inputs).split(8, dim=1)

    low_logits, *state = adder(low)
    high_logits, _ = adder(high, *state)
    forgetful_logits, _ = adder(high)

    assert right(torch.cat([low_logits, high_logits], dim=1), pairs.targets)
    assert not right(torch.cat([low_logits, forgetful_logits], dim=1), pairs.targets)


@pytest.mark.parametrize("cell", CELLS)
def test_example_inputs_fit_the_net_and_start_from_no_carry(cell):
    recipe, spec = AdderRecipe(cell=cell, hidden=5), AdderSpec()
    adder = build(recipe, spec)["adder"]
    inputs, dynamic = example_inputs(recipe, spec)["adder"]

    logits, *state = adder(*inputs)

    assert logits.shape == (1, 8)
    assert [tensor.shape for tensor in state] == [tensor.shape for tensor in inputs[1:]]
    assert dynamic == {index: {0: "batch"} for index in range(len(inputs))}
    torch.testing.assert_close(adder(inputs[0])[0], logits, rtol=0, atol=0)
    assert [tuple(tensor.shape) for tensor in initial_state(recipe, 7)] == [(7, 5)] * len(state)


@pytest.mark.parametrize("cell", ["gru", "lstm-peephole"])
def test_the_net_exports_with_any_batch(cell, tmp_path):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    recipe, spec = AdderRecipe(cell=cell), AdderSpec()
    adder = build(recipe, spec)["adder"].eval()
    inputs, dynamic = example_inputs(recipe, spec)["adder"]
    # `*state` is one argument of forward, so its shapes are one tuple.
    shapes = [dynamic[index] for index in range(len(inputs))]
    path = tmp_path / "adder.onnx"
    torch.onnx.export(
        adder,
        inputs,
        path,
        dynamo=True,
        dynamic_shapes=(shapes[0], tuple(shapes[1:])),
        verbose=False,
    )

    bits = torch.from_numpy(AdditionSet().valid.inputs[:50])
    given = (bits, *initial_state(recipe, 50))
    session = runtime.InferenceSession(path)
    names = [value.name for value in session.get_inputs()]
    outputs = session.run(
        None, {name: tensor.numpy() for name, tensor in zip(names, given, strict=True)}
    )
    for output, expected in zip(outputs, adder(*given), strict=True):
        np.testing.assert_allclose(output, expected.detach(), rtol=1e-5, atol=1e-6)
