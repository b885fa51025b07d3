"""Several processes train one network: one run folder, one result."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from shinso import api, catalog
from shinso.core.checkpoint import Checkpoints
from shinso.core.processes import Processes
from tests.proof import forked, systems
from tests.proof.directly import make_learner, make_run

ADDER = catalog.find("adder")


def group_of(world_size):
    return [Processes(rank, world_size) for rank in range(world_size)]


# Shares, without processes ------------------------------------------------------------------------


@pytest.mark.parametrize("world_size", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [1, 2, 5, 64])
def test_shares_cut_a_batch_into_nearly_equal_parts(world_size, count):
    batch = np.arange(count)
    parts = [batch[place.share(count)] for place in group_of(world_size)]
    assert np.array_equal(np.concatenate(parts), batch)
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("world_size", [2, 3])
def test_the_processes_order_is_the_union_of_one_processes(tmp_path, world_size):
    """Over two epochs, the smaller last batches among them."""

    def indices(place):
        run = make_run(systems.CLASSIFIER, tmp_path, processes=place)
        learner = make_learner(run, systems.CLASSIFIER.make_recipe())
        for run.step in range(2 * learner.epoch_steps):
            yield learner.batch_indices(), learner.share_weight

    alone = list(indices(Processes()))
    together = zip(*map(indices, group_of(world_size)), strict=True)
    for (whole, weight), parts in zip(alone, together, strict=True):
        assert weight == 1.0
        assert np.array_equal(np.concatenate([part for part, _ in parts]), whole)
        assert sum(weight for _, weight in parts) == pytest.approx(world_size)
    assert len(alone[-1][0]) == 1258 % 32 == 10  # which three do not share evenly


def test_a_share_is_never_empty(tmp_path):
    """A last batch of two examples, 1,258 = 4 * 314 + 2: a mean over nothing would be NaN."""
    recipe = systems.CLASSIFIER.make_recipe(batch_size=4)
    found = []
    for place in group_of(3):
        run = make_run(systems.CLASSIFIER, tmp_path, processes=place)
        learner = make_learner(run, recipe)
        run.step = learner.epoch_steps - 1
        found.append((len(learner.batch_indices()), learner.share_weight))
    assert sorted(found) == [(1, 0.0), (1, 1.5), (1, 1.5)]


@pytest.mark.parametrize(
    ("size", "sizes"), [(3, [3] * 418 + [4]), (1, [1] * 1258), (1257, [1258]), (1259, [1258])]
)
def test_no_example_is_alone_in_a_last_batch_and_each_comes_once(size, sizes, tmp_path):
    """1,258 = 3 * 419 + 1; only where all are alone they stay so."""
    run = make_run(systems.CLASSIFIER, tmp_path)
    learner = make_learner(run, systems.CLASSIFIER.make_recipe(batch_size=size))
    batches = []
    for run.step in range(learner.epoch_steps):
        batches.append(learner.batch_indices())
    assert [*map(len, batches)] == sizes
    assert np.array_equal(np.sort(np.concatenate(batches)), np.arange(1258))


# Two processes ------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def start_two(folder, recipe, prepare=lambda: None):
    """Forks the two processes that torchrun would start; returns their pids."""
    port = str(free_port())

    def become(rank):
        def prepared():
            place = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
            os.environ.update(place, MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
            prepare()

        return prepared

    return [forked.start(folder, recipe, become(rank)) for rank in range(2)]


def train_two(folder, recipe):
    codes = [forked.wait(pid) for pid in start_two(folder, recipe)]
    error = folder.with_suffix(".error")
    assert codes == [0, 0], error.read_text() if error.exists() else codes


def networks(folder):
    return Checkpoints(folder / "checkpoints").newest()[1]["learner"]["networks"]


def rows(folder, kind):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return {row["step"]: row[kind] for row in lines if kind in row}


@pytest.fixture(scope="module", autouse=True)
def ready_to_fork(tmp_path_factory):
    """See test_resume: no OpenMP threads, and everything imported that a step needs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    api.train(ADDER.make_recipe("quick", steps=2), out=tmp_path_factory.mktemp("warm") / "run")
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """One process's run and that of two, on batches that two cannot share evenly."""
    folder = tmp_path_factory.mktemp("processes")
    recipe = ADDER.make_recipe(steps=24, batch_size=33, report_every=4, evaluate_every=12)
    forked.run_to_end(folder / "one", recipe)
    train_two(folder / "two", recipe)
    return folder / "one", folder / "two"


