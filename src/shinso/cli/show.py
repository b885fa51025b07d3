"""shinso show SYSTEM"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from typing import Any

from shinso import catalog
from shinso.cli.layers import print_layers
from shinso.cli.output import Output
from shinso.cli.parsing import add_settings, first_word, given_settings, typed
from shinso.core.recipe import Field, Options, Preset, Recipe, Settings, as_options
from shinso.core.results import Result, read_results
from shinso.core.system import System

MOST_RESULTS = 8  # rows on the card


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.add_argument("system", metavar="SYSTEM", help="a name that shinso list shows")
    parser.add_argument("--preset", metavar="NAME", help="whose values to show (default: cpu)")
    name = first_word(given, ("--preset",), catalog.SYSTEMS.__contains__)
    if name is None:
        parser.epilog = "shinso show SYSTEM --help adds the fields of its recipe."
    elif catalog.find(name).recipe is not None:
        add_settings(parser, catalog.find(name).make_recipe(), "values of its recipe to try")


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    system = catalog.find(parsed.system)
    if system.recipe is None and parsed.preset is None:
        return _show_player(system, output)
    return _show_learner(system, parsed, output)


def _show_player(system: System, output: Output) -> dict[str, Any]:
    """The card of a system that learns nothing: its options stand in the recipe's place."""
    options = system.options_class() if system.options_class else Options()
    card = {
        **_about(system),
        "data": None,
        "presets": [],
        "preset": None,
        "recipe": {},
        "options": options.as_dict(),
        "parameters": None,
        "macs": None,
        "networks": {},
        "formulas": [],
    }
    if not output.as_json:
        _print(card, options, "options", output)
        output.line(f"\nplay it: shinso gtp {system.name}")
    return card


def _show_learner(system: System, parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    name = parsed.preset or "cpu"
    given = given_settings(parsed, system.recipe_class)
    preset = system.preset(name, **given)
    recipe = system.make_recipe(name, **given)
    card = {
        **_about(system),
        "data": preset.data or system.data,
        "presets": list(system.presets),
        "preset": name,
        "recipe": recipe.as_dict(),
        **_costs(system, recipe, preset),
    }
    if not output.as_json:
        _print(card, recipe, f"recipe ({name})", output)
        output.line(f"\ntrain it: {_command(card, system.changes_of(recipe, name))}")
    return card


def _about(system: System) -> dict[str, Any]:
    """What is the same whatever the preset."""
    return {
        "system": system.name,
        "field": system.field,
        "task": system.task,
        "summary": system.summary,
        "paper": system.paper,
        "section": system.section,
        "equations": list(system.equations),
        "deviations": [dataclasses.asdict(deviation) for deviation in system.deviations],
        "resume": system.resume,
        "results": [_result(result) for result in read_results(system.name)],
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "label": result.label,
        "data": result.data,
        "split": result.split,
        "scores": result.mean,
        "seeds": len(result.runs),
    }


def _costs(system: System, recipe: Recipe, preset: Preset) -> dict[str, Any]:
    if system.build is None:
        return {"parameters": None, "macs": None, "networks": {}, "formulas": []}
    from shinso.core.counting import layers, total

    networks = layers(system, recipe, recipe.nominal_spec(preset.spec))
    costs = {name: total(of_network) for name, of_network in networks.items()}
    formulas = system.load("formulas")(networks) if system.formulas else []
    return {
        "parameters": sum(cost.parameters for cost in costs.values()),
        "macs": sum(cost.macs for cost in costs.values()),
        "networks": {
            name: dataclasses.asdict(cost)
            | {"layers": [dataclasses.asdict(layer) for layer in networks[name]]}
            for name, cost in costs.items()
        },
        "formulas": [table.plain() for table in formulas],
    }


def _print(card: dict[str, Any], settings: Settings, title: str, output: Output) -> None:
    output.line(f"{card['system']}: {card['task']} ({card['field']})\n")
    output.paragraph(card["summary"])
    output.line()
    for equation in card["equations"]:
        output.line(f"    {equation}")
    output.line()
    for name, value in _facts(card):
        output.paragraph(f"{name:10}{value}", indent=" " * 10)
    if card["deviations"]:
        output.line("\nwhere it leaves the paper")
    for deviation in card["deviations"]:
        effect = f"; effect: {deviation['effect']}"
        output.paragraph(f"- {deviation['what']}: {deviation['why']}{effect}", indent="  ")
    if card["results"]:
        output.line()
        cells = [_result_cells(result) for result in card["results"][:MOST_RESULTS]]
        output.table(("recorded", "data", "split", "scores"), cells)
    if len(card["results"]) > MOST_RESULTS:
        output.line(f"all {len(card['results'])}: shinso results {card['system']}")
    for name, network in card["networks"].items():
        output.line()
        print_layers(name, network["layers"], output)
    for table in card["formulas"]:
        output.line(f"\n{table['title']}")
        output.paragraph(table["note"])
        output.table(table["columns"], table["rows"])
    rows = [(f.flag, typed(getattr(settings, f.name)), _meaning(f)) for f in settings.fields()]
    if rows:
        output.line()
        output.table((title, "value", "meaning"), rows)


def _command(card: dict[str, Any], changes: dict[str, Any]) -> str:
    preset = [f"--preset {card['preset']}"] if card["preset"] != "cpu" else []
    return " ".join(["shinso train", card["system"], *preset, *as_options(changes)])


def _facts(card: dict[str, Any]) -> list[tuple[str, str]]:
    costs = [
        f"{name}: {cost['parameters']:,} parameters, {cost['macs']:,} MACs an example"
        for name, cost in card["networks"].items()
    ]
    learning = [
        ("data", card["data"] or "none: it learns from an environment"),
        ("resume", card["resume"]),
        ("presets", ", ".join(card["presets"])),
    ]
    return [
        ("paper", card["paper"]),
        ("course", card["section"]),
        *(learning if card["presets"] else [("data", "none: it learns nothing")]),
        *(("networks" if number == 0 else "", cost) for number, cost in enumerate(costs)),
    ]


def _meaning(field: Field) -> str:
    return f"{field.help}: {', '.join(field.choices)}" if field.choices else field.help


def _result_cells(result: dict[str, Any]) -> list[Any]:
    scores = "  ".join(f"{name} {value:.4g}" for name, value in result["scores"].items())
    return [result["label"], result["data"], result["split"], scores]
