"""Optimisers and learning-rate schedules from a recipe's shared fields."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import nn, optim

from shinso.core.recipe import GradientRecipe

Rule = Callable[[GradientRecipe, list[nn.Parameter]], optim.Optimizer]

RULES: dict[str, Rule] = {
    "sgd": lambda r, p: optim.SGD(
        p, r.learning_rate, momentum=r.momentum, weight_decay=r.weight_decay
    ),
    "nesterov": lambda r, p: optim.SGD(
        p, r.learning_rate, momentum=r.momentum, weight_decay=r.weight_decay, nesterov=True
    ),
    # Fused: one pass over the weights, not one for each operation of the equations.
    "adam": lambda r, p: optim.Adam(
        p, r.learning_rate, (r.beta1, r.beta2), r.epsilon, r.weight_decay, fused=True
    ),
    "adamw": lambda r, p: optim.AdamW(
        p, r.learning_rate, (r.beta1, r.beta2), r.epsilon, r.weight_decay, fused=True
    ),
    "rmsprop": lambda r, p: optim.RMSprop(
        p, r.learning_rate, r.beta2, r.epsilon, r.weight_decay, r.momentum
    ),
    "adagrad": lambda r, p: optim.Adagrad(
        p, r.learning_rate, weight_decay=r.weight_decay, eps=r.epsilon
    ),
}


def learning_rate(recipe: GradientRecipe, step: int, total: int) -> float:
    """The rate of update `step` (from 0) of `total`: a pure function, so nothing to resume."""
    if step < recipe.warmup_steps:
        return recipe.learning_rate * (step + 1) / recipe.warmup_steps
    share = (step - recipe.warmup_steps) / max(1, total - recipe.warmup_steps)
    match recipe.schedule:
        case "linear":
            return recipe.learning_rate * (1 - share)
        case "cosine":
            return recipe.learning_rate * (1 + math.cos(math.pi * share)) / 2
        case "step":
            first, between, factor = recipe.step_decay
            # The little more is for shares such as 0.3 + 0.1, which rounding leaves short.
            falls = math.floor((share - first) / between + 1 + 1e-9)
            return recipe.learning_rate * factor ** max(0, falls)
    return recipe.learning_rate


class Updater:
    """One optimiser with its schedule and clipping."""

    def __init__(
        self, recipe: GradientRecipe, parameters: Iterable[nn.Parameter], total: int
    ) -> None:
        self.recipe = recipe
        self.parameters = list(parameters)
        self.total = total
        self.clipped = False  # whether the last update's gradients were too long
        self.optimiser = RULES[recipe.optimiser](recipe, self.parameters)

    def update(self, gradients: Sequence[torch.Tensor | None], step: int) -> None:
        """One update along `gradients`, which it may change; one for each parameter."""
        present = [gradient for gradient in gradients if gradient is not None]
        if self.recipe.clip_norm is not None and present:
            self.clipped = _clip(present, self.recipe.clip_norm)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.recipe, step, self.total)
        self.optimiser.step()
        for parameter in self.parameters:
            parameter.grad = None


def _clip(gradients: list[torch.Tensor], largest: float) -> bool:
    """Scales all gradients together so that their common norm is at most `largest`; returns
    whether it was longer."""
    norm = nn.utils.get_total_norm(gradients)
    scale = torch.clamp(largest / (norm + 1e-6), max=1.0)
    torch._foreach_mul_(gradients, scale)
    return bool(norm > largest)