def test_two_processes_learn_what_one_learns(folders):
    one, two = map(networks, folders)
    for name, tensor in one["adder"].items():
        assert torch.allclose(tensor, two["adder"][name], rtol=1e-4, atol=1e-5), name


def test_metrics_are_means_over_the_processes(folders):
    one, two = (rows(folder, "train") for folder in folders)
    assert list(one) == list(two) == [4, 8, 12, 16, 20, 24]
    for step, scores in one.items():
        # Shares of 16 and 17 count alike here, hence the tolerance.
        assert two[step]["loss"] == pytest.approx(scores["loss"], rel=5e-3)
    one, two = (rows(folder, "valid") for folder in folders)
    assert list(one) == list(two) == [12, 24]
    assert two[24]["loss"] == pytest.approx(one[24]["loss"], rel=1e-4)


def test_there_is_one_run_folder_that_the_first_process_wrote(folders):
    one, two = folders
    assert sorted(os.listdir(one)) == sorted(os.listdir(two))
    assert sorted(os.listdir(one.parent)) == ["one", "two"]
    assert len(list((two / "tensorboard").iterdir())) == 1
    description = json.loads((two / "recipe.json").read_text())
    assert description["world_size"] == 2
    assert len((two / "timing.jsonl").read_text().splitlines()) == 6


def test_killed_and_resumed_they_go_on(folders, tmp_path):
    folder = tmp_path / "run"
    recipe = ADDER.make_recipe(steps=24, batch_size=33, report_every=4, evaluate_every=12)

    def die_at_step_18():
        step = forked.loop.Loop._step

        def deadly(self):
            if self.run.step == 18:
                os.kill(os.getpid(), signal.SIGKILL)
            step(self)

        forked.loop.Loop._step = deadly

    codes = [forked.wait(pid) for pid in start_two(folder, recipe, die_at_step_18)]
    assert -signal.SIGKILL in codes
    assert 12 <= max(Checkpoints(folder / "checkpoints").steps()) < 18
    train_two(folder, recipe)
    assert list(rows(folder, "train")) == [4, 8, 12, 16, 20, 24]
    whole, resumed = networks(folders[1]), networks(folder)
    for name, tensor in whole["adder"].items():
        assert torch.allclose(tensor, resumed["adder"][name], rtol=1e-4, atol=1e-5), name


def test_a_signal_to_one_stops_both_at_the_same_step(tmp_path):
    folder = tmp_path / "run"
    recipe = ADDER.make_recipe(steps=1000, report_every=4, evaluate_every=1000)

    def interrupt_the_second_at_step_6():
        step = forked.loop.Loop._step

        def interrupted(self):
            if self.run.step == 6 and not self.run.processes.first:
                os.kill(os.getpid(), signal.SIGTERM)
            step(self)

        forked.loop.Loop._step = interrupted

    codes = [forked.wait(p) for p in start_two(folder, recipe, interrupt_the_second_at_step_6)]
    assert all(code > 128 for code in codes)
    assert list(Checkpoints(folder / "checkpoints").steps())[-1] == 8  # the next report


# torchrun -----------------------------------------------------------------------------------------


def torchrun(*arguments, **environment):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.Popen(
        [*command, "-m", "shinso", "train", *map(str, arguments)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(process):
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    return out


@pytest.mark.slow
def test_the_command_line_under_torchrun_killed_and_resumed(tmp_path):
    one, two, killed = (tmp_path / name for name in ("one", "two", "killed"))
    options = ("adder", "--steps", 400, "--report-every", 50, "--evaluate-every", 100, "--seed", 3)
    out = finished(torchrun(*options, "--out", two))
    assert out.count("shinso predict") == 1  # the first process alone prints
    subprocess.run(
        [sys.executable, "-m", "shinso", "train", *map(str, options), "--out", one, "--threads=1"],
        check=True, capture_output=True,
    )  # fmt: skip
    process = torchrun(*options, "--out", killed)
    wait_for(lambda: Checkpoints(killed / "checkpoints").steps(), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert max(Checkpoints(killed / "checkpoints").steps()) < 400
    finished(torchrun("--resume", killed))
    for name, tensor in networks(one)["adder"].items():
        for other in (two, killed):
            assert torch.allclose(tensor, networks(other)["adder"][name], rtol=1e-2, atol=1e-3)
    assert list(rows(killed, "train")) == list(rows(one, "train")) == list(range(50, 401, 50))


def wait_for(condition, process, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.02)
