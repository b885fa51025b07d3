"""How a classifier is scored, beside the majority class and the nearest neighbour."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from shinso.core.evaluation import Evaluation, Scores
from shinso.core.exhibits import Exhibit, Gallery, Matrix, Picture, Table
from shinso.data.images import ImageSet
from shinso.vision.classification.preparation import Pixels, fitted_split

if TYPE_CHECKING:
    from shinso.vision.classification.predictor import ClassifierPredictor

MOST_PICTURES = 24
MOST_PRODUCTS = 5e11  # multiply-adds that the nearest-neighbour baseline may take

Labels = NDArray[np.int64]


def evaluate(predictor: ClassifierPredictor, data: ImageSet, split: str) -> Evaluation:
    spec = predictor.spec
    truth = data.split(split).labels
    pixels = fitted_split(data.split(split), spec.channels, spec.size)  # (N, H, W, C)
    logits = torch.from_numpy(predictor.logits(pixels))  # (N, classes)
    loss = F.cross_entropy(logits, torch.from_numpy(truth)).item()
    probabilities = logits.double().softmax(dim=1).numpy()
    answers = probabilities.argmax(axis=1)
    scores = {"accuracy": float((answers == truth).mean()), "loss": loss}
    shown = _exhibits(data.classes, pixels, truth, answers, probabilities)
    return Evaluation(scores, baselines(data, split, spec.channels, spec.size), shown)


@lru_cache(maxsize=4)  # the same at every evaluation of a run
def baselines(data: ImageSet, split: str, channels: int, size: int) -> Mapping[str, Scores]:
    """The most frequent class of the training images, and the label of the nearest of them."""
    train, truth = data.split("train"), data.split(split).labels
    majority = np.bincount(train.labels, minlength=len(data.classes)).argmax()
    known = fitted_split(train, channels, size).reshape(len(train), -1)
    asked = fitted_split(data.split(split), channels, size).reshape(len(truth), -1)
    affordable = max(1, int(MOST_PRODUCTS / asked.size))
    name = "nearest neighbour"
    if affordable < len(known):
        known = known[:affordable]
        name += f" among {affordable:,} training images"
    nearest = train.labels[_nearest(known, asked)]
    return {
        "majority class": {"accuracy": float((truth == majority).mean())},
        name: {"accuracy": float((nearest == truth).mean())},
    }


def _nearest(known: Pixels, asked: Pixels, batch: int = 500) -> Labels:
    """(N,) the index of the `known` row (K, D) at the least Euclidean distance of each `asked`
    row (N, D): |a - k|^2 = |a|^2 - 2 a k + |k|^2, whose first term decides nothing."""
    rows = torch.from_numpy(known).float() / 255  # (K, D)
    squares = (rows**2).sum(dim=1)
    found = [
        (squares - 2 * (torch.from_numpy(asked[first : first + batch]).float() / 255) @ rows.T)
        .argmin(dim=1)
        .numpy()
        for first in range(0, len(asked), batch)
    ]
    return np.concatenate(found)


def _exhibits(
    classes: tuple[str, ...],
    pixels: Pixels,
    truth: Labels,
    answers: Labels,
    probabilities: NDArray[np.float64],
) -> list[Exhibit]:
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(counts, (truth, answers), 1)
    confidence = probabilities[np.arange(len(answers)), answers]
    wrong = np.flatnonzero(answers != truth)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST_PICTURES]
    right = np.flatnonzero(answers == truth)
    right = right[np.argsort(confidence[right], kind="stable")][: MOST_PICTURES // 2]

    def picture(index: int) -> Picture:
        said, was = classes[answers[index]], classes[truth[index]]
        good = said == was
        caption = f"{was}" if good else f"{was}, taken for {said}"
        return Picture(
            pixels[index].squeeze(-1) if pixels.shape[3] == 1 else pixels[index],
            f"{caption} ({confidence[index]:.0%})",
            "good" if good else "bad",
        )

    return [
        Gallery(
            "The most confident mistakes",
            "What it is, what it was taken for, and how sure the net was.",
            [picture(i) for i in wrong.tolist()],
        ),
        Matrix(
            "What is taken for what",
            "Rows are the truth, columns the answer; off the diagonal are the mistakes.",
            counts,
            classes,
            classes,
        ),
        Gallery(
            "Right, but only just",
            "The right answers that the net was least sure of.",
            [picture(i) for i in right.tolist()],
        ),
        Table(
            "Class by class",
            "Recall: found of those there are. Precision: right of those so named.",
            ("class", "images", "recall", "precision"),
            [_class_row(name, counts, i) for i, name in enumerate(classes)],
        ),
    ]


def _class_row(
    name: str, counts: Labels, index: int
) -> tuple[str, int, float | None, float | None]:
    there, named, found = counts[index].sum(), counts[:, index].sum(), counts[index, index]
    recall = round(float(found / there), 4) if there else None
    precision = round(float(found / named), 4) if named else None
    return name, int(there), recall, precision
