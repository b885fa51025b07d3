"""The one loop: what it reports, selects and refuses, and that watching changes nothing."""

import json
import math
import re
from dataclasses import dataclass

import pytest
import torch

from shinso.core.artifact import Artifact
from shinso.core.checkpoint import Checkpoints
from shinso.core.errors import ShinsoError
from shinso.core.evaluation import Evaluation
from shinso.core.exhibits import Text
from shinso.core.learner import Learner
from shinso.core.loop import Loop
from shinso.core.recipe import Preset, Recipe, Spec, option
from shinso.core.system import System
from tests.proof import systems
from tests.proof.directly import make_learner, make_run, train
from tests.proof.forked import assert_same

NAN = math.nan


@dataclass(frozen=True, kw_only=True)
class ScriptRecipe(Recipe):
    steps: int = option(12, "steps to make", minimum=1)
    report_every: int = 5
    evaluate_every: int | None = 2


PRESETS = {"cpu": Preset(Spec())}


class Scripted(Learner):
    """Its scores and validation scores are written down beforehand."""

    script: tuple[dict, ...] = ()
    valid: tuple[float, ...] = ()
    direction: str | None = None
    weights = torch.zeros(3)

    def step(self):
        return self.script[self.run.step] if self.script else {"loss": float(self.run.step)}

    @property
    def progress(self):
        return self.run.step, self.recipe.steps

    @property
    def selection(self):
        return self.direction and ("score", self.direction)

    def evaluate(self, split):
        assert split == "valid"
        number = self.run.step // self.recipe.evaluate_every - 1
        return Evaluation({"score": self.valid[number] if self.valid else 0.0})

    def state(self):
        return {"weights": self.weights}

    def restore(self, state):
        self.weights = state["weights"]

    def artifact(self):
        assets = {"step.txt": str(self.run.step)}
        return Artifact("scripted", self.recipe, Spec(), assets=assets)

    def exhibits(self):
        return [Text("The end", "once", [str(self.run.step)])]

    def batch_name(self):
        return "the scripted batch"


SYSTEM = System(
    name="scripted",
    field="proof",
    task="proof",
    summary="A script.",
    paper="none",
    section="none",
    recipe=f"{__name__}:ScriptRecipe",
    learner=f"{__name__}:Scripted",
    predictor="none:none",
    evaluate="none:none",
)


def scripted(**attributes):
    """The learner with its script."""
    return type("Scripted", (Scripted,), attributes)


def rows(folder, kind):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return {row["step"]: row[kind] for row in lines if kind in row}


def best_step(folder):
    return int((folder / "artifact" / "step.txt").read_text())


# Reports ------------------------------------------------------------------------------------------


def test_a_report_is_the_mean_over_its_interval(tmp_path):
    train(SYSTEM, tmp_path, Scripted)
    assert rows(tmp_path, "train") == {
        5: {"loss": (0 + 1 + 2 + 3 + 4) / 5},
        10: {"loss": (5 + 6 + 7 + 8 + 9) / 5},
        12: {"loss": (10 + 11) / 2},  # what was left at the end
    }


def test_a_score_absent_from_some_steps_is_the_mean_of_those_that_had_it(tmp_path):
    script = tuple(
        {"loss": 1.0} | ({"episode": float(s)} if s in (1, 3, 6) else {}) for s in range(12)
    )
    train(SYSTEM, tmp_path, scripted(script=script))
    found = rows(tmp_path, "train")
    assert found[5]["episode"] == 2 and found[10]["episode"] == 6 and "episode" not in found[12]


@pytest.mark.parametrize(("norm", "share"), ((1e-9, 1), (1e9, 0)))
def test_the_share_of_clipped_steps_is_reported_of_each_phase(norm, share, tmp_path):
    train(systems.GAN, tmp_path, steps=4, clip_norm=norm)
    (row,) = rows(tmp_path, "train").values()
    assert row["discriminate_clipped"] == row["generate_clipped"] == share


def test_nothing_is_reported_twice_when_the_end_is_a_report(tmp_path):
    train(SYSTEM, tmp_path, Scripted, steps=10)
    assert list(rows(tmp_path, "train")) == [5, 10]
    assert list(rows(tmp_path, "valid")) == [2, 4, 6, 8, 10]
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 7


def test_the_end_is_evaluated_and_its_exhibits_kept(tmp_path):
    train(SYSTEM, tmp_path, Scripted, steps=7)
    assert list(rows(tmp_path, "valid")) == [2, 4, 6, 7]
    assert json.loads(next((tmp_path / "exhibits/training").glob("*.json")).read_text())[
        "lines"
    ] == ["7"]


class Watched:
    def __init__(self):
        self.seen = []

    def tick(self, done, total, scores):
        assert 0 <= done <= total

    def evaluated(self, step, scores, best):
        self.seen.append((step, scores["score"], best))


def test_an_observer_sees_every_evaluation(tmp_path):
    run = make_run(SYSTEM, tmp_path)
    made = scripted(direction="max", valid=(0.1, 0.3, 0.2))
    learner, observer = make_learner(run, ScriptRecipe(steps=6), made), Watched()
    Loop(learner, run, observer).train()
    assert observer.seen == [(2, 0.1, True), (4, 0.3, True), (6, 0.2, False)]


