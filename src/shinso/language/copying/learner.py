"""The copier's learner: sequences without end, and how far back the error of recall reaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.evaluation import Evaluation, Scores
from shinso.core.exhibits import Exhibit
from shinso.core.learner import ForeignWeights
from shinso.core.trainable import Outputs, Trainable
from shinso.core.tree import Tree
from shinso.data.copying import CopyingSet, Whole, draw, to_read, to_write
from shinso.language.copying.evaluation import evaluate
from shinso.language.copying.model import Copier, build
from shinso.language.copying.predictor import CopyingPredictor
from shinso.language.copying.recipe import CopyingRecipe, CopyingSpec
from shinso.layers.gates import gate_exhibits, norm_exhibits, trace
from shinso.layers.recurrent import gradient_norms, unroll

if TYPE_CHECKING:
    from shinso.core.run import Run

Batch = tuple[Tensor, Tensor]  # tokens to read (B, T), tokens to write (B, T)
NORM_ROWS = 60


class CopyingLearner(Trainable):
    recipe: CopyingRecipe
    data: CopyingSet

    def __init__(
        self,
        recipe: CopyingRecipe,
        data: CopyingSet,
        start: Artifact | ForeignWeights | None,
        run: Run,
    ) -> None:
        self.spec = CopyingSpec(length=recipe.length, distance=recipe.distance)
        self.norms: list[list[float]] = []  # by row: |dL/ds_t| for each time step
        super().__init__(recipe, data, start, run, build(recipe, self.spec))

    @property
    def selection(self) -> tuple[str, str]:
        return "loss", "min"  # smoother than accuracy, which stays at 1 while the margins grow

    # One step --------------------------------------------------------------------------------

    def next_batch(self, phase: str) -> Batch:
        start = self.run.random.bits("sequences")
        symbols = draw("train", start, self._indices(), self.recipe.length)
        return (
            self.place(torch.from_numpy(to_read(symbols, self.recipe.distance))),
            self.place(torch.from_numpy(to_write(symbols, self.recipe.distance))),
        )

    @property
    def share_weight(self) -> float:
        processes = self.run.processes
        return len(self._indices()) * processes.world_size / self.recipe.batch_size

    def batch_name(self) -> str:
        first, *_, last = self._indices()
        return f"sequences {first} to {last}"

    def forward(self, phase: str, batch: Batch) -> Outputs:
        return {"logits": self.forwards["copier"](batch[0])[0]}  # (B, T, symbols + 1)

    def loss(self, phase: str, batch: Batch, outputs: Outputs) -> Tensor:
        """Cross-entropy in nats a step, the mean over all steps, as in the paper."""
        return F.cross_entropy(outputs["logits"].flatten(0, 1), batch[1].flatten())

    def scores(self, phase: str, batch: Batch, outputs: Outputs, loss: Tensor) -> Scores:
        if self.run.step % self._norm_every == 0:
            self.norms.append(self._memory_gradients(batch).tolist())
        length = self.recipe.length
        right = outputs["logits"][:, -length:].argmax(dim=2) == batch[1][:, -length:]
        return {"loss": loss.item(), "accuracy": right.float().mean().item()}

    def _indices(self) -> Whole:
        """Of this process's share of the sequences of step `run.step`."""
        size = self.recipe.batch_size
        return self.run.step * size + np.arange(size)[self.run.processes.share(size)]

    # What it shows and keeps -------------------------------------------------------------------

    def evaluate(self, split: str) -> Evaluation:
        with self.at_rest():
            return evaluate(CopyingPredictor(self.artifact()), self.data, split)

    def artifact(self) -> Artifact:
        return Artifact("copying", self.recipe, self.spec, modules=self.networks)

    def state(self) -> Tree:
        return {**super().state(), "norms": self.norms}

    def restore(self, state: Tree) -> None:
        super().restore(state)
        self.norms = state["norms"]

    def exhibits(self) -> Sequence[Exhibit]:
        note = (
            f"The symbols are read in steps 1 to {self.recipe.length}: no more is learned about "
            "them than what of the error reaches these."
        )
        norms = norm_exhibits(
            self.norms,
            self._norm_every,
            note,
            error="the error of recall",
            state="c_t" if self.recipe.cell.startswith("lstm") else "h_t",
        )
        return [*norms, *self._gate_exhibits()]

    @torch.no_grad()
    def _gate_exhibits(self) -> Sequence[Exhibit]:
        """What the learned net does, step by step, with one sequence it was never taught."""
        symbols = self.data.split("valid").symbols(self.recipe.length)[:1]
        tokens = to_read(symbols, self.recipe.distance)  # (1, T)
        embedded = self._copier.embed(self.place(torch.from_numpy(tokens)))
        labels = ["abcdefgh.!"[token] for token in tokens[0]]
        return gate_exhibits(trace(self._copier.recurrent, embedded), labels)

    @property
    def _copier(self) -> Copier:
        copier = self.networks["copier"]
        assert isinstance(copier, Copier)
        return copier

    @property
    def _norm_every(self) -> int:
        """Updates between rows of norms, so that there are at most NORM_ROWS."""
        return -(-self.total_steps // NORM_ROWS)

    def _memory_gradients(self, batch: Batch) -> Tensor:
        """(T,) norms of the gradient of the recalled symbols' error alone, by the tensor that
        carries the memory on: the hidden state, or an LSTM's cell state, which the hidden one
        only shows."""
        copier, cell, length = self._copier, self._copier.recurrent.cell, self.recipe.length
        with torch.enable_grad():
            embedded = copier.embed(batch[0])  # (B, T, D)
            way = unroll(cell, embedded, cell.initial_state(embedded))
            due = torch.stack(way.hidden_states[-length:], dim=1)  # (B, L, H)
            logits = copier.readout(due)  # (B, L, symbols + 1)
            error = F.cross_entropy(logits.flatten(0, 1), batch[1][:, -length:].flatten())
            memory = [state[-1] for state in way.states]  # T tensors (B, H)
            return gradient_norms(error, memory)
