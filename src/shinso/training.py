"""Making a run: from a recipe and data to a folder, a learner and the loop."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

import shinso
from shinso import catalog
from shinso.core.artifact import Artifact
from shinso.core.calibration import seen_inputs
from shinso.core.errors import Interrupted, UserError
from shinso.core.evaluation import draw_stills
from shinso.core.files import file_digest, folder_digest
from shinso.core.learner import ForeignWeights, Learner
from shinso.core.lever import Lever, Use
from shinso.core.loop import Loop
from shinso.core.processes import (
    Processes,
    choose_device,
    deterministic,
    processes,
)
from shinso.core.progress import progress
from shinso.core.recipe import Recipe, Settings
from shinso.core.report import write_report
from shinso.core.report.words import counted
from shinso.core.results import commit
from shinso.core.run import FORMAT, Run, create_run_folder, first_free, locked, read_description
from shinso.core.sources import sources_digest
from shinso.core.system import System
from shinso.core.transfer import read_state
from shinso.data import open_data
from shinso.data.store import lasting_name


def train(
    recipe: Recipe,
    data: str | None = None,
    out: str | Path | None = None,
    *,
    seed: int = 0,
    start: str | Path | None = None,
    device: str | None = None,
    threads: int | None = None,
    skip_bad: bool = False,
    lever: Use | None = None,
) -> Run:
    """Trains in a new run folder and returns the run.

    `data` is a set's name or a path, `start` an artifact or a safetensors file of another
    library. With `skip_bad` damaged files of the user's own data are left out. A `lever` wraps
    the system's learner. Under torchrun every process calls this.
    """
    system = catalog.of_recipe(recipe)
    with processes() as group:
        place = choose_device(device)
        set_threads(threads)
        data_set = open_data_of(system, data or system.data, skip_bad)
        copies = _copies(recipe, start, lever)
        if start is not None:
            _check_start(system, copies["start"])
        origin = _data_origin(data, data_set, skip_bad)
        description = _describe(system, recipe, origin, seed, place, group, copies, lever)
        folder = _new_folder(system, data_set, seed, out, group)
        if group.first:
            create_run_folder(folder, description, copies)
        group.from_first(None)  # wait for the folder
        try:
            return _go(folder, description, data_set, place, group)
        except Interrupted:  # it has said how to go on
            raise
        except Exception:  # before there is anything to go on from: leave nothing in the way
            if group.first and not (folder / "checkpoints").exists():
                shutil.rmtree(folder)
            raise


def resume(folder: str | Path, *, device: str | None = None, threads: int | None = None) -> Run:
    """Goes on with a run from its newest checkpoint, exactly where the system's row says exact.

    Threads are restored; another device, torch or source is said, for it ends exactness.
    """
    folder = Path(folder)
    description = read_description(folder)
    system = catalog.find(description["system"])
    with processes() as group:
        place = choose_device(device or description["device"])
        if threads is None and description["threads"] != torch.get_num_threads():
            print(f"threads restored to {description['threads']}", file=sys.stderr)
        set_threads(threads or description["threads"])
        if group.first:
            _tell_differences(system, description, place, group)
        known = description["data"] or {}
        data_set = open_data_of(system, known.get("name"), known.get("skip_bad", False))
        if data_set is not None and data_set.digest() != known["digest"]:
            raise UserError(
                f"the data {data_set.name} changed since {folder} began; restore them or train anew"
            )
        return _go(folder, description, data_set, place, group)


def _go(
    folder: Path,
    description: Mapping[str, Any],
    data_set: Any,
    device: torch.device,
    group: Processes,
) -> Run:
    if not group.first:
        return _train(folder, description, data_set, device, group)
    with locked(folder):
        run = _train(folder, description, data_set, device, group)
        draw_stills(folder)
        write_report(folder)
        return run


def _train(
    folder: Path,
    description: Mapping[str, Any],
    data_set: Any,
    device: torch.device,
    group: Processes,
) -> Run:
    system = catalog.find(description["system"])
    recipe = system.recipe_class.from_dict(description["recipe"])
    inputs = {
        name: catalog.open_artifact(folder / "inputs" / name) for name in description["inputs"]
    }
    run = Run(system, folder, description, device, group, inputs)
    with deterministic(device):
        run.random.seed_generators("init", 0, device)
        start = _open_start(folder / "start") if description["start"] else None
        learner: Learner = system.load("learner")(recipe, data_set, start, run)
        about = _about(learner)
        learner = _wrapped(learner, description["lever"])
    title = system.name if data_set is None else f"{system.name} on {data_set.name}"
    place = f"{folder} ({device}, {counted(torch.get_num_threads(), 'thread')})"
    facts = (about, place)
    with progress(title, *facts) if group.first else nullcontext() as observer:
        Loop(learner, run, observer).train()
    return run


def _about(learner: Learner) -> str:
    """What the data made of the networks, and how large they are."""
    made = learner.artifact()
    size = f"{made.parameters:,} parameters" if made.parameters else ""
    return ", ".join(filter(None, (made.spec.told, size)))


def _wrapped(learner: Learner, used: Mapping[str, Any] | None) -> Learner:
    """The learner, inside that of the lever which the run's recipe.json tells of."""
    if used is None:
        return learner
    lever = catalog.find_lever(used["name"])
    settings = lever.settings_class.from_dict(used["settings"])
    outer: Learner = lever.load("learner")(learner, settings)
    return outer


