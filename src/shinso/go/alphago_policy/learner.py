"""The policy network's learner: positions in any of the eight ways a board can lie."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shinso.go.alphago_policy.predictor import AlphaGoPolicyPredictor
from shinso.go.alphago_policy.recipe import AlphaGoPolicyRecipe
from shinso.go.features import alphago_planes
from shinso.go.policy.learner import PolicyLearner
from shinso.go.positions import Positions
from shinso.go.symmetries import SYMMETRIES, transform_moves, transform_planes


class AlphaGoPolicyLearner(PolicyLearner):
    recipe: AlphaGoPolicyRecipe
    predictor = AlphaGoPolicyPredictor

    def shown(
        self, positions: Positions, points: NDArray[np.int64]
    ) -> tuple[Tensor, NDArray[np.int64]]:
        planes = alphago_planes(positions)  # (B, 48, size, size)
        if self.recipe.symmetries:
            random = self.run.random.numpy("symmetries", self._draw)
            ways = random.integers(SYMMETRIES, size=len(points))
            planes = transform_planes(planes, ways)
            points = transform_moves(points, ways, positions.size).astype(np.int64)
        return torch.from_numpy(planes).float(), points

    @property
    def _draw(self) -> int:
        """Each process turns its share of a step by numbers of its own."""
        group = self.run.processes
        return self.run.step * group.world_size + group.rank
