"""shinso compare RUN RUN ..."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shinso.cli.output import Output
from shinso.core.errors import UserError

if TYPE_CHECKING:
    from shinso.core.report.record import RunRecord


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path, help="two runs or more")
    parser.add_argument(
        "--out", metavar="PAGE.html", type=Path, help="write one page with curves and settings"
    )


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    from shinso.core.report import write_joint_report
    from shinso.core.report.record import RunRecord

    if len(parsed.runs) < 2:
        raise UserError("give two runs or more to compare")
    rows = [_row(RunRecord.read(folder)) for folder in parsed.runs]
    output.table(*_scores_table(rows))
    differing = _differing(rows)
    if differing:
        output.line()
        output.table(("setting", *(row["run"] for row in rows)), differing)
    if len({(row["data"], row["split"]) for row in rows}) > 1:
        output.line("\nnot on the same data and split: these scores do not compare")
    if parsed.out is not None:
        page = write_joint_report(parsed.runs, parsed.out, _title(rows))
        output.line(f"\npage: {page}")
    return {"rows": rows, "page": str(parsed.out) if parsed.out else None}


def _row(record: RunRecord) -> dict[str, Any]:
    return {
        "run": str(record.folder),
        "system": record.system,
        "data": record.data,
        "split": record.split,
        "scores": record.scores,
        "baselines": record.baselines,
        "steps": record.step,
        "seconds": record.seconds,
        "recipe": record.settings,
    }


def _scores_table(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """A row a run, then the baselines of each data set, once."""
    scores = list(dict.fromkeys(name for row in rows for name in row["scores"]))
    keys = ("run", "data", "split")
    cells = [_cells(row, keys, scores, row["steps"], row["seconds"]) for row in rows]
    baselines = {
        (name, row["data"], row["split"]): values
        for row in rows
        for name, values in row["baselines"].items()
    }
    for key, values in baselines.items():
        cells.append(_cells({**dict(zip(keys, key, strict=True)), "scores": values}, keys, scores))
    return [*keys, *scores, "steps", "seconds"], cells


def _cells(
    row: Mapping[str, Any], keys: Sequence[str], scores: Sequence[str], *more: Any
) -> list[Any]:
    values = (row["scores"].get(name) for name in scores)
    return [*(row[key] for key in keys), *values, *(more or (None, None))]


def _differing(rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """The recipe fields that not all runs share, a column a run."""
    fields = dict.fromkeys(field for row in rows for field in row["recipe"])
    table = [[field, *(row["recipe"].get(field) for row in rows)] for field in fields]
    return [line for line in table if any(value != line[1] for value in line[2:])]


def _title(rows: Sequence[Mapping[str, Any]]) -> str:
    return " and ".join(dict.fromkeys(row["system"] for row in rows)) + ", side by side"
