"""A lever that trains wraps a learner and changes its loss alone: a distillation in a few lines."""

import os
import signal

import pytest
import torch
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.errors import Interrupted
from shinso.data import open_data
from shinso.levers.wrapping import Wrapping
from tests.proof import systems
from tests.proof.directly import train
from tests.proof.forked import assert_same, outcome

TEMPERATURE = 4.0
STUDENT = {"hidden": 12, "epochs": 3, "learning_rate": 2e-2}


class Distilled(Wrapping):
    """Hinton, Vinyals and Dean 2015, section 2: mostly the teacher's soft targets, T^2-fold."""

    teacher: Artifact

    def loss(self, phase, batch, outputs):
        logits = self.forward_by(self.teacher, phase, batch)["logits"]
        targets = (logits / TEMPERATURE).softmax(dim=1)
        soft = F.cross_entropy(outputs["logits"] / TEMPERATURE, targets) * TEMPERATURE**2
        return 0.9 * soft + 0.1 * super().loss(phase, batch, outputs)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """Larger than its student."""
    settings = {**STUDENT, "hidden": 48}
    return train(systems.CLASSIFIER, tmp_path_factory.mktemp("teacher"), **settings).artifact()


@pytest.fixture
def student_class(teacher):
    return type("DistilledFromOurs", (Distilled,), {"teacher": teacher})


def train_student(folder, wrapping):
    inner = systems.CLASSIFIER.load("learner")
    return train(
        systems.CLASSIFIER, folder, lambda *given: wrapping(inner(*given), None), **STUDENT
    )


def test_the_wrapped_learner_trains_by_the_same_loop(student_class, teacher, tmp_path):
    student = train_student(tmp_path / "student", student_class)
    plain = train_student(tmp_path / "plain", Wrapping)
    assert student.evaluate("valid").scores["accuracy"] > 0.8  # chance is 0.1
    assert distance(student.artifact(), teacher) < 0.7 * distance(plain.artifact(), teacher)


def distance(student, teacher):
    """Mean squared difference of the log-probabilities that the two give validation images."""
    split = open_data("digits", ("images",)).split("valid")
    images = torch.from_numpy(split.images.reshape(len(split), -1)).float() / 255
    one, other = (
        artifact.network("classifier")(images)[0].log_softmax(dim=1)
        for artifact in (student, teacher)
    )
    return (one - other).square().mean().item()


def test_a_wrapping_that_overrides_nothing_changes_nothing(tmp_path):
    train_student(tmp_path / "wrapped", Wrapping)
    train(systems.CLASSIFIER, tmp_path / "plain", **STUDENT)
    assert_same(outcome(tmp_path / "wrapped"), outcome(tmp_path / "plain"))


def test_the_teacher_is_left_as_it_was(student_class, teacher, tmp_path):
    before = {name: t.clone() for name, t in teacher.weights("classifier").items()}
    train_student(tmp_path / "student", student_class)
    assert_same(dict(teacher.weights("classifier")), before)


def test_the_wrapped_learner_resumes_exactly(student_class, tmp_path):
    train_student(tmp_path / "whole", student_class)

    class Interrupting(student_class):
        def step(self):
            if self.run.step == 42:
                os.kill(os.getpid(), signal.SIGINT)
            return super().step()

    with pytest.raises(Interrupted):
        train_student(tmp_path / "stopped", Interrupting)
    train_student(tmp_path / "stopped", student_class)
    assert_same(outcome(tmp_path / "stopped"), outcome(tmp_path / "whole"))
