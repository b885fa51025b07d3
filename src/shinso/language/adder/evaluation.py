"""How an adder is scored: a sum counts only when all its bits are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shinso.core.evaluation import Evaluation, Scores
from shinso.core.exhibits import Curve, Exhibit, Table
from shinso.data.addition import AdditionSet, Pairs, number

if TYPE_CHECKING:
    from shinso.language.adder.predictor import AdderPredictor


def evaluate(predictor: AdderPredictor, data: AdditionSet, split: str) -> Evaluation:
    """`test` is all 16,384 pairs, and as accuracy_16 a thousand 16-bit ones."""
    pairs = data.split(split)
    logits = predictor.logits(pairs)
    scores = _scores(logits, pairs)
    baselines = {
        "addition without carry": _bit_scores(_without_carry(pairs), pairs),
        "most frequent bits": _bit_scores(_most_frequent(data.train, pairs), pairs),
    }
    if split == "test":
        longer = data.test_16
        scores["accuracy_16"] = _scores(predictor.logits(longer), longer)["accuracy"]
        baselines["addition without carry"]["accuracy_16"] = _bit_scores(
            _without_carry(longer), longer
        )["accuracy"]
    return Evaluation(scores, baselines, _exhibits(logits > 0, pairs))


def _scores(logits: NDArray[np.float32], pairs: Pairs) -> Scores:
    """Cross-entropy is in nats a number, the sum over its bits."""
    wide = logits.astype(np.float64)
    losses = np.logaddexp(0, wide) - wide * pairs.targets
    return {**_bit_scores(logits > 0, pairs), "loss": float(losses.sum(axis=1).mean())}


def _bit_scores(bits: NDArray[np.bool_], pairs: Pairs) -> Scores:
    right = bits == (pairs.targets > 0.5)
    return {"accuracy": float(right.all(axis=1).mean()), "bit_accuracy": float(right.mean())}


def _without_carry(pairs: Pairs) -> NDArray[np.bool_]:
    return pairs.inputs.sum(axis=2) == 1


def _most_frequent(train: Pairs, pairs: Pairs) -> NDArray[np.bool_]:
    """The bit that most sums of the training pairs have at each position."""
    common = train.targets.mean(axis=0) > 0.5
    return np.broadcast_to(common, pairs.targets.shape)


def _exhibits(bits: NDArray[np.bool_], pairs: Pairs) -> list[Exhibit]:
    sums = number(bits)
    right = sums == pairs.sums
    carries = _longest_carry(pairs)
    lengths = np.unique(carries)
    return [
        Table(
            "Sums that went wrong" if not right.all() else "Some of the sums, all right",
            "One wrong bit makes a wrong sum.",
            ("sum", "answer", "truth", "bits, most significant first"),
            [_example(pairs, bits, sums, i) for i in _chosen(right)],
        ),
        Curve(
            "Right sums by the longest run of carries",
            "A carry that travels far needs memory; adding without carry gets only length 0.",
            {
                "net": (lengths, [right[carries == n].mean() for n in lengths]),
                "addition without carry": (lengths, (lengths == 0).astype(float)),
            },
            x_label="longest run of carries (bits)",
            y_label="share of right sums",
        ),
        Table(
            "Sums right and wrong",
            "By the longest run of carries in the sum.",
            ("longest run of carries", "sums", "right", "wrong"),
            [(int(n), int((carries == n).sum()), *_count(right[carries == n])) for n in lengths],
        ),
    ]


def _example(
    pairs: Pairs, bits: NDArray[np.bool_], sums: NDArray[np.int64], index: int
) -> tuple[str, int, int, str]:
    spelled = "".join(str(int(bit)) for bit in bits[index][::-1])
    question = f"{pairs.first[index]} + {pairs.second[index]}"
    return question, int(sums[index]), int(pairs.sums[index]), spelled


def _chosen(right: NDArray[np.bool_], count: int = 12) -> NDArray[np.int64]:
    """Wrong ones first; where there are none, right ones spread over the split."""
    wrong = np.flatnonzero(~right)
    pool = wrong if len(wrong) else np.flatnonzero(right)
    return pool[np.linspace(0, len(pool) - 1, min(count, len(pool))).astype(int)]


def _longest_carry(pairs: Pairs) -> NDArray[np.int64]:
    """(N,) how many positions in a row receive a carry, at most."""
    carried = (pairs.targets > 0.5) != _without_carry(pairs)  # (N, T)
    longest = np.zeros(len(pairs), dtype=np.int64)
    run = np.zeros(len(pairs), dtype=np.int64)
    for column in carried.T:
        run = (run + 1) * column
        longest = np.maximum(longest, run)
    return longest


def _count(right: NDArray[np.bool_]) -> tuple[int, int]:
    return int(right.sum()), int((~right).sum())
