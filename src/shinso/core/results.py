"""What was measured: results/<system>/<label>--<data>--<split>.json, written by
`shinso evaluate --record`, of matches by `shinso arena --record`, and by nothing else. Imports no
torch."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shinso
from shinso.core.errors import UserError
from shinso.core.files import read_json, write_json
from shinso.core.lever import Lever
from shinso.core.recipe import Recipe, as_options
from shinso.core.sources import sources_digest
from shinso.core.system import System

# What recording itself changes, and so may be uncommitted while it goes on.
GENERATED = ("results/", "README.md", "README.ja.md", "docs/")
DIRTY = "+"  # ends the commit that sources differ from


@dataclass(frozen=True)
class Result:
    """One file: runs that differ only in their seed."""

    system: str
    label: str
    data: str
    split: str
    runs: Sequence[Mapping[str, Any]]
    baselines: Mapping[str, Mapping[str, float]]

    @property
    def path(self) -> Path:
        return Path(self.system, f"{self.label}--{self.data}--{self.split}.json")

    @property
    def mean(self) -> dict[str, float]:
        return {n: statistics.fmean(values) for n, values in self._values().items()}

    @property
    def spread(self) -> dict[str, float]:
        """Sample standard deviation; 0 for one run."""
        return {
            n: statistics.stdev(values) if len(values) > 1 else 0.0
            for n, values in self._values().items()
        }

    def with_run(self, run: Mapping[str, Any]) -> Result:
        """The same seed replaces its run."""
        others = [known for known in self.runs if known["seed"] != run["seed"]]
        runs = sorted([*others, run], key=lambda r: r["seed"])
        return Result(self.system, self.label, self.data, self.split, runs, self.baselines)

    def as_dict(self) -> dict[str, Any]:
        return {
            "system": self.system,
            "label": self.label,
            "data": self.data,
            "split": self.split,
            "mean": self.mean,
            "spread": self.spread,
            "baselines": self.baselines,
            "runs": list(self.runs),
        }

    def _values(self) -> dict[str, list[float]]:
        names = self.runs[0]["scores"] if self.runs else {}
        return {n: [run["scores"][n] for run in self.runs if n in run["scores"]] for n in names}


def results_folder() -> Path:
    """The checkout's, or the copy that the installed package carries."""
    checkout = checkout_folder()
    return checkout / "results" if checkout else Path(shinso.__file__).parent / "results"


def checkout_folder() -> Path | None:
    """The repository this package is run from, if it is."""
    folder = Path(shinso.__file__).parents[2]
    return folder if (folder / "pyproject.toml").exists() and (folder / ".git").exists() else None


def read_results(system: str | None = None) -> Iterator[Result]:
    """All that is recorded, by system and label. Raises UserError for a file edited by hand."""
    for path in sorted(results_folder().glob(f"{system or '*'}/*.json")):
        yield _read(path)


def _read(path: Path) -> Result:
    value = read_json(path)
    try:
        result = Result(**{n: value[n] for n in Result.__dataclass_fields__})
        sound = value == json.loads(json.dumps(result.as_dict())) and path.match(str(result.path))
    except (KeyError, TypeError, statistics.StatisticsError):
        sound = False
    if not sound:
        raise UserError(f"{path} was edited by hand; record it again with evaluate --record")
    return result


def record(
    system: System,
    levers: Sequence[Lever],
    label: str,
    data: str,
    split: str,
    run: Mapping[str, Any],
    baselines: Mapping[str, Mapping[str, float]],
) -> Path:
    """Adds a run of what the system trained and the levers changed to its file.

    Raises UserError where `check_recordable` does.
    """
    checkout = check_recordable(label, run["trained_commit"])
    fresh = Result(system.name, label, data, split, [], baselines)
    path = checkout / "results" / fresh.path
    known = _read(path).runs if path.exists() else []
    complete = {
        **run,
        "levers": [lever.name for lever in levers],
        "commit": commit(checkout),
        "sources": sources_digest(system, *levers),
    }
    result = Result(system.name, label, data, split, known, baselines).with_run(complete)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, result.as_dict())
    return path


def check_recordable(label: str, trained_commit: str | None) -> Path:
    """The checkout to record in. Raises UserError for a label that makes no file name, outside a
    checkout, and where the sources that trained or those that evaluate are in no commit."""
    checkout = checkout_folder()
    if checkout is None:
        raise UserError("--record writes into a checkout of shinso, and this is an installed one")
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", label) or "--" in label:
        raise UserError(f"--record {label!r}: a label has lower-case letters, digits, . _ and -")
    if trained_commit is not None and trained_commit.endswith(DIRTY):
        raise UserError(
            f"--record names a commit, and this was trained with changes since "
            f"{trained_commit.removesuffix(DIRTY)}; commit first, then train"
        )
    changed = [name for name in _changed(checkout) if not name.startswith(GENERATED)]
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        raise UserError(
            f"--record names a commit, and {', '.join(changed[:3])}{more} changed since the last "
            "one; commit first"
        )
    return checkout


def is_current(result: Result, system: System, levers: Mapping[str, Lever]) -> bool:
    """Whether the sources are those that every run was measured with."""
    return all(
        run["sources"] == sources_digest(system, *(levers[name] for name in run.get("levers", ())))
        for run in result.runs
    )


def commit(checkout: Path | None = None) -> str | None:
    """The commit that is checked out, with a + where sources differ from it; None where there is
    none to be known."""
    checkout = checkout or checkout_folder()
    if checkout is None:
        return None
    try:
        head = _git(checkout, "rev-parse", "--short=12", "HEAD").strip()
    except UserError:  # no git, or one that does not trust the folder: no reason not to train
        return None
    changed = any(name.startswith("src/") for name in _changed(checkout))
    return head + (DIRTY if changed else "")


def training_command(system: System, recipe: Recipe, data: str | None, seed: int) -> str:
    """The shortest command that trains this recipe: the preset nearest to it, and the rest."""
    candidates = [(system.changes_of(recipe, name), name) for name in system.presets]
    changes, preset = min(candidates, key=lambda c: (len(c[0]), c[1] != "cpu"))
    words = ["shinso", "train", system.name]
    words += ["--preset", preset] if preset != "cpu" else []
    words += ["--data", data] if data and data != system.data else []
    return " ".join([*words, *as_options(changes), "--seed", str(seed)])


def lever_command(lever: str, settings: Mapping[str, Any]) -> str:
    """What uses a lever so; RUN stands for what it is used on."""
    return " ".join(["shinso", lever, "RUN", *as_options(settings)])


def _changed(checkout: Path) -> list[str]:
    lines = _git(checkout, "status", "--porcelain").splitlines()
    return [line[3:].split(" -> ")[-1].strip('"') for line in lines]


def _git(checkout: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(checkout), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(f"git {arguments[0]} failed in {checkout}: {error}") from None
    return done.stdout
