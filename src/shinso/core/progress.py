"""Progress for people: a bar with rate and time left on a terminal, plain lines elsewhere.
On stderr, so that stdout stays the program's."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from shinso.core.loop import Observer

LINE_SECONDS = 10.0


@contextmanager
def progress(title: str) -> Iterator[Observer]:
    console = Console(file=sys.stderr)
    if console.is_terminal:
        with _bar(console) as bar:
            yield TerminalObserver(title, bar)
    else:
        yield PlainObserver(title)


class TerminalObserver:
    """A bar that moves, and a line above it for each evaluation."""

    def __init__(self, title: str, bar: Progress) -> None:
        self.bar = bar
        self.task = bar.add_task(title, total=None, rate="", scores="")
        self.started_at: tuple[float, int] | None = None

    def tick(self, done: int, total: int | None, scores: Mapping[str, float]) -> None:
        now = time.monotonic()
        since, first = self.started_at = self.started_at or (now, done)
        rate = (done - first) / (now - since) if now > since else 0.0
        self.bar.update(
            self.task,
            completed=done,
            total=total,
            rate=f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2f}/s",
            scores=spelled(scores),
        )

    def evaluated(self, step: int, scores: Mapping[str, float], best: bool) -> None:
        mark = "  [green]best[/green]" if best else ""
        self.bar.console.print(f"  step {step:,}  valid {spelled(scores)}{mark}", highlight=False)


class PlainObserver:
    """A line every ten seconds and at each evaluation, for files and pipes."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.line_at = time.monotonic()

    def tick(self, done: int, total: int | None, scores: Mapping[str, float]) -> None:
        if time.monotonic() - self.line_at < LINE_SECONDS:
            return
        self.line_at = time.monotonic()
        share = f" of {total:,} ({done / total:.0%})" if total else ""
        print(f"{self.title}: {done:,}{share}  {spelled(scores)}", file=sys.stderr, flush=True)

    def evaluated(self, step: int, scores: Mapping[str, float], best: bool) -> None:
        mark = "  best" if best else ""
        print(
            f"{self.title}: step {step:,}  valid {spelled(scores)}{mark}",
            file=sys.stderr,
            flush=True,
        )


def spelled(scores: Mapping[str, float]) -> str:
    """Scores as people read them: "loss 0.1234  accuracy 0.9876"."""
    return "  ".join(f"{name} {value:.4g}" for name, value in scores.items())


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[scores]}"),
        console=console,
        redirect_stdout=False,
        redirect_stderr=False,
    )
