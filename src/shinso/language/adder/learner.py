"""The adder's learner: the course's first experiment, with the error's way back kept to see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.evaluation import Evaluation, Scores
from shinso.core.exhibits import Exhibit
from shinso.core.learner import ForeignWeights
from shinso.core.trainable import Outputs, Supervised
from shinso.core.tree import Tree
from shinso.data.addition import AdditionSet, Pairs
from shinso.language.adder.evaluation import evaluate
from shinso.language.adder.model import Adder, build
from shinso.language.adder.predictor import AdderPredictor
from shinso.language.adder.recipe import AdderRecipe, AdderSpec
from shinso.layers.gates import gate_exhibits, norm_exhibits, trace
from shinso.layers.recurrent import gradient_norms

if TYPE_CHECKING:
    from shinso.core.run import Run

Batch = tuple[Tensor, Tensor]  # inputs (B, T, 2), targets (B, T)
MOST_NORM_ROWS = 200

EXAMPLE = 54, 104  # the course's, 158
EXAMPLE_AXIS = "step: bits of 54 and 104; a carry comes into steps 7 and 8"

# What happens to the error on its way back through one time step.
WAY_BACK = {
    "sigmoid": "Each step back multiplies by W_h and by a slope of at most 0.25, so it vanishes.",
    "tanh": "Each step back multiplies by W_h and by a slope of at most 1: it vanishes under small "
    "weights and explodes under N(0, 1) ones.",
    "relu": "Each step back multiplies by W_h and a slope of 0 or 1: nothing holds it back, so "
    "with 16 x 16 weights from N(0, 1), which stretch by about 4, it explodes.",
    "gates": "The gates choose how much of it passes, so it can reach the first step whole.",
}


class AdderLearner(Supervised):
    recipe: AdderRecipe
    data: AdditionSet

    def __init__(
        self,
        recipe: AdderRecipe,
        data: AdditionSet,
        start: Artifact | ForeignWeights | None,
        run: Run,
    ) -> None:
        self.pairs = AdditionSet(all_pairs=True).train if recipe.train_on == "all" else data.train
        self.example_count = len(self.pairs)
        self.spec = AdderSpec(width=self.pairs.width)
        self.norms: list[list[float]] = []  # by report: |dL/dh_t| for each time step
        super().__init__(recipe, data, start, run, build(recipe, self.spec))

    @property
    def selection(self) -> tuple[str, str]:
        return "loss", "min"  # smoother than accuracy, which stays at 1 while the margins grow

    def examples(self, indices: NDArray[np.int64]) -> Batch:
        return (
            self.place(torch.from_numpy(self.pairs.inputs[indices])),
            self.place(torch.from_numpy(self.pairs.targets[indices])),
        )

    def forward(self, phase: str, batch: Batch) -> Outputs:
        return {"logits": self.forwards["adder"](batch[0])[0]}  # (B, T)

    def loss(self, phase: str, batch: Batch, outputs: Outputs) -> Tensor:
        """The error of a bit, summed over the number, its mean over the batch."""
        if self.recipe.loss == "squared":
            errors = (outputs["logits"].sigmoid() - batch[1]) ** 2 / 2
        else:
            errors = F.binary_cross_entropy_with_logits(
                outputs["logits"], batch[1], reduction="none"
            )
        return errors.sum(dim=1).mean()

    def scores(self, phase: str, batch: Batch, outputs: Outputs, loss: Tensor) -> Scores:
        if self.run.step % self._norm_every == 0:
            self._note_norms(batch)
        right = ((outputs["logits"] > 0) == (batch[1] > 0.5)).all(dim=1)
        return {"loss": loss.item(), "accuracy": right.float().mean().item()}

    def evaluate(self, split: str) -> Evaluation:
        with self.at_rest():
            return evaluate(AdderPredictor(self.artifact()), self.data, split)

    def artifact(self) -> Artifact:
        return Artifact("adder", self.recipe, self.spec, modules=self.networks)

    def state(self) -> Tree:
        return {**super().state(), "norms": self.norms}

    def restore(self, state: Tree) -> None:
        super().restore(state)
        self.norms = state["norms"]

    def exhibits(self) -> Sequence[Exhibit]:
        note = WAY_BACK[self.recipe.activation if self.recipe.cell == "rnn" else "gates"]
        norms = norm_exhibits(self.norms, self._norm_every, note, axis="time step (bit)")
        return [*norms, *self._gate_exhibits()]

    @torch.no_grad()
    def _gate_exhibits(self) -> Sequence[Exhibit]:
        """What the learned net does, bit by bit, in one addition."""
        first, second = (np.array([operand]) for operand in EXAMPLE)
        inputs = Pairs(first, second, self.spec.width).inputs  # (1, T, 2)
        traces = trace(self._adder.recurrent, self.place(torch.from_numpy(inputs)))
        labels = [f"{a:.0f}{b:.0f}" for a, b in inputs[0]]
        return gate_exhibits(traces, labels, EXAMPLE_AXIS)

    @property
    def _adder(self) -> Adder:
        adder = self.networks["adder"]
        assert isinstance(adder, Adder)
        return adder

    @property
    def _norm_every(self) -> int:
        """Updates between rows of norms, so that there are at most MOST_NORM_ROWS."""
        return max(self.recipe.report_every, -(-self.total_steps // MOST_NORM_ROWS))

    def _note_norms(self, batch: Batch) -> None:
        """Does the batch once more with every hidden state at hand: autograd gives dL/dh_t."""
        with torch.enable_grad():
            hidden, _ = self._adder.recurrent.unroll(batch[0])  # T tensors (B, H)
            logits = self._adder.readout(torch.stack(hidden, dim=1)).squeeze(-1)  # (B, T)
            norms = gradient_norms(self.loss("update", batch, {"logits": logits}), hidden)
        self.norms.append(norms.tolist())
