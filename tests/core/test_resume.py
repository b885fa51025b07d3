"""A run killed at any moment and resumed ends like one never stopped, bit for bit."""

import os
import random
import signal
import warnings
from pathlib import Path

import pytest
import torch

from shinso import api
from shinso.core import checkpoint, files, loop, run
from shinso.core.checkpoint import Checkpoints
from shinso.core.errors import Interrupted, ShinsoError
from tests.proof import systems
from tests.proof.forked import assert_same, kill_after, outcome, run_to_end, start, wait

EXACT = pytest.mark.parametrize("system", systems.EXACT, ids=lambda system: system.name)


@pytest.fixture(scope="module", autouse=True)
def ready_to_fork(tmp_path_factory):
    """A fork of a process whose OpenMP threads ran hangs; with one thread there are none. What
    torch imports at its first step is imported here, and not in every fork."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    recipe = systems.CLASSIFIER.make_recipe("quick")
    api.train(recipe, out=tmp_path_factory.mktemp("warm") / "run")
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The outcome of each learner's uninterrupted run, made once, and how long it took."""
    import time

    made = {}

    def run_of(system):
        if system.name not in made:
            folder = tmp_path_factory.mktemp("whole") / system.name
            began = time.monotonic()
            run_to_end(folder, system.make_recipe())
            made[system.name] = outcome(folder), time.monotonic() - began
        return made[system.name]

    return run_of


def check_kills(system, whole, tmp_path, kills, seed):
    expected, seconds = whole(system)
    moments = random.Random(seed)
    killed = 0
    for number in range(kills):
        folder = tmp_path / f"{system.name}-{number}"
        killed += kill_after(folder, system.make_recipe(), moments.uniform(0, seconds))
        run_to_end(folder, system.make_recipe())
        assert_same(outcome(folder), expected)
        assert not list(tmp_path.glob(".*.partial"))
    assert killed, "every run was over before it was killed"


@EXACT
def test_sigkill_at_random_moments(system, whole, tmp_path):
    check_kills(system, whole, tmp_path, kills=5, seed=1)


@pytest.mark.slow
@EXACT
def test_sigkill_at_many_random_moments(system, whole, tmp_path):
    check_kills(system, whole, tmp_path, kills=50, seed=2)


def die_at(module, name, call):
    """Replaces module.name so that its n-th call dies by SIGKILL before doing anything."""
    original, calls = getattr(module, name), iter(range(1, call))

    def deadly(*arguments, **named):
        if next(calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)

    setattr(module, name, deadly)


