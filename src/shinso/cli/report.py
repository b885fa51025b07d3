"""shinso report RUN"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shinso.cli.output import Output


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.add_argument("run", metavar="RUN", type=Path, help="a finished run, or one in progress")


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    from shinso.core.report import write_report
    from shinso.core.report.record import RunRecord

    system = RunRecord.read(parsed.run).system
    page = write_report(parsed.run)
    output.line(str(page))
    return {"system": system, "run": str(parsed.run), "report": str(page)}
