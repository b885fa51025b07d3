"""shinso export RUN|ARTIFACT|SYSTEM --out ARTIFACT"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shinso.cli.output import Output

if TYPE_CHECKING:
    from shinso.api import Used


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    add_lever_arguments(parser, "ARTIFACT")


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    from shinso import api

    used = api.use_lever("export", parsed.what, parsed.out)
    print_sizes(used, output)
    difference = used.done["largest_difference"]
    output.line(f"\nlargest difference of an answer: {difference:.1e} of the largest answer")
    output.line(f"artifact  {used.artifact.path} (ONNX, operator set {used.done['opset']})")
    output.line(f"next      shinso evaluate {parsed.out}")
    if example := used.done["example"]:
        output.line(f"          python {Path(parsed.out, example)}, without shinso: see README.md")
    else:
        output.line(f"{used.artifact.system} has no example of its use without shinso")
    return answer(used, parsed.what)


# What the verbs of all levers have ---------------------------------------------------------------


def add_lever_arguments(
    parser: argparse.ArgumentParser, made: str, *, required: bool = True
) -> None:
    parser.add_argument(
        "what", metavar="RUN|ARTIFACT|SYSTEM", help="a system means its shipped weights"
    )
    parser.add_argument(
        "--out", metavar=made, required=required, help="the folder to write, which must not exist"
    )


def print_sizes(used: Used, output: Output) -> None:
    rows = [
        (_spelled(name), before, used.after[name], f"{used.after[name] / before:.1%}")
        for name, before in used.before.items()
    ]
    output.table((used.artifact.system, "before", "after", "left"), rows)


def answer(used: Used, source: str) -> dict[str, Any]:
    return {
        "system": used.artifact.system,
        "artifact": str(used.artifact.path),
        "source": source,
        **used.after,
        "before": dict(used.before),
        **used.done,
    }


def _spelled(size: str) -> str:
    return "MACs" if size == "macs" else size.replace("_", " ")
