"""The tables of README and docs, generated from results/ between two comments.

The first is `results SYSTEM,... SPLIT LABEL ... of SCORE ... on DATA`, without labels all of the
systems' on that split, without scores and data all that there are; the second is `end of results`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from shinso.core.results import Result, read_results

BLOCK = re.compile(
    r"(?P<head><!-- results (?P<systems>[\w,-]+) (?P<split>\w+)(?P<asked>[^>\n]*) -->\n).*?"
    r"(?P<foot><!-- end of results -->)",
    re.S,
)


def updated(text: str) -> str:
    """The page with each of its tables made anew."""

    def table(block: re.Match[str]) -> str:
        asked, _, data = block["asked"].partition(" on ")
        labels, _, scores = asked.partition(" of ")
        systems = block["systems"].split(",")
        rows = results_table(systems, block["split"], labels.split(), scores.split(), data)
        return f"{block['head']}{rows}\n{block['foot']}"

    return BLOCK.sub(table, text)


def pages(checkout: Path) -> list[Path]:
    """The pages that may hold tables."""
    return [*sorted(checkout.glob("README*.md")), *sorted((checkout / "docs").glob("*.md"))]


def results_table(
    systems: Sequence[str],
    split: str,
    labels: Collection[str] = (),
    chosen: Collection[str] = (),
    data: str = "",
) -> str:
    """Markdown: a row a label, a column a score, baselines below; of several systems one after the
    other. Without labels, chosen scores and data, all."""
    results = [
        result
        for system in systems
        for result in read_results(system)
        if result.split == split
        and (not labels or result.label in labels)
        and data in ("", result.data)
    ]
    if not results:
        return "Nothing is recorded yet."
    scores = list(chosen or dict.fromkeys(name for result in results for name in result.mean))
    columns = ["setting", "data", *scores, "seeds", "parameters", "steps", "time"]
    rows = [_row(result, scores) for result in results]
    rows += _baseline_rows(results, scores)
    if len(systems) > 1:
        columns = ["system", *columns]
        names = [result.system for result in results]
        rows = [[name, *row] for name, row in zip_longest(names, rows, fillvalue="")]
    return "\n".join(_line(row) for row in [columns, ["---"] * len(columns), *rows])


def _row(result: Result, scores: list[str]) -> list[str]:
    last = result.runs[-1]
    seconds = [run["seconds"] for run in result.runs if run["seconds"] is not None]
    return [
        result.label,
        result.data,
        *(_measured(result, name) for name in scores),
        str(len(result.runs)),
        f"{last['parameters']:,}" if last["parameters"] else "",
        f"{last['steps']:,}",
        f"{sum(seconds) / len(seconds):.0f} s" if seconds else "",
    ]


def _baseline_rows(results: list[Result], scores: list[str]) -> list[list[str]]:
    """The baselines of each data set, once."""
    known: dict[tuple[str, str], Mapping[str, float]] = {}
    for result in results:
        known |= {(name, result.data): values for name, values in result.baselines.items()}
    return [
        [f"*{name}*", data, *(_number(values.get(score)) for score in scores), "", "", "", ""]
        for (name, data), values in known.items()
    ]


def _measured(result: Result, score: str) -> str:
    if score not in result.mean:
        return ""
    spread = f" ± {result.spread[score]:.2g}" if len(result.runs) > 1 else ""
    return _number(result.mean[score]) + spread


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
