"""How a classifier is scored, beside the majority class and the nearest neighbour."""

from __future__ import annotations

import math
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
from shinso.vision.classification.preparation import (
    Pixels,
    SplitPixels,
    fitted_split,
    spread,
)

if TYPE_CHECKING:
    from shinso.vision.classification.predictor import ClassifierPredictor

MOST_PICTURES = 24
MOST_PRODUCTS = 5e11  # multiply-adds that the nearest-neighbour baseline may take
MOST_VALUES = 1 << 28  # pixel values of training images that it may hold, a GiB of float32

Labels = NDArray[np.int64]


def evaluate(predictor: ClassifierPredictor, data: ImageSet, split: str) -> Evaluation:
    """Scores on a split. Raises UserError where it has a class that the net does not know."""
    spec = predictor.spec
    truth = predictor.class_indices(data)[data.split(split).labels]
    pixels = fitted_split(data.split(split), spec.channels, spec.size)  # (N, H, W, C)
    logits = torch.from_numpy(predictor.logits(pixels))  # (N, classes)
    loss = F.cross_entropy(logits, torch.from_numpy(truth)).item()
    probabilities = logits.double().softmax(dim=1).numpy()
    answers = probabilities.argmax(axis=1)
    scores = {"accuracy": float((answers == truth).mean()), "loss": loss}
    shown = _exhibits(predictor.classes, pixels, truth, answers, probabilities)
    return Evaluation(scores, baselines(data, split, spec.channels, spec.size), shown)


@lru_cache(maxsize=4)  # the same at every evaluation of a run
def baselines(data: ImageSet, split: str, channels: int, size: int) -> Mapping[str, Scores]:
    """The most frequent class of the training images, and the label of the nearest of them."""
    train, truth = data.split("train"), data.split(split).labels
    majority = np.bincount(train.labels, minlength=len(data.classes)).argmax()
    asked = fitted_split(data.split(split), channels, size)
    chosen = spread(len(train), _affordable(asked))
    known = fitted_split(train, channels, size)[chosen]
    nearest = train.labels[chosen][_nearest(known, asked)]
    among = f" among {len(chosen):,} training images" if len(chosen) < len(train) else ""
    return {
        "majority class": {"accuracy": float((truth == majority).mean())},
        f"nearest neighbour{among}": {"accuracy": float((nearest == truth).mean())},
    }


def _affordable(asked: SplitPixels) -> int:
    """How many training images the nearest neighbour may be looked for among."""
    values = math.prod(asked.shape[1:])
    return max(1, min(int(MOST_PRODUCTS / (len(asked) * values)), MOST_VALUES // values))


def _nearest(known: Pixels, asked: SplitPixels, batch: int = 500) -> Labels:
    """(N,) the index of the `known` image at the least Euclidean distance of each `asked` one:
    |a - k|^2 = |a|^2 - 2 a k + |k|^2, whose first term decides nothing."""
    rows = _rows(known)  # (K, D)
    squares = torch.cat([(some**2).sum(dim=1) for some in rows.split(batch)])  # (K,)
    found = [
        (squares - 2 * _rows(asked[first : first + batch]) @ rows.T).argmin(dim=1).numpy()
        for first in range(0, len(asked), batch)
    ]
    return np.concatenate(found)


def _rows(pixels: Pixels) -> torch.Tensor:
    """(N, H, W, C) to (N, H * W * C), on the scale 0 to 1."""
    return torch.from_numpy(pixels).flatten(1).float().div_(255)


def _exhibits(
    classes: tuple[str, ...],
    pixels: SplitPixels,
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
        caption = was if good else f"{was}, taken for {said}"
        image = pixels[index]  # (H, W, C)
        return Picture(
            image.squeeze(-1) if image.shape[2] == 1 else image,
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
