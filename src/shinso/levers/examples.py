"""Inputs for networks that are tried without data, made of a system's examples of batch 1."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor


def grown(tensor: Tensor, dimensions: Collection[int], by: int) -> Tensor:
    """The example with that many more rows in these dimensions, repeated from its own."""
    for dimension in dimensions:
        rows = torch.arange(tensor.shape[dimension] + by) % tensor.shape[dimension]
        tensor = tensor.index_select(dimension, rows)
    return tensor


def random_like(tensor: Tensor, generator: torch.Generator) -> Tensor:
    """Numbers drawn anew; whole ones as they are, for only the row knows which are allowed."""
    if not tensor.is_floating_point():
        return tensor
    return torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype)
