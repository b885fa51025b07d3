"""Structured pruning of an artifact: how much of each layer goes, by share, by what is left to
compute, or by one threshold for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from shinso.core.artifact import Artifact
from shinso.core.counting import costs
from shinso.core.edits import Edits, replay
from shinso.core.errors import UserError
from shinso.core.system import System
from shinso.levers.channels import Channels, Choice, below, lowest
from shinso.levers.criteria import Criterion, batch_norm_scale, l1_norm, mean_magnitude
from shinso.levers.settings import PruneSettings

HALVINGS = 10  # of the interval in which the ratio for --macs is looked for

# A threshold is compared with what is on the scale of single weights, whatever a layer's width.
BY_SHARE: dict[str, Criterion] = {"l1": l1_norm, "bn": batch_norm_scale}
BY_THRESHOLD: dict[str, Criterion] = {"l1": mean_magnitude, "bn": batch_norm_scale}


def without_channels(
    system: System, artifact: Artifact, settings: PruneSettings
) -> tuple[Artifact, dict[str, Any]]:
    """The artifact without the least important channels, and what went; changes its modules.

    Raises UserError where no channel can go, none would, or all of a layer would.
    """
    criteria = BY_SHARE if settings.threshold is None else BY_THRESHOLD
    found = _channels(system, artifact, settings.criterion, criteria)
    choice, done = _chosen(system, artifact, settings, found)
    new = {channels.name: channels.checked_edits(choice) for channels in found}
    if not any(new.values()):
        raise UserError(_nothing(system, settings, found))
    replay(new, artifact.modules)
    pruned = replace(artifact, edits=_after(artifact.edits, new), scores={})
    widths = {path: width for channels in found for path, width in channels.widths(choice).items()}
    return pruned, {**done, "channels": widths}


def channel_magnitudes(
    system: System, artifact: Artifact, settings: PruneSettings
) -> dict[str, Tensor]:
    """{layer: (C,)}, what a threshold is compared with. Raises UserError where no channel can
    go."""
    return _importances(_channels(system, artifact, settings.criterion, BY_THRESHOLD))


def _channels(
    system: System, artifact: Artifact, name: str, criteria: dict[str, Criterion]
) -> list[Channels]:
    examples = system.load("example_inputs")(artifact.recipe, artifact.spec)
    found = [
        Channels(network, module, examples[network][0], criteria[name])
        for network, module in artifact.modules.items()
    ]
    if any(channels.groups for channels in found):
        return found
    if name == "bn":
        raise UserError(
            f"no channels of {system.name} that can go are scaled by batch normalisation; "
            "--criterion l1 goes by their weights"
        )
    raise UserError(
        f"no channels of {system.name} can go without inputs, outputs or states changing "
        "shape; --unstructured sets single weights to 0"
    )


def _importances(found: Sequence[Channels]) -> dict[str, Tensor]:
    return {layer: c for channels in found for layer, c in channels.importances.items()}


# Which of them -----------------------------------------------------------------------------------


def _chosen(
    system: System, artifact: Artifact, settings: PruneSettings, found: Sequence[Channels]
) -> tuple[Choice, dict[str, Any]]:
    """The choice, and the share and threshold that it came to."""
    layers = _importances(found)
    by_share = _by_share(settings.criterion, layers)
    if settings.macs is not None:
        ratio = _ratio_for(settings.macs, by_share, system, artifact, found)
        return by_share(ratio), {"ratio": ratio}
    if settings.ratio is not None and settings.criterion == "l1":
        return by_share(settings.ratio), {"ratio": settings.ratio}
    threshold = settings.threshold or _quantile(layers, settings.ratio or 0.0)
    for layer, importance in layers.items():
        if bool((importance < threshold).all()):
            raise UserError(
                f"{settings.asked} would take all channels of {layer}, the largest of which is "
                f"worth {float(importance.max()):.4g}: less has to go"
            )
    values = torch.cat([*layers.values()])
    share = float((values < threshold).double().mean())
    return below(threshold), {"ratio": share, "threshold": threshold}


def _by_share(criterion: str, layers: dict[str, Tensor]) -> Callable[[float], Choice]:
    """L1 norms of different layers are on different scales, so the same share of each goes; those
    of batch normalisation are on one (Liu et al. 2017, section 3, prune by one threshold too)."""
    if criterion == "bn":
        return lambda share: below(_quantile(layers, share))
    return lowest


def _quantile(layers: dict[str, Tensor], share: float) -> float:
    """The number that so large a share of all channels is below; infinite for all of them."""
    ordered = torch.cat([*layers.values()]).sort().values
    count = int(len(ordered) * share + 1e-9)
    return float(ordered[count]) if count < len(ordered) else float("inf")


def _ratio_for(
    share: float,
    by_share: Callable[[float], Choice],
    system: System,
    artifact: Artifact,
    found: Sequence[Channels],
) -> float:
    """The smallest share of channels whose going leaves that share of the multiply-adds.

    Raises UserError where one channel a layer is still too much.
    """

    def macs(ratio: float) -> int:
        choice = by_share(ratio)
        new = {channels.name: channels.edits(choice) for channels in found}
        counted = costs(system, artifact.recipe, artifact.spec, _after(artifact.edits, new))
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


def _nothing(system: System, settings: PruneSettings, found: Sequence[Channels]) -> str:
    """Why no channel went."""
    layers = _importances(found).values()
    if settings.threshold is None and settings.criterion == "l1":
        widest = max(map(len, layers))
        return (
            f"{settings.asked} is less than one channel of {widest}, and no layer of "
            f"{system.name} that can lose some has more"
        )
    least = min(float(importance.min()) for importance in layers)
    return (
        f"{settings.asked} takes no channel of {system.name}: none is worth less than {least:.4g}"
    )


def _after(edits: Edits, new: Edits) -> Edits:
    """Both, in the order in which they are replayed."""
    names = dict.fromkeys([*edits, *new])
    return {name: (*edits.get(name, ()), *new.get(name, ())) for name in names}
