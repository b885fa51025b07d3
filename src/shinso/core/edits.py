"""Edits: channels that were taken out of a network, kept with an artifact and replayed on the
network that its recipe builds, before weights are read into it.

An edit names a module, the side of it (its inputs or its outputs) and the channels that stay
there. What pruned the network is not needed to replay it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from shinso.core.errors import UserError


@dataclass(frozen=True)
class Edit:
    """Of the module at this path only the channels `kept`, ascending, stay on that side.

    A Linear that reads flattened maps has each pixel of a channel for an input of its own.
    """

    module: str
    side: str  # "in" or "out"
    kept: tuple[int, ...]

    def as_dict(self) -> dict[str, str]:
        return {"module": self.module, "side": self.side, "kept": _spelled(self.kept)}


Edits = Mapping[str, Sequence[Edit]]  # by network, in the order in which they are replayed


@dataclass(frozen=True)
class Axis:
    """Where a module has the channels of one side."""

    sizes: tuple[str, ...]  # the attributes that tell their number
    tensors: Mapping[str, int]  # parameters and buffers, and the dimension of them


def axes(module: nn.Module) -> dict[str, Axis]:
    """The sides of a module that can be edited; none of one of a kind unknown here.

    What treats each channel by itself (a normalisation, a depthwise convolution) has one side,
    "out"; convolutions in groups of several channels have none.
    """
    match module:
        case nn.Linear():
            return {
                "in": Axis(("in_features",), {"weight": 1}),
                "out": Axis(("out_features",), {"weight": 0, "bias": 0}),
            }
        case _ConvNd(groups=1):
            inputs, outputs = (0, 1) if module.transposed else (1, 0)
            return {
                "in": Axis(("in_channels",), {"weight": inputs}),
                "out": Axis(("out_channels",), {"weight": outputs, "bias": 0}),
            }
        case _ConvNd() if module.groups == module.in_channels == module.out_channels:
            sizes = ("in_channels", "out_channels", "groups")
            return {"out": Axis(sizes, {"weight": 0, "bias": 0})}
        case _NormBase():
            tensors = ("weight", "bias", "running_mean", "running_var")
            return {"out": Axis(("num_features",), dict.fromkeys(tensors, 0))}
        case nn.LayerNorm() | nn.RMSNorm():
            return {"out": Axis(("normalized_shape",), {"weight": -1, "bias": -1})}
        case nn.GroupNorm():
            return {"out": Axis(("num_channels",), {"weight": 0, "bias": 0})}
        case nn.Embedding():
            return {"out": Axis(("embedding_dim",), {"weight": 1})}
    return {}


def size(module: nn.Module, axis: Axis) -> int:
    """How many channels there are now."""
    number = getattr(module, axis.sizes[0])
    return int(number[-1] if isinstance(number, tuple) else number)


def replay(edits: Edits, networks: Mapping[str, nn.Module]) -> None:
    """Takes the channels out of the networks, in place; parameters are new ones afterwards.

    Raises UserError for an edit that does not fit.
    """
    for name, of_network in edits.items():
        if name not in networks:
            raise UserError(f"an edit is of a network {name}, and the recipe builds none")
        _Replay(name, networks[name]).run(of_network)


class _Replay:
    def __init__(self, name: str, network: nn.Module) -> None:
        self.name = name
        self.network = network
        # Old and new tensor by what was cut of it: two modules that share one share the new one.
        self.cuts: dict[tuple[int, int, tuple[int, ...]], tuple[Tensor, Tensor]] = {}

    def run(self, edits: Sequence[Edit]) -> None:
        for edit in edits:
            module, axis = self._find(edit)
            for tensor_name, dimension in axis.tensors.items():
                tensor = getattr(module, tensor_name, None)
                if tensor is not None:
                    setattr(module, tensor_name, self._cut(tensor, dimension, edit.kept))
            for attribute in axis.sizes:
                before = getattr(module, attribute)
                now = len(edit.kept)
                setattr(module, attribute, (*before[:-1], now) if _is_shape(before) else now)

    def _find(self, edit: Edit) -> tuple[nn.Module, Axis]:
        try:
            module = self.network.get_submodule(edit.module)
        except AttributeError:
            raise self._misfit(edit, "there is no such module") from None
        axis = axes(module).get(edit.side)
        if axis is None:
            raise self._misfit(edit, f"a {type(module).__name__} has no such side")
        count = size(module, axis)
        if not edit.kept or edit.kept[0] < 0 or edit.kept[-1] >= count:
            last = edit.kept[-1] if edit.kept else "none"
            raise self._misfit(edit, f"it keeps {last} of the channels 0 to {count - 1}")
        return module, axis

    def _cut(self, tensor: Tensor, dimension: int, kept: tuple[int, ...]) -> Tensor:
        key = (id(tensor), dimension, kept)
        if key not in self.cuts:
            index = torch.tensor(kept, device=tensor.device)
            cut = tensor.detach().index_select(dimension, index)
            if isinstance(tensor, nn.Parameter):
                cut = nn.Parameter(cut, tensor.requires_grad)
            self.cuts[key] = tensor, cut
        return self.cuts[key][1]

    def _misfit(self, edit: Edit, problem: str) -> UserError:
        where = f"{self.name}'s {edit.module} ({edit.side})"
        return UserError(f"the edit of {where} does not fit: {problem}")


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple)


# As JSON ---------------------------------------------------------------------------------------


def edits_as_dict(edits: Edits) -> dict[str, list[dict[str, str]]]:
    return {name: [edit.as_dict() for edit in of_network] for name, of_network in edits.items()}


def edits_from_dict(value: Any, origin: str) -> dict[str, tuple[Edit, ...]]:
    """Raises UserError naming `origin` where the value is not what `edits_as_dict` gives."""
    try:
        return {
            str(name): tuple(
                Edit(str(row["module"]), str(row["side"]), _read(row["kept"])) for row in rows
            )
            for name, rows in value.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{origin} is damaged: its edits are unreadable ({error!r})") from None


def _spelled(kept: Sequence[int]) -> str:
    """Ascending numbers as ranges, "0-3,7": an artifact.json is there to be read."""
    starts = [i for i in range(len(kept)) if i == 0 or kept[i] != kept[i - 1] + 1]
    ranges = [(kept[i], kept[j - 1]) for i, j in pairwise([*starts, len(kept)])]
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def _read(ranges: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise ValueError(f"{ranges} does not ascend")
    return tuple(numbers)
