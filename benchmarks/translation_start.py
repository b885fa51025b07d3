"""How long a person waits for the first translation: from a new process to its end.

    OMP_NUM_THREADS=1 python benchmarks/translation_start.py [ARTIFACT]

Runs `shinso predict ARTIFACT "SENTENCE"` several times, after a first one that leaves the files in
the system's memory. Without an artifact it is `--preset cpu` with the weights that it starts with.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import torch
from machine import machine, median_and_interval

from shinso import catalog
from shinso.core.artifact import Artifact
from shinso.language.translation.recipe import TranslationOptions
from shinso.language.vocabulary import TRANSLATION

SENTENCE = "he lived a hard life ."


def fresh_artifact(folder: Path) -> Path:
    """Of --preset cpu, as large as one for small_parallel_enja."""
    torch.manual_seed(0)
    system = catalog.find("transformer")
    recipe, spec = system.make_recipe("cpu"), system.preset("cpu").spec
    sizes = {"source": spec.source_vocabulary, "target": spec.target_vocabulary}
    assets = {f"{side}.vocabulary.txt": vocabulary(size) for side, size in sizes.items()}
    modules = system.networks(recipe, spec)
    provenance: dict[str, object] = {"data": None}
    Artifact(
        system.name,
        recipe,
        spec,
        TranslationOptions(),
        modules,
        assets=assets,
        provenance=provenance,
    ).save(folder)
    return folder


def vocabulary(size: int) -> str:
    made = (f"word{number}" for number in range(size - len(TRANSLATION)))
    words = [*TRANSLATION, *SENTENCE.split(), *made]
    return "".join(f"{word}\n" for word in words[:size])


def first_translation(artifact: Path) -> tuple[float, float]:
    """Seconds that passed, and CPU seconds."""
    cpu, began = children(), perf_counter()
    command = [sys.executable, "-m", "shinso", "predict", str(artifact), SENTENCE]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began, children() - cpu


def children() -> float:
    """CPU seconds of the processes that were started here and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifact", nargs="?", type=Path, help="a translator's")
    parser.add_argument("--times", type=int, default=5, help="how often (default: 5)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        artifact = given.artifact or fresh_artifact(Path(folder) / "artifact")
        first_translation(artifact)
        seconds = [first_translation(artifact) for _ in range(given.times)]
    print(f"{machine()}\nmedians of {given.times}, with their 95% intervals\n")
    for name, values in zip(("seconds", "CPU seconds"), zip(*seconds, strict=True), strict=True):
        middle, low, high = median_and_interval(list(values))
        print(f"{name:12} {middle:.2f}   [{low:.2f}, {high:.2f}]")


if __name__ == "__main__":
    main()
