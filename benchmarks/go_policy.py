"""What AlphaGo's policy network gains by more games, by size and by what it is told of a position,
measured on 9x9 and recorded in results/. A setting takes one to ten minutes of one core, all of
them thirty-five:

    python benchmarks/go_policy.py [LABEL ...] [--seeds N] [--steps N] [--draw]

Each sees as many positions, however few games they are drawn from, and is scored on the validation
games by its last weights: what learning some games by heart costs is not hidden by stopping early.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import partial
from typing import Any

from experiments import Measured, Setting, recorded, run_all
from pictures import lines

from shinso.data.games import GameSet, GameSplit
from shinso.go.alphago_policy.learner import AlphaGoPolicyLearner

DATA = "go_9x9"
STEPS = 3000
SHARES = (64, 16, 4)  # one game in so many; all of them are the row of the usual size
SIZES = {"3x16": (3, 16), "4x32": (4, 32), "6x64": (6, 64), "8x96": (8, 96)}  # layers, filters
USUAL = "6x64"


class MeasuredPolicy(Measured, AlphaGoPolicyLearner):
    pass


class Few(MeasuredPolicy):
    """Learns from one game in `share`."""

    def __init__(self, recipe: Any, data: GameSet, *others: Any, share: int) -> None:
        train = data.split("train")
        few = GameSplit(train.games[::share], train.sources[::share])
        splits = {**data.splits, "train": few}
        super().__init__(recipe, dataclasses.replace(data, splits=splits), *others)


def settings(steps: int | None) -> Iterator[Setting]:
    def setting(label: str, learner: Any = MeasuredPolicy, **changes: Any) -> Setting:
        count = steps or STEPS
        once = {"steps": count, "evaluate_every": count}
        return Setting("alphago-policy", label, {**once, **changes}, learner)

    for name, (layers, filters) in SIZES.items():
        yield setting(f"size-{name}", layers=layers, filters=filters)
    for share in SHARES:
        yield setting(f"games-1-in-{share}", partial(Few, share=share))
    yield setting("planes-raw", features="raw")
    yield setting("symmetries-none", symmetries=False)


def draw() -> None:
    """Of what is recorded."""
    rows = recorded("alphago-policy", DATA)
    by_share = {share: f"games-1-in-{share}" for share in SHARES} | {1: f"size-{USUAL}"}
    there = {share: rows[label] for share, label in by_share.items() if label in rows}
    scores = {"first guess": "accuracy", "among five": "top_5"}
    lines(
        "go-policy-games",
        {
            title: ([1 / share for share in there], [row[score] for row in there.values()])
            for title, score in scores.items()
        },
        "share of the games",
        "accuracy on validation games",
        x=("log", {"base": 4}),
    )


if __name__ == "__main__":
    run_all(__doc__.splitlines()[0], DATA, settings, draw)
