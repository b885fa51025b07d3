"""Splits that are the same for everyone: by a hash of each example's name, never by a seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np

_Indices = np.ndarray[Any, np.dtype[np.int64]]

VALID_TENTH = {"train": 0.9, "valid": 0.1}  # where a source has no validation data
THREE_WAYS = {"train": 0.7, "valid": 0.1, "test": 0.2}  # where it has no splits at all


def stratified(
    labels: _Indices, names: Sequence[str], shares: Mapping[str, float]
) -> dict[str, _Indices]:
    """Splits examples so that each class has the same shares in every part.

    Within a class examples are ordered by the sha256 of their names and dealt out in that order;
    each part gets one at least, where a class has as many examples as there are parts. The first
    part takes what the others leave.

    Args:
        labels: (N,) class of each example.
        names: N names; a class's order does not depend on the order they come in.
        shares: part to its share; they sum to 1.

    Returns:
        Part to its indices, in ascending order.
    """
    digests = [sha256(name.encode("utf-8", "surrogateescape")).digest() for name in names]
    ranked = np.array(sorted(range(len(names)), key=digests.__getitem__), np.int64)
    classes = [ranked[labels[ranked] == label] for label in np.unique(labels)]
    sizes = np.array([len(members) for members in classes], np.int64)
    first, *others = shares
    parts: dict[str, _Indices] = {}
    for part in others:
        counts = np.maximum(_counts(sizes, shares[part]), sizes >= len(shares))
        parts[part] = _joined(m[:n] for m, n in zip(classes, counts, strict=True))
        classes = [m[n:] for m, n in zip(classes, counts, strict=True)]
    return {first: _joined(classes)} | parts


def _counts(sizes: _Indices, share: float) -> _Indices:
    """How many of each class: whole numbers that sum to `share` of all (largest remainders)."""
    exact = sizes * share
    counts = np.floor(exact).astype(np.int64)
    missing = round(share * int(sizes.sum())) - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[: max(missing, 0)]] += 1
    return counts


def _joined(chunks: Iterable[_Indices]) -> _Indices:
    return np.sort(np.concatenate([np.empty(0, np.int64), *chunks]))
