"""Adding whole numbers of any length with a net that was taught eight bits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from shinso.core.errors import UserError
from shinso.core.predictor import Prediction, Predictor
from shinso.data.addition import Pairs, number
from shinso.language.adder.model import initial_state
from shinso.language.adder.recipe import AdderRecipe, AdderSpec

MOST_BITS = 62  # of a sum, which must fit a signed 64-bit integer
Operands = tuple[int, int]


@dataclass(frozen=True)
class Sum(Prediction):
    """What the net says two numbers add up to."""

    first: int
    second: int
    sum: int
    right: bool

    def __str__(self) -> str:
        mark = "" if self.right else f"   (wrong: it is {self.first + self.second})"
        return f"{self.first} + {self.second} = {self.sum}{mark}"


class AdderPredictor(Predictor[str | Operands, Sum]):
    """Called with "54 + 104" or (54, 104)."""

    batch_size = 2048

    def read(self, argument: str) -> Iterator[tuple[str, str | Operands]]:
        yield argument, argument

    def predict(self, inputs: Sequence[str | Operands]) -> list[Sum]:
        operands = [_operands(item) for item in inputs]
        first, second = (np.array(column, dtype=np.int64) for column in zip(*operands, strict=True))
        width = max(int(max(first + second)).bit_length(), self._width)
        sums = number(self.logits(Pairs(first, second, width)) > 0).tolist()
        return [
            Sum(a, b, total, total == a + b) for (a, b), total in zip(operands, sums, strict=True)
        ]

    def logits(self, pairs: Pairs) -> NDArray[np.float32]:
        """(N, width) logits of the sums' bits; the net carries its state from piece to piece."""
        recipe = self.artifact.recipe
        assert isinstance(recipe, AdderRecipe)
        network = self.artifact.network("adder")
        pieces = -(-pairs.width // self._width)
        padding = pieces * self._width - pairs.width
        inputs = np.pad(pairs.inputs, ((0, 0), (0, padding), (0, 0)))  # (N, T, 2)
        state = initial_state(recipe, len(pairs))
        logits = []
        for piece in np.split(inputs, pieces, axis=1):
            output, *state_after = network(torch.from_numpy(np.ascontiguousarray(piece)), *state)
            state = tuple(state_after)
            logits.append(output.numpy())
        return np.concatenate(logits, axis=1)[:, : pairs.width]

    @property
    def _width(self) -> int:
        spec = self.artifact.spec
        assert isinstance(spec, AdderSpec)
        return spec.width


def _operands(item: str | Operands) -> Operands:
    if isinstance(item, str):
        match = re.fullmatch(r"\s*(\d+)\s*\+\s*(\d+)\s*=?\s*", item, re.ASCII)
        if match is None:
            raise UserError(f"cannot add {item!r}; write two whole numbers, like '54 + 104'")
        item = (int(match[1]), int(match[2]))
    if min(item) < 0 or sum(item).bit_length() > MOST_BITS:
        raise UserError(f"{item[0]} + {item[1]} has no sum of 0 to {MOST_BITS} bits")
    return item
