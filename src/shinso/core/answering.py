"""Answering: what a learner offers whose training answers a teacher may write anew.

It has to learn sequences: of the many that are right for an example the data have one, and a
teacher's own is easier to learn from. An answer to one of several classes has nothing to rewrite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from shinso.core.artifact import Artifact
    from shinso.core.trainable import Trainable


@runtime_checkable
class Answering(Protocol):
    """A Trainable that can be asked for its examples, and be given other answers to them."""

    def questions(self) -> list[str]:
        """What the training examples ask, each once; the same at every call."""
        ...

    def answers(self, teachers: Sequence[Artifact], questions: Sequence[str]) -> list[str]:
        """What the teachers, artifacts of the same task, answer together as they do when they are
        used. Raises UserError for teachers that answer in another form than the data, or that
        cannot answer together."""
        ...

    def with_answers(self, answers: Mapping[str, str]) -> Trainable:
        """A learner of the same recipe and data from its first step on, which learns these."""
        ...
