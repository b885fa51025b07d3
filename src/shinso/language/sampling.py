"""Sampling: drawing tokens from what a network gives them."""

from __future__ import annotations

import torch
from torch import Tensor


def drawn(
    logits: Tensor, draws: Tensor, temperature: float = 1.0, top_k: int | None = None
) -> Tensor:
    """The token of each row at which the summed probabilities pass its draw: (N,) int64.

    logits (N, V), divided by `temperature` before the softmax; at 0 the likeliest is taken.
    draws (N,) float64, uniform in [0, 1). `top_k` leaves the so many likeliest tokens of a row,
    and those that equal the last of them.
    """
    if temperature == 0:
        return logits.argmax(dim=1)
    if top_k is not None and top_k < logits.shape[1]:
        edge = logits.topk(top_k, dim=1).values[:, -1:]  # (N, 1)
        logits = logits.masked_fill(logits < edge, -torch.inf)
    wide = logits.double()
    sums = ((wide - wide.amax(dim=1, keepdim=True)) / temperature).exp().cumsum(dim=1)  # (N, V)
    return torch.searchsorted(sums, draws[:, None] * sums[:, -1:], right=True).squeeze(1)
