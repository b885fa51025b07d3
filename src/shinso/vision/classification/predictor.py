"""Naming what an image shows, from a file, a folder or an array."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from shinso.core.artifact import Artifact, Network
from shinso.core.errors import UserError, nearest
from shinso.core.predictor import Prediction, Predictor
from shinso.data.decode import SUFFIXES, image_pixels, read_image
from shinso.data.folder import images_below
from shinso.data.images import ImageSet
from shinso.layers.folding import folded
from shinso.vision.classification.preparation import Pixels, SplitPixels, fitted, normalised
from shinso.vision.classification.recipe import ClassifierOptions, ImageSpec

Input = str | Path | Pixels | Image.Image

CLASSES = "classes.json"  # the asset with the class names, in the order of the logits


@dataclass(frozen=True)
class Classification(Prediction):
    """The likeliest class, and the `top` ones with their probabilities."""

    label: str
    probability: float
    top: tuple[tuple[str, float], ...]

    def __str__(self) -> str:
        others = ", ".join(f"{label} {probability:.1%}" for label, probability in self.top[1:])
        return f"{self.label}  {self.probability:.1%}" + (f"   ({others})" if others else "")


class ClassifierPredictor(Predictor[Input, Classification]):
    """Called with a path, a Pillow image, or a uint8 array (H, W) or (H, W, 3)."""

    batch_size = 256

    def __init__(self, artifact: Artifact, options: ClassifierOptions | None = None) -> None:
        super().__init__(artifact, options)
        self.classes = class_names(artifact)
        assert isinstance(artifact.spec, ImageSpec)
        self.spec = artifact.spec

    @cached_property
    def network(self) -> Network:
        """Modules without the normalisations that convolutions can do; a graph as it is. Made once,
        so that a predictor over networks that go on learning is outdated."""
        modules = {name: folded(module) for name, module in self.artifact.modules.items()}
        return dataclasses.replace(self.artifact, modules=modules).network("classifier")

    def read(self, argument: str) -> Iterator[tuple[str, Input]]:
        path = Path(argument)
        for file in _image_files(path) if path.is_dir() else [path]:
            yield str(file), file

    def predict(self, inputs: Sequence[Input]) -> list[Classification]:
        if not inputs:
            return []
        channels, size = self.spec.channels, self.spec.size
        # One by one: many photographs at their full size would not fit into memory together.
        pixels = np.stack([fitted(_pixels(item), channels, size) for item in inputs])
        logits = torch.from_numpy(self.logits(pixels))
        probabilities = logits.double().softmax(dim=1).numpy()  # (B, classes)
        return [self._classification(row) for row in probabilities]

    def logits(self, pixels: SplitPixels) -> NDArray[np.float32]:
        """(N, size, size, channels) uint8 to (N, classes), batch by batch."""
        batches = (
            torch.from_numpy(pixels[first : first + self.batch_size])
            for first in range(0, len(pixels), self.batch_size)
        )
        outputs = [self.network(normalised(batch, self.spec).contiguous())[0] for batch in batches]
        return torch.cat(outputs).float().numpy()

    def class_indices(self, data: ImageSet) -> NDArray[np.int64]:
        """(classes of the data,) the place of each among the logits, by name.

        Raises UserError for one that the net does not know.
        """
        for name in data.classes:
            if name not in self.classes:
                way_out = nearest(name, self.classes, "fine-tune it with train --from")
                raise UserError(
                    f"data set {data.name} has a class {name}, which the net never learned; "
                    f"{way_out}"
                )
        return np.array([self.classes.index(name) for name in data.classes])

    def _classification(self, probabilities: NDArray[np.float64]) -> Classification:
        assert isinstance(self.options, ClassifierOptions)
        order = np.argsort(-probabilities, kind="stable")[: self.options.top]
        top = tuple((self.classes[i], float(probabilities[i])) for i in order)
        return Classification(*top[0], top)


def class_names(artifact: Artifact) -> tuple[str, ...]:
    """Raises UserError for an artifact without them."""
    if CLASSES not in artifact.assets:
        raise UserError(f"{artifact.path or artifact.system} has no {CLASSES}")
    return tuple(json.loads(artifact.assets[CLASSES]))


def _pixels(item: Input) -> Pixels:
    if isinstance(item, Image.Image):
        return image_pixels(item)
    if not isinstance(item, np.ndarray):
        return read_image(item)
    grey_or_colour = item.ndim == 2 or (item.ndim == 3 and item.shape[2] == 3)
    if item.dtype != np.uint8 or not grey_or_colour or not item.size:
        raise UserError(
            f"an array of {item.dtype} {item.shape} is no image; "
            "give uint8 (H, W) or (H, W, 3), 0 black and 255 white"
        )
    return item


def _image_files(folder: Path) -> list[Path]:
    files = list(images_below(folder))
    if not files:
        raise UserError(f"{folder} holds no image ({', '.join(sorted(SUFFIXES))})")
    return files
