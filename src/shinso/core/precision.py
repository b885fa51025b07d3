"""Precision: the type of an artifact's weights, in which its networks compute.

A network keeps float32 weights, rounded to the precision, and makes a copy of itself to compute
with. So whoever reads its modules (a decoder that goes step by step, a teacher, an export, training
that starts from them) has the same numbers, in the type that all of them are written for, and only
`Artifact.network` has to know of another.
"""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from shinso.core.errors import UserError

FLOAT32 = "float32"
FLOATS = ("float64", FLOAT32, "bfloat16", "float16")
INT8 = "int8"  # of graphs alone

# Few numbers, of which statistics reach further than float16 does: they stay as exact as autocast
# leaves them.
_NORMALISATIONS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


def check_precision(name: Any, form: str, origin: str) -> str:
    """Raises UserError naming `origin` where a network of this form cannot have the precision."""
    possible = (FLOAT32, INT8) if form == "onnx" else FLOATS
    if name not in possible:
        raise UserError(f"{origin} is damaged: its precision {name!r} is none of the {form} form's")
    return str(name)


def in_precision(network: nn.Module, precision: str) -> nn.Module:
    """A copy whose floating numbers are of that type; those of normalisations stay float32 where
    it has fewer bits."""
    dtype: torch.dtype = getattr(torch, precision)
    twin = copy.deepcopy(network)
    for part in twin.modules():
        exact = isinstance(part, _NORMALISATIONS)
        own = torch.promote_types(dtype, torch.float32) if exact else dtype
        for tensor in (*part.parameters(recurse=False), *part.buffers(recurse=False)):
            if tensor.is_floating_point():
                tensor.data = tensor.data.to(own)
    return twin


class InPrecision(nn.Module):
    """A copy of a network that computes in the precision: what goes in is cast to it, and what
    comes out to float32.

    Within, autocast (which knows types of 16 bits) makes the types meet where they differ, behind
    a normalisation or where a network makes a float32 tensor of its own. The weights have their
    type already, so that no call has to cast them.
    """

    def __init__(self, network: nn.Module, precision: str) -> None:
        super().__init__()
        self.network = in_precision(network, precision)
        self.dtype: torch.dtype = getattr(torch, precision)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        with self._autocast(inputs):
            outputs = self.network(*(_cast(tensor, self.dtype) for tensor in inputs))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return tuple(_cast(tensor, torch.float32) for tensor in outputs)

    def _autocast(self, inputs: tuple[Tensor, ...]) -> AbstractContextManager[Any]:
        if self.dtype.itemsize > 2:
            return nullcontext()
        return torch.autocast(inputs[0].device.type, self.dtype)


def _cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
