"""shinso results"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from shinso import catalog
from shinso.cli.output import Output
from shinso.core.results import Result, is_current, read_results


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.add_argument("system", metavar="SYSTEM", nargs="?", help="default: all of them")


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    if parsed.system is not None:
        catalog.find(parsed.system)
    rows = [_row(result) for result in read_results(parsed.system)]
    output.table(
        ("system", "label", "data", "split", "scores", "seeds", "sources"),
        [_cells(row) for row in rows],
    )
    if not rows:
        output.line("nothing is recorded yet")
    return {"rows": rows}


def _row(result: Result) -> dict[str, Any]:
    known = catalog.SYSTEMS.get(result.system)
    return {
        "system": result.system,
        "label": result.label,
        "data": result.data,
        "split": result.split,
        "scores": result.mean,
        "spread": result.spread,
        "baselines": dict(result.baselines),
        "seeds": [run["seed"] for run in result.runs],
        "current": known is not None and is_current(result, known, catalog.LEVERS),
    }


def _cells(row: dict[str, Any]) -> list[Any]:
    scores = "  ".join(
        f"{name} {mean:.4g}" + (f" ± {row['spread'][name]:.2g}" if len(row["seeds"]) > 1 else "")
        for name, mean in row["scores"].items()
    )
    changed = "as measured" if row["current"] else "changed since"
    place = (row["system"], row["label"], row["data"], row["split"])
    return [*place, scores, len(row["seeds"]), changed]
