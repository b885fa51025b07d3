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
GAP = 2  # columns between columns of a table


class Output:
    """With --json people's lines go to stderr, so that stdout is the object alone."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.muted = False  # where another process of torchrun speaks

    def line(self, text: str = "") -> None:
        if self.muted:
            return
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def paragraph(self, text: str, indent: str = "") -> None:
        """Wrapped to the terminal, its second and later lines indented; elsewhere one line."""
        if sys.stdout.isatty():
            width = min(shutil.get_terminal_size().columns, WIDEST_TEXT)
            text = textwrap.fill(text, width, subsequent_indent=indent, break_on_hyphens=False)
        self.line(text)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Nothing with --json: the object has it all."""
        if self.as_json or self.muted:
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        # A pipe has no width to fit into: whole rows are what the next program wants.
        piped = io.StringIO()
        console = Console() if sys.stdout.isatty() else Console(file=piped, width=10_000)
        cells = [[spelled(cell) for cell in row] for row in rows]
        table = Table(box=None, pad_edge=False, header_style="bold")
        widths = _widths([columns, *cells], console.width)
        for column, width in zip(columns, widths, strict=True):
            table.add_column(column, overflow="fold", width=width)
        for row in cells:
            table.add_row(*map(Text, row))
        console.print(table)
        for text in piped.getvalue().splitlines():
            self.line(text.rstrip())

    def answer(self, value: Mapping[str, Any]) -> None:
        if self.as_json and not self.muted:
            print(json.dumps(value, ensure_ascii=False, indent=2), flush=True)


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int | None]:
    """The width of each column, such that lines break between words and not in them; None,
    which leaves it to rich, where everything fits or even words do not."""
    from rich.cells import cell_len

    columns = list(zip(*rows, strict=True))
    wanted = [max(map(cell_len, column)) for column in columns]
    least = [max(map(cell_len, " ".join(column).split()), default=0) for column in columns]
    spare = room - GAP * (len(columns) - 1) - sum(least)
    if spare < 0 or spare >= sum(wanted) - sum(least):
        return [None] * len(columns)
    lacking = sum(wanted) - sum(least)
    return [low + spare * (high - low) // lacking for low, high in zip(least, wanted, strict=True)]


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
