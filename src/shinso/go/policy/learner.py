"""The learner of policies: cross-entropy with the moves that were made in recorded games."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.evaluation import Evaluation, Scores
from shinso.core.learner import ForeignWeights
from shinso.core.trainable import Outputs, Supervised
from shinso.data.games import GameSet
from shinso.go.policy.evaluation import evaluate
from shinso.go.policy.predictor import PolicyPredictor
from shinso.go.policy.recipe import GoSpec, PolicyOptions, PolicyRecipe
from shinso.go.positions import Positions
from shinso.go.records import records_of, usual_size

if TYPE_CHECKING:
    from shinso.core.run import Run

Batch = tuple[Tensor, Tensor]  # what the network is shown (B, ...), points (B,)


class PolicyLearner(Supervised):
    """Subclasses say what networks are shown and who predicts with them."""

    recipe: PolicyRecipe
    data: GameSet
    predictor: ClassVar[type[PolicyPredictor]]

    def __init__(
        self,
        recipe: PolicyRecipe,
        data: GameSet,
        start: Artifact | ForeignWeights | None,
        run: Run,
    ) -> None:
        self.spec = GoSpec(size=_size(recipe, data, start))
        self.records = records_of(data, "train", self.spec.size)
        self.example_count = len(self.records)
        super().__init__(recipe, data, start, run, run.system.networks(recipe, self.spec))

    @property
    def selection(self) -> tuple[str, str]:
        return "accuracy", "max"

    def examples(self, indices: NDArray[np.int64]) -> Batch:
        shown, points = self.shown(self.records.positions(indices), self.records.points[indices])
        return self.place(shown), self.place(torch.from_numpy(points))

    @abstractmethod
    def shown(
        self, positions: Positions, points: NDArray[np.int64]
    ) -> tuple[Tensor, NDArray[np.int64]]:
        """What the network sees of positions in training, and the moves (B,) as it sees them."""

    def forward(self, phase: str, batch: Batch) -> Outputs:
        return {"logits": self.forwards[self.predictor.network_name](batch[0])}  # (B, points)

    def loss(self, phase: str, batch: Batch, outputs: Outputs) -> Tensor:
        """-log p of the moves made, their mean; in nats."""
        return F.cross_entropy(outputs["logits"].float(), batch[1])

    def scores(self, phase: str, batch: Batch, outputs: Outputs, loss: Tensor) -> Scores:
        right = outputs["logits"].argmax(dim=1) == batch[1]
        return {"loss": loss.item(), "accuracy": right.float().mean().item()}

    def evaluate(self, split: str) -> Evaluation:
        with self.at_rest():
            return evaluate(self.predictor(self.artifact()), self.data, split)

    def artifact(self) -> Artifact:
        return Artifact(
            self.run.system.name,
            self.recipe,
            self.spec,
            options=PolicyOptions(),
            modules=self.networks,
        )


def _size(recipe: PolicyRecipe, data: GameSet, start: Artifact | ForeignWeights | None) -> int:
    """Of the artifact to start from, else the recipe's, else of most games.

    Raises UserError for a recipe of another size than that artifact's.
    """
    if not isinstance(start, Artifact):
        return recipe.size or usual_size(data.split("train"))
    assert isinstance(start.spec, GoSpec)
    if recipe.size not in (None, start.spec.size):
        raise UserError(
            f"--size is {recipe.size}, and the weights to start from are for boards of "
            f"{start.spec.size} x {start.spec.size}: give --size {start.spec.size}"
        )
    return start.spec.size
