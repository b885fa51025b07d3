"""Every cell, activation and initialisation of the adder, recorded in results/: those that work and
those that fail, and what clipping does to those whose gradients explode. What is recorded already,
of the same recipe and sources, is left out. Takes a quarter of an hour on one core:

    python benchmarks/adder_settings.py
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rows import is_recorded

from shinso import api, catalog

SEEDS = (0, 1, 2)
INITS = ("normal", "xavier", "he")
CELLS = {
    "sigmoid": {"cell": "rnn", "activation": "sigmoid"},
    "tanh": {"cell": "rnn", "activation": "tanh"},
    "relu": {"cell": "rnn", "activation": "relu"},
    "lstm": {"cell": "lstm"},
    "lstm-peephole": {"cell": "lstm-peephole"},
    "gru": {"cell": "gru"},
}
PLAIN = ("sigmoid", "tanh", "relu")


def settings() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(label, preset, changes). The presets' own settings go by the presets' names."""
    for name, init in itertools.product(CELLS, INITS):
        label = "cpu" if (name, init) == ("tanh", "xavier") else f"{name}-{init}"
        yield label, "cpu", {**CELLS[name], "init": init}
    for name, init in itertools.product(PLAIN, INITS):
        label = "course" if (name, init) == ("sigmoid", "normal") else f"course-{name}-{init}"
        yield label, "course", {**CELLS[name], "init": init}
    for init in INITS:
        clipped = {**CELLS["relu"], "init": init, "clip_norm": 1.0}
        yield f"course-relu-{init}-clipped", "course", clipped


def main() -> None:
    adder = catalog.find("adder")
    for (label, preset, changes), seed in itertools.product(settings(), SEEDS):
        recipe = adder.make_recipe(preset, **changes)
        if is_recorded(recipe, label, "addition", "test", seed):
            continue
        with tempfile.TemporaryDirectory() as folder:
            run = api.train(recipe, out=Path(folder, "run"), seed=seed)
            predictor = api.load(run.folder)
            evaluation = api.evaluate_predictor(predictor, split="test")
            api.record(predictor, evaluation, label, "addition", "test", {})
            print(label, seed, evaluation.scores, flush=True)


if __name__ == "__main__":
    main()
