"""RunRecord: what a run folder says, read once for the report. A run in progress says less."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shinso.core.errors import UserError
from shinso.core.exhibits import Exhibit, load
from shinso.core.files import read_json, read_lines

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

    @classmethod
    def read(cls, folder: Path) -> RunRecord:
        """Raises UserError where recipe.json is missing or a file is damaged."""
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
        )

    @property
    def system(self) -> str:
        return str(self.recipe.get("system", "a system"))

    @property
    def data(self) -> str:
        return str((self.recipe.get("data") or {}).get("name", ""))

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.recipe.get("recipe") or {})

    @property
    def split(self) -> str:
        return str(self.evaluation.get("split", "valid"))

    @property
    def step(self) -> int:
        """The last step that left a trace."""
        return max((row.get("step", 0) for row in (*self.metrics, *self.timing)), default=0)

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
