"""Iterative pruning with rewinding: what each round trains, by the weights at every step."""

import dataclasses
import os
import signal
import weakref
from types import SimpleNamespace

import pytest
import torch

from shinso import api, catalog
from shinso.core import loop
from shinso.core.errors import UserError
from shinso.core.files import read_lines
from shinso.levers.rewinding import RewindingLearner
from shinso.levers.settings import PruneSettings
from tests.proof import forked, systems
from tests.proof.directly import train
from tests.proof.forked import assert_same, outcome, run_to_end, wait

STEPS = 40  # of a training of one epoch
REWIND = 5
IN_TWO_ROUNDS = {"unstructured": True, "ratio": 0.75, "rounds": 2, "rewind": REWIND}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """A fork of a process whose OpenMP threads ran hangs; with one thread there are none."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Watched(RewindingLearner):
    """Notes the state of its network whenever a batch goes in, and after each update."""

    def __init__(self, inner, settings):
        self.old, self.outlived = (lambda: None), []
        super().__init__(inner, settings)
        self.before, self.after = [], []

    def _begin_again(self):
        self.old = weakref.ref(self.networks["classifier"].get_parameter("0.weight"))
        super()._begin_again()

    def _wrap(self, inner):
        self.outlived.append(self.old() is not None)
        super()._wrap(inner)

    def forward(self, phase, batch):
        self.before.append(self.copy())
        return super().forward(phase, batch)

    def apply(self, phase, gradients):
        super().apply(phase, gradients)
        self.after.append(self.copy())

    def copy(self):
        state = self.networks["classifier"].state_dict().items()
        return {name: tensor.clone() for name, tensor in state}


@pytest.fixture(scope="module", params=(0, REWIND))
def watched(request, tmp_path_factory):
    settings = PruneSettings(**{**IN_TWO_ROUNDS, "rewind": request.param})
    learner = train(
        systems.CLASSIFIER,
        tmp_path_factory.mktemp("watched"),
        lambda *given: Watched(systems.CLASSIFIER.load("learner")(*given), settings),
        epochs=1,
    )
    assert learner.run.step == len(learner.after) == 3 * STEPS
    return learner


def weights(state):
    """Those that can go, as one vector."""
    return torch.cat([tensor.flatten() for tensor in state.values() if tensor.dim() >= 2])


def test_the_first_round_is_the_training_as_it_is(watched, tmp_path):
    plain = train(systems.CLASSIFIER, tmp_path, epochs=1)
    assert_same(watched.after[STEPS - 1], dict(plain.networks["classifier"].state_dict()))


@pytest.mark.parametrize("number, left", ((1, 0.5), (2, 0.25)))
def test_a_round_sets_what_stays_back_and_keeps_the_rest_at_0(number, left, watched):
    begin, rewind = number * STEPS, watched.settings.rewind
    for step in range(rewind):
        assert_same(watched.before[begin + step], watched.before[step])
    trained = weights(watched.after[begin - 1]).abs()
    stays = trained >= trained.topk(round(len(trained) * left)).values.min()
    rewound, first = watched.before[begin + rewind], watched.before[rewind]
    assert torch.equal(weights(rewound), weights(first) * stays)
    others = {name: tensor for name, tensor in first.items() if tensor.dim() < 2}
    assert_same({name: rewound[name] for name in others}, others)
    assert torch.equal(weights(watched.after[begin + STEPS - 1]) != 0, stays)


def test_no_round_keeps_the_weights_of_the_one_before(watched):
    assert watched.outlived == [False, False, False], "when new ones were made"


def test_the_artifact_is_of_the_last_round(watched):
    made = catalog.open_artifact(watched.run.artifact_folder)
    left = weights(made.modules["classifier"].state_dict())
    assert left.count_nonzero() == round(0.25 * len(left))
    assert made.provenance["steps"] > 2 * STEPS + watched.settings.rewind


def test_metrics_tell_what_is_left(watched):
    rows = read_lines(watched.run.folder / "metrics.jsonl")
    told = [row["train"]["weights_left"] for row in rows if "train" in row]
    assert told[0] == 1.0 and told[-1] == 0.25
    assert sorted(told, reverse=True) == told


# The verb -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source") / "run"
    return api.train(systems.CLASSIFIER.make_recipe("quick"), out=folder, seed=1).folder


def in_fork(source, die_at=None):
    """What a fork does first: `train` is to prune in rounds, and to die by SIGKILL after so many
    steps."""

    def prepare():
        def train(recipe, out, seed):
            return api.use_lever("prune", source, out, seed=seed, **IN_TWO_ROUNDS)

        forked.api = SimpleNamespace(train=train, resume=api.resume)
        step = loop.Loop._step

        def deadly(self):
            step(self)
            if self.run.step == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

        loop.Loop._step = deadly

    return prepare


def test_a_run_killed_in_any_round_goes_on_exactly(source, tmp_path):
    run_to_end(tmp_path / "whole", None, in_fork(source))
    expected = outcome(tmp_path / "whole")
    assert expected["step"] == 3 * STEPS
    for die_at in (STEPS, STEPS + REWIND - 2, 2 * STEPS + 7):
        folder = tmp_path / f"killed-{die_at}"
        pid = forked.start(folder, None, in_fork(source, die_at))
        assert wait(pid) == -signal.SIGKILL
        run_to_end(folder, None, in_fork(source))
        assert_same(outcome(folder), expected)


def test_the_run_tells_how_it_was_made(source, tmp_path):
    used = api.use_lever("prune", source, tmp_path / "run", seed=2, **IN_TWO_ROUNDS)
    assert used.run.step == 3 * STEPS
    assert used.after["nonzeros"] == used.after["weights"] - round(0.75 * used.after["weights"])
    told = used.artifact.provenance
    assert told["start"] is None and told["lever"]["settings"]["rounds"] == 2
    assert told["lever"]["command"].endswith(
        "shinso prune RUN --unstructured --ratio 0.75 --rounds 2 --rewind 5 --seed 2"
    )


# Errors -------------------------------------------------------------------------------------------


def refusal(what, folder, **given):
    with pytest.raises(UserError) as refused:
        api.use_lever("prune", what, folder / "out", **{**IN_TWO_ROUNDS, **given})
    assert not (folder / "out").exists()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_rounds_that_cannot_be_are_refused(source, tmp_path):
    assert "--rewind 40 is not before the end of training, which has 40 steps" in refusal(
        source, tmp_path, rewind=STEPS
    )
    assert "a --ratio to reach" in refusal(source, tmp_path, ratio=None, threshold=0.1)
    assert "--rounds needs --unstructured" in refusal(source, tmp_path, unstructured=False)
    assert "give --rounds too" in refusal(source, tmp_path, rounds=0)
    assert "round 1 of --ratio 0.9999 would set all of classifier" in refusal(
        source, tmp_path, ratio=0.9999, rounds=1, training={"epochs": 1, "evaluate_every": 1000}
    )


def test_so_are_systems_that_do_not_train_twice_alike(source, tmp_path, monkeypatch):
    dqn = api.train(systems.DQN.make_recipe("quick", steps=3), out=tmp_path / "dqn").folder
    assert "keeps in its run what it has seen" in refusal(dqn, tmp_path, rewind=0)
    row = dataclasses.replace(systems.CLASSIFIER, resume="statistical, because of a test")
    monkeypatch.setitem(catalog.SYSTEMS, row.name, row)
    assert "does not train twice alike (statistical, because of a test)" in refusal(
        source, tmp_path
    )


def test_a_network_that_lost_channels_is_not_what_the_seed_gives(source, tmp_path):
    api.use_lever("prune", source, tmp_path / "narrow", ratio=0.5)
    assert "narrow has lost channels" in refusal(tmp_path / "narrow", tmp_path)
