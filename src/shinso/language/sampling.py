"""Sampling: drawing tokens from what a network gives them."""

from __future__ import annotations

import torch
from torch import Tensor

COLDEST = 1e-30  # a temperature; what is divided by less is no float32


def drawn(
    logits: Tensor, draws: Tensor, temperature: float = 1.0, top_k: int | None = None
) -> Tensor:
    """The token of each row at which the summed probabilities pass its draw: (N,) int64.

    logits (N, V), divided by `temperature` before the softmax; at 0 the likeliest is taken.
    draws (N,) float64, uniform in [0, 1). `top_k` leaves the so many likeliest tokens of a row.
    """
    if temperature < COLDEST:
        return logits.argmax(dim=1)
    tokens = None
    if top_k is not None and top_k < logits.shape[1]:
        logits, tokens = logits.topk(top_k, dim=1)  # (N, K)
    farther = (logits - logits.amax(dim=1, keepdim=True)) / temperature
    sums = farther.softmax(dim=1).cumsum(dim=1, dtype=torch.float64)  # (N, V)
    places = torch.searchsorted(sums, draws[:, None] * sums[:, -1:], right=True)  # (N, 1)
    return (places if tokens is None else tokens.gather(1, places)).squeeze(1)
