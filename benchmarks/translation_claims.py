"""What the course says of translators, and each fault of its code by itself, measured at a small
size and recorded in results/. A setting takes nine minutes of one core, all of them two and a half
hours; what is recorded already, of the same recipe and sources, is left out:

    python benchmarks/translation_claims.py [LABEL ...] [--seeds N]

Every setting is the small Transformer with one thing changed, trained on the same batches. The two
recurrent nets have the width that brings them as many parameters. Rows have two things besides
what evaluations give: the BLEU of each group of lengths, and the CPU time of the training with its
evaluations, since the clock also counts what else a machine does.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from machine import machine
from numpy.typing import NDArray
from rows import is_recorded, with_learner

from shinso import api, catalog
from shinso.core.counting import parameter_count
from shinso.core.errors import ShinsoError
from shinso.core.evaluation import Evaluation
from shinso.core.recipe import Recipe
from shinso.core.results import check_recordable, commit
from shinso.core.run import Run
from shinso.language.translation.evaluation import FREE, RETRIEVAL
from shinso.language.translation.learner import TranslationLearner

DATA, SPLIT = "small_parallel_enja", "valid"
STEPS = 3000
TRAINING = {"warmup_steps": 400, "evaluate_every": 250, "dropout": 0.1}
TRANSFORMER = {"size": 128, "heads": 4, "inner": 256, "embedding_dropout": 0.1}
RECURRENT = {"embedding": 128}
WIDTHS = range(64, 257, 2)  # of recurrent nets; an encoder in two directions needs an even one


@dataclass(frozen=True)
class Setting:
    """What is trained, and how it then writes: options of the predictor, by the row's label."""

    system: str
    changes: Mapping[str, Any]  # to the preset cpu
    decodings: Mapping[str, Mapping[str, Any]]
    learner: type[TranslationLearner] = TranslationLearner


class PickedByTeacherForcing(TranslationLearner):
    """The course's choice: the weights that do best when the true words are put before them."""

    @property
    def selection(self) -> tuple[str, str]:
        return "bleu_teacher_forced", "max"


class SameOrder(TranslationLearner):
    """Every epoch is like the first."""

    def _whole_batch(self) -> NDArray[np.int64]:
        return self.buckets.indices(0, self.run.step % self.epoch_steps)


CHANGED: dict[str, dict[str, Any]] = {
    "no-residual": {"residual": False},
    "no-norm": {"norm": "none"},
    "post-norm": {"norm": "post"},
    "heads-1": {"heads": 1},
    "heads-2": {"heads": 2},
    "heads-8": {"heads": 8},
    "no-positions": {"positions": False},
    "averaged": {"average": 3},
    # The course's faults.
    "scaled-by-model": {"attention_scale": "model"},
    "embeddings-unscaled": {"embedding_scale": False},
    "no-warmup": {"warmup_steps": 0},
    "post-norm-no-warmup": {"norm": "post", "warmup_steps": 0},
    "no-smoothing": {"label_smoothing": 0.0},
    "no-embedding-dropout": {"embedding_dropout": 0.0},
}
DECODED: dict[str, dict[str, Any]] = {
    "small": {},
    "small-greedy": {"beam": 1},
    "small-alpha-0": {"alpha": 0.0},
}
PATCHED = {"picked-by-forcing": PickedByTeacherForcing, "same-order": SameOrder}


def settings(steps: int) -> Iterator[Setting]:
    shared = {**TRAINING, "steps": steps}
    small = {**shared, **TRANSFORMER}
    yield Setting("transformer", small, DECODED)
    budget = parameters("transformer", small)
    for system in ("seq2seq", "seq2seq-attention"):
        by_width = {width: parameters(system, {**RECURRENT, "hidden": width}) for width in WIDTHS}
        width = min(by_width, key=lambda width: abs(by_width[width] - budget))
        yield Setting(system, {**shared, **RECURRENT, "hidden": width}, {"small": {}})
    for label, changes in CHANGED.items():
        yield Setting("transformer", {**small, **changes}, {label: {}})
    for label, learner in PATCHED.items():
        yield Setting("transformer", small, {label: {}}, learner)


def parameters(name: str, changes: Mapping[str, Any]) -> int:
    system = catalog.find(name)
    with torch.device("meta"):
        networks = system.networks(system.make_recipe(**changes), system.preset("cpu").spec)
    return sum(map(parameter_count, networks.values()))


def with_lengths(evaluation: Evaluation) -> Evaluation:
    """With the BLEU of each group of lengths, which evaluations only show, among its scores."""
    shown = {exhibit.title: exhibit for exhibit in evaluation.exhibits}
    table: Any = shown["Scores by length of the sentence"]
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]

    def bleu(how: str) -> dict[str, float]:
        return {f"bleu_{row['tokens'].replace(' ', '_')}": row[f"{how}, BLEU"] for row in rows}

    baseline = {**evaluation.baselines[RETRIEVAL], **bleu(RETRIEVAL)}
    return dataclasses.replace(
        evaluation,
        scores={**evaluation.scores, **bleu(FREE)},
        baselines={RETRIEVAL: baseline},
    )


def trained(setting: Setting, recipe: Recipe, out: Path, seed: int) -> Run | None:
    """None where the training diverges, which may be what a setting does."""
    try:
        with with_learner(setting.system, setting.learner):
            return api.train(recipe, DATA, out, seed=seed)
    except ShinsoError as error:
        if type(error) is not ShinsoError:  # bad input, or Ctrl-C
            raise
        print(f"{setting.system} {' '.join(setting.decodings)} seed {seed}: {error}", flush=True)
        return None


def measure(setting: Setting, recipe: Recipe, labels: list[str], seed: int, kept: bool) -> None:
    """Trains once, and evaluates for each label; the rows are recorded if they are `kept`."""
    with tempfile.TemporaryDirectory() as folder:
        began = process_time()
        run = trained(setting, recipe, Path(folder, "run"), seed)
        spent = process_time() - began
        if run is None:
            return
        for label in labels:
            options = setting.decodings[label]
            predictor = api.load(run.folder, **options)
            evaluation = with_lengths(api.evaluate_predictor(predictor, DATA, SPLIT))
            evaluation.scores["cpu_seconds"] = spent
            if kept:
                api.record(predictor, evaluation, label, DATA, SPLIT, options)
            scores = "  ".join(f"{n} {score:.2f}" for n, score in evaluation.scores.items())
            print(f"{setting.system} {label} seed {seed}: {scores}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labels", nargs="*", metavar="LABEL", help="these alone")
    parser.add_argument("--seeds", type=int, default=1, help="so many from 0 on (default: 1)")
    parser.add_argument("--steps", type=int, help="a shorter form, which records nothing")
    given = parser.parse_args()
    chosen = list(settings(given.steps or STEPS))
    known = list(dict.fromkeys(label for setting in chosen for label in setting.decodings))
    if unknown := [label for label in given.labels if label not in known]:
        parser.error(f"no setting is called {', '.join(unknown)}; there are {', '.join(known)}")
    kept = given.steps is None
    if kept:
        check_recordable("small", commit())  # now, and not after the first training
    api.set_threads(1)
    print(machine())
    for seed, setting in itertools.product(range(given.seeds), chosen):
        recipe = catalog.find(setting.system).make_recipe(**setting.changes)
        labels = [
            label
            for label in setting.decodings
            if label in (given.labels or known)
            and not (kept and is_recorded(recipe, label, DATA, SPLIT, seed))
        ]
        if labels:
            measure(setting, recipe, labels, seed, kept)


if __name__ == "__main__":
    main()
