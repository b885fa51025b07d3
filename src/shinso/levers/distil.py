"""Distillation: a student learns from what a teacher answers, and not only from what is right
(Hinton, Vinyals and Dean 2015, Distilling the knowledge in a neural network, section 2).

    loss = (1 - share) loss of the data + share T^2 KL(q || p) + hints distance of the features
    q = mean over the teachers of softmax(their logits / T),  p = softmax(the student's logits / T)

The gradients of soft targets shrink with 1 / T^2, which T^2 makes good. Several teachers are an
ensemble, whose answer is the mean of theirs (their section 3). A sequence's tokens are answers one
by one (Kim and Rush 2016, Sequence-level knowledge distillation, section 3.1); whole sequences of
the teachers' can stand in place of the data's (levers/sequences.py), with soft targets or without.
Hints are about what a network has found out before it answers (levers/hints.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.learner import Learner
from shinso.core.trainable import Batch, Gradients, Outputs
from shinso.core.tree import Tree
from shinso.levers.hints import Hints, comparable
from shinso.levers.sequences import check_unchanged, folder_of, retaught
from shinso.levers.settings import DistilSettings
from shinso.levers.wrapping import Wrapping

TEACHER = "teacher"  # begins the names of the run's inputs that are teachers


class DistilledLearner(Wrapping):
    """The student's own learner, whose loss asks the teachers too."""

    settings: DistilSettings

    def __init__(self, inner: Learner, settings: DistilSettings) -> None:
        super().__init__(inner, settings)
        inputs = self.run.inputs.items()
        self.teachers = [artifact for name, artifact in inputs if name.startswith(TEACHER)]
        for teacher in self.teachers:
            _check_task(teacher, self.inner.artifact())
            if self._compares:
                _check_comparable(teacher, self.inner.artifact())
        self.sequences: str | None = None  # the digest of what the teachers wrote
        if settings.sequence:
            learner, self.sequences = retaught(self.inner, self.teachers)
            self._wrap(learner)
        self.hints = self._hints() if settings.hints else None

    def loss(self, phase: str, batch: Batch, outputs: Outputs) -> Tensor:
        own = super().loss(phase, batch, outputs)
        if not self._compares:
            return own
        taught = [self.forward_by(teacher, phase, batch) for teacher in self.teachers]
        share, name = self.settings.share, self.settings.hint
        loss = (1 - share) * own
        if share:
            loss = loss + share * self._distance(outputs, taught)
        if self.hints is not None:
            features = [answer[name] for answer in taught]
            loss = loss + self.settings.hints * self.hints.distance(outputs[name], features)
        return loss

    @property
    def _compares(self) -> bool:
        """Whether the teachers' networks are asked about each batch."""
        return bool(self.settings.share or self.settings.hints)

    def _distance(self, outputs: Outputs, taught: Sequence[Outputs]) -> Tensor:
        """T^2 KL(q || p)."""
        if "logits" not in outputs:
            raise UserError(f"{self.run.system.name} has no logits that a teacher could teach")
        temperature = self.settings.temperature
        student, *answers = (_log_softmax(o, temperature) for o in (outputs, *taught))
        soft = torch.stack(answers).exp().mean(dim=0)  # (N, classes)
        return temperature**2 * F.kl_div(student, soft, reduction="batchmean")

    # Hints: their regressors learn beside the student -------------------------------------------

    def parameters(self, phase: str) -> list[nn.Parameter]:
        return [*super().parameters(phase), *(self.hints.parameters if self.hints else [])]

    def apply(self, phase: str, gradients: Gradients) -> None:
        own = len(super().parameters(phase))
        super().apply(phase, gradients[:own])
        if self.hints is not None:
            self.hints.update(gradients[own:], self.run.step)

    def state(self) -> Tree:
        own = super().state()
        if self.hints is not None:
            own["hints"] = self.hints.state()
        if self.sequences is not None:
            own["sequences"] = self.sequences
        return own

    def restore(self, state: Tree) -> None:
        if self.hints is not None:
            self.hints.restore(state.pop("hints"))
        if self.sequences is not None:
            check_unchanged(folder_of(self.run), self.sequences, state.pop("sequences"))
        super().restore(state)

    def _hints(self) -> Hints:
        """Of the shapes that the features of one batch have.

        Raises UserError where the learner names none, or a teacher's are of another shape.
        """
        name, system = self.settings.hint, self.run.system.name
        phase = next(iter(self.phases))
        batch = self.next_batch(phase)
        with self.inner.at_rest():
            outputs = self.forward(phase, batch)
        if name not in outputs:
            instead = "leave --compile" if self.recipe.compile else "leave --hints"
            raise UserError(
                f"{system} names no {name} that --hints could be about, only {', '.join(outputs)}; "
                + instead
            )
        student = outputs[name]
        features = [self.forward_by(teacher, phase, batch)[name] for teacher in self.teachers]
        for teacher, taught in zip(self.teachers, features, strict=True):
            if not comparable(student, taught):
                raise UserError(
                    f"the {name} of the teacher {teacher.system} are {_spelled(taught)}, of the "
                    f"student {system} {_spelled(student)}: --hints need all but the channels alike"
                )
        return Hints(student, features, self.recipe, self.total_steps)


def _spelled(features: Tensor) -> str:
    return " x ".join(map(str, features.shape[1:]))


def _log_softmax(outputs: Outputs, temperature: float) -> Tensor:
    """(N, classes) of all answers that count: of a sequence, those to no padding."""
    logits = outputs["logits"].float() / temperature
    logits = logits[outputs["counted"]] if "counted" in outputs else logits.flatten(0, -2)
    return logits.log_softmax(dim=-1)


def _check_task(teacher: Artifact, student: Artifact) -> None:
    """Raises UserError for one that answers another question."""
    if type(teacher.spec) is not type(student.spec):
        raise UserError(f"{teacher.system} cannot teach {student.system}: its task is another")


def _check_comparable(teacher: Artifact, student: Artifact) -> None:
    """Raises UserError for one whose networks do not answer in the student's terms."""
    if teacher.form == "onnx":
        raise UserError(
            f"the teacher {teacher.system} is in the onnx form; give what it was exported from"
        )
    if teacher.modules.keys() != student.modules.keys():
        raise UserError(f"{teacher.system} cannot teach {student.system}: its task is another")
    if teacher.spec != student.spec:
        raise UserError(
            f"the teacher {teacher.system} knows {teacher.spec.told}, the student "
            f"{student.system} is to know {student.spec.told}: give both the same data and sizes"
        )
    if teacher.assets != student.assets:
        raise UserError(
            f"the teacher {teacher.system} has other classes or another vocabulary than the "
            f"student {student.system}: train both on the same data"
        )
