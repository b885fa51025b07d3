"""Distillation: a student learns from what a teacher answers, and not only from what is right
(Hinton, Vinyals and Dean 2015, Distilling the knowledge in a neural network, section 2).

    loss = (1 - share) loss of the data + share T^2 KL(q || p)
    q = mean over the teachers of softmax(their logits / T),  p = softmax(the student's logits / T)

The gradients of soft targets shrink with 1 / T^2, which T^2 makes good. Several teachers are an
ensemble, whose answer is the mean of theirs (their section 3). A sequence's tokens are answers one
by one (Kim and Rush 2016, Sequence-level knowledge distillation, section 3.1).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.learner import Learner
from shinso.core.trainable import Batch, Outputs
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
            _check_teacher(teacher, self.inner.artifact())

    def loss(self, phase: str, batch: Batch, outputs: Outputs) -> Tensor:
        own = super().loss(phase, batch, outputs)
        if "logits" not in outputs:
            raise UserError(f"{self.run.system.name} has no logits that a teacher could teach")
        temperature, share = self.settings.temperature, self.settings.share
        answers = [_log_softmax(outputs, temperature)]
        for teacher in self.teachers:
            answers.append(_log_softmax(self.forward_by(teacher, phase, batch), temperature))
        student, *taught = answers  # (N, classes) each
        soft = torch.stack(taught).exp().mean(dim=0)
        distance = F.kl_div(student, soft, reduction="batchmean")
        return (1 - share) * own + share * temperature**2 * distance


def _log_softmax(outputs: Outputs, temperature: float) -> Tensor:
    """(N, classes) of all answers that count: of a sequence, those to no padding."""
    logits = outputs["logits"].float() / temperature
    logits = logits[outputs["counted"]] if "counted" in outputs else logits.flatten(0, -2)
    return logits.log_softmax(dim=-1)


def _check_teacher(teacher: Artifact, student: Artifact) -> None:
    """Raises UserError for one that answers another question, or cannot be asked."""
    if teacher.form == "onnx":
        raise UserError(
            f"the teacher {teacher.system} is in the onnx form; give what it was exported from"
        )
    if teacher.modules.keys() != student.modules.keys() or type(teacher.spec) is not type(
        student.spec
    ):
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
