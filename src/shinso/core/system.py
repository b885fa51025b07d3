"""System: one row of the catalogue. It names everything and imports nothing until asked, so
that `shinso list` is instant. Imports no torch."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shinso.core.errors import ShinsoError, UserError, nearest
from shinso.core.recipe import Options, Preset, Recipe, Spec

if TYPE_CHECKING:
    from torch import nn


NETWORK_PARTS = ("build", "example_inputs")  # which a system without networks leaves out

# How another library names weights: (regular expression in a name of theirs, replacement), the
# next applied to what the one before left, until the name is ours.
Layout = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Deviation:
    """Where a system leaves its paper: what, why, and the measured effect."""

    what: str
    why: str
    effect: str = "not measured"


@dataclass(frozen=True)
class System:
    """What the verbs know of a system. Dotted places are `module:attribute`. One that learns
    nothing has no recipe, learner, predictor and evaluate; then it is a player.

    recipe         the Recipe class; its module imports no torch and holds PRESETS
    options        the predictor's and the player's Options class, or None
    selects_with   the options under which the learner measures, where they are not the defaults
    build          build(recipe, spec) -> {name: nn.Module}; None: no networks
    example_inputs example_inputs(recipe, spec) -> {name: (tensors, {input: {dim: name}})}
    learner        Learner(recipe, data, start, run)
    predictor      Predictor(artifact, options)
    evaluate       evaluate(predictor, data, split) -> Evaluation
    player         Player(artifact, options), which plays Go; the artifact is None where nothing
                   is learned
    standalone     standalone(artifact) -> Standalone: how to use what is exported without shinso;
                   None: nothing is told
    formulas       formulas({network: layers}) -> [Table]: what the paper's formulas say that its
                   layers cost, beside what is counted; None: it has none
    """

    name: str
    field: str
    task: str
    summary: str
    paper: str
    section: str
    recipe: str | None = None
    learner: str | None = None
    predictor: str | None = None
    evaluate: str | None = None
    player: str | None = None
    data: str | None = None  # the default set; None: it learns from an environment, not from data
    data_kinds: tuple[str, ...] = ()  # the kinds of data its readers give
    build: str | None = None
    example_inputs: str | None = None
    options: str | None = None
    standalone: str | None = None
    formulas: str | None = None
    selects_with: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    equations: tuple[str, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    resume: str = "exact"
    layouts: tuple[str, ...] = ()  # places of a Layout: foreign state_dicts that --from reads
    refuses: Mapping[str, str] = dataclasses.field(default_factory=dict)  # lever -> why

    def load(self, part: str) -> Any:
        """What the row's `part` names. Raises ShinsoError where there is no such thing, UserError
        where the row has no such part."""
        place = getattr(self, part)
        if place is not None:
            return locate(place, f"{self.name}'s {part}")
        if part in NETWORK_PARTS:
            return _no_networks
        self.check_learns()
        raise UserError(f"{self.name} has no {part}")

    def check_learns(self) -> None:
        """Raises UserError for a system without a recipe."""
        if self.recipe is None:
            raise UserError(
                f"{self.name} learns nothing; it plays as it is: shinso gtp {self.name}"
            )

    def networks(self, recipe: Recipe, spec: Spec) -> dict[str, nn.Module]:
        """What `build` makes. Raises UserError where recipe and data do not fit each other."""
        recipe.check_spec(spec)
        networks: dict[str, nn.Module] = self.load("build")(recipe, spec)
        return networks

    @cached_property
    def recipe_class(self) -> type[Recipe]:
        recipe_class: type[Recipe] = self.load("recipe")
        return recipe_class

    @property
    def presets(self) -> Mapping[str, Preset]:
        if self.recipe is None:
            return {}
        place = f"{self.recipe.split(':')[0]}:PRESETS"
        presets: Mapping[str, Preset] = locate(place, f"{self.name}'s recipe")
        return presets

    def preset(self, name: str, **changes: Any) -> Preset:
        """The one for a recipe with these changes to it.

        Raises UserError for a preset the system does not have, or where it learns nothing.
        """
        self.check_learns()
        if name not in self.presets:
            raise UserError(f"{self.name} has no preset {name}; {nearest(name, self.presets)}")
        return self.presets[name].variant(changes)

    def make_recipe(self, preset: str = "cpu", **changes: Any) -> Recipe:
        """Raises UserError for changes that do not fit, ShinsoError where the preset's own or
        the recipe's defaults do not: nobody typed those."""
        return self._plain_recipe(preset, changes).changed(**changes)

    def _plain_recipe(self, preset: str, changes: Mapping[str, Any]) -> Recipe:
        """That of the preset's variant for these changes, before they are made."""
        own_changes = self.preset(preset, **changes).changes
        try:
            return self.recipe_class().changed(**own_changes)
        except UserError as error:
            raise ShinsoError(f"{self.recipe} is wrong in its preset {preset}: {error}") from error

    def changes_of(self, recipe: Recipe, preset: str) -> dict[str, Any]:
        """What `make_recipe` makes this recipe of."""
        variants = self.preset(preset).variants
        chosen = {f: getattr(recipe, f) for f in variants if getattr(recipe, f) in variants[f]}
        return chosen | recipe.difference(self._plain_recipe(preset, chosen))

    def load_layouts(self) -> list[Layout]:
        return [locate(place, f"{self.name}'s layout") for place in self.layouts]

    @property
    def spec_class(self) -> type[Spec]:
        return type(self.presets["cpu"].spec)

    @property
    def options_class(self) -> type[Options] | None:
        return self.load("options") if self.options else None

    def changed_options(
        self, options: Options | None, changes: Mapping[str, Any]
    ) -> Options | None:
        """Some of its options changed. Raises UserError where it has none, or they do not fit."""
        if options is None and changes:
            raise UserError(f"{self.name} has no options, so not {', '.join(changes)} either")
        return options and options.changed(**changes)

    def owns(self, module: str) -> bool:
        """Whether a module is the system's own: one in the folder of its recipe, or its player
        where that stands in the folder of the field."""
        place = (self.recipe or self.player or "").split(":")[0]
        folder = place.rpartition(".")[0]
        own = place if folder in ("", f"shinso.{self.field}") else folder
        return f"{module}.".startswith(f"{own}.")


def locate(place: str, whose: str) -> Any:
    """The object at `module:attribute`. Raises ShinsoError, which begins with `whose` place it
    is, where nothing is there."""
    name, attribute = place.split(":")
    try:
        module = importlib.import_module(name)
    except SyntaxError as error:
        raise ShinsoError(f"{whose} is {place}, which Python cannot read: {error}") from error
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):
            raise  # the module is there, and imports another that is not
        raise ShinsoError(f"{whose} is {place}: there is no module {error.name}") from error
    if not hasattr(module, attribute):
        known = [word for word in vars(module) if not word.startswith("_")]
        raise ShinsoError(f"{whose} is {place}: {nearest(attribute, known, 'it has no such name')}")
    return getattr(module, attribute)


def _no_networks(*_: Any) -> dict[str, Any]:
    return {}
