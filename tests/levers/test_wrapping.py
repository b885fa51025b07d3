"""A lever that trains, from its row in the catalogue: a distillation of a dozen lines."""

import os
import signal
from dataclasses import dataclass

import pytest
from torch.nn import functional as F

from shinso import api, catalog
from shinso.core.errors import Interrupted, UserError
from shinso.core.files import folder_digest, read_json
from shinso.core.lever import Lever, Use
from shinso.core.recipe import Settings, option
from shinso.core.trainable import Trainable
from shinso.levers.wrapping import Wrapping
from tests.proof import systems
from tests.proof.classifier import ProofLearner
from tests.proof.forked import assert_same, outcome


@dataclass(frozen=True, kw_only=True)
class DistilSettings(Settings):
    weight: float = option(0.9, "of the teacher's answers in the loss", minimum=0, maximum=1)


class Distilling(Wrapping):
    """The loss is also the distance from a teacher's answers, which the run has a copy of."""

    stop_at = None

    def loss(self, phase, batch, outputs):
        if self.run.step == self.stop_at:
            os.kill(os.getpid(), signal.SIGINT)
        teacher = self.forward_by(self.run.inputs["teacher"], phase, batch)
        soft = F.cross_entropy(outputs["logits"], teacher["logits"].softmax(dim=1))
        weight = self.settings.weight
        return weight * soft + (1 - weight) * super().loss(phase, batch, outputs)


LEVER = Lever(
    name="test-distil",
    summary="for this test",
    settings=f"{__name__}:DistilSettings",
    learner=f"{__name__}:Distilling",
)


@pytest.fixture(scope="module", autouse=True)
def in_the_catalogue():
    catalog.add_lever(LEVER)
    yield
    del catalog.LEVERS[LEVER.name]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    recipe = systems.CLASSIFIER.make_recipe("quick", hidden=48)
    run = api.train(recipe, out=tmp_path_factory.mktemp("teacher") / "run", seed=1, threads=1)
    return run.artifact_folder


def distil(teacher, out, weight=0.9):
    use = Use(
        LEVER,
        DistilSettings(weight=weight),
        folder_digest(teacher),
        "shinso distil RUN",
        inputs={"teacher": teacher},
    )
    return api.train(systems.CLASSIFIER.make_recipe("quick"), out=out, lever=use)


def test_it_resumes_from_its_folder_alone(teacher, tmp_path, monkeypatch):
    distil(teacher, tmp_path / "whole")
    with monkeypatch.context() as stopping, pytest.raises(Interrupted):
        stopping.setattr(Distilling, "stop_at", 20)
        distil(teacher, tmp_path / "stopped")
    told = read_json(tmp_path / "stopped" / "recipe.json")
    assert told["lever"]["source"] == folder_digest(tmp_path / "stopped" / "inputs" / "teacher")
    api.resume(tmp_path / "stopped")
    assert_same(outcome(tmp_path / "stopped"), outcome(tmp_path / "whole"))


def test_the_lever_s_loss_is_what_trains(teacher, tmp_path):
    distil(teacher, tmp_path / "with", weight=0.9)
    distil(teacher, tmp_path / "without", weight=0.0)
    plain = api.train(systems.CLASSIFIER.make_recipe("quick"), out=tmp_path / "plain")
    with_teacher, without, plain = (
        outcome(tmp_path / name)["tree"] for name in ("with", "without", plain.folder.name)
    )
    assert_same(without["learner"]["networks"], plain["learner"]["networks"])
    with pytest.raises(AssertionError):
        assert_same(with_teacher["learner"]["networks"], plain["learner"]["networks"])


class OwnGradients(ProofLearner):
    def gradients(self, phase, batch):
        return Trainable.gradients(self, phase, batch)


class OwnStep(ProofLearner):
    def step(self):
        return super().step()


class Applying(Wrapping):
    applied = 0

    def apply(self, phase, gradients):
        super().apply(phase, gradients)
        self.applied += 1


@pytest.mark.parametrize(
    "wrapping, inner, fits",
    (
        (Applying, OwnGradients, True),
        (Distilling, OwnGradients, False),
        (Applying, OwnStep, False),
    ),
)
def test_a_part_that_would_be_passed_over_is_refused(wrapping, inner, fits, tmp_path):
    from tests.proof.directly import train

    def make(*given):
        return wrapping(inner(*given), None)

    if fits:
        learner = train(systems.CLASSIFIER, tmp_path, make, epochs=1)
        assert learner.applied == learner.run.step > 10
    else:
        with pytest.raises(UserError, match="makes its steps in a way of its own"):
            train(systems.CLASSIFIER, tmp_path, make, epochs=1)


def test_a_learner_without_networks_is_refused(tmp_path):
    from tests.proof.directly import train

    inner = systems.VALUE_ITERATION.load("learner")
    with pytest.raises(UserError, match="proof-value-iteration learns without gradients"):
        train(systems.VALUE_ITERATION, tmp_path, lambda *given: Wrapping(inner(*given), None))
