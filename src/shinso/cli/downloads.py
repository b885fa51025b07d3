"""How a download goes: a bar on a terminal, plain lines elsewhere; both on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from shinso.data.download import Progress
from shinso.data.entry import format_bytes

LINE_SECONDS = 10.0


@contextmanager
def downloads() -> Iterator[Progress]:
    """What `shinso.data.download.get` is to call."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=24),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(compact=True),
    )
    with progress.Progress(*columns, console=Console(file=sys.stderr)) as bar:
        tasks: dict[str, progress.TaskID] = {}

        def show(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield show


def _lines() -> Progress:
    """A line when a file begins, every ten seconds, and when it is whole."""
    said: dict[str, float] = {}

    def show(name: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if done != total and now - said.get(name, -LINE_SECONDS) < LINE_SECONDS:
            return
        said[name] = now
        of = f" of {format_bytes(total)}" if total else ""
        print(f"{name}: {format_bytes(done)}{of}", file=sys.stderr, flush=True)

    return show
