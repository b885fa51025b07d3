"""A GAN: two networks, two phases with an optimiser each, the second seeing the first's update."""

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
from shinso.core.trainable import Trainable

PIXELS = 64


@dataclass(frozen=True, kw_only=True)
class ProofRecipe(GradientRecipe):
    code: int = option(8, "size of the latent code", minimum=1)
    steps: int | None = 150
    batch_size: int = 32
    report_every: int = 10
    evaluate_every: int | None = 40
    beta1: float = 0.5


PRESETS = {"cpu": Preset(Spec()), "quick": Preset(Spec(), {"steps": 20})}


def build(recipe, spec):
    generator = [nn.Linear(recipe.code, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, PIXELS)]
    discriminator = [nn.Linear(PIXELS, 32), nn.LeakyReLU(0.2), nn.Dropout(0.1), nn.Linear(32, 1)]
    return {
        "generator": nn.Sequential(*generator, nn.Sigmoid()),
        "discriminator": nn.Sequential(*discriminator),
    }


def example_inputs(recipe, spec):
    return {
        "generator": ((torch.zeros(1, recipe.code),), {0: {0: "batch"}}),
        "discriminator": ((torch.zeros(1, PIXELS),), {0: {0: "batch"}}),
    }


class ProofLearner(Trainable):
    def __init__(self, recipe, data, start, run):
        images = data.split("train").images
        self.pixels = torch.from_numpy(images.reshape(len(images), -1)).float() / 255
        phases = {"discriminate": ["discriminator"], "generate": ["generator"]}
        super().__init__(recipe, data, start, run, build(recipe, Spec()), phases)

    def next_batch(self, phase):
        codes = torch.randn(self.recipe.batch_size, self.recipe.code)
        if phase == "generate":
            return codes, None
        draw = self.run.random.numpy("real", self.run.step)
        return codes, self.pixels[draw.integers(0, len(self.pixels), self.recipe.batch_size)]

    def forward(self, phase, batch):
        codes, real = batch
        made = self.forwards["generator"](codes)
        judge = self.forwards["discriminator"]
        if phase == "generate":
            return {"logits": judge(made)}
        return {"logits": judge(torch.cat([real, made.detach()]))}

    def loss(self, phase, batch, outputs):
        logits = outputs["logits"]
        truth = torch.ones_like(logits)
        if phase == "discriminate":
            truth[len(truth) // 2 :] = 0
        return F.binary_cross_entropy_with_logits(logits, truth)

    def evaluate(self, split):
        with self.at_rest():
            return evaluate(ProofPredictor(self.artifact()), self.data, split)

    def artifact(self):
        return Artifact(self.run.system.name, self.recipe, Spec(), modules=self.networks)


@dataclass(frozen=True)
class Made(Prediction):
    pixels: list[float]


class ProofPredictor(Predictor):
    def predict(self, inputs: Sequence[np.ndarray]) -> list[Made]:
        made = self.artifact.network("generator")(torch.from_numpy(np.stack(inputs)))[0]
        return [Made(row) for row in made.tolist()]

    def read(self, argument: str) -> Iterator[tuple[str, np.ndarray]]:
        yield argument, np.array(argument.split(), dtype=np.float32)


def evaluate(predictor, data, split):
    """How far the mean image made is from the mean real one."""
    codes = np.random.default_rng(0).standard_normal((64, predictor.artifact.recipe.code))
    made = np.array([m.pixels for m in predictor.predict_all(codes.astype(np.float32))])
    real = data.split(split).images.reshape(-1, PIXELS) / 255
    return Evaluation({"distance": float(np.abs(made.mean(axis=0) - real.mean(axis=0)).mean())})
