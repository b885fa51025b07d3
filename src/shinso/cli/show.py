"""shinso show SYSTEM"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from typing import Any

from shinso import catalog
from shinso.cli.output import Output, spelled
from shinso.core.recipe import Preset, Recipe
from shinso.core.system import System


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.add_argument("system", metavar="SYSTEM")
    parser.add_argument("--preset", default="cpu", help="whose values to show (default: cpu)")


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    system = catalog.find(parsed.system)
    preset = system.preset(parsed.preset)
    recipe = system.make_recipe(parsed.preset)
    card = {
        "system": system.name,
        "field": system.field,
        "task": system.task,
        "summary": system.summary,
        "paper": system.paper,
        "section": system.section,
        "equations": list(system.equations),
        "deviations": [dataclasses.asdict(deviation) for deviation in system.deviations],
        "resume": system.resume,
        "data": preset.data or system.data,
        "presets": list(system.presets),
        "preset": parsed.preset,
        "recipe": recipe.as_dict(),
        **_costs(system, recipe, preset),
    }
    if not output.as_json:
        _print(card, recipe, output)
    return card


def _costs(system: System, recipe: Recipe, preset: Preset) -> dict[str, Any]:
    if system.build is None:
        return {"parameters": None, "macs": None, "networks": {}}
    from shinso.core.counting import costs

    networks = costs(system, recipe, preset.spec)
    return {
        "parameters": sum(cost.parameters for cost in networks.values()),
        "macs": sum(cost.macs for cost in networks.values()),
        "networks": {name: dataclasses.asdict(cost) for name, cost in networks.items()},
    }


def _print(card: dict[str, Any], recipe: Recipe, output: Output) -> None:
    output.line(f"{card['system']}: {card['task']} ({card['field']})\n\n{card['summary']}\n")
    for equation in card["equations"]:
        output.line(f"    {equation}")
    output.line(f"\npaper    {card['paper']}\ncourse   {card['section']}")
    output.line(f"data     {card['data']}\nresume   {card['resume']}")
    output.line(f"presets  {', '.join(card['presets'])}; shown: {card['preset']}")
    for name, cost in card["networks"].items():
        output.line(f"{name}: {cost['parameters']:,} parameters, {cost['macs']:,} MACs at batch 1")
    if card["deviations"]:
        output.line("\nWhere it leaves the paper:")
    for deviation in card["deviations"]:
        output.line(f"- {deviation['what']}: {deviation['why']} ({deviation['effect']})")
    output.line()
    rows = [(f.flag, spelled(getattr(recipe, f.name)), f.help) for f in recipe.fields()]
    output.table(("recipe field", "value", "meaning"), rows)
