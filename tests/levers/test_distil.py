"""Distillation: its loss beside one written down in NumPy, and the verb as one types it."""

import os
import signal
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import shinso
from shinso import catalog
from shinso.core.artifact import Artifact
from shinso.core.errors import Interrupted, UserError
from shinso.core.recipe import GradientRecipe, Spec
from shinso.core.trainable import Trainable
from shinso.data import open_data
from shinso.levers.distil import DistilledLearner
from shinso.levers.settings import DistilSettings
from tests.cli import command as cli
from tests.cli.command import refused
from tests.levers.making import made
from tests.proof.directly import make_learner, make_run
from tests.proof.forked import assert_same, outcome

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


# Hints --------------------------------------------------------------------------------------------

BATCH = torch.randn(3, 2, 4, 4, generator=torch.Generator().manual_seed(0))


class Seeing(Told):
    """A learner whose features are its network's answer to a batch."""

    def __init__(self, network, teachers=()):
        super().__init__(LOGITS[0], None)
        self.networks = self.forwards = {"net": network}
        self.phases = {"update": ["net"]}
        self.recipe = GradientRecipe(steps=5)
        self.run.inputs = {
            f"teacher{i}": Artifact("taught", self.recipe, Spec(), modules={"net": teacher})
            for i, teacher in enumerate(teachers)
        }

    def next_batch(self, phase):
        return BATCH

    def forward(self, phase, batch):
        return {**self.outputs, "features": self.forwards["net"](batch)}

    def artifact(self):
        return Artifact("told", self.recipe, Spec(), modules=self.networks)


def flat(outputs):
    """Features (B, outputs)."""
    return nn.Sequential(nn.Flatten(), nn.Linear(32, outputs))


@pytest.mark.parametrize("share", (0.0, 0.7))
@pytest.mark.parametrize("kind", ("vectors", "maps"))
def test_hints_add_the_squared_error_of_what_the_regressor_tells(kind, share):
    torch.manual_seed(0)
    maps = kind == "maps"
    student, *teachers = (nn.Conv2d(2, n, 1) if maps else flat(n) for n in (3, 5, 6))
    settings = DistilSettings(share=share, hints=2.0)
    learner = DistilledLearner(Seeing(student, teachers), settings)
    found = learner.loss("update", BATCH, learner.forward("update", BATCH)).item()
    features = [net(BATCH).detach().double().numpy() for net in (student, *teachers)]
    errors = []
    for tell, taught in zip(learner.hints.regressors, features[1:], strict=True):
        weight = tell.weight.detach().double().numpy().reshape(taught.shape[1], 3)
        bias = tell.bias.detach().double().numpy().reshape(-1, *(1, 1) * maps)
        told = np.einsum("bc...,dc->bd...", features[0], weight) + bias
        errors.append(((told - taught) ** 2).mean())
    # Student and teachers give the same logits, so soft targets are no distance away.
    assert found == pytest.approx((1 - share) * OWN + 2.0 * np.mean(errors), rel=1e-5)


def test_the_regressor_learns_and_is_no_part_of_the_student():
    torch.manual_seed(0)
    student = flat(3)
    learner = DistilledLearner(Seeing(student, [flat(5)]), DistilSettings(share=0, hints=1.0))
    assert len(learner.parameters("update")) == 4
    assert learner.artifact().parameters == sum(p.numel() for p in student.parameters())
    learner.inner.apply = lambda phase, gradients: learned.append(gradients)
    learned = []
    before = [parameter.detach().clone() for parameter in learner.hints.parameters]
    learner.run.step = 0
    gradients, _ = learner.gradients("update", BATCH)
    learner.apply("update", gradients)
    assert [g.shape for g in learned[0]] == [p.shape for p in student.parameters()]
    pairs = zip(before, learner.hints.parameters, strict=True)
    assert not any(torch.equal(old, new) for old, new in pairs)


def test_features_of_other_shapes_are_refused():
    for one, other, told in (
        (nn.Conv2d(2, 3, 1), nn.Conv2d(2, 3, 3), "2 x 2, of the student told 3 x 4 x 4"),
        (flat(3), nn.Conv2d(2, 3, 1), "3 x 4 x 4, of the student told 3"),
    ):
        with pytest.raises(UserError, match=f"of the teacher taught are .*{told}: --hints need"):
            DistilledLearner(Seeing(one, [other]), DistilSettings(hints=1.0))


def test_a_learner_without_features_is_refused():
    seeing = Seeing(flat(3), [flat(5)])
    with pytest.raises(UserError, match=r"told names no maps that .* only logits, features"):
        DistilledLearner(seeing, DistilSettings(hints=1.0, hint="maps"))


@pytest.mark.parametrize("name", ("lenet", "mlp", "resnet"))
def test_image_classifiers_name_what_goes_into_their_head(name, tmp_path):
    system = catalog.find(name)
    learner = make_learner(make_run(system, tmp_path), system.make_recipe("quick"), data="digits")
    batch = learner.next_batch("update")
    with learner.at_rest():
        outputs = learner.forward("update", batch)
        network = learner.networks["classifier"]
        assert torch.equal(network.output(outputs["features"]), outputs["logits"])
        assert torch.equal(network(batch[0]), outputs["logits"]), "as without looking"
    assert not network.output._forward_pre_hooks


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


def test_a_run_with_hints_goes_on_exactly_where_it_was_stopped(teachers, here, monkeypatch):
    recipe = catalog.find("resnet").make_recipe("quick", epochs=2, report_every=3)
    loss = DistilledLearner.loss

    def distil(out, stop_at=None):
        def stopping(self, *given):
            if self.run.step == stop_at:
                os.kill(os.getpid(), signal.SIGINT)
            return loss(self, *given)

        monkeypatch.setattr(DistilledLearner, "loss", stopping)
        return shinso.api.distil([teachers / "s1"], recipe, out=out, share=0.0, hints=0.5)

    whole = distil("whole")
    with pytest.raises(Interrupted):
        distil("stopped", whole.step // 2)
    monkeypatch.setattr(DistilledLearner, "loss", loss)
    shinso.api.resume("stopped")
    found = outcome(here / "stopped")
    assert_same(found, outcome(here / "whole"))
    assert found["tree"]["learner"]["hints"]["regressors"]["0.weight"].shape[1] == 64


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
        (("mlp", "--preset", "quick", "--share", 0), "--share 0"),
        (("mlp", "--preset", "quick", "--sequence"), "mlp learns no sequences that a teacher"),
        (("mlp", "--preset", "quick", "--hint", "maps"), "--hint maps is about hints"),
        (("mlp", "--preset", "quick", "--hints", 1, "--hint", "maps"), "mlp names no maps"),
    ),
    ids=("size", "refused", "task", "share", "sequence", "weight", "features"),
)
def test_teachers_that_do_not_fit_are_refused(student, reason, teachers, here):
    said = refused("distil", teachers / "s1", "--student", *student, "--out", "student")
    assert reason in said
    assert not (here / "student").exists()


def test_a_graph_cannot_teach(teachers, here):
    made("mlp", here / "net")
    command("export", "net", "--out", "graph")
    assert "onnx" in refused("distil", "graph", "--student", "mlp", *QUICK, "--out", "student")
