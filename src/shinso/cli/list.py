"""shinso list"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any

from shinso import catalog
from shinso.cli.output import Output
from shinso.core.results import read_results
from shinso.core.system import System


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    pass


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    rows = [_row(system) for system in catalog.SYSTEMS.values()]
    output.table(
        ("name", "field", "task", "paper", "data", "weights", "recorded score"),
        [_cells(row) for row in rows],
    )
    return {"systems": rows}


def _row(system: System) -> dict[str, Any]:
    return {
        "name": system.name,
        "field": system.field,
        "task": system.task,
        "paper": system.paper,
        "data": system.data,
        "weights": catalog.shipped_weights(system.name) is not None,
        "score": _score(system),
    }


def _score(system: System) -> dict[str, Any] | None:
    """What is recorded: on test data if any is, on the default set, of the default recipe."""
    recorded = list(read_results(system.name))
    if not recorded:
        return None
    wanted = {"split": "test", "data": system.data, "label": "cpu"}
    chosen = min(recorded, key=lambda r: [getattr(r, name) != wanted[name] for name in wanted])
    name = next(iter([name for name in chosen.mean if name != "loss"] or chosen.mean))
    told = {about: getattr(chosen, about) for about in wanted}
    return {"name": name, "value": chosen.mean[name], **told}


def _cells(row: dict[str, Any]) -> list[Any]:
    """A line of a terminal: of the paper authors and year, for the card has it whole."""
    authors = re.match(r".*?\b\d{4}\b", row["paper"])
    score = row["score"]
    spelled_score = None
    if score:
        on = f" on {score['data']}" if score["data"] != row["data"] else ""
        split = "" if score["split"] == "test" else f", {score['split']}"
        spelled_score = f"{score['name']} {score['value']:.4g}{on}{split}"
    paper = authors[0] if authors else row["paper"]
    return [
        *(row[key] for key in ("name", "field", "task")),
        paper,
        *(row[key] for key in ("data", "weights")),
        spelled_score,
    ]
