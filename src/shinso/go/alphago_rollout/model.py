"""AlphaGo's rollout policy: Silver et al. 2016, Mastering the game of Go with deep neural networks
and tree search, methods, "rollout policy"."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NEVER = -30.0  # logit of points where no move may be made


class AlphaGoRollout(nn.Module):
    """A weight for each feature, added up for each move: linear in features that are 0 or 1.

    Of the `rows` of weights that of `nothing` stays 0, and that of `illegal` begins very low.
    """

    def __init__(self, rows: int, nothing: int, illegal: int) -> None:
        super().__init__()
        self.nothing = nothing
        self.weights = nn.Parameter(torch.zeros(rows, 1))
        with torch.no_grad():
            self.weights[illegal] = NEVER

    def forward(self, features: Tensor) -> Tensor:
        """(B, points, features of a move) rows of the table to logits (B, points)."""
        weights = F.embedding(features, self.weights, padding_idx=self.nothing)
        return weights.sum(dim=(2, 3))  # of (B, points, features, 1)
