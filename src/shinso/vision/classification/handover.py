"""How to use an exported image classifier without shinso."""

from __future__ import annotations

from pathlib import Path

from shinso.core.artifact import Artifact
from shinso.core.standalone import Standalone
from shinso.vision.classification.recipe import ImageSpec


def standalone(artifact: Artifact) -> Standalone:
    spec = artifact.spec
    assert isinstance(spec, ImageSpec)
    colours = "grey" if spec.channels == 1 else "red, green and blue"
    mean, std = (", ".join(map(str, numbers)) for numbers in (spec.mean, spec.std))
    return Standalone(
        Path(__file__).with_name("standalone.py"),
        "IMAGE...",
        f"""Images of {spec.size} x {spec.size} pixels, {colours}, as float32 (batch, channels, \
height, width). In this order:

1. Turn the image as its EXIF data say, lay what is transparent on white, and make it {colours}.
2. Scale it so that the shorter side has {spec.size} pixels (bilinear, as Pillow's `resize` does
   it), and keep the middle of the longer side.
3. Divide by 255, subtract the mean of each channel ({mean}), and divide by its deviation
   ({std}).""",
        f"""Logits (batch, {spec.classes}): one for each class, in the order of `classes.json`. \
Their softmax is the classes' probabilities.""",
        needs=("pillow",),
    )
