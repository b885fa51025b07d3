"""shinso prune RUN|ARTIFACT|SYSTEM --ratio R --out ARTIFACT, and with --epochs N --out RUN"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from shinso import catalog
from shinso.cli.export import add_lever_arguments, answer, print_sizes
from shinso.cli.output import Output, score_rows
from shinso.cli.parsing import add_device_arguments, add_settings, first_word, given_settings, whole
from shinso.cli.predict import is_usable
from shinso.core.about import read_about
from shinso.core.errors import UserError
from shinso.core.files import read_json
from shinso.core.recipe import GradientRecipe
from shinso.levers.settings import PruneSettings

VALUED = ("--out", "--ratio", "--macs", "--data", "--seed", "--device", "--threads")


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    add_lever_arguments(parser, "ARTIFACT|RUN")
    add_settings(parser, PruneSettings(), "what goes")
    parser.add_argument("--data", metavar="SET|PATH", help="default: what it was trained on")
    parser.add_argument("--seed", metavar="N", type=whole, help="of all randomness (default: 0)")
    add_device_arguments(parser)
    what = first_word(given, VALUED, is_usable)
    if what is None:
        parser.epilog = f"{parser.prog} RUN --help adds how to train on what is left."
        return
    recipe = training_of(what)
    if recipe is not None:
        add_settings(
            parser, recipe, "training on what is left, with --epochs or --steps; as before"
        )


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    settings = given_settings(parsed, PruneSettings)
    training = given_settings(parsed, GradientRecipe)
    if training and training.get("epochs") is None and training.get("steps") is None:
        flag = "--" + next(iter(training)).replace("_", "-")
        raise UserError(f"{flag} is about training on: give --epochs or --steps too")
    for name in ("data", "seed", "device"):
        if getattr(parsed, name) is not None and not training:
            raise UserError(f"--{name} is about training on: give --epochs or --steps too")
    PruneSettings().changed(**settings)  # what is given wrong is said before torch is imported
    from shinso import api

    used = api.use_lever(
        "prune",
        parsed.what,
        parsed.out,
        training=training,
        data=parsed.data,
        seed=parsed.seed or 0,
        device=parsed.device,
        threads=parsed.threads,
        **settings,
    )
    output.muted = used.run is not None and not used.run.processes.first
    print_sizes(used, output)
    found = answer(used, parsed.what)
    if used.run is None:
        output.line(f"\nartifact  {parsed.out}")
        output.line(f"next      shinso evaluate {parsed.out}")
        return found
    evaluation = read_json(used.run.folder / "evaluation.json")
    output.line()
    output.table(*score_rows(evaluation["scores"], evaluation["baselines"]))
    output.line(f"\nrun     {used.run.folder}")
    output.line(f"report  {used.run.folder / 'report.html'}")
    return {
        **found,
        "run": str(used.run.folder),
        "steps": used.run.step,
        "scores": evaluation["scores"],
        "baselines": evaluation["baselines"],
    }


def training_of(what: str) -> GradientRecipe | None:
    """The fields of its recipe that say how it was trained, and not what was built."""
    about = read_about(catalog.artifact_folder(what))
    recipe = catalog.find(about["system"]).recipe_class.from_dict(about["recipe"])
    if not isinstance(recipe, GradientRecipe):
        return None
    values = {field.name: getattr(recipe, field.name) for field in GradientRecipe.fields()}
    return GradientRecipe(**values)
