"""What a channel is worth: the criteria by which structured pruning chooses.

Each is given torch-pruning's dependency graph and one of its groups, whose items are a dependency
(a module and the side of it), the channels there, and which of the group's own each of them is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from shinso.core.edits import axes

# Of graph and group: (C,), low where little is lost; None for a group that it says nothing about.
Criterion = Callable[[Any, Any], Tensor | None]


def l1_norm(graph: Any, group: Any) -> Tensor | None:
    """The sum of magnitudes that go with a channel, its mean over the layers that make or read it
    (Li et al. 2017, Pruning filters for efficient ConvNets, section 3.1, for the layers of a
    group)."""
    from torch_pruning.pruner.importance import GroupMagnitudeImportance

    importance: Tensor | None = GroupMagnitudeImportance(p=1, normalizer=None)(group)
    return importance


def mean_magnitude(graph: Any, group: Any) -> Tensor | None:
    """Of the weights that make a channel, over all layers whose outputs are added up in it: on the
    scale of single weights, whatever the width of a layer."""

    def made_by(item: Any) -> Tensor | None:
        module = item.dep.target.module
        side = axes(module).get("out")
        if side is None or not graph.is_out_channel_pruning_fn(item.dep.handler):
            return None
        weight = getattr(module, "weight", None)
        if weight is None or weight.dim() < 2:
            return None
        return weight.abs().movedim(side.tensors["weight"], 0).flatten(1).mean(dim=1)

    return _mean_of_layers(group, made_by)


def batch_norm_scale(graph: Any, group: Any) -> Tensor | None:
    """The magnitude of the factor by which batch normalisation scales a channel (Liu et al. 2017,
    Learning efficient convolutional networks through network slimming, section 3), its mean where
    several do."""

    def scale(item: Any) -> Tensor | None:
        module = item.dep.target.module
        known = isinstance(module, _BatchNorm) and module.affine
        return module.weight.abs() if known else None

    return _mean_of_layers(group, scale)


@torch.no_grad()
def _mean_of_layers(group: Any, value: Callable[[Any], Tensor | None]) -> Tensor | None:
    """(C,) the mean of what the items tell of each channel; None where none tells anything."""
    count = len(group[0].idxs)
    total, told = torch.zeros(count), torch.zeros(count)
    for item in group.items:
        if isinstance(item.dep.target.module, nn.Parameter) or None in item.root_idxs:
            continue
        values = value(item)
        if values is not None:
            roots = torch.tensor(item.root_idxs)
            total.index_add_(0, roots, values[item.idxs])
            told.index_add_(0, roots, torch.ones(len(roots)))
    return total / told if bool(told.all()) else None