def calibration_inputs(
    lever: Lever, artifact: Artifact, settings: Settings, data: str | None
) -> list[Mapping[str, Any]]:
    """What a lever that calibrates is given besides: {network: inputs of its calls} in training,
    by the learner that would go on from the artifact and here learns nothing. Data default to
    those it was trained on.
    """
    if lever.calibration is None:
        return []
    most = lever.load("calibration")(artifact, settings)
    if not most:
        return [{}]
    system, data_set = catalog.find(artifact.system), data_of(artifact, data)
    with TemporaryDirectory() as folder:
        run = Run(system, Path(folder), {"seed": artifact.provenance["seed"]})
        run.random.seed_generators("init", 0, run.device)
        learner = system.load("learner")(artifact.recipe, data_set, artifact, run)
        return [seen_inputs(learner, most)]


def data_of(artifact: Artifact, data: str | None = None, skip_bad: bool = False) -> Any:
    """The data that are named, or else those that the artifact was trained on."""
    known = artifact.provenance["data"] or {}
    if data is None:
        data, skip_bad = known.get("name"), skip_bad or known.get("skip_bad", False)
    return open_data_of(catalog.find(artifact.system), data, skip_bad)


def open_data_of(system: System, data: str | None, skip_bad: bool = False) -> Any:
    """The data set; None for a system that learns from an environment."""
    if data is None:
        return None
    if not system.data_kinds:
        raise UserError(f"{system.name} learns from an environment and takes no data")
    return open_data(data, system.data_kinds, skip_bad=skip_bad)


def _check_start(system: System, path: Path) -> None:
    """Raises UserError where the weights are damaged or another kind of system's."""
    start = _open_start(path)
    if isinstance(start, ForeignWeights):
        read_state(start.path)
    elif catalog.find(start.system).spec_class is not system.spec_class:
        raise UserError(
            f"{path} holds what {start.system} learned, and {system.name} cannot start from that"
        )


# What a run is made from -------------------------------------------------------------------------


def _copies(recipe: Recipe, start: str | Path | None, lever: Use | None) -> dict[str, Path]:
    """Name in the run folder to what is copied there: the start, and what recipe fields and the
    lever name."""
    copies: dict[str, Path] = {}
    if start is not None:
        foreign = Path(start).suffix == ".safetensors" and Path(start).is_file()
        copies["start"] = Path(start) if foreign else catalog.artifact_folder(start)
    for field in recipe.fields():
        value = getattr(recipe, field.name)
        if field.artifact and value is not None:
            copies[f"inputs/{field.name}"] = catalog.artifact_folder(value)
    for name, folder in (lever.inputs if lever else {}).items():
        copies[f"inputs/{name}"] = folder
    return copies


def _open_start(path: Path) -> Artifact | ForeignWeights:
    return ForeignWeights(path) if path.is_file() else catalog.open_artifact(path)


def _describe(
    system: System,
    recipe: Recipe,
    data: Mapping[str, Any] | None,
    seed: int,
    device: torch.device,
    group: Processes,
    copies: Mapping[str, Path],
    lever: Use | None,
) -> dict[str, Any]:
    """recipe.json."""
    digests = {n: (file_digest if p.is_file() else folder_digest)(p) for n, p in copies.items()}
    return {
        "format": FORMAT,
        "system": system.name,
        "recipe": recipe.as_dict(),
        "data": data,
        "seed": seed,
        "device": str(device),
        "threads": torch.get_num_threads(),
        "world_size": group.world_size,
        "start": digests.get("start"),
        "inputs": {n.removeprefix("inputs/"): d for n, d in digests.items() if n != "start"},
        "lever": lever.as_dict() if lever else None,
        "commit": commit(),
        "versions": _versions(system),
    }


def _data_origin(data: str | None, data_set: Any, skip_bad: bool) -> dict[str, Any] | None:
    """Where to find the same data again, and by what to tell that they are the same."""
    if data_set is None:
        return None
    return {
        "name": data_set.name if data is None else lasting_name(data),
        "digest": data_set.digest(),
        "licence": data_set.licence,
    } | ({"skip_bad": True} if skip_bad else {})


def _versions(system: System) -> dict[str, str]:
    return {
        "shinso": shinso.__version__,
        "torch": torch.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "sources": sources_digest(system),
    }


def _new_folder(
    system: System, data_set: Any, seed: int, out: str | Path | None, group: Processes
) -> Path:
    if out is not None:
        return Path(out)
    parts = [system.name, Path(data_set.name).name if data_set else "", f"s{seed}"]
    name = "-".join(part for part in parts if part)
    return Path(group.from_first(str(first_free(Path("runs") / name))))


def set_threads(threads: int | None) -> None:
    """Leaves torch's own choice where none is given."""
    if threads is not None and threads != torch.get_num_threads():
        torch.set_num_threads(threads)


def _tell_differences(
    system: System, description: Mapping[str, Any], device: torch.device, group: Processes
) -> None:
    now = {
        "device": str(device),
        "threads": torch.get_num_threads(),
        "world_size": group.world_size,
        **_versions(system),
    }
    then = {**description, **description["versions"]}
    for name, value in now.items():
        if then[name] != value:
            print(
                f"resuming with other {name} ({then[name]} before, {value} now): "
                "the result is no longer bit for bit that of an uninterrupted run",
                file=sys.stderr,
            )
