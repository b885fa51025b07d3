"""The normalisations beside each other, measured on Fashion-MNIST and recorded in results/: against
the size of the batch, by step, against the size of the first weights, and on few images. A setting
takes one to four minutes of one core, all of them fifty:

    python benchmarks/classifier_norms.py [LABEL ...] [--seeds N] [--steps N] [--draw]

All have VGG-11 of a quarter of its width, which has no shortcut to help, in float32 and without
augmentation; each sees as many images, whatever the batch. The rate is 0.1 for 128 images and as
much smaller as the batch is (Goyal et al. 2017, section 2.1); without normalisation a tenth of
that, and once the same. Groups are of 1, 1, 2, 4 and 4 channels, from the first layers to the last.
Where gradients are no longer finite the update is left out, and the row tells what the weights
before it are worth.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from experiments import MeasuredClassifier, Setting, recorded, run_all
from pictures import bars, lines

from shinso.core.evaluation import Scores
from shinso.core.trainable import Gradients
from shinso.data import open_data
from shinso.data.images import ImageSet
from shinso.vision.classification.predictor import ClassifierPredictor
from shinso.vision.classification.preparation import fitted_split, spread

DATA = "fashion_mnist"
IMAGES = 40_000  # that a training sees
BATCHES = (2, 8, 32, 128)
KINDS = ("batch", "layer", "instance", "group", "none")
RATE, CAREFUL = 0.1, 0.01  # for batches of 128
FACTORS = (0.25, 4.0)  # of the first weights; 1 are those of He et al. 2015
FACTOR_KINDS = ("batch", "layer", "none")
FEW, FEW_BATCH = 1000, 32  # images to learn from, 100 of each class
POINTS = 13  # of a curve
NETWORK = {"depth": 11, "width": 0.25, "shift": 0, "flip": False, "precision": "float32"}


class UntilFinite(MeasuredClassifier):
    """Leaves out updates by gradients that are not finite, and counts them."""

    skipped = 0

    def step(self) -> Scores:
        return {name: score for name, score in super().step().items() if np.isfinite(score)}

    def apply(self, phase: str, gradients: Gradients) -> None:
        if all(bool(torch.isfinite(gradient).all()) for gradient in gradients):
            super().apply(phase, gradients)
        else:
            self.skipped += 1


class Scaled(UntilFinite):
    """Begins with weights that are `factor` times as large; biases and normalisations as ever."""

    def __init__(self, *arguments: Any, factor: float) -> None:
        super().__init__(*arguments)
        with torch.no_grad():
            for parameter in self.networks["classifier"].parameters():
                if parameter.dim() > 1:
                    parameter.mul_(factor)


class Few(UntilFinite):
    """Learns from few images."""

    def __init__(self, recipe: Any, data: ImageSet, *others: Any) -> None:
        super().__init__(recipe, with_few(data), *others)


def with_few(data: ImageSet) -> ImageSet:
    train = data.split("train")
    order = np.argsort(train.labels, kind="stable")  # class by class: as many of each
    few = train.taken(order[spread(len(order), FEW)])
    return dataclasses.replace(data, splits={**data.splits, "train": few})


def settings(steps: int | None) -> Iterator[Setting]:
    def setting(label: str, kind: str, batch: int, points: int = 1, **others: Any) -> Setting:
        count = steps or IMAGES // batch
        rate = others.pop("rate", CAREFUL if kind == "none" else RATE) * batch / 128
        changes = {
            "norm": kind,
            "batch_size": batch,
            "steps": count,
            "learning_rate": rate,
            "warmup_steps": count // 20,
            "evaluate_every": max(1, count // points),
        }
        learner = others.pop("learner", UntilFinite)
        more = others.pop("more", partial(curve_scores, points))
        return Setting("vgg", label, {**NETWORK, **changes}, learner, more)

    for kind in KINDS:
        yield setting(f"norm-{kind}-128", kind, 128, POINTS)
        for batch in BATCHES[:-1]:
            yield setting(f"norm-{kind}-{batch}", kind, batch)
    yield setting("norm-none-128-rate-0.1", "none", 128, POINTS, rate=RATE)
    yield setting("norm-batch-128-rate-0.01", "batch", 128, POINTS, rate=CAREFUL)
    for kind in FACTOR_KINDS:
        for factor in FACTORS:
            scaled = partial(Scaled, factor=factor)
            yield setting(f"norm-{kind}-init-{factor:g}", kind, 128, learner=scaled)
    for kind in KINDS:
        yield setting(f"norm-{kind}-few", kind, FEW_BATCH, learner=Few, more=fit_scores)


def curve_scores(points: int, learner: UntilFinite, predictor: ClassifierPredictor) -> Scores:
    curve = learner.curve if points > 1 else {}
    accuracies = {f"accuracy_at_{step}": accuracy for step, accuracy in curve.items()}
    return {"skipped_updates": float(learner.skipped), **accuracies}


def fit_scores(learner: Few, predictor: ClassifierPredictor) -> Scores:
    """The accuracy on the few images that were learned from, and by how much the rest is worse."""
    train, spec = with_few(open_data(DATA, ("images",))).split("train"), predictor.spec
    pixels = fitted_split(train, spec.channels, spec.size)
    fitted = float((predictor.logits(pixels).argmax(axis=1) == train.labels).mean())
    return {"training_accuracy": fitted, "gap": fitted - list(learner.curve.values())[-1]}


# Pictures -----------------------------------------------------------------------------------------


def draw() -> None:
    """Of what is recorded."""
    rows = recorded("vgg", DATA)
    by_batch = {
        kind: line({b: accuracy(rows, f"norm-{kind}-{b}") for b in BATCHES}) for kind in KINDS
    }
    lines(
        "classifier-norms-batch-size",
        by_batch,
        "images a batch",
        "validation accuracy",
        x=("log", {"base": 2}),
    )
    labels = [f"norm-{kind}-128" for kind in KINDS]
    labels += ["norm-none-128-rate-0.1", "norm-batch-128-rate-0.01"]
    by_step = {shown(label): line(curve(rows.get(label, {}))) for label in labels}
    lines("classifier-norms-speed", by_step, "step", "validation accuracy")
    by_factor = {
        kind: line(
            {
                FACTORS[0]: accuracy(rows, f"norm-{kind}-init-{FACTORS[0]:g}"),
                1: accuracy(rows, f"norm-{kind}-128"),
                FACTORS[1]: accuracy(rows, f"norm-{kind}-init-{FACTORS[1]:g}"),
            }
        )
        for kind in FACTOR_KINDS
    }
    lines(
        "classifier-norms-initialisation",
        by_factor,
        "first weights, times those of He et al.",
        "validation accuracy",
        x=("log", {"base": 2}),
    )
    few = {kind: rows.get(f"norm-{kind}-few", {}) for kind in KINDS}
    both = {"on the images learned from": "training_accuracy", "on others": "accuracy"}
    found = {
        kind: {title: row[score] for title, score in both.items()}
        for kind, row in few.items()
        if row
    }
    bars("classifier-norms-overfitting", found, "accuracy")


def accuracy(rows: Mapping[str, Mapping[str, float]], label: str) -> float | None:
    return rows.get(label, {}).get("accuracy")


def curve(row: Mapping[str, float]) -> dict[int, float]:
    """{step: accuracy}"""
    name = "accuracy_at_"
    found = {int(n.removeprefix(name)): score for n, score in row.items() if n.startswith(name)}
    return dict(sorted(found.items()))


def line(points: Mapping[Any, float | None]) -> tuple[list[Any], list[float]]:
    """Those that there are."""
    there = {x: y for x, y in points.items() if y is not None}
    return list(there), list(there.values())


def shown(label: str) -> str:
    return label.removeprefix("norm-").replace("-128", "").replace("-rate-", ", rate ")


if __name__ == "__main__":
    run_all(__doc__.splitlines()[0], DATA, settings, draw)
