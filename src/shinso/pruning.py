"""The course's table of pruning: what one threshold or another takes, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shinso import catalog
from shinso.api import evaluate_on, load, train_on, use_lever
from shinso.core.evaluation import Scores
from shinso.levers.prune import telling_thresholds
from shinso.levers.settings import PruneSettings
from shinso.training import data_of, set_threads

SPLIT = "valid"


@dataclass(frozen=True)
class Pruned:
    """By one threshold: the share of weights or channels that goes, the scores on the validation
    split, and those after training on, if there was any."""

    threshold: float
    ratio: float
    scores: Scores
    retrained: Scores | None


def prune_table(
    what: str | Path,
    thresholds: Sequence[float] | None = None,
    *,
    training: Mapping[str, Any] | None = None,
    data: str | None = None,
    seed: int = 0,
    device: str | None = None,
    threads: int | None = None,
    **settings: Any,
) -> list[Pruned]:
    """A row for each threshold; nothing is kept of what is made. The first row, of threshold 0, is
    the artifact as it is, trained on alike.

    Thresholds default to some of the artifact's own magnitudes; `training` and `settings` are as
    for `use_lever`. Raises UserError where that does, before anything is trained.
    """
    set_threads(threads)
    source = catalog.open_artifact(what)
    if thresholds is None:
        chosen = PruneSettings().changed(**settings)
        thresholds = telling_thresholds(catalog.find(source.system), source, chosen)
    data_set = data_of(source, data)
    place: dict[str, Any] = {"data": data, "seed": seed, "device": device, "threads": threads}

    def retrained(threshold: float, out: Path) -> Scores | None:
        if not training:
            return None
        if threshold == 0:
            train_on(source, source, out, training, **place)
        else:
            given = {**settings, **place, "threshold": threshold}
            use_lever("prune", what, out, training=training, **given)
        return catalog.open_artifact(out).scores

    with TemporaryDirectory() as folder:
        made: dict[float, tuple[Any, float]] = {0.0: (what, 0.0)}
        for threshold in thresholds:
            out = Path(folder, f"pruned-{threshold}")
            used = use_lever("prune", what, out, threshold=threshold, **settings)
            made[threshold] = out, used.done["ratio"]
        return [
            Pruned(
                threshold,
                ratio,
                evaluate_on(load(artifact, device), data_set, SPLIT).scores,
                retrained(threshold, Path(folder, f"run-{threshold}")),
            )
            for threshold, (artifact, ratio) in made.items()
        ]
