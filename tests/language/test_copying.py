"""The copier: nets whose weights were thought out score what they must, and one learns."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from shinso import api, catalog
from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.exhibits import load
from shinso.core.processes import Processes
from shinso.core.run import Run
from shinso.data.copying import FEWEST, MOST, SYMBOLS, TOKENS, CopyingSet, to_write
from shinso.language.copying.evaluation import evaluate
from shinso.language.copying.learner import CopyingLearner
from shinso.language.copying.model import Copier, build, example_inputs, initial_state
from shinso.language.copying.predictor import CopyingPredictor
from shinso.language.copying.recipe import PRESETS, CopyingRecipe, CopyingSpec

CELLS = ("rnn", "lstm", "lstm-peephole", "gru", "gru-reset-after")
LENGTH, DISTANCE = 3, 5
DELAY = LENGTH + DISTANCE
SPEC = CopyingSpec(length=LENGTH, distance=DISTANCE)
LINE = CopyingRecipe(
    cell="rnn", activation="relu", hidden=TOKENS * (DELAY + 1), length=LENGTH, distance=DISTANCE
)


def delay_line(loudness: float) -> Copier:
    """A net whose state is the last DELAY + 1 tokens, newest first: each step moves them one
    place on. It writes the symbol of DELAY steps ago, and a blank where there was none."""
    copier = build(LINE, SPEC)["copier"]
    cell, readout = copier.recurrent.cell, copier.readout
    with torch.no_grad():
        for parameter in copier.parameters():
            parameter.zero_()
        cell.from_input.weight[:TOKENS] = torch.eye(TOKENS)
        cell.from_hidden.weight[TOKENS:, :-TOKENS] = torch.eye(TOKENS * DELAY)
        oldest = slice(TOKENS * DELAY, TOKENS * DELAY + SYMBOLS)
        readout.weight[:SYMBOLS, oldest] = 2 * loudness * torch.eye(SYMBOLS)
        readout.bias[SYMBOLS] = loudness
    return copier


def clock(loudness: float = 50.0) -> Copier:
    """The same line, of which only the delimiter is looked at: it writes blanks, and from the
    delimiter on all symbols alike. It knows when to write and not what."""
    copier = delay_line(loudness)
    with torch.no_grad():
        copier.readout.weight.zero_()
        ago = torch.arange(1, LENGTH + 1)
        copier.readout.weight[SYMBOLS, TOKENS * ago + TOKENS - 1] = -2 * loudness
    return copier


def predictor(copier: Copier) -> CopyingPredictor:
    return CopyingPredictor(Artifact("copying", LINE, SPEC, modules={"copier": copier.eval()}))


def learner(recipe: CopyingRecipe, folder, processes: Processes | None = None) -> CopyingLearner:
    run = Run(catalog.find("copying"), folder, {"seed": 4}, processes=processes or Processes())
    return CopyingLearner(recipe, CopyingSet(), None, run)


# Recipe and net ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_the_nominal_spec_of_a_preset_is_that_of_its_recipe(name):
    preset = PRESETS[name]
    recipe = CopyingRecipe().changed(**preset.changes)
    assert preset.spec == CopyingSpec(length=recipe.length, distance=recipe.distance)
    assert CopyingRecipe.from_dict(recipe.as_dict()) == recipe


def test_lengths_are_those_that_the_data_have():
    for kind in (CopyingRecipe, CopyingSpec):
        (length,) = (field for field in kind.fields() if field.name == "length")
        assert (length.minimum, length.maximum) == (FEWEST, MOST)


def test_what_would_not_be_used_is_refused():
    with pytest.raises(UserError, match="--activation relu is for --cell rnn; gru has tanh"):
        CopyingRecipe(cell="gru", activation="relu")
    with pytest.raises(UserError, match=r"--epochs is for data that end; .* give --steps"):
        CopyingRecipe().changed(epochs=3)


@pytest.mark.parametrize("cell", CELLS)
def test_reading_step_by_step_is_reading_at_once(cell):
    recipe = CopyingRecipe(cell=cell, hidden=5)
    copier = build(recipe, CopyingSpec())["copier"]
    tokens = torch.randint(TOKENS, (2, 7))
    at_once, *_ = copier(tokens)
    assert at_once.shape == (2, 7, SYMBOLS + 1)
    state = initial_state(recipe, 2)
    for t in range(7):
        logits, *state = copier(tokens[:, t : t + 1], *state)
        torch.testing.assert_close(logits[:, 0], at_once[:, t])
    shown = example_inputs(recipe, CopyingSpec())["copier"][0][1:]
    assert [tensor.shape for tensor in shown] == [(1, 5)] * len(state)


@pytest.mark.parametrize("cell", ["lstm", "lstm-peephole", "gru", "gru-reset-after"])
def test_an_open_gate_keeps_the_state(cell):
    """With the keeping gate wide open and nothing else at work the memory stays as it was."""
    recipe = CopyingRecipe(cell=cell, hidden=4, keep_bias=30.0)
    copier = build(recipe, CopyingSpec())["copier"]
    for layer in copier.modules():
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.weight)
    state = tuple(torch.full_like(tensor, 0.5) for tensor in initial_state(recipe, 1))
    _, *state = copier(torch.zeros(1, 9, dtype=torch.int64), *state)
    torch.testing.assert_close(state[-1], torch.full((1, 4), 0.5))


# Scores -------------------------------------------------------------------------------------


def test_a_delay_line_remembers_everything_at_its_own_distance():
    evaluation = evaluate(predictor(delay_line(50.0)), CopyingSet(), "valid")
    assert evaluation.scores["accuracy"] == evaluation.scores["whole"] == 1
    assert evaluation.scores["loss"] < 1e-9
    distances, recall = evaluation.exhibits[1].lines["net"]
    assert recall[distances == DISTANCE] == 1
    assert (recall[np.abs(distances - DISTANCE) >= LENGTH] == 0).all()


def test_the_baseline_is_what_a_net_without_memory_gets():
    evaluation = evaluate(predictor(clock()), CopyingSet(), "valid")
    baseline = evaluation.baselines["without memory"]
    assert evaluation.scores["loss"] == pytest.approx(baseline["loss"], rel=1e-6)
    assert evaluation.scores["accuracy"] == pytest.approx(1 / 8, abs=0.03)
    assert baseline == {
        "accuracy": 1 / 8,
        "whole": 1 / 512,
        "loss": pytest.approx(3 * math.log(8) / 11),
    }


def test_the_learner_and_the_evaluation_mean_the_same_loss(tmp_path):
    learning = learner(LINE.changed(hidden=7), tmp_path)
    evaluation = learning.evaluate("test")
    symbols = CopyingSet().split("test").symbols(LENGTH)
    logits = CopyingPredictor(learning.artifact()).logits(symbols, DISTANCE)
    batch = (torch.empty(0), torch.from_numpy(to_write(symbols, DISTANCE)))
    loss = learning.loss("update", batch, {"logits": torch.from_numpy(logits)})
    assert evaluation.scores["loss"] == pytest.approx(loss.item(), rel=1e-5)


# Predictor ------------------------------------------------------------------------------------


def test_what_it_says_it_remembers():
    remembers = predictor(delay_line(50.0))
    assert str(remembers("bad")) == "bad after 5 steps: bad"
    assert remembers(" h a\td").as_dict() == {
        "read": "had",
        "written": "had",
        "distance": 5,
        "right": True,
    }
    forgets = predictor(delay_line(-50.0))  # no symbol is ever loud enough, nor is the blank
    assert "(wrong)" in str(forgets("bad"))


@pytest.mark.parametrize("text", ["ba", "badge", "", "box", "BAD", "b,a"])
def test_what_cannot_be_remembered(text):
    with pytest.raises(UserError, match=r"cannot remember .*; write 3 letters, a to h"):
        predictor(delay_line(50.0))(text)


# Learner --------------------------------------------------------------------------------------


def test_two_processes_share_the_batch_that_one_would_have(tmp_path):
    recipe = CopyingRecipe(batch_size=7)
    whole = learner(recipe, tmp_path).next_batch("update")
    parts = [learner(recipe, tmp_path, Processes(rank, 2)) for rank in range(2)]
    batches = [part.next_batch("update") for part in parts]
    for one, halves in zip(whole, zip(*batches, strict=True), strict=True):
        assert torch.equal(one, torch.cat(halves))
    assert [part.share_weight for part in parts] == [6 / 7, 8 / 7]


def test_every_step_has_sequences_of_its_own(tmp_path):
    learning = learner(CopyingRecipe(length=12), tmp_path)
    first = learning.next_batch("update")[0]
    learning.run.step = 1
    assert not set(map(tuple, first.tolist())) & set(
        map(tuple, learning.next_batch("update")[0].tolist())
    )
    assert learning.batch_name() == "sequences 64 to 127"


def test_a_delay_line_loses_nothing_of_the_error_on_its_way_back(tmp_path):
    """Every step back multiplies by a permutation: the gradient neither vanishes nor explodes."""
    learning = learner(LINE, tmp_path)
    learning.networks["copier"].load_state_dict(delay_line(0.1).state_dict())
    norms = learning._memory_gradients(learning.next_batch("update"))
    assert norms.shape == (DISTANCE + 2 * LENGTH,)
    between = norms[LENGTH - 1 : DELAY]  # all symbols read, none written
    assert between[0] > 0
    torch.testing.assert_close(between, between[:1].expand_as(between))


def test_memory_gradients_agree_with_a_small_push(tmp_path):
    """An LSTM's cell state, pushed at one step along its gradient, moves the error that much."""
    learning = learner(CopyingRecipe(hidden=8, length=2, distance=3, batch_size=1), tmp_path)
    copier = learning.networks["copier"].double()
    batch = learning.next_batch("update")

    def error(push: torch.Tensor, step: int) -> torch.Tensor:
        state, hidden = initial_state(learning.recipe, 1), []
        state = tuple(tensor.double() for tensor in state)
        for t, x_t in enumerate(copier.embed(batch[0]).unbind(dim=1)):
            output, state = copier.recurrent.cell(x_t, state)
            if t == step:
                pushed = state[1] + push
                output = output * pushed.tanh() / state[1].tanh()  # h_t = o * tanh(c_t)
                state = (output, pushed)
            hidden.append(output)
        logits = copier.readout(torch.stack(hidden[-2:], dim=1))
        return nn.functional.cross_entropy(logits[0], batch[1][0, -2:]).detach()

    norms = learning._memory_gradients(batch)
    for step in (0, 3):
        size = 1e-5
        slopes = [
            (error(push, step) - error(-push, step)) / (2 * size)
            for push in size * torch.eye(8, dtype=torch.float64)
        ]
        assert torch.stack(slopes).norm() == pytest.approx(norms[step].item(), rel=1e-5)


def test_a_gru_learns_to_remember(tmp_path):
    recipe = CopyingRecipe(cell="gru", hidden=64, length=4, distance=2, steps=250)
    run = api.train(recipe, out=tmp_path / "run")
    evaluation = api.evaluate(run.folder, split="test")
    guess = evaluation.baselines["without memory"]
    assert evaluation.scores["accuracy"] > 3 * guess["accuracy"]
    assert evaluation.scores["loss"] < guess["loss"] / 1.5
    titles = [exhibit.title for exhibit in load(run.folder / "exhibits" / "training")]
    assert titles[:2] == [
        "Gradient of the error of recall at each time step while learning",
        "The error of recall on its way back through time",
    ]
    assert any("gate" in title.lower() for title in titles[2:])
