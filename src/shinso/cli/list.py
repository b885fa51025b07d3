"""shinso list"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from shinso import catalog
from shinso.cli.output import Output
from shinso.core.system import System


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    pass


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    rows = [_row(system) for system in catalog.SYSTEMS.values()]
    output.table(list(rows[0]), [list(row.values()) for row in rows])
    output.line(f"\n{len(rows)} systems; shinso show NAME is a system's card")
    return {"systems": rows}


def _row(system: System) -> dict[str, Any]:
    return {
        "name": system.name,
        "field": system.field,
        "task": system.task,
        "paper": system.paper,
        "data": system.data,
        "weights": catalog.shipped_weights(system.name) is not None,
        "score": None,
    }
