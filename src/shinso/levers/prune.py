"""Pruning: a trained network does without much of itself (Han et al. 2015, Learning both weights
and connections for efficient neural networks).

Structured, whole channels are taken out, and the network is smaller and faster everywhere.
Unstructured, the smallest weights are set to 0 and all shapes stay: it compresses well, and is as
fast as before. What it has lost in accuracy, training on brings back, at the rates that the
network was first trained with (Renda et al. 2020, Comparing rewinding and fine-tuning, find no
better); or the weights that stay are trained anew, in rounds (levers/rewinding.py).
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.learner import Learner
from shinso.core.precision import FLOAT32
from shinso.core.system import System
from shinso.core.trainable import Gradients
from shinso.levers.magnitude import (
    Layers,
    apply_masks,
    prunable,
    refuse_emptied,
    small_gone,
    smallest_gone,
    table_thresholds,
)
from shinso.levers.rewinding import RewindingLearner
from shinso.levers.settings import PruneSettings
from shinso.levers.structured import channel_magnitudes, without_channels
from shinso.levers.wrapping import Wrapping


def prune(
    system: System, artifact: Artifact, settings: PruneSettings
) -> tuple[Artifact | None, dict[str, Any]]:
    """The artifact without the least important channels, or with the smallest weights at 0, and
    what was done; no artifact in rounds, which are all training. Its scores are not known yet. May
    change the modules of the one given.

    Raises UserError for an artifact whose networks are graphs, or where nothing can go, or a whole
    layer would.
    """
    _refuse_graphs(artifact)
    if settings.rounds and artifact.edits:
        raise UserError(
            f"{artifact.path} has lost channels, and --rounds trains the whole network from the "
            "seed; leave --rounds, or prune what it was made of"
        )
    if settings.rounds:
        return None, {"ratio": settings.ratio}
    if settings.unstructured:
        return _without_weights(system, artifact, settings)
    return without_channels(system, artifact, settings)


def learner(inner: Learner, settings: PruneSettings) -> Wrapping:
    """What trains on what pruning left, or prunes while it trains."""
    kind = RewindingLearner if settings.rounds else PrunedLearner
    return kind(inner, settings)


class PrunedLearner(Wrapping):
    """Trains on what pruning left: weights that it set to 0 stay 0."""

    def __init__(self, inner: Learner, settings: PruneSettings) -> None:
        super().__init__(inner, settings)
        # From the weights it starts with, so they are the same after a resume.
        self.weights = prunable(self.networks) if settings.unstructured else {}
        self.masks = {name: weight.detach() != 0 for name, weight in self.weights.items()}

    def apply(self, phase: str, gradients: Gradients) -> None:
        super().apply(phase, gradients)
        apply_masks(self.weights, self.masks)


def telling_thresholds(system: System, artifact: Artifact, settings: PruneSettings) -> list[float]:
    """For a table of what they take and cost: chosen from the artifact's own magnitudes, ascending.

    Raises UserError for an artifact whose networks are graphs, or where none takes anything but
    whole layers.
    """
    _refuse_graphs(artifact)
    layers: Layers
    if settings.unstructured:
        weights = prunable(artifact.modules).items()
        layers = {name: weight.detach().abs() for name, weight in weights}
    else:
        layers = channel_magnitudes(system, artifact, settings)
    chosen = table_thresholds(layers)
    if not chosen:
        raise UserError(f"any threshold takes nothing of {system.name}, or a whole layer")
    return chosen


def measure(artifact: Artifact, settings: PruneSettings) -> dict[str, int]:
    """What zeros save: the weights that are none, and the bytes that zlib makes of all."""
    if not settings.unstructured:
        return {}
    weights = prunable(artifact.modules).values()
    return {
        "weights": sum(weight.numel() for weight in weights),
        "nonzeros": sum(int(weight.count_nonzero()) for weight in weights),
        "compressed_bytes": sum(
            len(zlib.compress(parameter.detach().contiguous().numpy().tobytes(), 9))
            for module in artifact.modules.values()
            for parameter in module.state_dict().values()
        ),
    }


def _refuse_graphs(artifact: Artifact) -> None:
    if artifact.form == "onnx":
        raise UserError(
            f"{artifact.path} is in the onnx form, which has no weights to prune; "
            "prune what it was exported from"
        )
    if artifact.precision != FLOAT32:
        raise UserError(
            f"{artifact.path} is {artifact.precision}, which pruning comes before; "
            "prune what it was made from"
        )


def _without_weights(
    system: System, artifact: Artifact, settings: PruneSettings
) -> tuple[Artifact, dict[str, Any]]:
    weights = prunable(artifact.modules)
    if settings.threshold is not None:
        masks = small_gone(weights, settings.threshold)
    else:
        masks = smallest_gone(weights, settings.ratio or 0.0, settings.criterion)
    gone = torch.cat([weight.detach()[~masks[name]].abs() for name, weight in weights.items()])
    count = sum(weight.numel() for weight in weights.values())
    if not len(gone):
        raise UserError(f"{settings.asked} takes none of {system.name}'s {count:,} weights")
    refuse_emptied(weights, masks, settings.asked)
    apply_masks(weights, masks)
    return replace(artifact, scores={}), _done(settings, gone, count)


def _done(settings: PruneSettings, gone: Tensor, count: int) -> dict[str, float]:
    """Share and threshold; whichever of them was not given is told by what went of all `count`
    weights. A criterion that asks for more than a weight's magnitude has no threshold."""
    ratio, threshold = settings.ratio, settings.threshold
    done = {"ratio": len(gone) / count if ratio is None else ratio}
    if settings.criterion != "lamp":
        done["threshold"] = float(gone.max()) if threshold is None else threshold
    return done
