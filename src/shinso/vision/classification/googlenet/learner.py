"""The learner of a network with auxiliary heads: their losses are added, discounted."""

from __future__ import annotations

from torch import Tensor

from shinso.core.trainable import Outputs
from shinso.vision.classification.learner import Batch, ClassifierLearner

AUXILIARY_WEIGHT = 0.3  # Szegedy et al. 2015, section 5


class GoogLeNetLearner(ClassifierLearner):
    def forward(self, phase: str, batch: Batch) -> Outputs:
        answers = self.forwards["classifier"](batch[0])
        if isinstance(answers, Tensor):  # without auxiliary heads, or not in training
            return {"logits": answers}
        logits, *others = answers  # (B, classes) each
        return {"logits": logits} | {f"auxiliary{i}": other for i, other in enumerate(others, 1)}

    def loss(self, phase: str, batch: Batch, outputs: Outputs) -> Tensor:
        total = super().loss(phase, batch, outputs)
        for name, logits in outputs.items():
            if name.startswith("auxiliary"):
                total = total + AUXILIARY_WEIGHT * super().loss(phase, batch, {"logits": logits})
        return total
