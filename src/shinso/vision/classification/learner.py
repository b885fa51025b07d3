"""The learner of every image classifier: softmax and cross-entropy over augmented images."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.errors import ShinsoError, UserError
from shinso.core.evaluation import Evaluation, Scores
from shinso.core.learner import ForeignWeights
from shinso.core.trainable import Outputs, Supervised
from shinso.data.images import ImageSet
from shinso.vision.classification.evaluation import evaluate
from shinso.vision.classification.predictor import CLASSES, ClassifierPredictor, class_names
from shinso.vision.classification.preparation import (
    SplitPixels,
    augmented,
    erased,
    fitted_split,
    normalised,
    statistics,
)
from shinso.vision.classification.recipe import (
    MIXED_SIZE,
    ClassifierOptions,
    ClassifierRecipe,
    ImageSpec,
)

if TYPE_CHECKING:
    from shinso.core.run import Run

Batch = tuple[Tensor, Tensor]  # images (B, C, H, W), labels (B,)


class ClassifierLearner(Supervised):
    recipe: ClassifierRecipe
    data: ImageSet

    def __init__(
        self,
        recipe: ClassifierRecipe,
        data: ImageSet,
        start: Artifact | ForeignWeights | None,
        run: Run,
    ) -> None:
        train = data.split("train")
        channels, size = _input_shape(recipe, data, start)
        self.pixels = fitted_split(train, channels, size)  # (N, H, W, C)
        self.labels = train.labels
        self.example_count = len(train)
        self.spec = _spec(self.pixels, data, start)
        networks = run.system.networks(recipe, self.spec)
        _check_answers(run.system.build, networks, self.spec)
        super().__init__(recipe, data, start, run, networks)

    @property
    def selection(self) -> tuple[str, str]:
        return "accuracy", "max"

    @property
    def keeps_head(self) -> bool:
        return not isinstance(self.start, Artifact) or (
            class_names(self.start) == self.data.classes
        )

    def examples(self, indices: NDArray[np.int64]) -> Batch:
        random = self.run.random.numpy("augment", self._draw)
        pixels = augmented(self.pixels[indices], self.recipe.shift, self.recipe.flip, random)
        if self.recipe.erase:
            pixels = erased(pixels, self.recipe.erase, random)
        images = normalised(torch.from_numpy(np.ascontiguousarray(pixels)), self.spec)
        return self.place(images), self.place(torch.from_numpy(self.labels[indices]))

    def forward(self, phase: str, batch: Batch) -> Outputs:
        """The features are what goes into the head, which every network has. A compiled one cannot
        be looked into."""
        network = self.forwards["classifier"]
        if self.recipe.compile or not hasattr(network, "head"):
            return {"logits": network(batch[0])}  # (B, classes)
        seen: list[Tensor] = []
        head = network.get_submodule(str(network.head))
        with head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0])):
            logits = network(batch[0])
        return {"logits": logits, "features": seen[0]}  # (B, classes), (B, D)

    def loss(self, phase: str, batch: Batch, outputs: Outputs) -> Tensor:
        return F.cross_entropy(
            outputs["logits"].float(), batch[1], label_smoothing=self.recipe.label_smoothing
        )

    def scores(self, phase: str, batch: Batch, outputs: Outputs, loss: Tensor) -> Scores:
        right = outputs["logits"].argmax(dim=1) == batch[1]
        return {"loss": loss.item(), "accuracy": right.float().mean().item()}

    def evaluate(self, split: str) -> Evaluation:
        with self.at_rest():
            return evaluate(ClassifierPredictor(self.artifact()), self.data, split)

    def artifact(self) -> Artifact:
        return Artifact(
            self.run.system.name,
            self.recipe,
            self.spec,
            options=ClassifierOptions(top=min(5, self.spec.classes)),
            modules=self.networks,
            assets={CLASSES: json.dumps(self.data.classes, ensure_ascii=False)},
        )

    @property
    def _draw(self) -> int:
        """Each process augments its share of a step by numbers of its own."""
        group = self.run.processes
        return self.run.step * group.world_size + group.rank


def _input_shape(
    recipe: ClassifierRecipe, data: ImageSet, start: Artifact | ForeignWeights | None
) -> tuple[int, int]:
    """(channels, size): those of the artifact to start from, else the recipe's, else the data's.

    Raises UserError for a recipe of another size than that artifact's.
    """
    if isinstance(start, Artifact):
        assert isinstance(start.spec, ImageSpec)
        channels, size = start.spec.channels, start.spec.size
        if recipe.size not in (None, size):
            raise UserError(
                f"--size is {recipe.size}, and the weights to start from are for images of "
                f"{size} x {size}: give --size {size}"
            )
        return channels, size
    own_size = max(data.shape[:2]) if data.shape is not None else MIXED_SIZE
    return data.split("train").channels, recipe.size or own_size


@torch.no_grad()
def _check_answers(build: str | None, networks: Mapping[str, nn.Module], spec: ImageSpec) -> None:
    """Raises ShinsoError where the row's `build` makes something else than a classifier."""
    if [*networks] != ["classifier"]:
        raise ShinsoError(f"{build} makes {', '.join(networks)}, must make classifier alone")
    images = torch.zeros(1, spec.channels, spec.size, spec.size)
    logits = networks["classifier"].eval()(images)
    networks["classifier"].train()
    if logits.shape != (1, spec.classes):
        found, needed = tuple(logits.shape), (1, spec.classes)
        raise ShinsoError(f"{build} answers an image with {found}, must with logits {needed}")


def _spec(
    pixels: SplitPixels, data: ImageSet, start: Artifact | ForeignWeights | None
) -> ImageSpec:
    """Weights to start from expect their own normalisation."""
    if isinstance(start, Artifact):
        assert isinstance(start.spec, ImageSpec)
        return dataclasses.replace(start.spec, classes=len(data.classes))
    mean, std = statistics(pixels)
    _, size, _, channels = pixels.shape
    return ImageSpec(channels=channels, size=size, classes=len(data.classes), mean=mean, std=std)
