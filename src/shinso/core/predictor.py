"""Predictor: what a user calls, from Python with paths, arrays or images, and from the shell."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from shinso.core.recipe import Options

if TYPE_CHECKING:
    from shinso.core.artifact import Artifact


@dataclasses.dataclass(frozen=True)
class Prediction:
    """One typed result; `str` of it is what the shell prints, `as_dict` its JSON."""

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


Input = TypeVar("Input")
Result = TypeVar("Result", bound=Prediction)


class Predictor(ABC, Generic[Input, Result]):
    """Needs an artifact and no data set, optimiser or training code.

    It calls `artifact.network(name)` and never an nn.Module, so that it works around
    a network in either form.
    """

    batch_size = 64

    def __init__(self, artifact: Artifact, options: Options | None = None) -> None:
        self.artifact = artifact
        self.options = options or artifact.options

    @abstractmethod
    def predict(self, inputs: Sequence[Input]) -> list[Result]:
        """The results of one batch. Raises UserError for an input that is none."""

    @abstractmethod
    def read(self, argument: str) -> Iterator[tuple[str, Input]]:
        """The named inputs of one shell argument: a folder has many."""

    def __call__(self, one: Input) -> Result:
        return self.predict([one])[0]

    def predict_all(self, inputs: Iterable[Input]) -> Iterator[Result]:
        """Batch by batch, so that memory stays bounded however many there are."""
        remaining = iter(inputs)
        while batch := list(islice(remaining, self.batch_size)):
            yield from self.predict(batch)
