"""shinso quantise RUN|ARTIFACT|SYSTEM --to PRECISION --out ARTIFACT, and with --epochs N --out RUN;
shinso quantise RUN|ARTIFACT|SYSTEM --compare"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from shinso.cli.export import add_lever_arguments, answer, print_sizes
from shinso.cli.output import Output
from shinso.cli.parsing import (
    add_device_arguments,
    add_settings,
    given_flags,
    given_settings,
    whole,
)
from shinso.cli.training_on import add_training, check_training
from shinso.core.errors import UserError
from shinso.core.recipe import GradientRecipe
from shinso.levers.settings import QuantiseSettings

VALUED = ("--out", "--to", "--calibration", "--data", "--seed", "--device", "--threads")


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    add_lever_arguments(parser, "ARTIFACT|RUN", required=False)
    parser.add_argument(
        "--compare", action="store_true", help="every precision in one table; writes nothing"
    )
    parser.add_argument("--data", metavar="SET|PATH", help="default: what it was trained on")
    parser.add_argument("--seed", metavar="N", type=whole, help="of all randomness (default: 0)")
    add_device_arguments(parser)
    add_settings(parser, QuantiseSettings(), "what it is made")
    add_training(parser, given, VALUED, "learning to be rounded")


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    settings = given_settings(parsed, QuantiseSettings)
    training = given_settings(parsed, GradientRecipe)
    check_training(parsed, training, ("seed", "device"))
    if parsed.compare:
        if parsed.out is not None or settings or training:
            flag = (given_flags(parsed) or ["--out"])[0]
            raise UserError(f"--compare tries every precision and writes nothing: without {flag}")
        return _compare(parsed, output)
    if parsed.out is None:
        raise UserError("give --out, the folder to write, or --compare")
    QuantiseSettings().changed(**settings)  # what is given wrong is said before torch is imported
    return _quantise(parsed, settings, training, output)


def _quantise(
    parsed: argparse.Namespace,
    settings: Mapping[str, Any],
    training: Mapping[str, Any],
    output: Output,
) -> dict[str, Any]:
    from shinso import quantising

    made = quantising.quantise(
        parsed.what,
        parsed.out,
        training=training,
        data=parsed.data,
        seed=parsed.seed or 0,
        device=parsed.device,
        threads=parsed.threads,
        **settings,
    )
    used = made.used
    output.muted = used.run is not None and not used.run.processes.first
    print_sizes(used, output)
    output.line()
    columns = ("validation score", "before", "after")
    output.table(columns, [(name, made.before[name], made.after[name]) for name in made.before])
    output.line(f"\nartifact  {used.artifact.path} ({used.artifact.precision}{_how(used.done)})")
    output.line(f"next      shinso evaluate {parsed.out}")
    scores = {"scores_before": made.before, "scores": made.after}
    run = {"run": str(used.run.folder), "steps": used.run.step} if used.run is not None else {}
    return {**answer(used, parsed.what), **run, "precision": used.artifact.precision, **scores}


def _how(done: Mapping[str, Any]) -> str:
    """What there is to tell of an int8 artifact."""
    facts = []
    if count := done.get("calibrated_on"):
        facts.append(f", calibrated on {count:,} examples")
    if left := done.get("left_in_float"):
        kinds = ", ".join(f"{number} {kind}" for kind, number in left.items())
        facts.append(f", but for {kinds}, which ONNX Runtime has in float32 alone")
    return "".join(facts)


def _compare(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    from shinso import quantising

    found = quantising.compare_precisions(parsed.what, parsed.data, parsed.threads)
    batches = list(found.rows[0].latency)
    output.table(
        ("precision", "bytes", *found.rows[0].scores, *(f"ms at batch {n}" for n in batches)),
        [
            (row.name, row.bytes, *row.scores.values(), *(row.latency[n].median for n in batches))
            for row in found.rows
        ],
    )
    for precision, reason in found.left_out.items():
        output.line(f"{precision} is left out: {reason}")
    output.line("\nscores on the validation split; ms: median of a call of the networks")
    return {
        "artifact": parsed.what,
        "rows": [
            {
                "precision": row.name,
                "bytes": row.bytes,
                "scores": row.scores,
                "milliseconds": {str(n): latency.median for n, latency in row.latency.items()},
            }
            for row in found.rows
        ],
        "left_out": dict(found.left_out),
    }
