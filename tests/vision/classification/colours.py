"""A classifier without training: it names the colour there is most of, so that what is right can
be told by hand. And sets of plainly coloured images to use it on."""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from shinso import catalog
from shinso.core.artifact import Artifact
from shinso.data.images import ImageSet, packed_split
from shinso.vision.classification.mlp.recipe import MLPRecipe
from shinso.vision.classification.predictor import CLASSES, ClassifierPredictor
from shinso.vision.classification.recipe import ClassifierOptions, ImageSpec

COLOURS = ("red", "green", "青")
PAINTS = {"red": (255, 0, 0), "green": (0, 255, 0), "青": (0, 0, 255)}
SIZE = 8


def artifact(classes: tuple[str, ...] = COLOURS) -> Artifact:
    """Three logits: the sum of each channel's values, 0 to 1, over the 64 pixels, over 16."""
    spec = ImageSpec(channels=3, size=SIZE, classes=3, mean=(0.0,) * 3, std=(1.0,) * 3)
    recipe = MLPRecipe(hidden=())
    network = catalog.find("mlp").load("build")(recipe, spec)["classifier"]
    with torch.no_grad():
        network.output.bias.zero_()
        network.output.weight.copy_(torch.eye(3).repeat_interleave(SIZE**2, dim=1) / 16)
    return Artifact(
        "mlp",
        recipe,
        spec,
        ClassifierOptions(top=3),
        {"classifier": network},
        assets={CLASSES: json.dumps(classes, ensure_ascii=False)},
    )


def predictor(**options) -> ClassifierPredictor:
    made = artifact()
    return ClassifierPredictor(made, made.options.changed(**options))


def painted(colour: str, height: int = SIZE, width: int = SIZE) -> np.ndarray:
    """(H, W, 3) of one colour."""
    return np.full((height, width, 3), PAINTS[colour], np.uint8)


def saved(path: Path, pixels: np.ndarray, mode: str | None = None, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def colour_set(truths: dict[str, list[str]], painted_as: dict[str, list[str]], classes=COLOURS):
    """Splits of painted images; in `painted_as` some are painted otherwise than they are named."""
    splits = {}
    for name, labels in truths.items():
        pixels = np.stack([painted(colour) for colour in painted_as.get(name, labels)])
        splits[name] = packed_split(name, pixels, [classes.index(label) for label in labels])
    return ImageSet("colours", classes, splits)
