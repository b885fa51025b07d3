"""The states of recurrent layers while a translation is written: as decoding picks rows of them."""

from __future__ import annotations

from torch import Tensor


def swapped(state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """A RecurrentStack's state, (L, N, H) each, as rows (N, L, H), or these as its state."""
    return tuple(tensor.transpose(0, 1).contiguous() for tensor in state)
