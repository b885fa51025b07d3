"""Both directions against one with as many parameters: what each finds and mends on the validation
text, three seeds each, recorded in results/, and by the place in the word drawn for docs/. Takes an
hour on one core; a shorter form, of so many steps a run, records nothing:

    python benchmarks/char_tagger.py [STEPS]

One direction has the width that brings its number of parameters, and so of multiply-adds, nearest
to that of both: 185 units against twice 128. All else is the preset cpu.
"""

from __future__ import annotations

import dataclasses
import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from machine import machine

from shinso import api, catalog
from shinso.core.counting import parameter_count
from shinso.core.exhibits import Curve
from shinso.core.report.stills import draw

SEEDS = (0, 1, 2)
DATA = "english_text"  # which has no test split
TAGGER = catalog.find("char-tagger")
PICTURE = Path(__file__).parents[1] / "docs" / "img" / "char-tagger-by-place.png"


def parameters(**changes: Any) -> int:
    with torch.device("meta"):
        networks = TAGGER.networks(TAGGER.make_recipe(**changes), TAGGER.preset("cpu").spec)
    return sum(map(parameter_count, networks.values()))


def settings() -> Iterator[tuple[str, dict[str, Any]]]:
    """(label, changes to the preset cpu, whose own settings go by its name)"""
    yield "cpu", {}
    hidden, budget = TAGGER.make_recipe().as_dict()["hidden"], parameters()
    for directions in ("forward", "backward"):
        by_width = {
            width: parameters(directions=directions, hidden=width)
            for width in range(hidden, 2 * hidden)
        }
        wider = min(by_width, key=lambda width: abs(by_width[width] - budget))
        yield directions, {"directions": directions, "hidden": wider}


def main() -> None:
    shorter = {"steps": int(sys.argv[1])} if len(sys.argv) > 1 else {}
    api.set_threads(1)
    print(machine())
    by_place: dict[str, Curve] = {}  # of the last seed
    for seed, (label, changes) in itertools.product(SEEDS, settings()):
        recipe = TAGGER.make_recipe(**changes, **shorter)
        with tempfile.TemporaryDirectory() as folder:
            run = api.train(recipe, DATA, Path(folder, "run"), seed=seed)
            predictor = api.load(run.folder)
            evaluation = api.evaluate_predictor(predictor, DATA, "valid")
            if not shorter:
                api.record(predictor, evaluation, label, DATA, "valid", {})
        scores = "  ".join(f"{name} {score:.4f}" for name, score in evaluation.scores.items())
        curve = evaluation.exhibits[0]
        assert isinstance(curve, Curve)
        by_place[label] = curve
        print(f"{label:<9} {parameters(**changes):,} parameters, seed {seed}: {scores}", flush=True)
    if not shorter:
        PICTURE.write_bytes(draw(together(by_place)))


def together(by_place: dict[str, Curve]) -> Curve:
    """The nets' lines, and the dictionary's, which is the same in each evaluation."""
    lines = {label: curve.lines["net"] for label, curve in by_place.items()}
    lines = {"both": lines.pop("cpu"), **lines, "dictionary": by_place["cpu"].lines["dictionary"]}
    return dataclasses.replace(by_place["cpu"], lines=lines)


if __name__ == "__main__":
    main()
