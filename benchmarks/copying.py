"""Memory against distance: each cell at every distance, and at the preset's without clipping too,
recorded in results/. Takes an hour and a quarter on one core; other cells than these, or some:

    python benchmarks/copying.py [CELL ...]
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shinso import api, catalog
from shinso.core.files import read_lines

SEEDS = (0, 1, 2)
DISTANCES = (5, 10, 20, 50, 100)
UNCLIPPED = 20  # the distance of the preset cpu
CELLS: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn", "learning_rate": 0.001},  # at 0.01, best for the others, it gets less
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "lstm-peephole": {"cell": "lstm-peephole"},
    "gru-reset-after": {"cell": "gru-reset-after"},
}
USUAL = ("rnn", "lstm", "gru")


def settings(cells: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(label, changes to the preset cpu, whose own settings go by its name)"""
    for cell, distance in itertools.product(cells, DISTANCES):
        changes = {**CELLS[cell], "distance": distance}
        label = f"{cell}-{distance}"
        yield "cpu" if label == "lstm-20" else f"{label}-clipped", changes
        if distance == UNCLIPPED:
            yield f"{label}-unclipped", {**changes, "clip_norm": None}


def clipped_share(run: Path) -> float:
    """Of all updates: each row of the metrics has the mean over as many."""
    rows = [row["train"] for row in read_lines(run / "metrics.jsonl") if "train" in row]
    return sum(row.get("clipped", 0.0) for row in rows) / len(rows)


def main() -> None:
    copying = catalog.find("copying")
    chosen = list(settings(sys.argv[1:] or list(USUAL)))
    for seed, (label, changes) in itertools.product(SEEDS, chosen):
        with tempfile.TemporaryDirectory() as folder:
            run = api.train(copying.make_recipe(**changes), out=Path(folder, "run"), seed=seed)
            predictor = api.load(run.folder)
            evaluation = api.evaluate_predictor(predictor, split="test")
            api.record(predictor, evaluation, label, "copying", "test", {})
            share = clipped_share(run.folder)
            print(label, seed, evaluation.scores, f"clipped {share:.1%}", flush=True)


if __name__ == "__main__":
    main()
