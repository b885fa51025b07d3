"""Distillation: its loss beside one written down in NumPy, and the verb as one types it."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import shinso
from shinso.core.errors import UserError
from shinso.core.trainable import Trainable
from shinso.data import open_data
from shinso.levers.distil import DistilledLearner
from shinso.levers.settings import DistilSettings
from tests.cli import command as cli
from tests.cli.command import refused
from tests.levers.making import made

LOGITS = np.random.default_rng(0).normal(size=(3, 2, 4, 5)) * 3  # student, two teachers; (B, T, V)
COUNTED = np.array([[True, True, True, False], [True, True, False, False]])
OWN = 1.25  # the loss of the data


class Told(Trainable):
    """A learner whose answers are given."""

    def __init__(self, logits, counted):
        self.networks, self.phases, self.forwards, self.updaters = {}, {}, {}, {}
        self.recipe = self.data = self.start = None
        self.run = SimpleNamespace(inputs={}, system=SimpleNamespace(name="told"), device="cpu")
        self.outputs = {"logits": torch.tensor(logits)}
        if counted is not None:
            self.outputs["counted"] = torch.tensor(counted)

    def next_batch(self, phase): ...

    def forward(self, phase, batch):
        return self.outputs

    def loss(self, phase, batch, outputs):
        return torch.tensor(OWN)

    def evaluate(self, split): ...

    def artifact(self): ...


def loss_of(temperature, share, counted=None):
    """The lever's, of the student and the teachers in LOGITS."""
    student = Told(LOGITS[0], counted)
    learner = DistilledLearner(student, DistilSettings(temperature=temperature, share=share))
    learner.teachers = [Told(logits, counted).outputs for logits in LOGITS[1:]]
    learner.forward_by = lambda teacher, phase, batch: teacher
    return float(learner.loss("update", None, student.outputs))


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("counted", (None, COUNTED), ids=("all", "padded"))
@pytest.mark.parametrize("temperature, share", ((1.0, 1.0), (4.0, 0.7)))
def test_the_loss_is_the_equation(temperature, share, counted):
    p, *taught = softmax(LOGITS / temperature)  # (2, 4, 5) each
    q = np.mean(taught, axis=0)
    distances = (q * np.log(q / p)).sum(axis=-1)
    mean = distances[COUNTED].mean() if counted is not None else distances.mean()
    expected = (1 - share) * OWN + share * temperature**2 * mean
    assert loss_of(temperature, share, counted) == pytest.approx(expected, rel=1e-5)


def test_a_learner_without_logits_is_refused():
    student = Told(LOGITS[0], None)
    learner = DistilledLearner(student, DistilSettings())
    with pytest.raises(UserError, match="told has no logits"):
        learner.loss("update", None, {})


# The verb -----------------------------------------------------------------------------------------

LEARNING = ("--preset", "quick", "--epochs", 15, "--learning-rate", 0.01, "--threads", 1)
QUICK = (*LEARNING, "--hidden", "12")


def command(*words):
    """As one types it; it has to work."""
    done = cli.shinso(*words)
    assert done.code == 0, done.err
    return done


@pytest.fixture(scope="module")
def teachers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teachers")
    for seed in (1, 2):
        command("train", "mlp", *LEARNING, "--seed", seed, "--out", folder / f"s{seed}")
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_teachers_make_a_student_like_them(teachers, here):
    names = teachers / "s1", teachers / "s2"
    told = command(
        *("distil", *names, "--student", "mlp", *QUICK),
        *("--share", 1, "--out", "student", "--json"),
    ).json
    command("train", "mlp", *QUICK, "--out", "alone")
    assert told["run"] == "student" and told["scores"]["accuracy"] > 0.7
    assert distance("student", names) < 0.8 * distance("alone", names)


def distance(what, teachers):
    """KL of the student's answers from the mean of the teachers', over validation images."""
    one, *taught = (answers(name) for name in (what, *teachers))
    q = np.mean(taught, axis=0)
    return (q * np.log(q / one)).sum(axis=1).mean()


def answers(what):
    split = open_data("digits", ("images",)).split("valid")
    return softmax(shinso.load(what).logits(split.images[..., None]).astype(np.float64))


def test_another_kind_of_network_can_be_the_student_and_is_told_how_it_was_made(teachers, here):
    command("distil", teachers / "s1", "--student", "resnet", "--preset", "quick", "--out", "run")
    lever = shinso.load("run").artifact.provenance["lever"]
    assert lever["name"] == "distil"
    first, second = lever["command"].split("; ")
    assert first == "shinso train mlp --epochs 15 --learning-rate 0.01 --seed 1"
    assert second == "shinso distil RUN --student resnet --preset quick --seed 0"


def test_the_student_is_as_the_teacher_where_nothing_is_said(teachers, here):
    told = command("distil", teachers / "s1", *QUICK, "--out", "student", "--json").json
    assert told["system"] == "mlp"


def test_help_has_the_students_fields(teachers, here):
    said = command("distil", teachers / "s1", "--student", "lenet", "--help").out
    assert "--temperature" in said and "--pooling" in said


@pytest.mark.parametrize(
    "student, reason",
    (
        (("lenet", "--preset", "quick", "--size", 12), "the teacher mlp knows 10 classes, 8 x 8"),
        (("adder", "--preset", "quick"), "adder refuses distil"),
        (("copying", "--preset", "quick", "--data", "copying"), "its task is another"),
        (("mlp", "--preset", "quick", "--share", 0), "share"),
    ),
    ids=("size", "refused", "task", "share"),
)
def test_teachers_that_do_not_fit_are_refused(student, reason, teachers, here):
    said = refused("distil", teachers / "s1", "--student", *student, "--out", "student")
    assert reason in said
    assert not (here / "student").exists()


def test_a_graph_cannot_teach(teachers, here):
    made("mlp", here / "net")
    command("export", "net", "--out", "graph")
    assert "onnx" in refused("distil", "graph", "--student", "mlp", *QUICK, "--out", "student")
