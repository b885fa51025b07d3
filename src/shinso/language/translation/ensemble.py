"""Ensembles: several networks that write one output together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import reduce

import torch
from torch import Tensor

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.language.translation.decoding import State, Stepper, log_softmax
from shinso.language.translation.predictor import TranslationPredictor, stepper_of


class Ensemble:
    """At each position the mean of the networks' probabilities; all have one vocabulary.

    The mean of probabilities is a distribution, so log-probabilities are those of a model, the
    even mixture, as they are of one network. The mean of log-probabilities would have to be
    normalised, and in it one network that is wrong about a token vetoes it for all.
    """

    def __init__(self, networks: Sequence[Stepper]) -> None:
        self.networks = tuple(networks)

    def start(self, source: Tensor, lengths: Tensor) -> State:
        return tuple(network.start(source, lengths) for network in self.networks)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State, Tensor | None]:
        """As a network's; the logits are log p, the weights the mean of those that networks
        with attention give."""
        log_p, after, weights = [], [], []
        for network, part in zip(self.networks, state, strict=True):
            assert isinstance(part, tuple)
            logits, part, attended = network.step(tokens, part)
            log_p.append(log_softmax(logits))
            after.append(part)
            if attended is not None:
                weights.append(attended)
        return (
            reduce(torch.logaddexp, log_p),  # of the sum: log_softmax takes the divisor away
            tuple(after),
            torch.stack(weights).mean(dim=0) if weights else None,
        )


class EnsemblePredictor(TranslationPredictor):
    """One translator or several that write together, as the first one's options say."""

    def __init__(self, artifacts: Sequence[Artifact]) -> None:
        """Raises UserError for translators that cannot write one text."""
        super().__init__(artifacts[0])
        self.artifacts = artifacts
        for other in artifacts[1:]:
            if other.assets != artifacts[0].assets:
                raise UserError(
                    f"{other.path or other.system} has another vocabulary than {self._place}, so "
                    "they cannot write together: train both on the same data"
                )

    @contextmanager
    def stepper(self, attention: bool) -> Iterator[Stepper]:
        with ExitStack() as stack:
            nets = [stack.enter_context(stepper_of(a, attention)) for a in self.artifacts]
            yield nets[0] if len(nets) == 1 else Ensemble(nets)
