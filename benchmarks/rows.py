"""Rows: one of the catalogue with another learner, so that the real loop runs it; and whether one
of results/ is there already."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from shinso import catalog
from shinso.core.learner import Learner
from shinso.core.recipe import Recipe
from shinso.core.results import read_results, training_command
from shinso.core.sources import sources_digest
from shinso.core.system import System


@contextmanager
def with_learner(name: str, make: Callable[..., Learner]) -> Iterator[list[Any]]:
    """The system of that name learns by what `make` makes; yields the learners made so far."""
    made: list[Any] = []

    def make_learner(*arguments: Any) -> Learner:
        made.append(make(*arguments))
        return made[-1]

    class OtherRow(System):
        def load(self, part: str) -> Any:
            return make_learner if part == "learner" else super().load(part)

    row = catalog.find(name)
    catalog.add(OtherRow(**{f.name: getattr(row, f.name) for f in dataclasses.fields(row)}))
    try:
        yield made
    finally:
        catalog.add(row)


def is_recorded(recipe: Recipe, label: str, data: str, split: str, seed: int) -> bool:
    """Whether the result is there, of this recipe and by the sources as they are."""
    system = catalog.of_recipe(recipe)
    asked = {
        "seed": seed,
        "sources": sources_digest(system),
        "training": training_command(system, recipe, data, seed),
    }
    return any(
        asked == {name: run[name] for name in asked}
        for result in read_results(system.name)
        if (result.label, result.data, result.split) == (label, data, split)
        for run in result.runs
    )
