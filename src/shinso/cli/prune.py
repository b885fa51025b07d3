"""shinso prune RUN|ARTIFACT|SYSTEM --ratio R --out ARTIFACT, and with --epochs N --out RUN;
shinso prune RUN|ARTIFACT|SYSTEM --table"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shinso import catalog
from shinso.cli.export import add_lever_arguments, answer, print_sizes
from shinso.cli.output import Output, score_rows
from shinso.cli.parsing import add_device_arguments, add_settings, given_settings, whole
from shinso.cli.training_on import add_training, check_training
from shinso.core.about import read_about
from shinso.core.errors import UserError
from shinso.core.files import read_json
from shinso.core.recipe import GradientRecipe
from shinso.levers.settings import PruneSettings, TableSettings

if TYPE_CHECKING:
    from shinso.pruning import Pruned

VALUED = (
    *("--out", "--ratio", "--macs", "--threshold", "--criterion", "--rounds", "--rewind"),
    *("--thresholds", "--data", "--seed", "--device", "--threads"),
)
NOT_IN_TABLES = ("ratio", "macs", "threshold", "rounds", "rewind")  # settings


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    add_lever_arguments(parser, "ARTIFACT|RUN", required=False)
    parser.add_argument(
        "--table",
        action="store_true",
        help="write nothing; tell what one threshold or another takes, and what it costs",
    )
    add_settings(parser, TableSettings(), "with --table")
    add_settings(parser, PruneSettings(), "what goes")
    parser.add_argument("--data", metavar="SET|PATH", help="default: what it was trained on")
    parser.add_argument("--seed", metavar="N", type=whole, help="of all randomness (default: 0)")
    add_device_arguments(parser)
    add_training(parser, given, VALUED, "training on what is left")


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    settings = given_settings(parsed, PruneSettings)
    training = given_settings(parsed, GradientRecipe)
    _check(parsed, settings, training)
    return (_table if parsed.table else _prune)(parsed, output, settings, training)


def _check(
    parsed: argparse.Namespace, settings: Mapping[str, Any], training: Mapping[str, Any]
) -> None:
    """Raises UserError for options that do not go together: before torch is imported."""
    flags = {name: "--" + name.replace("_", "-") for name in settings}
    PruneSettings().changed(**settings)
    if parsed.table and (kept := [flags[name] for name in settings if name in NOT_IN_TABLES]):
        raise UserError(f"--table goes through thresholds by itself: leave {kept[0]}")
    if parsed.table == (parsed.out is not None):
        raise UserError(
            "--table keeps nothing of what it makes: leave --out"
            if parsed.table
            else "give --out, the folder to write; or --table, which writes none"
        )
    if given_settings(parsed, TableSettings) and not parsed.table:
        raise UserError("--thresholds are for --table; one alone is --threshold")
    if not settings.get("rounds"):
        check_training(parsed, training, ("seed",) if parsed.table else ("data", "seed", "device"))


def _prune(
    parsed: argparse.Namespace,
    output: Output,
    settings: Mapping[str, Any],
    training: Mapping[str, Any],
) -> dict[str, Any]:
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


def _table(
    parsed: argparse.Namespace,
    output: Output,
    settings: Mapping[str, Any],
    training: Mapping[str, Any],
) -> dict[str, Any]:
    from shinso.pruning import SPLIT, prune_table

    rows = prune_table(
        parsed.what,
        given_settings(parsed, TableSettings).get("thresholds"),
        training=training,
        data=parsed.data,
        seed=parsed.seed or 0,
        device=parsed.device,
        threads=parsed.threads,
        **settings,
    )
    score = next(iter(rows[0].scores))  # the one that a system's evaluation puts first
    output.line(f"{parsed.what}, scored on the {SPLIT} split\n")
    columns = ["threshold", "goes", score, *(["retrained"] if training else [])]
    output.table(columns, [_cells(row, score) for row in rows])
    return {
        "system": read_about(catalog.artifact_folder(parsed.what))["system"],
        "artifact": parsed.what,
        "split": SPLIT,
        "rows": [dataclasses.asdict(row) for row in rows],
    }


def _cells(row: Pruned, score: str) -> list[Any]:
    retrained = [] if row.retrained is None else [row.retrained[score]]
    return [row.threshold, f"{row.ratio:.1%}", row.scores[score], *retrained]
