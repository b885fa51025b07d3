"""Says what a net still knows of some symbols after the distance it was taught."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from shinso.core.errors import UserError
from shinso.core.predictor import Prediction, Predictor
from shinso.data.copying import to_read
from shinso.language.copying.model import initial_state
from shinso.language.copying.recipe import CopyingRecipe, CopyingSpec

BLANK = "_"


@dataclass(frozen=True)
class Recall(Prediction):
    """What was read, and what was written `distance` steps later."""

    read: str
    written: str
    distance: int
    right: bool

    def __str__(self) -> str:
        mark = "" if self.right else "   (wrong)"
        return f"{self.read} after {self.distance} steps: {self.written}{mark}"


class CopyingPredictor(Predictor[str, Recall]):
    """Called with "badge" or "b a d g e"."""

    batch_size = 1024

    def read(self, argument: str) -> Iterator[tuple[str, str]]:
        yield argument, argument

    def predict(self, inputs: Sequence[str]) -> list[Recall]:
        symbols = np.array([self._symbols(text) for text in inputs])
        recalled = self.recalled(self.logits(symbols, self.spec.distance))
        return [
            Recall(read, written, self.spec.distance, read == written)
            for read, written in zip(
                map(self.spell, symbols), map(self.spell, recalled), strict=True
            )
        ]

    def logits(self, symbols: NDArray[np.int64], distance: int) -> NDArray[np.float32]:
        """(N, L) to the logits (N, L + distance + L, symbols + 1) of what it writes at each step.
        It reads step by step: nothing but the state tells it what there was."""
        network = self.artifact.network("copier")
        recipe = self.artifact.recipe
        assert isinstance(recipe, CopyingRecipe)
        state = initial_state(recipe, len(symbols))
        logits = []
        for token in torch.from_numpy(to_read(symbols, distance)).split(1, dim=1):  # (N, 1)
            output, *state_after = network(token, *state)
            state = tuple(state_after)
            logits.append(output.numpy())
        return np.concatenate(logits, axis=1)

    def recalled(self, logits: NDArray[np.float32]) -> NDArray[np.int64]:
        """(N, T, symbols + 1) to the tokens (N, L) written when the symbols are due."""
        return logits[:, -self.spec.length :].argmax(axis=2)

    def spell(self, tokens: NDArray[np.int64]) -> str:
        """(L,) tokens as letters, the first symbol as a."""
        return "".join((self._alphabet + BLANK)[token] for token in tokens)

    @property
    def spec(self) -> CopyingSpec:
        spec = self.artifact.spec
        assert isinstance(spec, CopyingSpec)
        return spec

    def _symbols(self, text: str) -> list[int]:
        letters = "".join(text.split())
        if len(letters) != self.spec.length or set(letters) - set(self._alphabet):
            raise UserError(
                f"cannot remember {text!r}; write {self.spec.length} letters, "
                f"{self._alphabet[0]} to {self._alphabet[-1]}"
            )
        return [self._alphabet.index(letter) for letter in letters]

    @property
    def _alphabet(self) -> str:
        return "".join(chr(ord("a") + symbol) for symbol in range(self.spec.symbols))
