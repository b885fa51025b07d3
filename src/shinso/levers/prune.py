"""Pruning: a trained network does without much of itself (Han et al. 2015, Learning both weights
and connections for efficient neural networks).

Structured, whole channels are taken out, and the network is smaller and faster everywhere.
Unstructured, the smallest weights are set to 0 and all shapes stay: it compresses well, and is as
fast as before. What it has lost in accuracy, training on brings back, at the rates that the
network was first trained with (Renda et al. 2020, Comparing rewinding and fine-tuning, find no
better).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from shinso.core.artifact import Artifact
from shinso.core.counting import costs
from shinso.core.edits import Edits, replay
from shinso.core.errors import UserError
from shinso.core.learner import Learner
from shinso.core.precision import FLOAT32
from shinso.core.system import System
from shinso.core.trainable import Gradients
from shinso.levers.channels import Channels
from shinso.levers.settings import PruneSettings
from shinso.levers.wrapping import Wrapping

HALVINGS = 10  # of the interval in which the ratio for --macs is looked for


def prune(
    system: System, artifact: Artifact, settings: PruneSettings
) -> tuple[Artifact, dict[str, Any]]:
    """The artifact without the least important channels, or with the smallest weights at 0, and
    what was done. Its scores are not known yet. May change the modules of the one given.

    Raises UserError for an artifact whose networks are graphs, or where nothing can go.
    """
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
    if settings.unstructured:
        threshold = _zero_smallest(prunable(artifact.modules.values()), settings.ratio or 0.0)
        return replace(artifact, scores={}), {"ratio": settings.ratio, "threshold": threshold}
    return _without_channels(system, artifact, settings)


class PrunedLearner(Wrapping):
    """Trains on what pruning left: weights that it set to 0 stay 0."""

    def __init__(self, inner: Learner, settings: PruneSettings) -> None:
        super().__init__(inner, settings)
        # From the weights it starts with, so they are the same after a resume.
        weights = prunable(self.networks.values()) if settings.unstructured else []
        self.masks = [(weight, weight.detach() != 0) for weight in weights]

    def apply(self, phase: str, gradients: Gradients) -> None:
        super().apply(phase, gradients)
        with torch.no_grad():
            for weight, mask in self.masks:
                weight.mul_(mask)


# Structured --------------------------------------------------------------------------------------


def _without_channels(
    system: System, artifact: Artifact, settings: PruneSettings
) -> tuple[Artifact, dict[str, Any]]:
    examples = system.load("example_inputs")(artifact.recipe, artifact.spec)
    found = [Channels(name, net, examples[name][0]) for name, net in artifact.modules.items()]
    widest = max(
        (len(group.importance) for channels in found for group in channels.groups), default=0
    )
    if not widest:
        raise UserError(
            f"no channels of {system.name} can go without inputs, outputs or states changing "
            "shape; --unstructured sets single weights to 0"
        )
    ratio = settings.ratio or _ratio_for(settings.macs or 1.0, system, artifact, found)
    new = {channels.name: channels.checked_edits(ratio) for channels in found}
    if not any(new.values()):
        raise UserError(
            f"--ratio {ratio:g} is less than one channel of {widest}, and no layer of "
            f"{system.name} that can lose some has more"
        )
    replay(new, artifact.modules)
    pruned = replace(artifact, edits=_after(artifact.edits, new), scores={})
    layers = {path: widths for channels in found for path, widths in channels.widths(ratio).items()}
    return pruned, {"ratio": ratio, "channels": layers}


def _ratio_for(
    share: float, system: System, artifact: Artifact, found: Iterable[Channels]
) -> float:
    """The smallest share of channels whose going leaves that share of the multiply-adds.

    Raises UserError where one channel a layer is still too much.
    """

    def macs(ratio: float) -> int:
        edits = _after(artifact.edits, {channels.name: channels.edits(ratio) for channels in found})
        counted = costs(system, artifact.recipe, artifact.spec, edits)
        return sum(cost.macs for cost in counted.values())

    most = share * macs(0)
    low, high = 0.0, 1.0  # at 1 a single channel stays in each group
    if macs(high) > most:
        raise UserError(
            f"--macs {share:g} is out of reach: with one channel left in each layer that can lose "
            f"some, {system.name} still makes {macs(high) / macs(0):.1%} of its multiply-adds"
        )
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if macs(middle) <= most else (middle, high)
    return high


def _after(edits: Edits, new: Edits) -> Edits:
    """Both, in the order in which they are replayed."""
    names = dict.fromkeys([*edits, *new])
    return {name: (*edits.get(name, ()), *new.get(name, ())) for name in names}


# Unstructured ------------------------------------------------------------------------------------


def prunable(networks: Iterable[nn.Module]) -> list[nn.Parameter]:
    """Kernels, matrices and tables; not biases and scales, which are few and matter much."""
    parameters = {id(p): p for network in networks for p in network.parameters() if p.dim() >= 2}
    return list(parameters.values())


@torch.no_grad()
def _zero_smallest(weights: list[nn.Parameter], ratio: float) -> float:
    """Sets that share of all weights together to 0, the smallest ones, and returns the largest
    magnitude among them."""
    magnitudes = torch.cat([weight.abs().flatten() for weight in weights])
    lowest = magnitudes.topk(int(len(magnitudes) * ratio), largest=False).indices
    kept = torch.ones_like(magnitudes).index_fill_(0, lowest, 0)
    parts = kept.split([weight.numel() for weight in weights])
    for weight, part in zip(weights, parts, strict=True):
        weight.mul_(part.view_as(weight))
    return float(magnitudes[lowest].max()) if len(lowest) else 0.0


def measure(artifact: Artifact, settings: PruneSettings) -> dict[str, int]:
    """What zeros save: the weights that are none, and the bytes that zlib makes of all."""
    if not settings.unstructured:
        return {}
    weights = prunable(artifact.modules.values())
    return {
        "weights": sum(weight.numel() for weight in weights),
        "nonzeros": sum(int(weight.count_nonzero()) for weight in weights),
        "compressed_bytes": sum(
            len(zlib.compress(parameter.detach().contiguous().numpy().tobytes(), 9))
            for module in artifact.modules.values()
            for parameter in module.state_dict().values()
        ),
    }
