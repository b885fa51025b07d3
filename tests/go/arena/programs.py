"""Programs that speak GTP, well or badly: small scripts, which start at once."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

SCRIPT = """
import os, sys, time
on, moves, count = {on!r}, {moves!r}, 0
{start}
for line in sys.stdin:
    number, name, *words = line.split()
    mark, text = "=", ""
    if name == "clear_board":
        count = 0
    if name == "genmove":
        text = moves[count] if count < len(moves) else "pass"
        count += 1
    exec(on.get(name, ""))
    print(f"{{mark}}{{number}} {{text}}\\n", flush=True)
    if name == "quit":
        break
"""


_numbers = itertools.count()


def program(folder: Path, moves: Sequence[str] = (), start: str = "", **on: str) -> tuple[str, ...]:
    """The command of an engine that plays these moves in each game and then passes; `start` runs
    when it starts, `on[NAME]` before it answers that command."""
    script = folder / f"engine{next(_numbers)}.py"
    script.write_text(SCRIPT.format(on=on, moves=[*moves], start=start))
    return (sys.executable, "-I", "-S", str(script))
