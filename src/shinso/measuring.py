"""What artifacts are worth and what they cost, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shinso import catalog
from shinso.api import evaluate_on, load, sizes_of
from shinso.core.errors import UserError
from shinso.core.evaluation import Scores
from shinso.levers.latency import Latency, latencies
from shinso.training import data_of, set_threads

BATCHES = (1, 32)  # at which a call is timed
SPLIT = "valid"


@dataclass(frozen=True)
class Measured:
    """An artifact's scores, what its networks have in parameters and multiply-adds an example, the
    bytes of its folder, and by batch how long its networks take to answer once."""

    name: str
    scores: Scores
    parameters: int
    macs: int
    bytes: int
    latency: Mapping[int, Latency]


def measure(artifacts: Mapping[str, str | Path], data: Any, split: str) -> list[Measured]:
    """The artifacts by their names, each on the split of the data, their calls timed in turn."""
    predictors = {name: load(what) for name, what in artifacts.items()}
    opened = {
        name: (catalog.find(predictor.artifact.system), predictor.artifact)
        for name, predictor in predictors.items()
    }
    times = {batch: latencies(opened, batch) for batch in BATCHES}
    return [
        Measured(
            name,
            evaluate_on(predictors[name], data, split).scores,
            **sizes_of(system, artifact),
            latency={batch: times[batch][name] for batch in BATCHES},
        )
        for name, (system, artifact) in opened.items()
    ]


def compare_costs(
    whats: Sequence[str | Path],
    data: str | None = None,
    split: str = SPLIT,
    threads: int | None = None,
) -> list[Measured]:
    """Runs, artifacts or shipped weights of one task side by side; the data default to those that
    the first learned from.

    Raises UserError for networks of different tasks, and where the data are missing.
    """
    set_threads(threads)
    artifacts = [catalog.open_artifact(what) for what in whats]
    tasks = {catalog.find(artifact.system).task: artifact.system for artifact in artifacts}
    if len(tasks) > 1:
        told = ", ".join(f"{system} is for {task}" for task, system in tasks.items())
        raise UserError(f"scores of different tasks do not compare: {told}")
    return measure({str(what): what for what in whats}, data_of(artifacts[0], data), split)
