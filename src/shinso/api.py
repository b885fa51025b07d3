"""shinso from Python: load, train, resume, evaluate. The command line only parses and prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from shinso import catalog
from shinso.core import results
from shinso.core.counting import parameter_count
from shinso.core.errors import UserError
from shinso.core.evaluation import Evaluation
from shinso.core.files import read_lines
from shinso.core.predictor import Predictor
from shinso.core.processes import choose_device, deterministic
from shinso.core.randomness import Randomness
from shinso.data.store import set_names
from shinso.training import open_data_of, resume, set_threads, train

__all__ = [
    "evaluate",
    "evaluate_predictor",
    "load",
    "record",
    "resume",
    "set_threads",
    "train",
]


def load(what: str | Path, device: str | None = None, **options: Any) -> Predictor[Any, Any]:
    """The predictor of a run, an artifact folder or a system's shipped weights.

    `options` change the defaults kept in the artifact. Raises UserError where nothing is found.
    """
    artifact = catalog.open_artifact(what).to(choose_device(device or "cpu"))
    system = catalog.find(artifact.system)
    if options and artifact.options is None:
        raise UserError(f"{system.name} has no options, so not {', '.join(options)} either")
    if options and artifact.options is not None:
        artifact.options = artifact.options.changed(**options)
    predictor: Predictor[Any, Any] = system.load("predictor")(artifact, artifact.options)
    return predictor


def evaluate(
    what: str | Path,
    data: str | None = None,
    split: str = "valid",
    device: str | None = None,
    **options: Any,
) -> Evaluation:
    """Scores on a split beside their baselines; the data default to those it was trained on."""
    return evaluate_predictor(load(what, device, **options), data, split)


def evaluate_predictor(
    predictor: Predictor[Any, Any], data: str | None = None, split: str = "valid"
) -> Evaluation:
    artifact = predictor.artifact
    system = catalog.find(artifact.system)
    data_set = open_data_of(system, data or (artifact.provenance["data"] or {}).get("name"))
    cpu = torch.device("cpu")
    with deterministic(cpu):
        Randomness(0).seed_generators("evaluate", 0, cpu)
        evaluation: Evaluation = system.load("evaluate")(predictor, data_set, split)
    return evaluation


def record(
    predictor: Predictor[Any, Any],
    evaluation: Evaluation,
    label: str,
    data: str | None,
    split: str,
    options: Mapping[str, Any],
) -> Path:
    """Writes the evaluation into results/ under its label, in the row of the training's seed.

    Raises UserError outside a checkout, in a dirty one, or for data that others do not have.
    """
    artifact = predictor.artifact
    system = catalog.find(artifact.system)
    if data is None or data not in set_names():
        raise UserError(f"--record is for known data sets, and {data} is your own")
    made = artifact.provenance
    assert artifact.path is not None
    timing = read_lines(artifact.path.parent / "timing.jsonl")  # of the run, if it is one's
    run = {
        "seed": made["seed"],
        "scores": evaluation.scores,
        "steps": made["steps"],
        "seconds": timing[-1]["seconds"] if timing else None,
        "device": made["device"],
        "threads": made["threads"],
        "world_size": made["world_size"],
        "parameters": sum(parameter_count(module) for module in artifact.modules.values()),
        "bytes": sum(file.stat().st_size for file in artifact.path.rglob("*") if file.is_file()),
        "trained_on": made["data"],
        "options": dict(options),
        "training": results.training_command(
            system, artifact.recipe, (made["data"] or {}).get("name"), made["seed"]
        ),
        "evaluation": f"shinso evaluate RUN --data {data} --split {split} --record {label}",
        "trained_commit": made["commit"],
        "versions": made["versions"],
    }
    return results.record(system, label, data, split, run, evaluation.baselines)
