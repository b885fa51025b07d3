"""What fine-tuning is worth: 20 images a class of new classes, from an artifact and from nothing.

    OMP_NUM_THREADS=1 SHINSO_DATA=FOLDER python benchmarks/finetune.py

LeNet first learns six classes of Fashion-MNIST. The other four, all of them clothes for the upper
body that are hard to tell apart, are then a user's image folder: 20 training images a class, which
each seed draws anew, 100 validation images a class, always the same, and all official test images.
The folder is learned with `--from` the six classes, whose head gives way to a new one, and from
nothing, in equally many steps. Learning rates are chosen by the mean validation accuracy over the
seeds, for both alike; the test images are looked at once the choice is made.
"""

from __future__ import annotations

import gzip
import itertools
import shutil
import struct
import tempfile
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from machine import machine
from numpy.typing import NDArray
from PIL import Image

from shinso import api
from shinso.data import open_data
from shinso.data.images import ImageSplit
from shinso.vision.classification.lenet.recipe import LeNetRecipe

NEW = ("Pullover", "Dress", "Coat", "Shirt")
TRAIN, VALID = 20, 100  # images a class
SEEDS = (0, 1, 2)
RATES = (1e-3, 2e-3, 4e-3, 8e-3)

PRETRAINING = LeNetRecipe(epochs=10)
# Mirroring and 800 steps, in place of none and 400, were chosen on the validation images too.
TUNING = LeNetRecipe(steps=800, epochs=None, batch_size=16, flip=True, evaluate_every=25)

Pixels = NDArray[np.uint8]  # (N, 28, 28)
Labels = NDArray[np.int64]  # (N,)


def whole(*splits: ImageSplit) -> tuple[Pixels, Labels]:
    images = [split.images for split in splits if split.images is not None]
    return np.concatenate(images), np.concatenate([split.labels for split in splits])


def write_idx(path: Path, values: NDArray[np.uint8]) -> None:
    header = struct.pack(">BBBB", 0, 0, 8, values.ndim)
    sizes = struct.pack(f">{values.ndim}I", *values.shape)
    path.write_bytes(gzip.compress(header + sizes + values.tobytes(), 1))


def write_old_classes(folder: Path, source: str, pixels: Pixels, labels: Labels) -> None:
    """The classes that are learned first, as a set of one's own in MNIST's format."""
    old = np.setdiff1d(labels, new_labels)
    chosen = np.isin(labels, old)
    folder.mkdir(exist_ok=True)
    write_idx(folder / f"{source}-images-idx3-ubyte.gz", pixels[chosen])
    numbers = np.searchsorted(old, labels[chosen]).astype(np.uint8)
    write_idx(folder / f"{source}-labels-idx1-ubyte.gz", numbers)


def write_images(folder: Path, pixels: Pixels, indices: Labels) -> None:
    folder.mkdir(parents=True)
    for index in indices:
        Image.fromarray(pixels[index]).save(folder / f"{index}.png")


def write_new_classes(folder: Path, seed: int) -> Path:
    """The user's image folder of one seed."""
    pixels, labels = training
    for name, label in zip(NEW, new_labels, strict=True):
        members = np.random.default_rng(0).permutation(np.flatnonzero(labels == label))
        rest = np.random.default_rng([1, seed]).permutation(members[VALID:])
        write_images(folder / "train" / name, pixels, rest[:TRAIN])
        write_images(folder / "valid" / name, pixels, members[:VALID])
        write_images(folder / "test" / name, test[0], np.flatnonzero(test[1] == label))
    return folder


def percent(values: list[float]) -> str:
    each = ", ".join(f"{value:.1%}" for value in values)
    return f"{mean(values):.1%} +- {100 * stdev(values):.1f}  ({each})"


def main(folder: Path) -> None:
    print(machine())
    write_old_classes(folder / "old", "train", *training)
    write_old_classes(folder / "old", "t10k", *test)
    start = api.train(PRETRAINING, str(folder / "old"), folder / "start").artifact_folder
    known = api.evaluate(start, split="test").scores["accuracy"]
    print(f"the six classes of the start: test accuracy {known:.1%}\n")

    starts = {"fine-tuned": start, "from nothing": None}
    data = {seed: write_new_classes(folder / f"new-{seed}", seed) for seed in SEEDS}
    valid: dict[tuple[str, float], list[float]] = {}
    for (name, origin), rate in itertools.product(starts.items(), RATES):
        recipe = TUNING.changed(learning_rate=rate)
        runs = [
            api.train(recipe, str(data[s]), folder / f"{name}-{rate}-{s}", seed=s, start=origin)
            for s in SEEDS
        ]
        scores = [api.evaluate(run.folder).scores["accuracy"] for run in runs]
        valid[name, rate] = scores
        print(f"{name:13} rate {rate:<7g} validation accuracy {percent(scores)}", flush=True)

    print()
    best = {name: max(RATES, key=lambda rate: mean(valid[name, rate])) for name in starts}
    shown = {("fine-tuned", best["fine-tuned"]): "rate chosen on validation images"}
    shown["from nothing", best["fine-tuned"]] = "the same recipe"
    if best["from nothing"] != best["fine-tuned"]:
        shown["from nothing", best["from nothing"]] = "its own rate, chosen on validation images"
    for (name, rate), remark in shown.items():
        runs = [folder / f"{name}-{rate}-{seed}" for seed in SEEDS]
        evaluated = [api.evaluate(run, split="test") for run in runs]
        accuracies = [evaluation.scores["accuracy"] for evaluation in evaluated]
        print(f"{name:13} rate {rate:<7g} test accuracy {percent(accuracies)}: {remark}")
    nearest = [evaluation.baselines["nearest neighbour"]["accuracy"] for evaluation in evaluated]
    print(f"nearest neighbour          test accuracy {percent(nearest)}")


if __name__ == "__main__":
    fashion = open_data("fashion_mnist")
    new_labels = np.array([fashion.classes.index(name) for name in NEW])
    training = whole(fashion.split("train"), fashion.split("valid"))
    test = whole(fashion.split("test"))
    place = Path(tempfile.mkdtemp())
    try:
        main(place)
    finally:
        shutil.rmtree(place)
