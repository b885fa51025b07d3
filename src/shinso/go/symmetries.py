"""The eight symmetries of a board: its rotations, and those of its mirror image.

Number s turns a board s % 4 quarters to the left, from 4 on after its columns were mirrored.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SYMMETRIES = 8
Symmetries = int | NDArray[np.integer]  # one for all, or (N,) one each
INVERSE = np.array([0, 3, 2, 1, 4, 5, 6, 7])  # a mirror image undoes itself, turned or not


def transform_planes(planes: NDArray[Any], symmetries: Symmetries) -> NDArray[Any]:
    """Planes (..., size, size) under a symmetry, or (N, ..., size, size) each under its own of N
    symmetries."""
    size = planes.shape[-1]
    flat = planes.reshape(*planes.shape[:-2], size * size)
    return _gathered(flat, _sources(size)[symmetries, :-1]).reshape(planes.shape)


def transform_policy(policy: NDArray[Any], symmetries: Symmetries) -> NDArray[Any]:
    """Values of moves (..., size * size + 1), that of a pass the last, as `transform_planes` does
    it with planes."""
    size = int(np.sqrt(policy.shape[-1] - 1))
    return _gathered(policy, _sources(size)[symmetries])


def transform_moves(
    points: NDArray[np.integer], symmetries: Symmetries, size: int
) -> NDArray[np.integer]:
    """Where points (N,) come to lie, under one symmetry or each under its own; passes stay."""
    return _sources(size)[INVERSE[symmetries], points].astype(points.dtype)


def _gathered(values: NDArray[Any], sources: NDArray[np.int64]) -> NDArray[Any]:
    """Values (..., P) from sources (P,), or (N, ..., P) from sources (N, P)."""
    between = (1,) * (values.ndim - sources.ndim)
    shape = sources.shape[:-1] + between + sources.shape[-1:]
    return np.take_along_axis(values, sources.reshape(shape), axis=-1)


@cache
def _sources(size: int) -> NDArray[np.int64]:
    """(8, size * size + 1): for each symmetry and point, which point it shows; a pass a pass."""
    board = np.arange(size * size).reshape(size, size)
    seen = [np.rot90(board[:, ::-1] if s >= 4 else board, s % 4) for s in range(SYMMETRIES)]
    passes = np.full((SYMMETRIES, 1), size * size)
    return np.concatenate([np.reshape(seen, (SYMMETRIES, size * size)), passes], axis=1)
