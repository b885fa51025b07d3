"""How a policy is scored: by how often its likeliest moves are the ones that were made, in games
that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shinso.core.evaluation import Evaluation, Scores
from shinso.core.exhibits import Exhibit, Gallery, Picture, Table
from shinso.data.games import GameSet
from shinso.go.board import COLOURS
from shinso.go.coordinates import gtp_name
from shinso.go.policy.drawing import drawn
from shinso.go.records import Records, records_of
from shinso.go.rules import BoardRecord, cell_of, legal_each

if TYPE_CHECKING:
    from shinso.go.policy.predictor import PolicyPredictor

MOST_POSITIONS = 40_000  # of a split that are looked at, evenly spread: 0.25% to one deviation
CHUNK = 512  # positions in memory at once
TOP = 5
PHASES = (0, 0.1, 0.25, 0.5, 0.75, 100)  # bounds, in moves a point of the board
MOST_PICTURES, SHOWN = 16, 3  # positions, and guesses in each

Real = NDArray[np.float64]
Points = NDArray[np.int64]


@dataclass(frozen=True)
class _Answers:
    """For each of N moves the likeliest points (N, TOP), their probabilities, and -log p of the
    move (N,)."""

    likeliest: Points
    probabilities: Real
    losses: Real


def evaluate(predictor: PolicyPredictor, data: GameSet, split: str) -> Evaluation:
    """Of a split's moves, all or `MOST_POSITIONS`; passes are none. A guess is right if it is the
    very point, though another may be as good."""
    records = records_of(data, split, predictor.spec.size)
    chosen = spread(len(records))
    answers = _answers(predictor, records, chosen)
    right = answers.likeliest == records.points[chosen, None]  # (N, TOP)
    scores = {
        "accuracy": float(right[:, 0].mean()),
        "top_5": float(right.any(axis=1).mean()),
        "loss": float(answers.losses.mean()),
    }
    guessed = _guessed(data, split, predictor.spec.size)
    baselines: dict[str, Scores] = {
        name: {"accuracy": float(hits.mean())} for name, hits in guessed.items()
    }
    shown = [
        _by_phase(records, chosen, right, guessed),
        _pictures(records, chosen, answers),
    ]
    return Evaluation(scores, baselines, shown)


def spread(count: int) -> Points:
    """Which of so many positions are looked at."""
    looked_at = min(count, MOST_POSITIONS)
    return np.arange(looked_at) * count // looked_at


def _answers(predictor: PolicyPredictor, records: Records, chosen: Points) -> _Answers:
    parts = []
    for some in _chunks(chosen):
        logits = predictor.logits(records.positions(some)).astype(np.float64)  # (B, points)
        logs = logits - logits.max(axis=1, keepdims=True)
        logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
        likeliest = np.argsort(-logs, axis=1, kind="stable")[:, :TOP]
        own = logs[np.arange(len(some)), records.points[some]]
        parts.append((likeliest, np.exp(np.take_along_axis(logs, likeliest, axis=1)), -own))
    return _Answers(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _chunks(chosen: Points) -> Iterator[Points]:
    return (chosen[first : first + CHUNK] for first in range(0, len(chosen), CHUNK))


# Baselines ----------------------------------------------------------------------------------------


@lru_cache(maxsize=4)  # the same at every evaluation of a run
def _guessed(data: GameSet, split: str, size: int) -> Mapping[str, Real]:
    """By baseline, the probability (N,) that it guesses each of the moves that are looked at: of
    one that is random the share, of one that is certain 0 or 1. All guess legal moves alone."""
    train, asked = records_of(data, "train", size), records_of(data, split, size)
    chosen = spread(len(asked))
    latest = 2 * size**2  # moves beyond it are taken together
    habits = {
        "most frequent move of that number": (
            _counts(np.minimum(train.numbers, latest), train.points, size),
            np.minimum(asked.numbers, latest),
        ),
        "most frequent reply to the last move": (
            _counts(train.last, train.points, size),
            asked.last,
        ),
    }
    hits: dict[str, list[Real]] = {"random legal move": [], **{name: [] for name in habits}}
    for some in _chunks(chosen):
        legal, points = _legal(asked, some), asked.points[some]
        hits["random legal move"].append(1 / legal.sum(axis=1))
        for name, (counts, keys) in habits.items():
            best = np.where(legal, counts[keys[some]], -1).argmax(axis=1)
            hits[name].append((best == points).astype(np.float64))
    return {name: np.concatenate(parts) for name, parts in hits.items()}


def _counts(keys: NDArray[np.integer], points: Points, size: int) -> Points:
    """(2 size^2 + 1, size^2): how often each point was played where a key was so."""
    rows = 2 * size**2 + 1
    places = keys.astype(np.int64) * size**2 + points
    return np.bincount(places, minlength=rows * size**2).reshape(rows, size**2)


def _legal(records: Records, some: Points) -> NDArray[np.bool_]:
    """(B, points) where who is to play may play."""
    positions = records.positions(some)
    legal = np.empty((len(some), records.size**2 + 1), np.bool_)
    legal_each(positions.boards, positions.past, legal)
    return legal[:, :-1]


# What a report shows ------------------------------------------------------------------------------


def _by_phase(
    records: Records, chosen: Points, right: NDArray[np.bool_], guessed: Mapping[str, Real]
) -> Exhibit:
    numbers = records.numbers[chosen]
    bounds = [round(share * records.size**2) for share in PHASES]
    rows: list[tuple[str | float, ...]] = []
    for low, high in pairwise(bounds):
        here = (numbers >= low) & (numbers < high)
        if here.any():
            label = f"{low + 1} to {high}" if high < bounds[-1] else f"{low + 1} on"
            ours = (right[here, 0].mean(), right[here].any(axis=1).mean())
            shares = (*ours, *(hits[here].mean() for hits in guessed.values()))
            rows.append((label, int(here.sum()), *(f"{share:.1%}" for share in shares)))
    return Table(
        "Moves guessed, by phase of the game",
        "Openings are alike, fights are forced, and of endgame moves many are as good.",
        ("moves", "positions", "likeliest", f"among {TOP}", *guessed),
        rows,
    )


def _pictures(records: Records, chosen: Points, answers: _Answers) -> Exhibit:
    """Positions spread over the games, with the three likeliest moves."""
    count = min(MOST_PICTURES, len(chosen))
    places = np.arange(count) * len(chosen) // count
    boards = records.positions(chosen[places]).boards
    return Gallery(
        "Where it would play",
        "Green: the three likeliest moves, darker the likelier. Red: the move that was made.",
        [
            _picture(
                board,
                dict(zip(likeliest.tolist(), probabilities.tolist(), strict=True)),
                int(records.points[chosen[place]]),
            )
            for place, board, likeliest, probabilities in zip(
                places,
                boards,
                answers.likeliest[places, :SHOWN],
                answers.probabilities[places, :SHOWN],
                strict=True,
            )
        ],
    )


def _picture(board: BoardRecord, guesses: Mapping[int, float], played: int) -> Picture:
    size = int(board["size"])
    stones = np.array([board["colour"][cell_of(board, point)] for point in range(size**2)])
    named = ", ".join(f"{gtp_name(point, size)} {share:.0%}" for point, share in guesses.items())
    colour = COLOURS[int(board["to_play"])]
    return Picture(
        drawn(stones.reshape(size, size), guesses, played),
        f"{colour}: {named}; played {gtp_name(played, size)}",
        "good" if next(iter(guesses)) == played else "bad",
    )
