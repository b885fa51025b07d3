"""Naming what an image shows, from a file, a folder or an array."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.predictor import Prediction, Predictor
from shinso.data.decode import SUFFIXES, read_image
from shinso.vision.classification.preparation import Pixels, fitted, normalised
from shinso.vision.classification.recipe import ClassifierOptions, ImageSpec

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


class ClassifierPredictor(Predictor[str | Path | Pixels, Classification]):
    """Called with a path or a uint8 array (H, W) or (H, W, 3)."""

    batch_size = 256

    def __init__(self, artifact: Artifact, options: ClassifierOptions | None = None) -> None:
        super().__init__(artifact, options)
        self.classes = class_names(artifact)
        assert isinstance(artifact.spec, ImageSpec)
        self.spec = artifact.spec

    def read(self, argument: str) -> Iterator[tuple[str, str | Path | Pixels]]:
        path = Path(argument)
        for file in _image_files(path) if path.is_dir() else [path]:
            yield str(file), file

    def predict(self, inputs: Sequence[str | Path | Pixels]) -> list[Classification]:
        images = [_pixels(item) for item in inputs]
        pixels = np.stack([fitted(i, self.spec.channels, self.spec.size) for i in images])
        logits = torch.from_numpy(self.logits(pixels))
        probabilities = logits.double().softmax(dim=1).numpy()  # (B, classes)
        return [self._classification(row) for row in probabilities]

    def logits(self, pixels: Pixels) -> NDArray[np.float32]:
        """(N, size, size, channels) uint8 to (N, classes), batch by batch."""
        network = self.artifact.network("classifier")
        batches = (
            torch.from_numpy(pixels[first : first + self.batch_size])
            for first in range(0, len(pixels), self.batch_size)
        )
        outputs = [network(normalised(batch, self.spec).contiguous())[0] for batch in batches]
        return torch.cat(outputs).float().numpy()

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


def _pixels(item: str | Path | Pixels) -> Pixels:
    return item if isinstance(item, np.ndarray) else read_image(item)


def _image_files(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise UserError(f"{folder} holds no image ({', '.join(sorted(SUFFIXES))})")
    return files
