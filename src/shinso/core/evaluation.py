"""Evaluation: what a predictor is worth on a split, and how a run keeps it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shinso.core import exhibits
from shinso.core.exhibits import Exhibit
from shinso.core.files import write_json

Scores = dict[str, float]


def perplexity(loss: float) -> float:
    """e^loss, of a mean -log p in nats; the largest number there is where that is larger."""
    return math.exp(min(loss, math.log(sys.float_info.max)))


@dataclass(frozen=True)
class Evaluation:
    """Scores, beside them what is worth beating, and what to look at.

    `signatures` say how a score was counted, where that can be done in several ways (sacrebleu's).
    """

    scores: Scores
    baselines: Mapping[str, Scores] = field(default_factory=dict)
    exhibits: Sequence[Exhibit] = ()
    signatures: Mapping[str, str] = field(default_factory=dict)


def save_evaluation(run: Path, split: str, step: int, evaluation: Evaluation) -> None:
    """The evaluation of the run's artifact: evaluation.json and its exhibits."""
    save_exhibits(run, "evaluation", evaluation.exhibits)
    write_json(
        run / "evaluation.json",
        {
            "split": split,
            "step": step,
            "scores": evaluation.scores,
            "baselines": dict(evaluation.baselines),
            "signatures": dict(evaluation.signatures),
        },
    )


def save_exhibits(run: Path, group: str, shown: Iterable[Exhibit], *, stills: bool = False) -> None:
    """Replaces the exhibits of a group ("evaluation", "training") by these."""
    exhibits.save(shown, run / "exhibits" / group, stills=stills)


def draw_stills(run: Path) -> None:
    """Adds the pictures that the exhibits of a run in progress do without, for they take time."""
    for folder in sorted((run / "exhibits").glob("[!.]*")):
        save_exhibits(run, folder.name, exhibits.load(folder), stills=True)
