"""What goes wrong on the way: a loss that is not finite, a full disk, Ctrl-C, a closed pipe."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shinso.core.checkpoint import Checkpoints
from shinso.core.loop import Loop
from tests.cli.command import forked, refused, shinso


def test_a_loss_that_is_not_finite(here):
    """The first evaluation leaves a good checkpoint; then the weights explode."""
    done = shinso(
        "train", "lenet", "--optimiser", "sgd", "--learning-rate", "1e20", "--momentum", 0,
        "--schedule", "linear", "--warmup-steps", "1000000", "--steps", 40, "--evaluate-every", 1,
        "--out", "run",
    )  # fmt: skip
    assert done.code == 1
    error = done.error
    assert "training stopped at step 2, epoch 1, batch 2 (examples " in error
    assert "last good checkpoint: step 1 (run/checkpoints/step-000000001-" in error
    assert "try a lower --learning-rate or a --clip-norm" in error
    assert Checkpoints(here / "run/checkpoints").newest() is not None


def test_a_run_that_another_process_trains(adder_copy):
    with (adder_copy / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        error = refused("train", "--resume", adder_copy)
    assert error == f"{adder_copy} is being trained by another process"


def stopping_at(step: int) -> None:
    """Makes training stop like by Ctrl-C."""
    original = Loop._step

    def stop(self: Loop) -> None:
        original(self)
        if self.run.step == step:
            os.kill(os.getpid(), signal.SIGINT)

    Loop._step = stop  # type: ignore[method-assign]


def no_file_larger_than(size: int) -> None:
    """What a full disk does to a file that grows."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_full_disk_leaves_whole_checkpoints_to_go_on_from(adder, here):
    arguments = ("train", "adder", "--steps", 60, "--evaluate-every", 20, "--out", "run")
    stopped = forked(here, *arguments, prepare=lambda: stopping_at(25))
    assert stopped.code == 130
    assert stopped.error == "stopped at step 25; go on with: shinso train --resume run"

    checkpoints = Checkpoints(here / "run/checkpoints")
    size = max(path.stat().st_size for path in checkpoints.steps().values())
    resume = ("train", "--resume", "run")
    full = forked(here, *resume, prepare=lambda: no_file_larger_than(size - 100))
    assert full.code == 1
    assert "file too large; make room, then go on from the last checkpoint" in full.error
    found = checkpoints.newest()
    assert found is not None and found[0] == 25
    assert not list((here / "run").rglob("*.partial"))

    assert shinso(*resume).code == 0
    for name in ("metrics.jsonl", "evaluation.json", "artifact/weights.safetensors"):
        assert (here / "run" / name).read_bytes() == (adder / name).read_bytes(), name


def test_a_full_disk_where_no_path_is_known(adder_copy, monkeypatch):
    """Any other write that fails is one line, too."""

    def full(path: Path, value: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shinso.core.report.write_atomic", full)
    assert "no space left on device" in refused("report", adder_copy, code=1)


def test_ctrl_c_on_a_real_process(tmp_path):
    """It writes a checkpoint, says how to go on, and that works."""
    command = [sys.executable, "-m", "shinso", "train", "adder", "--steps", "1500"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*command, "--out", "run"],
        cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    metrics = tmp_path / "run/metrics.jsonl"
    deadline = time.monotonic() + 60
    while not (metrics.exists() and metrics.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    last = err.splitlines()[-1]
    stopped_at = int(last.split("stopped at step ")[1].split(";")[0])
    assert last.endswith("; go on with: shinso train --resume run")
    assert max(Checkpoints(tmp_path / "run/checkpoints").steps()) == stopped_at < 1500

    done = shinso("train", "--resume", tmp_path / "run", "--json")
    assert done.code == 0 and done.json["steps"] == 1500
    rows = [json.loads(line)["step"] for line in metrics.read_text().splitlines()]
    assert rows == sorted(rows) and rows[-1] == 1500


@pytest.mark.parametrize("arguments", (["list"], ["--help"], ["show", "adder", "--json"]))
def test_a_reader_that_has_gone(arguments, tmp_path):
    """`shinso list | head -1`: no traceback."""
    read, write = os.pipe()
    os.close(read)
    done = forked(tmp_path, *arguments, prepare=lambda: os.dup2(write, 1))
    os.close(write)
    assert done.code == 1 and done.err == ""


def test_a_full_disk_below_stdout(tmp_path):
    full = os.open("/dev/full", os.O_WRONLY)
    done = forked(tmp_path, "list", prepare=lambda: os.dup2(full, 1))
    os.close(full)
    assert done.code == 1
    assert done.error == "writing to standard output: no space left on device"


def test_a_fault_of_our_own_is_one_line_too(adder_copy, monkeypatch):
    def broken(path: Path) -> dict[str, object]:
        raise ZeroDivisionError("a second\nline")

    monkeypatch.setattr("shinso.core.report.record.read_json", broken)
    error = refused("report", adder_copy, code=1)
    assert error == "ZeroDivisionError: a second line (a fault of shinso; --debug shows where)"
