"""Learner: anything that improves by `step()`. All that the one loop knows of a system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shinso.core.edits import Edits
from shinso.core.evaluation import Evaluation, Scores
from shinso.core.exhibits import Exhibit
from shinso.core.recipe import Recipe

if TYPE_CHECKING:
    from shinso.core.artifact import Artifact
    from shinso.core.run import Run
    from shinso.core.tree import Tree


@dataclass(frozen=True)
class ForeignWeights:
    """A state_dict of another library, to start from."""

    path: Path


class Learner(ABC):
    """Constructed under the run's generators for the purpose `init`.

    `run.step` counts the steps made; the loop keeps it, before and after a resume, so a learner
    has no counter of its own.
    """

    def __init__(
        self, recipe: Recipe, data: Any, start: Artifact | ForeignWeights | None, run: Run
    ) -> None:
        self.recipe = recipe
        self.data = data
        self.start = start
        self.run = run

    @abstractmethod
    def step(self) -> Scores:
        """One batch, one sweep, one round. Returns finite floats; an absent score is left out."""

    @property
    @abstractmethod
    def progress(self) -> tuple[int, int | None]:
        """How much is done and of how much, in the learner's own unit; None: not known."""

    @property
    def finished(self) -> bool:
        """Whether it has converged or used its budget."""
        done, total = self.progress
        return total is not None and done >= total

    @property
    def selection(self) -> tuple[str, str] | None:
        """The validation score to select by and "max" or "min"; None: the last state is it."""
        return None

    @property
    def evaluate_every(self) -> int | None:
        """Steps between evaluations; None: only at the end."""
        return self.recipe.evaluate_every

    @abstractmethod
    def evaluate(self, split: str) -> Evaluation:
        """Changes nothing that training reads."""

    @abstractmethod
    def state(self) -> Tree:
        """All that the next step depends on: tensors, arrays and JSON scalars."""

    @abstractmethod
    def restore(self, state: Tree) -> None:
        """The inverse of `state`; owns the tree it is given."""

    @abstractmethod
    def artifact(self) -> Artifact:
        """What was learned, over the live networks; the loop adds edits, scores, provenance."""

    @property
    def edits(self) -> Edits:
        """Channels that its networks lack, for who opens its artifact to leave out as well."""
        return {}

    def exhibits(self) -> Sequence[Exhibit]:
        """What to look at in the report, besides what `evaluate` shows."""
        return ()

    def batch_name(self) -> str:
        """The batch of the step in progress as an error message names it; empty without one."""
        return ""
