"""Training in forks of a process that has imported torch, so that a kill costs no import."""

import contextlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path

import matplotlib.pyplot  # noqa: F401 - imported here, once, and not in every fork
import sklearn.datasets  # noqa: F401
import torch
import torch.utils.tensorboard

from shinso import api
from shinso.core import loop
from shinso.core.checkpoint import Checkpoints


def start(folder: Path, recipe, prepare=lambda: None) -> int:
    """Forks a process that trains in `folder`, or resumes what is there; returns its pid.

    It writes a checkpoint every few steps; `prepare` runs in it first and may plant faults.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        torch.set_num_threads(1)
        loop.CHECKPOINT_SECONDS = 0.03
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stderr.fileno())
        prepare()
        if folder.exists():
            api.resume(folder)
        else:
            api.train(recipe, out=folder, seed=3)
        code = 0
    except BaseException as error:
        code = getattr(error, "exit_code", 1)
        folder.with_suffix(".error").write_text(traceback.format_exc())
    finally:
        os._exit(code)


def wait(pid: int) -> int:
    """The exit code; minus the signal where one killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run_to_end(folder: Path, recipe, prepare=lambda: None) -> None:
    code = wait(start(folder, recipe, prepare))
    error = folder.with_suffix(".error")
    assert code == 0, error.read_text() if error.exists() else code


def kill_after(folder: Path, recipe, seconds: float) -> bool:
    """Trains and kills with SIGKILL after so long; whether it was still running then."""
    pid = start(folder, recipe)
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return wait(pid) == -signal.SIGKILL


def outcome(folder: Path) -> dict:
    """All that a resumed run must have in common, to the bit, with one never stopped."""
    found = Checkpoints(folder / "checkpoints").newest()
    assert found is not None
    step, tree = found
    artifact = json.loads((folder / "artifact" / "artifact.json").read_text())
    del artifact["provenance"]["commit"]  # of the sources: somebody may commit meanwhile
    ledgers = sorted((folder / "ledgers").rglob("*.rows"))
    return {
        "step": step,
        "tree": tree,
        "metrics": (folder / "metrics.jsonl").read_bytes(),
        "artifact": artifact,
        "ledgers": {path.name: path.read_bytes() for path in ledgers[-1:]},
        "evaluation": (folder / "evaluation.json").read_bytes(),
    }


def assert_same(one, other, place="") -> None:
    """Equal to the bit, tensors and arrays included."""
    assert type(one) is type(other), place
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one:
            assert_same(one[key], other[key], f"{place}/{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), place
        for index, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{place}/{index}")
    elif isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype and one.stride() == other.stride(), place
        assert torch.equal(one, other), place
    elif hasattr(one, "tobytes"):
        assert one.dtype == other.dtype and one.tobytes() == other.tobytes(), place
    else:
        assert one == other or (one != one and other != other), place