# Selection ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "valid", "best"),
    [
        ("max", (0.1, 0.5, 0.4, 0.5, 0.2, 0.3), 4),  # of equals the first
        ("min", (0.1, 0.5, 0.4, 0.05, 0.2, 0.3), 8),
        ("max", (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), 12),
        ("max", (-2.0, -1.0, -3.0, -3.0, -3.0, -3.0), 4),
        (None, (0.9, 0.5, 0.4, 0.3, 0.2, 0.1), 12),  # without a selection the last
        ("max", (NAN, 0.1, NAN, 0.3, NAN, 0.2), 8),  # a score that is none is no best
        ("min", (NAN, 0.1, NAN, 0.3, NAN, 0.2), 4),
    ],
)
def test_the_artifact_is_that_of_the_best_step(tmp_path, direction, valid, best):
    train(SYSTEM, tmp_path, scripted(direction=direction, valid=valid))
    assert best_step(tmp_path) == best
    evaluation = json.loads((tmp_path / "evaluation.json").read_text())
    assert evaluation["step"] == best
    about = json.loads((tmp_path / "artifact" / "artifact.json").read_text())
    assert about["provenance"]["steps"] == best
    assert about["scores"] == evaluation["scores"] == {"score": valid[best // 2 - 1]}
    kept = Checkpoints(tmp_path / "checkpoints").steps()
    assert set(kept) == {10, 12, best}


def test_the_best_is_remembered_over_a_resume(tmp_path):
    valid = (0.1, 0.9, 0.4, 0.5, 0.2, 0.3)
    train(SYSTEM, tmp_path, scripted(direction="max", valid=valid), steps=6)
    train(SYSTEM, tmp_path, scripted(direction="max", valid=valid))
    assert best_step(tmp_path) == 4
    assert list(rows(tmp_path, "valid")) == [2, 4, 6, 8, 10, 12]


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [NAN, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_stops_the_run_in_words(tmp_path, bad):
    script = tuple({"loss": bad if step == 6 else 1.0} for step in range(12))
    with pytest.raises(ShinsoError) as error:
        train(SYSTEM, tmp_path, scripted(script=script))
    words = str(error.value)
    assert words.startswith("training stopped at step 7, the scripted batch: loss is ")
    assert re.search(r"last good checkpoint: step 6 \(.*step-000000006-.*safetensors\)", words)
    assert "--learning-rate" in words and "\n" not in words and error.value.exit_code == 1


def test_before_the_first_checkpoint_there_is_no_good_one(tmp_path):
    with pytest.raises(ShinsoError, match=r"at step 1, .* last good checkpoint: none"):
        train(SYSTEM, tmp_path, scripted(script=({"loss": NAN},)))


class GoneWrong(Scripted):
    """Its weights become NaN in the seventh step, and no score tells."""

    def step(self):
        if self.run.step == 6:
            self.weights = torch.tensor([0.0, NAN, 0.0])
        return super().step()


@pytest.mark.parametrize("direction", ["max", None])
def test_weights_that_are_not_finite_replace_neither_checkpoint_nor_artifact(tmp_path, direction):
    make = type("GoneWrong", (GoneWrong,), {"direction": direction, "valid": (1, 2, 3, 4, 5, 6)})
    words = r"step 8: a weight or optimiser state is not finite; last good checkpoint: step 6"
    with pytest.raises(ShinsoError, match=words):
        train(SYSTEM, tmp_path, make)
    assert max(Checkpoints(tmp_path / "checkpoints").steps()) == 6
    assert best_step(tmp_path) == 6


def test_the_proof_classifier_names_epoch_batch_and_examples(tmp_path):
    """1,258 training images in batches of 32: 40 an epoch."""
    with pytest.raises(ShinsoError) as error:
        train(systems.CLASSIFIER, tmp_path, learning_rate=1e30, optimiser="sgd", clip_norm=None)
    words = r"stopped at step (\d+), epoch 1, batch \1 \(examples (\d+, ){8}\.\.\.\): loss is"
    assert re.search(words, str(error.value))


# Watching changes nothing -------------------------------------------------------------------------

WATCHED = pytest.mark.parametrize(
    "system", (systems.CLASSIFIER, systems.GAN, systems.DQN), ids=lambda system: system.name
)
STEPS = 24


def final_state(system, folder, **changes):
    learner = train(system, folder, steps=STEPS, **changes)
    return learner.state()


@pytest.fixture(scope="module")
def unwatched(tmp_path_factory):
    """The state after training that was evaluated and reported once, at the end."""
    made = {}

    def state_of(system):
        if system.name not in made:
            folder = tmp_path_factory.mktemp("unwatched") / system.name
            made[system.name] = final_state(system, folder, evaluate_every=1000, report_every=1000)
            assert len(rows(folder, "valid")) == 1
        return made[system.name]

    return state_of


@WATCHED
def test_evaluating_at_every_step_changes_nothing(system, unwatched, tmp_path):
    state = final_state(system, tmp_path, evaluate_every=1, report_every=1000)
    assert len(rows(tmp_path, "valid")) == STEPS
    assert_same(state, unwatched(system))


@WATCHED
def test_reporting_at_every_step_changes_nothing(system, unwatched, tmp_path):
    state = final_state(system, tmp_path, evaluate_every=1000, report_every=1)
    assert len(rows(tmp_path, "train")) == STEPS
    assert_same(state, unwatched(system))


@WATCHED
def test_another_seed_does(system, unwatched, tmp_path):
    """What the two tests above would not see if training ignored its randomness."""
    run = make_run(system, tmp_path, seed=4)
    learner = make_learner(run, system.make_recipe(steps=STEPS))
    Loop(learner, run).train()
    with pytest.raises(AssertionError):
        assert_same(learner.state(), unwatched(system))
