"""What a verb says: lines for people, or one JSON object and nothing else on stdout."""

from __future__ import annotations

import io
import json
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

WIDEST_TEXT = 100  # columns; longer lines are hard to read


class Output:
    """With --json people's lines go to stderr, so that stdout is the object alone."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def line(self, text: str = "") -> None:
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def paragraph(self, text: str, indent: str = "") -> None:
        """Wrapped to the terminal, its second and later lines indented; elsewhere one line."""
        if sys.stdout.isatty():
            width = min(shutil.get_terminal_size().columns, WIDEST_TEXT)
            text = textwrap.fill(text, width, subsequent_indent=indent, break_on_hyphens=False)
        self.line(text)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Nothing with --json: the object has it all."""
        if self.as_json:
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(spelled(cell)) for cell in row))
        if sys.stdout.isatty():
            Console().print(table)
            return
        # A pipe has no width to fit into: whole rows are what the next program wants.
        rendered = io.StringIO()
        Console(file=rendered, width=10_000, color_system=None).print(table)
        for row_text in rendered.getvalue().splitlines():
            self.line(row_text.rstrip())

    def answer(self, value: Mapping[str, Any]) -> None:
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False, indent=2), flush=True)


def spelled(value: Any) -> str:
    """A cell: numbers short, nothing as a dash."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(spelled, value))
    return str(value)


def score_rows(
    scores: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]]
) -> tuple[list[str], list[list[Any]]]:
    """Scores as a table with a column for each baseline."""
    columns = ["score", "ours", *baselines]
    rows = [[n, v, *(b.get(n) for b in baselines.values())] for n, v in scores.items()]
    return columns, rows
