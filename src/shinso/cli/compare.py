"""shinso compare RUN RUN ...; shinso compare --cost RUN|ARTIFACT|SYSTEM RUN|ARTIFACT|SYSTEM ..."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shinso.cli.output import Output
from shinso.cli.parsing import positive
from shinso.core.errors import UserError

if TYPE_CHECKING:
    from shinso.core.report.record import RunRecord
    from shinso.measuring import Measured


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", help="two runs or more; with --cost artifacts too"
    )
    parser.add_argument(
        "--out", metavar="PAGE.html", type=Path, help="write one page with curves and settings"
    )
    parser.add_argument(
        "--cost",
        action="store_true",
        help="scores beside parameters, multiply-adds, bytes and the time of a call, measured now",
    )
    of_cost = parser.add_argument_group("with --cost")
    of_cost.add_argument(
        "--data", metavar="SET|PATH", help="to score on; default: what the first was trained on"
    )
    of_cost.add_argument("--split", choices=("valid", "test"), help="default: valid")
    of_cost.add_argument(
        "--threads", metavar="N", type=positive, help="CPU threads (default: torch's choice)"
    )


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    if len(parsed.runs) < 2:
        raise UserError("give two runs or more to compare")
    if parsed.cost:
        if parsed.out is not None:
            raise UserError("--cost prints a table and writes nothing: without --out")
        return _costs(parsed, output)
    for flag in ("data", "split", "threads"):
        if getattr(parsed, flag) is not None:
            raise UserError(f"--{flag} is for --cost")
    return _runs(parsed, output)


# Costs --------------------------------------------------------------------------------------------


def _costs(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    from shinso.measuring import SPLIT, compare_costs

    split = parsed.split or SPLIT
    rows = compare_costs(parsed.runs, parsed.data, split, parsed.threads)
    output.table(*cost_table(rows))
    output.line(f"\nscores on the {split} split; ms: a call of the networks, its median and the")
    output.line("time that 19 of 20 calls keep to, all of them timed in turn")
    return {
        "split": split,
        "rows": [
            {
                "artifact": row.name,
                "scores": row.scores,
                "parameters": row.parameters,
                "macs": row.macs,
                "bytes": row.bytes,
                "milliseconds": {str(n): each._asdict() for n, each in row.latency.items()},
            }
            for row in rows
        ],
    }


def cost_table(rows: Sequence[Measured]) -> tuple[list[str], list[list[Any]]]:
    """Columns, and a line for each artifact."""
    scores = list(dict.fromkeys(name for row in rows for name in row.scores))
    batches = list(rows[0].latency)
    times = [name for n in batches for name in (f"ms, batch {n}", f"95%, batch {n}")]
    return ["", *scores, "parameters", "MACs", "bytes", *times], [
        [
            row.name,
            *(row.scores.get(name) for name in scores),
            row.parameters,
            row.macs,
            row.bytes,
            *(ms for n in batches for ms in row.latency[n]),
        ]
        for row in rows
    ]


# Runs ---------------------------------------------------------------------------------------------


def _runs(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    from shinso.core.report import write_joint_report
    from shinso.core.report.record import RunRecord

    runs = [RunRecord.read(Path(folder)) for folder in parsed.runs]
    rows = [_row(run) for run in runs]
    output.table(*_scores_table(runs, rows))
    differing = _differing([run.facts for run in runs])
    if differing:
        output.line()
        output.table(("setting", *(row["run"] for row in rows)), differing)
    if len({run.ground for run in runs}) > 1:
        output.line("\nnot on the same data and split: these scores do not compare")
    if parsed.out is not None:
        page = write_joint_report([run.folder for run in runs], parsed.out, _title(rows))
        output.line(f"\npage: {page}")
    return {"rows": rows, "page": str(parsed.out) if parsed.out else None}


def _row(run: RunRecord) -> dict[str, Any]:
    return {
        "run": str(run.folder),
        "system": run.system,
        "data": run.data,
        "split": run.split,
        "scores": run.scores,
        "baselines": run.baselines,
        "steps": run.step,
        "seconds": run.seconds,
        "from": run.start,
        "lever": run.lever,
        "parameters": run.parameters,
        "recipe": run.settings,
    }


def _scores_table(
    runs: Sequence[RunRecord], rows: Sequence[Mapping[str, Any]]
) -> tuple[list[str], list[list[Any]]]:
    """A row a run, then the baselines of each data set."""
    from shinso.core.report.record import shared_baselines

    scores = list(dict.fromkeys(name for row in rows for name in row["scores"]))
    keys = ("run", "data", "split")
    cells = [_cells(row, keys, scores, row["steps"], row["seconds"]) for row in rows]
    for ground in dict.fromkeys(run.ground for run in runs):
        group = [run for run in runs if run.ground == ground]
        for name, values in shared_baselines(group, [str(run.folder) for run in group]).items():
            row = {"run": name, "data": group[0].data, "split": group[0].split, "scores": values}
            cells.append(_cells(row, keys, scores))
    return [*keys, *scores, "steps", "seconds"], cells


def _cells(
    row: Mapping[str, Any], keys: Sequence[str], scores: Sequence[str], *more: Any
) -> list[Any]:
    values = (row["scores"].get(name) for name in scores)
    return [*(row[key] for key in keys), *values, *(more or (None, None))]


def _differing(facts: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """What not all runs have in common, a column a run."""
    names = dict.fromkeys(name for each in facts for name in each)
    table = [[name, *(each.get(name) for each in facts)] for name in names]
    return [line for line in table if any(value != line[1] for value in line[2:])]


def _title(rows: Sequence[Mapping[str, Any]]) -> str:
    return " and ".join(dict.fromkeys(row["system"] for row in rows)) + ", side by side"
