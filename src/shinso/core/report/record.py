"""RunRecord: what a run folder says, read once for the report. A run in progress says less."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shinso.core.about import read_about
from shinso.core.errors import UserError
from shinso.core.exhibits import Exhibit, load
from shinso.core.files import read_json, read_lines
from shinso.core.lever import uses
from shinso.core.report.words import listed, setting, spoken

Series = tuple[list[float], list[float]]  # steps and values
NOT_LEARNED_FOR = ("loss", "learning_rate", "gradient_norm")  # never the headline of a run


@dataclass(frozen=True)
class RunRecord:
    """A run folder's files, as they are."""

    folder: Path
    recipe: dict[str, Any]
    metrics: list[dict[str, Any]]
    timing: list[dict[str, Any]]
    evaluation: dict[str, Any]
    exhibits: list[Exhibit]
    artifact: dict[str, Any]  # artifact.json of what was learned; empty before there is any
    start_artifact: dict[str, Any]  # of what it started from; empty for nothing and for a file

    @classmethod
    def read(cls, folder: Path) -> RunRecord:
        """Raises UserError where recipe.json is missing or a file is damaged."""
        if (folder / "artifact.json").exists():
            raise UserError(f"{folder} is an artifact; give the run that it came from")
        if not (folder / "recipe.json").exists():
            raise UserError(f"{folder} is no run folder: it has no recipe.json")
        evaluation = folder / "evaluation.json"
        return cls(
            folder=folder,
            recipe=read_json(folder / "recipe.json"),
            metrics=read_lines(folder / "metrics.jsonl"),
            timing=read_lines(folder / "timing.jsonl"),
            evaluation=read_json(evaluation) if evaluation.exists() else {},
            exhibits=_exhibits(folder / "exhibits"),
            artifact=_about(folder / "artifact"),
            start_artifact=_about(folder / "start"),
        )

    @property
    def system(self) -> str:
        return str(self.recipe.get("system", "a system"))

    @property
    def data(self) -> str:
        """The set's name. Of a folder of the user's own no more than its name, for a report may
        be sent to anyone."""
        return _data_name(self.recipe)

    @property
    def start(self) -> str | None:
        """What its weights were at first: whose, and which."""
        digest = self.recipe.get("start")
        if digest is None:
            return None
        about = self.start_artifact
        origin = f"{about['system']} on {_data_name(about['provenance'])}" if about else "a file"
        return f"{origin} ({_short(digest)})"

    @property
    def lever(self) -> str | None:
        """The levers that were used, the last one first: "prune, ratio 0.5"."""
        told = [
            ", ".join([use["name"], *_in_words(use["settings"])])
            for use in uses({"lever": None, **self.recipe})
        ]
        return "; before that ".join(told) or None

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.recipe.get("recipe") or {})

    @property
    def facts(self) -> dict[str, Any]:
        """All in which a run may differ from another before either is measured."""
        data = (self.recipe.get("data") or {}).get("digest")
        return {
            "data": f"{self.data} ({_short(data)})" if data else self.data or None,
            "from": self.start,
            "lever": self.lever,
            "parameters": self.parameters,
            "seed": self.recipe.get("seed"),
            **self.settings,
        }

    @property
    def ground(self) -> tuple[str, str, str]:
        """What two runs must have in common for their scores to compare: data and split."""
        digest = (self.recipe.get("data") or {}).get("digest", "")
        return self.data, digest, self.split

    @property
    def spec(self) -> dict[str, Any]:
        """What the data decided about the networks; empty before there is an artifact."""
        return dict(self.artifact.get("spec") or {})

    @property
    def parameters(self) -> int | None:
        """Of all networks; None before there is an artifact, and without networks."""
        return self.artifact.get("parameters")

    @property
    def split(self) -> str:
        return str(self.evaluation.get("split", "valid"))

    @property
    def step(self) -> int:
        """The last step that left a trace."""
        return max((row.get("step", 0) for row in (*self.metrics, *self.timing)), default=0)

    @property
    def kept_step(self) -> int:
        """The step whose scores count and that the artifact is of."""
        return int(self.evaluation.get("step", self.step))

    @property
    def seconds(self) -> float | None:
        """Time spent so far."""
        return next((row["seconds"] for row in reversed(self.timing) if "seconds" in row), None)

    @property
    def scores(self) -> dict[str, float]:
        """Of the evaluation; of a run in progress, the last on validation data."""
        if self.evaluation:
            return _numbers(self.evaluation.get("scores"))
        rows = (row["valid"] for row in reversed(self.metrics) if "valid" in row)
        return _numbers(next(rows, {}))

    @property
    def baselines(self) -> dict[str, dict[str, float]]:
        """Name of a baseline to its scores."""
        baselines = self.evaluation.get("baselines") or {}
        return {str(name): _numbers(scores) for name, scores in baselines.items()}

    @property
    def headline(self) -> str | None:
        """The score that tells most: the first that is not merely a loss."""
        scores = self.scores
        learned = [name for name in scores if name not in NOT_LEARNED_FOR]
        return next(iter([*learned, *scores]), None)

    def series(self) -> dict[str, dict[str, Series]]:
        """Score to split to its steps and values, training first."""
        found: dict[str, dict[str, Series]] = {}
        for split in ("train", "valid"):
            for row in self.metrics:
                for score, value in _numbers(row.get(split)).items():
                    steps, values = found.setdefault(score, {}).setdefault(split, ([], []))
                    steps.append(float(row.get("step", len(steps))))
                    values.append(value)
        return found


def shared_baselines(
    runs: Sequence[RunRecord], names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """The baselines of runs on the same ground, each once; one that is not the same for all (the
    nearest neighbour among images of another size) once for each value, named with its runs."""
    owners: dict[tuple[str, tuple[tuple[str, float], ...]], list[str]] = {}
    for run, name in zip(runs, names, strict=True):
        for baseline, scores in run.baselines.items():
            owners.setdefault((baseline, tuple(scores.items())), []).append(name)
    values = Counter(baseline for baseline, _ in owners)
    return {
        baseline if values[baseline] == 1 else f"{baseline} ({listed(of)})": dict(scores)
        for (baseline, scores), of in owners.items()
    }


def _about(folder: Path) -> dict[str, Any]:
    return read_about(folder) if (folder / "artifact.json").exists() else {}


def _data_name(description: Mapping[str, Any]) -> str:
    return Path((description.get("data") or {}).get("name", "")).name


def _in_words(settings: Mapping[str, Any]) -> list[str]:
    """Those that are set."""
    chosen = {name: value for name, value in settings.items() if value not in (None, False)}
    return [
        spoken(name) if value is True else f"{spoken(name)} {setting(value)}"
        for name, value in chosen.items()
    ]


def _short(digest: str) -> str:
    return digest[:8]


def _exhibits(folder: Path) -> list[Exhibit]:
    """Those of the folder, then those of its groups: `evaluation` comes before `training`."""
    groups = sorted(path for path in folder.glob("[!.]*") if path.is_dir())
    return [exhibit for group in (folder, *groups) for exhibit in load(group)]


def _numbers(scores: Any) -> dict[str, float]:
    """The finite numbers among named scores."""
    return {
        str(name): float(value)
        for name, value in (scores or {}).items()
        if isinstance(value, (int, float)) and math.isfinite(value)
    }
