"""System: one row of the catalogue. It names everything and imports nothing until asked, so
that `shinso list` is instant. Imports no torch."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shinso.core.errors import UserError, nearest
from shinso.core.recipe import Options, Preset, Recipe, Spec


@dataclass(frozen=True)
class Deviation:
    """Where a system leaves its paper: what, why, and the measured effect."""

    what: str
    why: str
    effect: str = "not measured"


@dataclass(frozen=True)
class System:
    """What the verbs know of a system. Dotted places are `module:attribute`.

    recipe         the Recipe class; its module imports no torch and holds PRESETS
    options        the predictor's Options class, or None
    build          build(recipe, spec) -> {name: nn.Module}; None: no networks
    example_inputs example_inputs(recipe, spec) -> {name: (tensors, {input: {dim: name}})}
    learner        Learner(recipe, data, start, run)
    predictor      Predictor(artifact, options)
    evaluate       evaluate(predictor, data, split) -> Evaluation
    """

    name: str
    field: str
    task: str
    summary: str
    paper: str
    section: str
    recipe: str
    learner: str
    predictor: str
    evaluate: str
    data: str | None = None  # the default set; None: it learns from an environment, not from data
    data_kinds: tuple[str, ...] = ()  # the kinds of data its readers give
    build: str | None = None
    example_inputs: str | None = None
    options: str | None = None
    equations: tuple[str, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    resume: str = "exact"
    layouts: tuple[str, ...] = ()  # foreign state_dicts that --from reads
    refuses: Mapping[str, str] = dataclasses.field(default_factory=dict)  # lever -> why

    def load(self, part: str) -> Any:
        """The attribute that the row's `part` names."""
        place = getattr(self, part)
        if place is None:
            return _no_networks
        return locate(place)

    @cached_property
    def recipe_class(self) -> type[Recipe]:
        recipe_class: type[Recipe] = self.load("recipe")
        return recipe_class

    @property
    def presets(self) -> Mapping[str, Preset]:
        presets: Mapping[str, Preset] = locate(f"{self.recipe.split(':')[0]}:PRESETS")
        return presets

    def preset(self, name: str) -> Preset:
        """Raises UserError for a preset the system does not have."""
        if name not in self.presets:
            raise UserError(f"{self.name} has no preset {name}; {nearest(name, self.presets)}")
        return self.presets[name]

    def make_recipe(self, preset: str = "cpu", **changes: Any) -> Recipe:
        return self.recipe_class().changed(**self.preset(preset).changes).changed(**changes)

    @property
    def spec_class(self) -> type[Spec]:
        return type(self.presets["cpu"].spec)

    @property
    def options_class(self) -> type[Options] | None:
        return locate(self.options) if self.options else None


def locate(place: str) -> Any:
    """The object at `module:attribute`."""
    module, attribute = place.split(":")
    return getattr(importlib.import_module(module), attribute)


def _no_networks(*_: Any) -> dict[str, Any]:
    return {}
