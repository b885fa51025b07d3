"""Memory against distance: each cell at every distance, at the short ones without clipping too,
recorded in results/ and drawn for docs/. What is recorded already, of the same recipe and sources,
is left out. Takes an hour on one core; other cells than these, or some:

    python benchmarks/copying.py [CELL ...]
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rows import is_recorded

from shinso import api, catalog
from shinso.core.exhibits import Curve
from shinso.core.files import read_lines
from shinso.core.report.stills import draw
from shinso.core.results import read_results

SEEDS = (0, 1, 2)
DISTANCES = (5, 10, 20, 50, 100)
LONGEST_UNCLIPPED = 20
PICTURE = Path(__file__).parents[1] / "docs" / "img" / "copying-memory.png"
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
        yield label_of(cell, distance), changes
        if distance <= LONGEST_UNCLIPPED:
            yield f"{label}-unclipped", {**changes, "clip_norm": None}


def label_of(cell: str, distance: int) -> str:
    label = f"{cell}-{distance}"
    return "cpu" if label == "lstm-20" else f"{label}-clipped"


def clipped_share(run: Path) -> float:
    """Of all updates: each row of the metrics has the mean over as many."""
    rows = [row["train"] for row in read_lines(run / "metrics.jsonl") if "train" in row]
    return sum(row.get("clipped", 0.0) for row in rows) / len(rows)


def main() -> None:
    copying = catalog.find("copying")
    chosen = list(settings(sys.argv[1:] or list(USUAL)))
    for seed, (label, changes) in itertools.product(SEEDS, chosen):
        recipe = copying.make_recipe(**changes)
        if is_recorded(recipe, label, "copying", "test", seed):
            continue
        with tempfile.TemporaryDirectory() as folder:
            run = api.train(recipe, out=Path(folder, "run"), seed=seed)
            predictor = api.load(run.folder)
            evaluation = api.evaluate_predictor(predictor, split="test")
            api.record(predictor, evaluation, label, "copying", "test", {})
            share = clipped_share(run.folder)
            print(label, seed, evaluation.scores, f"clipped {share:.1%}", flush=True)
    PICTURE.write_bytes(draw(memory()))


def memory() -> Curve:
    """What is recorded, by distance."""
    found = {result.label: result for result in read_results("copying")}
    lines = {
        cell: (DISTANCES, [found[label_of(cell, d)].mean["accuracy"] for d in DISTANCES])
        for cell in USUAL
    }
    guessing = found["cpu"].baselines["without memory"]["accuracy"]
    lines["without memory"] = (DISTANCES, [guessing] * len(DISTANCES))
    title = "Symbols copied right, by how long they were to be kept"
    return Curve(title, "", lines, x_label="steps", y_label="share of the symbols")


if __name__ == "__main__":
    main()
