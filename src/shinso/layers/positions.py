"""Sinusoidal positions: what tells a Transformer, which knows no order, where a token stands."""

from __future__ import annotations

import torch
from torch import Tensor

from shinso.core.errors import UserError
from shinso.core.exhibits import Heatmap

LONGEST_WAVE = 10_000  # its period over 2 pi, in steps


def sinusoidal_positions(
    steps: int,
    size: int,
    start: int = 0,
    *,
    dtype: torch.dtype | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """(T, D): the positions from `start` on, by waves of ever lower frequency (Vaswani et al. 2017,
    section 3.5).

        p(t)[2i] = sin(w_i t)    p(t)[2i+1] = cos(w_i t)    w_i = 10000^(-2i / D)

    A pair (sin w t, cos w t) is the hand of a clock. k steps later all hands have turned by fixed
    angles w_i k, wherever they stood: p(t + k) is p(t) rotated, so that a linear map can look for
    what stands k steps away. Any position can be computed, also past the longest seen in training.

    Raises UserError for an odd size.
    """
    if size % 2 != 0:
        raise UserError(f"positions of {size} numbers have one without a pair; give an even size")
    # In float64: in float32 angles are off by up to 5e-4 at step 10,000.
    pairs = torch.arange(0, size, 2, dtype=torch.float64, device=device)  # (D/2,)
    times = torch.arange(start, start + steps, dtype=torch.float64, device=device)  # (T,)
    angles = times[:, None] * LONGEST_WAVE ** (-pairs / size)  # (T, D/2)
    waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)  # (T, D)
    return waves.to(torch.get_default_dtype() if dtype is None else dtype)


def position_exhibit(steps: int, size: int) -> Heatmap:
    """The positions drawn, one a row."""
    return Heatmap(
        "Sinusoidal positions",
        "Fast waves on the left tell neighbours apart, slow ones on the right far from near.",
        sinusoidal_positions(steps, size).double().numpy(),
        row_title="position",
        column_title="dimension",
    )