def half_written(call):
    """Makes the n-th atomic write of a checkpoint die with half its bytes on the disk."""
    original, calls = checkpoint.write_atomic, iter(range(1, call))

    def deadly(path, content):
        if next(calls, None) is None:
            path.with_name(f".{path.name}.partial").write_bytes(content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        original(path, content)

    checkpoint.write_atomic = deadly


MOMENTS = {
    "before the run folder's recipe": lambda: die_at(run, "write_json", 1),
    "before the run folder appears": lambda: die_at(run, "sync", 1),
    "before the first checkpoint": lambda: die_at(checkpoint, "write_atomic", 1),
    "in the first checkpoint": lambda: half_written(1),
    "in a later checkpoint": lambda: half_written(3),
    "after writing a checkpoint, before deleting an old one": lambda: die_at(Path, "unlink", 1),
    "while a metrics row is due": lambda: die_at(loop.Metrics, "write", 4),
    "between evaluation and checkpoint": lambda: die_at(loop, "save_evaluation", 2),
    "while the artifact is replaced": lambda: die_at(files.shutil, "rmtree", 1),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("system", (systems.CLASSIFIER, systems.DQN), ids=lambda s: s.name)
def test_sigkill_at_chosen_moments(system, moment, whole, tmp_path):
    folder = tmp_path / "run"
    assert wait(start(folder, system.make_recipe(), MOMENTS[moment])) == -signal.SIGKILL
    run_to_end(folder, system.make_recipe())
    assert_same(outcome(folder), whole(system)[0])


def test_ctrl_c_writes_a_checkpoint_and_leaves_with_130(whole, tmp_path):
    system, folder = systems.CLASSIFIER, tmp_path / "run"

    def interrupt_at_step_40():
        step = loop.Loop._step

        def interrupted(self):
            step(self)
            if self.run.step == 40:
                os.kill(os.getpid(), signal.SIGINT)

        loop.Loop._step = interrupted

    assert wait(start(folder, system.make_recipe(), interrupt_at_step_40)) == 130
    assert max(Checkpoints(folder / "checkpoints").steps()) == 40
    run_to_end(folder, system.make_recipe())
    assert_same(outcome(folder), whole(system)[0])


def stopped_run(folder, system, step, recipe=None, data=None):
    """A run that stops at `step`, in this process."""
    original = loop.Loop._step

    def stopping(self):
        original(self)
        if self.run.step == step:
            os.kill(os.getpid(), signal.SIGINT)

    loop.Loop._step = stopping
    try:
        with pytest.raises(Interrupted):
            api.train(recipe or system.make_recipe(), data, folder, seed=3)
    finally:
        loop.Loop._step = original


def damage(path, how):
    content = bytearray(path.read_bytes())
    if how == "truncated":
        content = content[: len(content) * 2 // 3]
    elif how == "empty":
        content = bytearray()
    else:
        content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("how", ("truncated", "flipped", "empty"))
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(how, whole, tmp_path):
    system, folder = systems.DQN, tmp_path / "run"
    stopped_run(folder, system, 230)
    steps = Checkpoints(folder / "checkpoints").steps()
    assert len(steps) >= 2
    damage(steps[max(steps)], how)
    with pytest.warns(UserWarning, match=r"is damaged; trying the one before"):
        api.resume(folder)
    assert_same(outcome(folder), whole(system)[0])


def test_all_checkpoints_damaged_is_one_line_and_exit_1(tmp_path):
    system, folder = systems.CLASSIFIER, tmp_path / "run"
    stopped_run(folder, system, 60)
    for path in Checkpoints(folder / "checkpoints").steps().values():
        damage(path, "flipped")
    with pytest.raises(ShinsoError, match=r"every checkpoint in .* is damaged") as error:
        warnings.simplefilter("ignore")
        api.resume(folder)
    assert error.value.exit_code == 1 and "\n" not in str(error.value)


def test_a_changed_ledger_segment_is_detected(tmp_path):
    folder = tmp_path / "run"
    stopped_run(folder, systems.DQN, 230)
    damage(max((folder / "ledgers" / "replay-0").glob("*.rows")), "flipped")
    with pytest.raises(ShinsoError, match=r"ledger segment .* is damaged"):
        api.resume(folder)


def test_self_play_goes_on_after_a_kill_and_still_learns(tmp_path):
    """The statistical form: nothing but the round in flight is lost."""
    system, folder = systems.SELF_PLAY, tmp_path / "run"
    recipe = system.make_recipe(rounds=3)

    def die_in_third_round():
        die_at(system.load("learner"), "prepare", 3)

    assert wait(start(folder, recipe, die_in_third_round)) == -signal.SIGKILL
    assert max(Checkpoints(folder / "checkpoints").steps()) == 2
    run_to_end(folder, recipe)
    result = outcome(folder)
    assert result["step"] == 3
    assert result["artifact"]["scores"]["accuracy"] > 0.8  # chance is 1/3


def test_a_checkpoint_just_before_the_last_evaluation_gives_way_to_the_one_after(tmp_path):
    """Both are of the last step: the later one must be the only one left."""
    system, folder = systems.GAN, tmp_path / "run"

    def checkpoint_at_every_step():
        loop.CHECKPOINT_SECONDS = 0.0

    run_to_end(folder, system.make_recipe("quick", evaluate_every=13), checkpoint_at_every_step)
    assert len(list((folder / "checkpoints").glob("step-000000020-*"))) == 1
    assert outcome(folder)["tree"]["loop"]["best_step"] == 20
