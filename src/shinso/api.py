"""shinso from Python: load, train, resume, evaluate, player. The command line parses and prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from shinso import catalog
from shinso.core import results
from shinso.core.about import read_about, stored_bytes
from shinso.core.artifact import Artifact
from shinso.core.counting import costs
from shinso.core.errors import UserError
from shinso.core.evaluation import Evaluation
from shinso.core.files import folder_digest, read_lines
from shinso.core.lever import Lever, Use, uses
from shinso.core.predictor import Predictor
from shinso.core.processes import choose_device, deterministic, keep_freed_memory
from shinso.core.randomness import Randomness
from shinso.core.recipe import Recipe, as_options
from shinso.core.run import Run
from shinso.core.system import System
from shinso.data.store import set_names
from shinso.playing import player
from shinso.training import calibration_inputs, data_of, resume, set_threads, train

__all__ = [
    "check_recordable",
    "distil",
    "evaluate",
    "evaluate_predictor",
    "load",
    "player",
    "record",
    "resume",
    "set_threads",
    "train",
    "use_lever",
]


def load(what: str | Path, device: str | None = None, **options: Any) -> Predictor[Any, Any]:
    """The predictor of a run, an artifact folder or a system's shipped weights.

    `options` change the defaults kept in the artifact. Raises UserError where nothing is found.
    """
    keep_freed_memory()
    artifact = catalog.open_artifact(what).to(choose_device(device or "cpu"))
    system = catalog.find(artifact.system)
    artifact.options = system.changed_options(artifact.options, options)
    predictor: Predictor[Any, Any] = system.load("predictor")(artifact, artifact.options)
    return predictor


def evaluate(
    what: str | Path,
    data: str | None = None,
    split: str = "valid",
    device: str | None = None,
    *,
    skip_bad: bool = False,
    **options: Any,
) -> Evaluation:
    """Scores on a split beside their baselines; the data default to those it was trained on.

    With `skip_bad` damaged files of the user's own data are left out.
    """
    return evaluate_predictor(load(what, device, **options), data, split, skip_bad)


def evaluate_predictor(
    predictor: Predictor[Any, Any],
    data: str | None = None,
    split: str = "valid",
    skip_bad: bool = False,
) -> Evaluation:
    return evaluate_on(predictor, data_of(predictor.artifact, data, skip_bad), split)


def evaluate_on(predictor: Predictor[Any, Any], data_set: Any, split: str) -> Evaluation:
    """As `evaluate`, on data that are open: several on the same, which keep what is found out."""
    cpu = torch.device("cpu")
    with deterministic(cpu):
        Randomness(0).seed_generators("evaluate", 0, cpu)
        scored = catalog.find(predictor.artifact.system).load("evaluate")
        evaluation: Evaluation = scored(predictor, data_set, split)
    return evaluation


def check_recordable(predictor: Predictor[Any, Any], label: str, data: str | None) -> str:
    """The data set's name. Raises UserError outside a checkout, where sources are in no commit, or
    for data that others do not have: before an evaluation that may take long."""
    if data is None or data not in set_names():
        raise UserError(f"--record is for known data sets, and {data} is your own")
    results.check_recordable(label, predictor.artifact.provenance["commit"])
    return data


def record(
    predictor: Predictor[Any, Any],
    evaluation: Evaluation,
    label: str,
    data: str | None,
    split: str,
    options: Mapping[str, Any],
) -> Path:
    """Writes the evaluation into results/ under its label, in the row of the training's seed.

    Raises UserError where `check_recordable` does.
    """
    data = check_recordable(predictor, label, data)
    artifact = predictor.artifact
    system = catalog.find(artifact.system)
    made = artifact.provenance
    sizes = sizes_of(system, artifact)
    timing = read_lines(_folder(artifact).parent / "timing.jsonl")  # of the run, if it is one's
    run = {
        "seed": made["seed"],
        "scores": evaluation.scores,
        "signatures": dict(evaluation.signatures),
        "steps": made["steps"],
        "seconds": timing[-1]["seconds"] if timing else None,
        "device": made["device"],
        "threads": made["threads"],
        "world_size": made["world_size"],
        "parameters": sizes["parameters"],
        "bytes": sizes["bytes"],
        "files": read_about(_folder(artifact))["files"],
        "trained_on": made["data"],
        "options": dict(options),
        "training": _training_command(system, artifact),
        "evaluation": f"shinso evaluate RUN --data {data} --split {split} --record {label}",
        "trained_commit": made["commit"],
        "versions": made["versions"],
    }
    levers = [catalog.find_lever(used["name"]) for used in uses(made)]
    return results.record(system, levers, label, data, split, run, evaluation.baselines)


def _training_command(system: System, artifact: Artifact) -> str:
    """What makes the artifact again; commands after the first use levers on what came before."""
    made = artifact.provenance
    if made["lever"] is not None:
        return str(made["lever"]["command"])
    data = (made["data"] or {}).get("name")
    command = results.training_command(system, artifact.recipe, data, made["seed"])
    return command + (" --from ARTIFACT" if made["start"] else "")


# Levers -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Used:
    """What a lever made of an artifact: sizes before and after, what it did, and the run in which
    it trained, if it did."""

    artifact: Artifact
    before: Mapping[str, int]
    after: Mapping[str, int]
    done: Mapping[str, Any]
    run: Run | None = None


def use_lever(
    name: str,
    what: str | Path,
    out: str | Path,
    *,
    training: Mapping[str, Any] | None = None,
    data: str | None = None,
    seed: int = 0,
    device: str | None = None,
    threads: int | None = None,
    **settings: Any,
) -> Used:
    """Makes another artifact of the one that `what` names, in the folder `out`.

    With `training`, changes to the artifact's recipe (epochs=3), what the lever made is trained
    on, and `out` is the run, as it is for a lever that is all training; the data default to those
    it was trained on before. `settings` are the lever's. Raises UserError where it does not fit
    the system, or `out` exists.
    """
    lever = catalog.find_lever(name)
    chosen = lever.settings_class().changed(**settings)
    if Path(out).exists():
        raise UserError(f"{out} exists; choose another --out")
    set_threads(threads)
    source = catalog.open_artifact(what)
    system = catalog.find(source.system)
    _check_fits(lever, system, source)

    def sizes(artifact: Artifact) -> dict[str, int]:
        more = lever.load("measure")(artifact, chosen) if lever.measure else {}
        return {**sizes_of(system, artifact), **more}

    before, digest = sizes(source), folder_digest(_folder(source))
    made: Artifact | None
    seen: list[Mapping[str, Any]] = []
    done: dict[str, Any] = {}
    if training and lever.start:
        made = lever.load("start")(source, chosen)
    else:
        seen = calibration_inputs(lever, source, chosen, data)
        made, done = lever.load("apply")(system, source, chosen, *seen)
    trains = made is None or bool(training)
    given = {**settings, **({"data": data} if data and (seen or trains) else {})}
    if trains:
        given |= {**(training or {}), "seed": seed}
    command = f"{_training_command(system, source)}; {results.lever_command(name, given)}"
    use = Use(lever, chosen, digest, command, source.provenance["lever"], done)
    if made is not None:
        made.provenance = {**made.provenance, "lever": use.as_dict()}
    run = None
    if trains:
        run = train_on(source, made, out, training or {}, data, seed, device, threads, use)
    elif made is not None:
        made.save(Path(out))
    artifact = catalog.open_artifact(out)
    return Used(artifact, before, sizes(artifact), done, run)


def distil(
    teachers: Sequence[str | Path],
    recipe: Recipe,
    data: str | None = None,
    out: str | Path | None = None,
    *,
    seed: int = 0,
    device: str | None = None,
    threads: int | None = None,
    **settings: Any,
) -> Run:
    """Trains a student of this recipe on the answers of one or more teachers, which the run keeps
    copies of; the data default to those of the first.

    Raises UserError for a teacher that answers another question than the student.
    """
    lever, system = catalog.find_lever("distil"), catalog.of_recipe(recipe)
    chosen = lever.settings_class().changed(**settings)
    artifacts = [catalog.open_artifact(teacher) for teacher in teachers]
    for artifact in artifacts:
        _check_fits(lever, catalog.find(artifact.system), artifact)
    _check_fits(lever, system, artifacts[0])
    known = artifacts[0].provenance["data"] or {}
    folders = [_folder(artifact) for artifact in artifacts]
    return train(
        recipe,
        data or known.get("name"),
        out,
        seed=seed,
        device=device,
        threads=threads,
        skip_bad=data is None and known.get("skip_bad", False),
        lever=Use(
            lever,
            chosen,
            source=" ".join(map(folder_digest, folders)),
            command=_distil_command(artifacts, system, recipe, seed, settings),
            inputs={f"teacher{number}": folder for number, folder in enumerate(folders, 1)},
        ),
    )


def _distil_command(
    teachers: Sequence[Artifact],
    system: System,
    recipe: Recipe,
    seed: int,
    settings: Mapping[str, Any],
) -> str:
    taught = [_training_command(catalog.find(teacher.system), teacher) for teacher in teachers]
    student = results.training_command(system, recipe, None, seed).removeprefix("shinso train ")
    runs = ["RUN"] * len(teachers)
    words = ["shinso distil", *runs, "--student", student, *as_options(settings)]
    return "; ".join([*taught, " ".join(words)])


def train_on(
    source: Artifact,
    made: Artifact | None,
    out: str | Path,
    training: Mapping[str, Any],
    data: str | None = None,
    seed: int = 0,
    device: str | None = None,
    threads: int | None = None,
    lever: Use | None = None,
) -> Run:
    """Trains what was made of the source, or anew from the seed where nothing was, as that was
    trained but for the changes in `training`."""
    known = source.provenance["data"] or {}
    with TemporaryDirectory() as folder:
        start = None
        if made is not None:
            start = Path(folder) / "artifact"
            made.save(start)
        return train(
            source.recipe.changed(**training),
            data or known.get("name"),
            out,
            seed=seed,
            start=start,
            device=device,
            threads=threads,
            skip_bad=data is None and known.get("skip_bad", False),
            lever=lever,
        )


def _check_fits(lever: Lever, system: System, artifact: Artifact) -> None:
    if lever.name in system.refuses:
        raise UserError(f"{system.name} refuses {lever.name}: {system.refuses[lever.name]}")
    if not artifact.modules and not artifact.graphs:
        parts = ", ".join(str(_folder(artifact) / "parts" / name) for name in artifact.parts)
        instead = f"; its parts may have some: {parts}" if parts else ""
        raise UserError(f"{system.name} has no networks to {lever.name}{instead}")


def sizes_of(system: System, artifact: Artifact) -> dict[str, int]:
    """Of an artifact's networks, whichever their form, and of its files."""
    counted = costs(system, artifact.recipe, artifact.spec, artifact.edits).values()
    return {
        "parameters": sum(cost.parameters for cost in counted),
        "macs": sum(cost.macs for cost in counted),
        "bytes": stored_bytes(_folder(artifact)),
    }


def _folder(artifact: Artifact) -> Path:
    assert artifact.path is not None, "it was opened"
    return artifact.path
