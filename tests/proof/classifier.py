"""A classifier with what makes resuming hard: dropout, batch statistics, Adam, a schedule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.evaluation import Evaluation
from shinso.core.predictor import Prediction, Predictor
from shinso.core.recipe import GradientRecipe, Preset, Spec, option
from shinso.core.trainable import Supervised


@dataclass(frozen=True, kw_only=True)
class ProofSpec(Spec):
    pixels: int = option(64, "pixels of an image", minimum=1)


@dataclass(frozen=True, kw_only=True)
class ProofRecipe(GradientRecipe):
    hidden: int = option(24, "hidden units", minimum=1)
    epochs: int | None = 3
    batch_size: int = 32
    report_every: int = 7
    evaluate_every: int | None = 25
    schedule: str = "cosine"
    clip_norm: float | None = 1.0


PRESETS = {"cpu": Preset(ProofSpec()), "quick": Preset(ProofSpec(), {"epochs": 1})}


def build(recipe, spec):
    layers = [
        nn.Linear(spec.pixels, recipe.hidden),
        nn.BatchNorm1d(recipe.hidden),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(recipe.hidden, 10),
    ]
    return {"classifier": nn.Sequential(*layers)}


def example_inputs(recipe, spec):
    return {"classifier": ((torch.zeros(1, spec.pixels),), {0: {0: "batch"}})}


def pixels(split):
    return split.images.reshape(len(split), -1).astype(np.float32) / 255


class ProofLearner(Supervised):
    def __init__(self, recipe, data, start, run):
        self.train_split = data.split("train")
        self.example_count = len(self.train_split)
        self.pixels = pixels(self.train_split)
        self.spec = ProofSpec(pixels=self.pixels.shape[1])
        super().__init__(recipe, data, start, run, build(recipe, self.spec))

    @property
    def selection(self):
        return "accuracy", "max"

    def examples(self, indices):
        labels = torch.from_numpy(self.train_split.labels[indices])
        return torch.from_numpy(self.pixels[indices]), labels

    def forward(self, phase, batch):
        return {"logits": self.forwards["classifier"](batch[0])}

    def loss(self, phase, batch, outputs):
        return F.cross_entropy(outputs["logits"], batch[1])

    def evaluate(self, split):
        with self.at_rest():
            return evaluate(ProofPredictor(self.artifact()), self.data, split)

    def artifact(self):
        return Artifact(self.run.system.name, self.recipe, self.spec, modules=self.networks)


@dataclass(frozen=True)
class Digit(Prediction):
    digit: int


class ProofPredictor(Predictor):
    def predict(self, inputs: Sequence[np.ndarray]) -> list[Digit]:
        logits = self.artifact.network("classifier")(torch.from_numpy(np.stack(inputs)))[0]
        return [Digit(digit) for digit in logits.argmax(dim=1).tolist()]

    def read(self, argument: str) -> Iterator[tuple[str, np.ndarray]]:
        yield argument, np.array(argument.split(), dtype=np.float32)


def evaluate(predictor, data, split):
    chosen = data.split(split)
    answers = [answer.digit for answer in predictor.predict_all(pixels(chosen))]
    accuracy = float((np.array(answers) == chosen.labels).mean())
    return Evaluation({"accuracy": accuracy}, {"chance": {"accuracy": 0.1}})
