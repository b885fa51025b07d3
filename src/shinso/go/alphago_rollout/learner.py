"""The rollout policy's learner. Its features are the same whichever way a board lies, so nothing is
turned or mirrored."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shinso.go.alphago_rollout.patterns import features_of
from shinso.go.alphago_rollout.predictor import AlphaGoRolloutPredictor
from shinso.go.policy.learner import PolicyLearner
from shinso.go.positions import Positions


class AlphaGoRolloutLearner(PolicyLearner):
    predictor = AlphaGoRolloutPredictor

    def shown(
        self, positions: Positions, points: NDArray[np.int64]
    ) -> tuple[Tensor, NDArray[np.int64]]:
        return torch.from_numpy(features_of(positions)), points
