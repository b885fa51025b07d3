"""States of recurrent layers, turned so that a row is a sequence."""

from __future__ import annotations

from torch import Tensor


def swapped(state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """A RecurrentStack's state, (L, N, H) each, as rows (N, L, H), or these as its state."""
    return tuple(tensor.transpose(0, 1).contiguous() for tensor in state)
