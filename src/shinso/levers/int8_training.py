"""Fine-tuning for int8: a network learns to live with weights and activations of 8 bits (Jacob et
al. 2018, section 3), where rounding what float32 has learned costs too much.

Batch normalisations become part of their convolutions first and stay as they are (section 3.2).
What is evaluated, and kept, is the graph in int8 with the ranges learned.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from shinso.core.artifact import Artifact
from shinso.core.calibration import seen_inputs
from shinso.core.errors import UserError
from shinso.core.evaluation import Evaluation
from shinso.core.learner import Learner
from shinso.layers.folding import folded
from shinso.levers.fake_int8 import ranges, with_rounding, without_rounding
from shinso.levers.quantise import as_int8, calibration
from shinso.levers.settings import QuantiseSettings
from shinso.levers.wrapping import Wrapping


def start(artifact: Artifact, settings: QuantiseSettings) -> Artifact:
    """What training begins with: the artifact in float32, as it is. Raises UserError for one that
    cannot be quantised, or whose ranges would be measured at each call."""
    if not calibration(artifact, settings):
        raise UserError(
            "training on is for int8 with fixed ranges: give --calibration, such as 512"
            if settings.to == "int8"
            else f"training on is for --to int8; {settings.to} needs none"
        )
    return artifact


class Int8Learner(Wrapping):
    """The system's own learner, over networks that round."""

    settings: QuantiseSettings

    def __init__(self, inner: Learner, settings: QuantiseSettings) -> None:
        super().__init__(inner, settings)
        assert isinstance(self.inner.start, Artifact)
        self.seen = seen_inputs(self.inner, calibration(self.inner.start, settings))
        networks = self.inner.networks.items()
        self.inner.adopt({name: with_rounding(folded(net)).train() for name, net in networks})
        self._wrap(self.inner)
        self._made: tuple[int, Artifact] | None = None  # the step, and the graphs at it

    def artifact(self) -> Artifact:
        if self._made is None or self._made[0] != self.run.step:
            self._made = self.run.step, self._in_int8()
        return self._made[1]

    def evaluate(self, split: str) -> Evaluation:
        system, artifact = self.run.system, self.artifact()
        options = artifact.options and artifact.options.changed(**system.selects_with)
        predictor = system.load("predictor")(artifact, options)
        evaluation: Evaluation = system.load("evaluate")(predictor, self.data, split)
        return evaluation

    def _in_int8(self) -> Artifact:
        networks = self.inner.networks
        plain = {name: without_rounding(network).cpu() for name, network in networks.items()}
        artifact = replace(self.inner.artifact(), modules=plain)
        learned = {name: ranges(network) for name, network in networks.items()}
        made, _ = as_int8(self.run.system, artifact, self.settings, self.seen, learned)
        return made

    def _autocast(self) -> AbstractContextManager[Any]:
        """None: bfloat16 would round once more, and to other numbers."""
        return nullcontext()
