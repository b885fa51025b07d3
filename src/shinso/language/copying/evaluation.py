"""How a net that remembers is scored: by the share of symbols that it writes right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shinso.core.evaluation import Evaluation, Scores
from shinso.core.exhibits import Curve, Exhibit, Table
from shinso.data.copying import CopyingSet, to_write
from shinso.language.copying.recipe import CopyingSpec

if TYPE_CHECKING:
    from shinso.language.copying.predictor import CopyingPredictor

DISTANCES = (0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3)  # of the one it was trained at
AT_DISTANCES = 200  # sequences tried at each other distance


def evaluate(predictor: CopyingPredictor, data: CopyingSet, split: str) -> Evaluation:
    """At the distance of the training; what is left at others is an exhibit."""
    spec = predictor.spec
    symbols = data.split(split).symbols(spec.length)  # (N, L)
    logits = predictor.logits(symbols, spec.distance)
    recalled = predictor.recalled(logits)
    return Evaluation(
        {**_recall(recalled == symbols), "loss": _loss(logits, to_write(symbols, spec.distance))},
        {"without memory": _without_memory(spec)},
        _exhibits(predictor, symbols, recalled),
    )


def _recall(right: NDArray[np.bool_]) -> Scores:
    """(N, L) to the share of symbols, and that of sequences that are right to the last symbol."""
    return {"accuracy": float(right.mean()), "whole": float(right.all(axis=1).mean())}


def _loss(logits: NDArray[np.float32], tokens: NDArray[np.int64]) -> float:
    """Cross-entropy in nats a step, the mean over all steps, blanks too, as in the paper."""
    wide = logits.astype(np.float64)  # (N, T, symbols + 1)
    of_token = np.take_along_axis(wide, tokens[..., None], axis=2)[..., 0]
    return float((np.logaddexp.reduce(wide, axis=2) - of_token).mean())


def _without_memory(spec: CopyingSpec) -> Scores:
    """Knows when to write and guesses what: Arjovsky, Shah and Bengio 2016, section 4.1."""
    steps = spec.distance + 2 * spec.length
    return {
        "accuracy": 1 / spec.symbols,
        "whole": spec.symbols**-spec.length,
        "loss": spec.length * float(np.log(spec.symbols)) / steps,
    }


def _exhibits(
    predictor: CopyingPredictor, symbols: NDArray[np.int64], recalled: NDArray[np.int64]
) -> list[Exhibit]:
    spec = predictor.spec
    right = recalled == symbols
    positions = np.arange(1, spec.length + 1)
    distances = np.unique([max(1, round(share * spec.distance)) for share in DISTANCES])
    return [
        Curve(
            "Recall by the place of the symbol",
            "Every symbol is kept equally long; a line that bends shows which are dropped.",
            {
                "net": (positions, right.mean(axis=0)),
                "without memory": (positions, np.full(spec.length, 1 / spec.symbols)),
            },
            x_label="place in the sequence",
            y_label="share of right symbols",
        ),
        Curve(
            "Recall at other distances",
            f"It was trained at {spec.distance} steps alone; what does it keep sooner and later?",
            {
                "net": (distances, _recall_at(predictor, symbols[:AT_DISTANCES], distances)),
                "without memory": (distances, np.full(len(distances), 1 / spec.symbols)),
            },
            x_label="distance (steps)",
            y_label="share of right symbols",
        ),
        Table(
            "What it read and what it wrote",
            f"After {spec.distance} steps; _ is a blank where a symbol was due.",
            ("read", "written", "right symbols"),
            [
                (predictor.spell(symbols[i]), predictor.spell(recalled[i]), int(right[i].sum()))
                for i in range(min(12, len(symbols)))
            ],
        ),
    ]


def _recall_at(
    predictor: CopyingPredictor, symbols: NDArray[np.int64], distances: NDArray[np.int64]
) -> list[float]:
    answers = [predictor.recalled(predictor.logits(symbols, each)) for each in distances.tolist()]
    return [float((recalled == symbols).mean()) for recalled in answers]
