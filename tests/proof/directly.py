"""Training in this process by the loop alone: no run made by the verb, no report."""

from pathlib import Path

import torch

from shinso.core.loop import PROVENANCE, Loop
from shinso.core.processes import deterministic
from shinso.core.run import Run
from shinso.data import open_data


def make_run(system, folder: Path, seed: int = 3, **parts) -> Run:
    folder.mkdir(parents=True, exist_ok=True)
    return Run(system, folder, {**dict.fromkeys(PROVENANCE), "seed": seed}, **parts)


def make_learner(run: Run, recipe, make=None, data: str | None = None):
    """The system's learner, or the one that `make(recipe, data, start, run)` gives."""
    kinds = run.system.data_kinds
    opened = open_data(data or run.system.data, kinds) if kinds else None
    with deterministic(run.device):
        run.random.seed_generators("init", 0, run.device)
        return (make or run.system.load("learner"))(recipe, opened, None, run)


def train(system, folder: Path, make=None, threads: int = 1, **changes):
    """Trains in `folder`, or goes on with what is there; returns the learner."""
    run = make_run(system, folder)
    learner = make_learner(run, system.make_recipe(**changes), make)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        Loop(learner, run).train()
    finally:
        torch.set_num_threads(before)
    return learner
