"""Progress for people: a bar with rate and time left on a terminal, plain lines elsewhere.
On stderr, so that stdout stays the program's."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleDimensions
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Column

if TYPE_CHECKING:
    from shinso.core.loop import Observer

LINE_SECONDS = 10.0


@contextmanager
def progress(title: str, *facts: str, doing: str = "training") -> Iterator[Observer]:
    """Shows how a run goes, after a line for each of the facts that is not empty; `doing` is
    what its bar says."""
    console = _Console(file=sys.stderr)
    for fact in filter(None, facts):
        console.print(f"{title}: {fact}", highlight=False, markup=False, soft_wrap=True)
    if console.is_terminal:
        with _bar(console) as bar:
            yield TerminalObserver(bar, doing)
    else:
        yield PlainObserver(title)


class _Console(Console):
    """Leaves room at a line's end for the ^C that a terminal echoes, and that else wraps."""

    @property  # type: ignore[misc]  # nobody sets it here
    def size(self) -> ConsoleDimensions:
        width, height = super().size
        return ConsoleDimensions(max(1, width - 3), height)


class Pace:
    """How fast it has gone since it was first looked at, in the learner's own unit."""

    def __init__(self) -> None:
        self.first: tuple[float, int] | None = None
        self.rate = 0.0  # a second

    def at(self, done: int, total: int | None) -> tuple[str, str]:
        """Rate and time left as people read them; empty while they are not known."""
        now = time.monotonic()
        since, begun = self.first = self.first or (now, done)
        if done <= begun or now <= since:
            return "", ""
        self.rate = (done - begun) / (now - since)
        rate = f"{self.rate:,.0f}/s" if self.rate >= 10 else f"{self.rate:.2g}/s"
        left = f"{clock((total - done) / self.rate)} left" if total and total > done else ""
        return rate, left


class TerminalObserver:
    """A bar that moves, and a line above it for each evaluation."""

    def __init__(self, bar: Progress, doing: str) -> None:
        self.bar = bar
        self.task = bar.add_task(doing, total=None, rate="", left="", scores="")
        self.pace = Pace()

    def tick(self, done: int, total: int | None, scores: Mapping[str, float]) -> None:
        rate, left = self.pace.at(done, total)
        self.bar.update(
            self.task, completed=done, total=total, rate=rate, left=left, scores=spelled(scores)
        )

    def evaluated(self, step: int, scores: Mapping[str, float], best: bool) -> None:
        mark = "  [green]best[/green]" if best else ""
        self.bar.console.print(f"  step {step:,}  valid {spelled(scores)}{mark}", highlight=False)


class PlainObserver:
    """A line every ten seconds and at each evaluation, for files and pipes."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.pace = Pace()
        self.line_at = time.monotonic()

    def tick(self, done: int, total: int | None, scores: Mapping[str, float]) -> None:
        paces = self.pace.at(done, total)
        if time.monotonic() - self.line_at < LINE_SECONDS:
            return
        self.line_at = time.monotonic()
        share = f"{done:,} of {total:,} ({done / total:.0%})" if total else f"{done:,}"
        self._say(", ".join(filter(None, (share, *paces))), spelled(scores))

    def evaluated(self, step: int, scores: Mapping[str, float], best: bool) -> None:
        self._say(f"step {step:,}", "valid", spelled(scores), "best" if best else "")

    def _say(self, *parts: str) -> None:
        line = "  ".join(filter(None, parts))
        print(f"{self.title}: {line}", file=sys.stderr, flush=True)


def spelled(scores: Mapping[str, float]) -> str:
    """Scores as people read them: "loss 0.1234  accuracy 0.9876"."""
    return "  ".join(f"{name} {value:.4g}" for name, value in scores.items())


def clock(seconds: float) -> str:
    """0:07, 12:34, 1:02:03."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _bar(console: Console) -> Progress:
    # On a narrow terminal the scores give way; they are in the lines above, too.
    scores = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[scores]}", table_column=scores),
        console=console,
        expand=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
