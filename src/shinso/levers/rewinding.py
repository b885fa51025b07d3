"""Iterative pruning with rewinding (Frankle and Carbin 2019, The lottery ticket hypothesis; Frankle
et al. 2020, Linear mode connectivity and the lottery ticket hypothesis, algorithm 1).

    train to the end; N times: set the smallest of the weights left to 0, those that stay back to
    what they were at step K, and train to the end

Each time the same share of what is left goes, so that the ratio asked for is reached after N times.
To go back is to train anew from the seed, which gives the same weights at step K to the bit: N + 1
trainings in one run, in the memory of one and a mask.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from shinso.core.errors import UserError
from shinso.core.evaluation import Scores
from shinso.core.learner import Learner
from shinso.core.trainable import Gradients, Trainable
from shinso.core.tree import Tree
from shinso.levers.magnitude import Masks, apply_masks, prunable, refuse_emptied, smallest_gone
from shinso.levers.settings import PruneSettings
from shinso.levers.wrapping import Wrapping


class RewindingLearner(Wrapping):
    """Round 0 is the training as it is; in each later one the weights of `masks` are 0 from step
    `rewind` on. The learner inside counts the steps of its round."""

    settings: PruneSettings

    def __init__(self, inner: Learner, settings: PruneSettings) -> None:
        super().__init__(inner, settings)
        self.round_steps = self.inner.total_steps
        self._refuse_unrepeatable()
        self.weights = prunable(self.networks)
        weights = self.weights.items()
        self._set_masks({name: torch.ones_like(w, dtype=torch.bool) for name, w in weights})

    # What the loop asks -----------------------------------------------------------------------

    @property
    def total_steps(self) -> int:
        return (self.settings.rounds + 1) * self.round_steps

    @property
    def progress(self) -> tuple[int, int | None]:
        return self.run.step, self.total_steps

    @property
    def finished(self) -> bool:
        return self.run.step >= self.total_steps

    @property
    def selection(self) -> tuple[str, str] | None:
        """Among what the last round makes; before it the newest stands for the best."""
        begins = self.settings.rounds * self.round_steps + self.settings.rewind
        return self.inner.selection if self.run.step > begins else None

    def batch_name(self) -> str:
        with self._in_round() as number:
            return f"round {number}, {self.inner.batch_name()}"

    def state(self) -> Tree:
        return {"inner": self.inner.state(), "masks": self.masks}

    def restore(self, state: Tree) -> None:
        self.inner.restore(state["inner"])
        masks = state["masks"].items()
        self._set_masks({name: mask.to(self.run.device) for name, mask in masks})

    # One step ---------------------------------------------------------------------------------

    def step(self) -> Scores:
        with self._in_round() as number:
            if number > 0 and self.run.step == 0:
                self._prune(number)
                self._begin_again()
            if self.run.step == self.settings.rewind:
                apply_masks(self.weights, self.masks)
            group = self.run.processes
            noise = self.run.step * group.world_size + group.rank  # as the loop's, of this round
            self.run.random.seed_generators("step", noise, self.run.device)
            return {**super().step(), "weights_left": self.left}

    def apply(self, phase: str, gradients: Gradients) -> None:
        super().apply(phase, gradients)
        if self.run.step >= self.settings.rewind:
            apply_masks(self.weights, self.masks)

    @contextmanager
    def _in_round(self) -> Iterator[int]:
        """The number of the round, within which `run.step` is that of the round."""
        step = self.run.step
        number, self.run.step = divmod(step, self.round_steps)
        try:
            yield number
        finally:
            self.run.step = step

    def _prune(self, number: int) -> None:
        """The same share of what is left goes in each round."""
        stays = (1 - (self.settings.ratio or 0.0)) ** (number / self.settings.rounds)
        masks = smallest_gone(self.weights, 1 - stays, self.settings.criterion, self.masks)
        refuse_emptied(self.weights, masks, f"round {number} of {self.settings.asked}")
        self._set_masks(masks)

    def _begin_again(self) -> None:
        del self.inner, self.networks, self.forwards, self.updaters, self.weights  # one at a time
        run = self.run
        run.random.seed_generators("init", 0, run.device)
        inner: Trainable = run.system.load("learner")(self.recipe, self.data, None, run)
        self._wrap(inner)
        self.weights = prunable(self.networks)

    def _set_masks(self, masks: Masks) -> None:
        self.masks = masks
        count = sum(mask.numel() for mask in masks.values())
        self.left = sum(int(mask.sum()) for mask in masks.values()) / count

    def _refuse_unrepeatable(self) -> None:
        """Raises UserError where there is no step to go back to, or going back is not exact."""
        system, rewind = self.run.system, self.settings.rewind
        if rewind >= self.round_steps:
            raise UserError(
                f"--rewind {rewind} is not before the end of training, which has "
                f"{self.round_steps} steps"
            )
        if system.resume != "exact":
            raise UserError(
                f"{system.name} does not train twice alike ({system.resume}), as --rounds would "
                "have to: prune it at once"
            )
        if self.run.ledgers:
            raise UserError(
                f"{system.name} keeps in its run what it has seen, which --rounds would mix up: "
                "prune it at once"
            )
