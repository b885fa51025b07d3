"""Draws what image classifiers reach on the test images of Fashion-MNIST for their multiply-adds,
and for their training time, from results/:

    python benchmarks/classifier_plots.py

A network stands in them by its presets `cpu` and `long`, LeNet by its row `fashion`. Times are by
the clock, of machines that had other work too.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from pictures import points

from shinso import catalog
from shinso.core.counting import costs
from shinso.core.results import Result, read_results
from shinso.core.system import System
from shinso.vision.classification.recipe import ImageSpec

DATA, SPLIT = "fashion_mnist", "test"
PRESETS = {"cpu": "cpu", "long": "long", "fashion": "cpu"}  # by label


def main() -> None:
    rows = list(measured())
    if not rows:
        raise SystemExit("nothing is recorded yet")
    by_macs = {n: (macs(system, result), result.mean["accuracy"]) for n, system, result in rows}
    by_time = {n: (minutes(result), result.mean["accuracy"]) for n, _, result in rows}
    points("classifier-macs", by_macs, "multiply-adds an image, millions", "test accuracy")
    points("classifier-time", by_time, "training time, minutes", "test accuracy")


def measured() -> Iterator[tuple[str, System, Result]]:
    """Name in the pictures, system and result."""
    for system in catalog.SYSTEMS.values():
        if system.task == "image classification":
            for result in read_results(system.name):
                if (result.data, result.split) == (DATA, SPLIT) and result.label in PRESETS:
                    yield shown(result), system, result


def shown(result: Result) -> str:
    return f"{result.system}, long" if result.label == "long" else result.system


def macs(system: System, result: Result) -> float:
    counted = costs(system, system.make_recipe(PRESETS[result.label]), ImageSpec())
    return counted["classifier"].macs / 1e6


def minutes(result: Result) -> float:
    return fmean(run["seconds"] for run in result.runs) / 60


if __name__ == "__main__":
    main()
