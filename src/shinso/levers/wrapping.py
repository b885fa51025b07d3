"""The wrapping learner: a Trainable around a Trainable, so that a lever can train any system.

It answers every question by asking the learner inside, so a lever overrides the one part of a
step that it is about (`loss` for distillation, `apply` for pruned weights) and leaves the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from shinso.core.artifact import Artifact
from shinso.core.edits import Edits
from shinso.core.errors import UserError
from shinso.core.evaluation import Evaluation, Scores
from shinso.core.exhibits import Exhibit
from shinso.core.learner import Learner
from shinso.core.recipe import Settings
from shinso.core.trainable import Batch, Gradients, Outputs, Trainable
from shinso.core.tree import Tree


class Wrapping(Trainable):
    """Trains `inner`, part by part as Trainable's own `step` and `gradients` put them together.

    Raises UserError for a learner that puts them together in another way, where that would pass
    over a part which the lever overrides.
    """

    inner: Trainable

    def __init__(self, inner: Learner, settings: Settings) -> None:
        # Not Trainable's constructor: networks and optimisers are there already.
        if not isinstance(inner, Trainable):
            raise UserError(f"{inner.run.system.name} learns without gradients: nothing to wrap")
        Learner.__init__(self, inner.recipe, inner.data, inner.start, inner.run)
        self.settings = settings
        self._wrap(inner)
        self._refuse_bypasses()

    def _wrap(self, inner: Trainable) -> None:
        self.inner = inner
        self.networks = inner.networks
        self.phases = inner.phases
        self.forwards = inner.forwards
        self.updaters = inner.updaters

    # What the loop asks -----------------------------------------------------------------------

    @property
    def edits(self) -> Edits:
        return self.inner.edits

    @property
    def total_steps(self) -> int:
        return self.inner.total_steps

    @property
    def progress(self) -> tuple[int, int | None]:
        return self.inner.progress

    @property
    def finished(self) -> bool:
        return self.inner.finished

    @property
    def selection(self) -> tuple[str, str] | None:
        return self.inner.selection

    @property
    def evaluate_every(self) -> int | None:
        return self.inner.evaluate_every

    def evaluate(self, split: str) -> Evaluation:
        return self.inner.evaluate(split)

    def state(self) -> Tree:
        return self.inner.state()

    def restore(self, state: Tree) -> None:
        self.inner.restore(state)

    def artifact(self) -> Artifact:
        return self.inner.artifact()

    def exhibits(self) -> Sequence[Exhibit]:
        return self.inner.exhibits()

    def batch_name(self) -> str:
        return self.inner.batch_name()

    # The parts of a step ----------------------------------------------------------------------

    def parameters(self, phase: str) -> list[nn.Parameter]:
        return self.inner.parameters(phase)

    @property
    def share_weight(self) -> float:
        return self.inner.share_weight

    def prepare(self) -> None:
        self.inner.prepare()

    def next_batch(self, phase: str) -> Batch:
        return self.inner.next_batch(phase)

    def forward(self, phase: str, batch: Batch) -> Outputs:
        return self.inner.forward(phase, batch)

    def loss(self, phase: str, batch: Batch, outputs: Outputs) -> Tensor:
        return self.inner.loss(phase, batch, outputs)

    def scores(self, phase: str, batch: Batch, outputs: Outputs, loss: Tensor) -> Scores:
        return self.inner.scores(phase, batch, outputs, loss)

    def gradients(self, phase: str, batch: Batch) -> tuple[Gradients, Scores]:
        if _overrides(type(self.inner), "gradients"):
            return self.inner.gradients(phase, batch)
        return super().gradients(phase, batch)

    def apply(self, phase: str, gradients: Gradients) -> None:
        self.inner.apply(phase, gradients)

    # For levers -------------------------------------------------------------------------------

    def forward_by(self, teacher: Artifact, phase: str, batch: Batch) -> Outputs:
        """The learner's forward pass of a batch through the networks of another artifact, which
        bear the same names, at rest and without gradients."""
        for network in teacher.to(self.run.device).modules.values():
            network.eval()
        own = self.inner.forwards
        self.inner.forwards = {**own, **teacher.modules}
        try:
            with torch.no_grad():
                return self.inner.forward(phase, batch)
        finally:
            self.inner.forwards = own

    def _autocast(self) -> AbstractContextManager[Any]:
        return self.inner._autocast()

    def _refuse_bypasses(self) -> None:
        inner = type(self.inner)
        inside = [part for part in ("forward", "loss", "scores") if _overrides(type(self), part)]
        if _overrides(inner, "step") or (inside and _overrides(inner, "gradients")):
            raise UserError(
                f"{self.run.system.name} makes its steps in a way of its own, which no lever can "
                "change"
            )


def _overrides(kind: type[Trainable], part: str) -> bool:
    """Whether a learner's class has the part from below Trainable (or Wrapping)."""
    base = Wrapping if issubclass(kind, Wrapping) else Trainable
    return getattr(kind, part) is not getattr(base, part)
