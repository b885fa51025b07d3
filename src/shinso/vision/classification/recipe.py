"""What every image classifier's recipe has. Imports no torch."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.core.recipe import GradientRecipe, Options, Spec, option

MIXED_SIZE = 64  # of what a network sees of images without a common size
NORMS = ("batch", "layer", "instance", "group", "none")  # of layers/normalisation.py


@dataclass(frozen=True, kw_only=True)
class ImageSpec(Spec):
    """What the network sees, and so what test-time preparation must do."""

    channels: int = option(1, "1: grey, 3: colour", minimum=1, maximum=3)
    size: int = option(28, "height and width of the network's input, pixels", minimum=1)
    classes: int = option(10, "number of classes", minimum=2)
    mean: tuple[float, ...] = option((0.0,), "mean of each channel in training, of 0 to 1")
    std: tuple[float, ...] = option((1.0,), "deviation of each channel in training", above=0)

    @property
    def told(self) -> str:
        return f"{self.classes} classes, {self.size} x {self.size} x {self.channels}"


@dataclass(frozen=True, kw_only=True)
class ClassifierRecipe(GradientRecipe):
    size: int | None = option(
        None,
        "height and width of the network's input; none: the data's own, "
        f"{MIXED_SIZE} for folders of mixed sizes",
        minimum=8,
    )
    shift: int = option(0, "augmentation: random shift, at most this many pixels", minimum=0)
    flip: bool = option(False, "augmentation: mirror half of the images")
    erase: float = option(
        0.0,
        "augmentation: share of the images that have noise in place of a random rectangle",
        minimum=0,
        maximum=1,
    )
    label_smoothing: float = option(
        0.0, "share of the target spread over all classes", minimum=0, maximum=1
    )
    epochs: int | None = 10

    def nominal_spec(self, spec: ImageSpec) -> ImageSpec:
        return spec if self.size is None else spec.changed(size=self.size)


@dataclass(frozen=True, kw_only=True)
class GalleryRecipe(ClassifierRecipe, ABC):
    """Of the networks that are published for photographs and shrink to small images.

    All have one protocol by default, so that their scores can be compared.
    """

    norm: str = option("batch", "normalisation behind each convolution", choices=NORMS)
    stem: str = option(
        "small",
        "first layers: small keeps the 28 or 32 pixels of an image, large is the published one "
        "for 224",
        choices=("small", "large"),
    )

    shift: int = 2
    flip: bool = True
    epochs: int | None = 20
    batch_size: int = 128
    optimiser: str = "nesterov"
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    warmup_steps: int = 400
    schedule: str = "cosine"
    precision: str = "bfloat16"
    memory_format: str = "channels_last"

    @property
    @abstractmethod
    def stride(self) -> int:
        """By what the network divides height and width until its last maps."""

    def check_spec(self, spec: ImageSpec) -> None:
        least = self.stride + 1 if self.norm == "instance" else self.stride
        if spec.size < least:
            raise UserError(
                f"images of {spec.size} x {spec.size} are too small for a network that divides "
                f"them by {self.stride}: enlarge them by --size {max(least, 8)} or more"
            )


@dataclass(frozen=True, kw_only=True)
class ResidualRecipe(GalleryRecipe):
    """Of the networks of residual blocks: three stages for small images, four for photographs."""

    @property
    def for_photographs(self) -> bool:
        return False

    @property
    def stride(self) -> int:
        of_stages = 8 if self.for_photographs else 4
        return of_stages * (4 if self.stem == "large" else 1)


@dataclass(frozen=True, kw_only=True)
class ScaledRecipe(GalleryRecipe):
    """Of the networks whose layers are all as wide as published, or all narrower by one share."""

    width: float = option(1.0, "width multiplier: share of the published channels", above=0)

    @property
    @abstractmethod
    def narrowest(self) -> int:
        """Channels of the narrowest layer at width 1."""

    def check(self) -> None:
        super().check()
        if self.narrowest * self.width < 1:
            least = math.ceil(1e4 / self.narrowest) / 1e4
            raise UserError(
                f"--width {self.width:g} leaves no channel of a layer that has {self.narrowest} at "
                f"width 1: give {least:g} or more"
            )


# What the papers have in common, where the protocol above has other: rates that fall in steps, and
# nothing that makes a CPU faster.
AS_PUBLISHED = {
    "schedule": "step",
    "warmup_steps": 0,
    "precision": "float32",
    "memory_format": "contiguous",
}
# Photographs, of which theirs are crops of 224 out of 256 pixels.
PHOTOGRAPHS = {"stem": "large", "size": 224, "shift": 16}

# Quick presets of networks that leave nothing of the digits' 8 pixels; without normalisation, too.
QUICK = {"width": 0.25, "size": 16, "batch_size": 32, "warmup_steps": 5}
QUICK_PLAIN = {**QUICK, "optimiser": "adam", "learning_rate": 1e-3, "weight_decay": 0.0}

# Nominal images: of CIFAR, and of ImageNet with the statistics that its published weights expect.
CIFAR = ImageSpec(channels=3, size=32, mean=(0.5,) * 3, std=(0.25,) * 3)
IMAGENET = ImageSpec(
    channels=3, size=224, classes=1000, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)


@dataclass(frozen=True, kw_only=True)
class ClassifierOptions(Options):
    top: int = option(5, "classes to list with their probabilities", minimum=1, scored=False)
