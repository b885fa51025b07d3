"""How a lever is told to train on what it made: `--epochs`, and the options that go with it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from shinso import catalog
from shinso.cli.parsing import add_settings, first_word
from shinso.cli.predict import is_usable
from shinso.core.about import read_about
from shinso.core.errors import UserError
from shinso.core.recipe import GradientRecipe


def add_training(
    parser: argparse.ArgumentParser, given: Sequence[str], valued: Sequence[str], title: str
) -> None:
    """The options that say how, once it is known what was trained."""
    what = first_word(given, valued, is_usable)
    if what is None:
        parser.epilog = f"{parser.prog} RUN --help adds the options of {title}."
        return
    recipe = training_of(what)
    if recipe is not None:
        add_settings(parser, recipe, f"{title}, with --epochs or --steps; as before")


def check_training(
    parsed: argparse.Namespace, training: Mapping[str, Any], about: Sequence[str]
) -> None:
    """Raises UserError for options of training where there is none; `about` are the verb's own."""
    if training and training.get("epochs") is None and training.get("steps") is None:
        flag = "--" + next(iter(training)).replace("_", "-")
        raise UserError(f"{flag} is about training on: give --epochs or --steps too")
    for name in about:
        if getattr(parsed, name) is not None and not training:
            raise UserError(f"--{name} is about training on: give --epochs or --steps too")


def training_of(what: str) -> GradientRecipe | None:
    """The fields of its recipe that say how it was trained, and not what was built."""
    about = read_about(catalog.artifact_folder(what))
    recipe = catalog.find(about["system"]).recipe_class.from_dict(about["recipe"])
    if not isinstance(recipe, GradientRecipe):
        return None
    values = {field.name: getattr(recipe, field.name) for field in GradientRecipe.fields()}
    return GradientRecipe(**values)
