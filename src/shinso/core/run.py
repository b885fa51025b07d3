"""Run: a folder that holds all of one training, and what a learner knows of where it runs."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from shinso.core.checkpoint import Checkpoints
from shinso.core.errors import UserError
from shinso.core.files import read_json, sync, told, write_json
from shinso.core.ledger import Fields, Ledger
from shinso.core.processes import Processes
from shinso.core.randomness import Randomness

if TYPE_CHECKING:
    from shinso.core.artifact import Artifact
    from shinso.core.system import System

FORMAT = 1


@dataclass
class Run:
    """What core tells a learner: where it is, its randomness, and how many steps are made."""

    system: System
    folder: Path
    description: Mapping[str, Any]  # recipe.json
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    processes: Processes = field(default_factory=Processes)
    inputs: Mapping[str, Artifact] = field(default_factory=dict)  # recipe fields, opened
    step: int = 0
    ledgers: dict[str, Ledger] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = Randomness(self.seed)
        self.checkpoints = Checkpoints(self.folder / "checkpoints")

    @property
    def seed(self) -> int:
        return int(self.description["seed"])

    @property
    def artifact_folder(self) -> Path:
        return self.folder / "artifact"

    def ledger(self, name: str, fields: Fields, capacity: int, segment_rows: int) -> Ledger:
        """This process's ledger of that name; the loop keeps it in step with the checkpoints."""
        folder = self.folder / "ledgers" / f"{name}-{self.processes.rank}"
        self.ledgers[name] = Ledger(folder, fields, capacity, segment_rows)
        return self.ledgers[name]


def create_run_folder(
    folder: Path, description: Mapping[str, Any], copies: Mapping[str, Path]
) -> None:
    """Makes the folder appear by one rename, with its recipe and its inputs in it.

    `copies` maps names inside the folder to the artifacts (or weight files) the run starts from
    or uses. Raises UserError when the folder exists or cannot be written.
    """
    if folder.exists():
        raise UserError(f"{folder} exists; go on with train --resume {folder}, or choose --out")
    making = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    with told("making run folder", folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        making.mkdir()
        for name, source in copies.items():
            copy = shutil.copytree if source.is_dir() else shutil.copyfile
            (making / name).parent.mkdir(exist_ok=True)
            copy(source, making / name)
        write_json(making / "recipe.json", description)
        making.rename(folder)
        sync(folder.parent)


def read_description(folder: Path) -> dict[str, Any]:
    """The run's recipe.json. Raises UserError for a folder that is no run, or a newer one's."""
    if not (folder / "recipe.json").exists():
        raise UserError(f"{folder} is no run folder: it has no recipe.json")
    description = read_json(folder / "recipe.json")
    if description.get("format", 0) > FORMAT:
        raise UserError(f"{folder} was made by a newer shinso; use that one")
    return description


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps two processes from training one run; the lock ends with the process, however."""
    with told("locking", folder), (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{folder} is being trained by another process") from None
        yield


def first_free(folder: Path) -> Path:
    """`folder`, or with -2, -3, ... behind its name: the first that does not exist."""
    candidate, number = folder, 1
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def _remove_abandoned(folder: Path) -> None:
    """Clears half-made folders whose maker was killed."""
    for leftover in folder.parent.glob(f".{folder.name}.*.partial"):
        maker = leftover.name.split(".")[-2]
        if maker.isdigit() and not Path("/proc", maker).exists():
            shutil.rmtree(leftover)
