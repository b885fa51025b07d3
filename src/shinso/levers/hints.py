"""Hints: a student's features learn to tell its teacher's (Romero et al. 2015, FitNets: Hints for
thin deep nets, section 2.2, equation 3).

    distance = mean over the teachers and over all features of (r(student's) - teacher's)^2

r is a regressor: a linear map of the channels, of maps at each pixel (a convolution of 1 x 1). It
learns with the student and is no part of it. In the paper hints are a first stage of training by
themselves, from maps in the middle; here they are a term of the loss all along, as in Tian et al.
2020, Contrastive representation distillation, whose experiments compare both kinds.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shinso.core.optimise import Updater
from shinso.core.recipe import GradientRecipe
from shinso.core.trainable import Gradients
from shinso.core.tree import Tree


class Hints:
    """A regressor for each teacher, with their optimiser."""

    def __init__(
        self, student: Tensor, taught: Sequence[Tensor], recipe: GradientRecipe, total_steps: int
    ) -> None:
        """Features as of one batch: maps (B, C, H, W), or (B, ..., C). All but the channels of a
        teacher's has to be as the student's. Draws the first weights from torch's generator."""
        regressors = [_regressor(student, features) for features in taught]
        self.regressors = nn.ModuleList(regressors).to(student.device)
        self.updater = Updater(recipe, self.parameters, total_steps)

    @property
    def parameters(self) -> list[nn.Parameter]:
        return list(self.regressors.parameters())

    def distance(self, student: Tensor, taught: Sequence[Tensor]) -> Tensor:
        """The mean squared error over all features of a batch."""
        pairs = zip(self.regressors, taught, strict=True)
        errors = [F.mse_loss(tell(student).float(), features.float()) for tell, features in pairs]
        return torch.stack(errors).mean()

    def update(self, gradients: Gradients, step: int) -> None:
        self.updater.update(gradients, step)

    def state(self) -> Tree:
        return {
            "regressors": dict(self.regressors.state_dict()),
            "optimiser": self.updater.optimiser.state_dict(),
        }

    def restore(self, state: Tree) -> None:
        self.regressors.load_state_dict(state["regressors"])
        self.updater.optimiser.load_state_dict(state["optimiser"])


def comparable(student: Tensor, teacher: Tensor) -> bool:
    """Whether features of a batch differ in their channels at most."""
    return student.dim() == teacher.dim() and _apart(student) == _apart(teacher)


def _apart(features: Tensor) -> list[int]:
    """The sizes of all dimensions but that of the channels."""
    sizes = list(features.shape)
    del sizes[_channels(features)]
    return sizes


def _channels(features: Tensor) -> int:
    return 1 if features.dim() == 4 else -1


def _regressor(student: Tensor, teacher: Tensor) -> nn.Module:
    inputs, outputs = (features.shape[_channels(features)] for features in (student, teacher))
    if student.dim() == 4:
        return nn.Conv2d(inputs, outputs, 1)
    return nn.Linear(inputs, outputs)
