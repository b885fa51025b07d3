"""Masks: which steps of a batch of sequences are there to be seen."""

from __future__ import annotations

import torch
from torch import Tensor


def padding_mask(lengths: Tensor, steps: int) -> Tensor:
    """(B,) lengths to (B, S): true up to a sequence's own end."""
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def causal_mask(steps: int, past: int = 0, device: torch.device | None = None) -> Tensor:
    """(T, P + T): a step may look at the P `past` ones, at those before it and at itself, not at
    what it is to predict (Vaswani et al. 2017, section 3.2.3)."""
    allowed = torch.ones(steps, past + steps, dtype=torch.bool, device=device)
    return allowed.tril(diagonal=past)
