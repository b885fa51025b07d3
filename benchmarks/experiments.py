"""Settings that are trained, evaluated on validation images and recorded, a row of results/ each.
What is recorded already, of the same recipe and sources, is left out."""

from __future__ import annotations

import argparse
import itertools
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

from machine import machine
from rows import is_recorded, with_learner

from shinso import api, catalog
from shinso.core.evaluation import Evaluation, Scores
from shinso.core.recipe import Recipe
from shinso.core.results import check_recordable, commit, read_results
from shinso.vision.classification.learner import ClassifierLearner
from shinso.vision.classification.predictor import ClassifierPredictor

SPLIT = "valid"

More = Callable[[Any, ClassifierPredictor], Scores]  # of the learner and what it learned


class Measured:
    """Goes before a learner's class: the CPU time of its steps, and the accuracy at each
    evaluation. The last weights are taken: a choice would favour who is evaluated more often."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.seconds = 0.0
        self.curve: dict[int, float] = {}  # by step

    @property
    def selection(self) -> None:
        return None

    def step(self) -> Scores:
        began = process_time()
        scores = super().step()
        self.seconds += process_time() - began
        return scores

    def evaluate(self, split: str) -> Evaluation:
        evaluation = super().evaluate(split)
        self.curve[self.run.step] = evaluation.scores["accuracy"]
        drop_infinite(evaluation.scores)
        return evaluation


class MeasuredClassifier(Measured, ClassifierLearner):
    pass


@dataclass(frozen=True)
class Setting:
    system: str
    label: str
    changes: Mapping[str, Any]  # to the preset cpu
    learner: type[Measured] | partial[Any] = MeasuredClassifier
    more: More = field(default=lambda learner, predictor: {})


def run_all(
    description: str,
    data: str,
    settings: Callable[[int | None], Iterable[Setting]],
    draw: Callable[[], None],
) -> None:
    """The command line: labels to run alone, seeds, a shorter form, or the pictures alone.

    `settings` takes the number of steps of the shorter form, None for the real one.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("labels", nargs="*", metavar="LABEL", help="these alone")
    parser.add_argument("--seeds", type=int, default=1, help="so many from 0 on (default: 1)")
    parser.add_argument("--steps", type=int, help="a shorter form, which records nothing")
    parser.add_argument("--draw", action="store_true", help="only draw what is recorded")
    given = parser.parse_args()
    if given.draw:
        return draw()
    chosen = list(settings(given.steps))
    known = [setting.label for setting in chosen]
    if unknown := [label for label in given.labels if label not in known]:
        parser.error(f"no setting is called {', '.join(unknown)}; there are {', '.join(known)}")
    kept = given.steps is None
    if kept:
        check_recordable(known[0], commit())  # now, and not after the first training
    api.set_threads(1)
    print(machine())
    for seed, setting in itertools.product(range(given.seeds), chosen):
        recipe = catalog.find(setting.system).make_recipe(**setting.changes)
        if setting.label not in (given.labels or known):
            continue
        if not (kept and is_recorded(recipe, setting.label, data, SPLIT, seed)):
            measure(setting, recipe, data, seed, kept)
    if kept:
        draw()


def measure(setting: Setting, recipe: Recipe, data: str, seed: int, kept: bool) -> None:
    """Trains and evaluates; the row is recorded if it is `kept`."""
    with tempfile.TemporaryDirectory() as folder:
        with with_learner(setting.system, setting.learner) as made:
            run = api.train(recipe, data, Path(folder, "run"), seed=seed)
        predictor = api.load(run.folder)
        evaluation = api.evaluate_predictor(predictor, data, SPLIT)
        drop_infinite(evaluation.scores)
        evaluation.scores["cpu_seconds"] = made[-1].seconds
        evaluation.scores.update(setting.more(made[-1], predictor))
        if kept:
            api.record(predictor, evaluation, setting.label, data, SPLIT, {})
    scores = "  ".join(f"{name} {score:.4g}" for name, score in evaluation.scores.items())
    print(f"{setting.system} {setting.label} seed {seed}: {scores}", flush=True)


def drop_infinite(scores: Scores) -> None:
    """The loss of weights that diverged is no number, which JSON has no word for."""
    for name in [name for name, score in scores.items() if not math.isfinite(score)]:
        del scores[name]


def recorded(system: str, data: str) -> dict[str, dict[str, float]]:
    """{label: mean scores} of what is recorded on validation images."""
    return {
        result.label: result.mean
        for result in read_results(system)
        if (result.data, result.split) == (data, SPLIT)
    }
