"""Who plays a match: a player of ours in a process of its own, or any program that speaks GTP."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

GAMES = "/usr/games"  # Debian's folder of programs such as gnugo; often not on PATH


@dataclass(frozen=True)
class Contestant:
    given: str  # as it was typed
    command: tuple[str, ...]  # what starts it
    player: str | None = None  # of ours: the system, or the path of the artifact

    @property
    def name(self) -> str:
        """Of a file, and of a column: the system, the artifact's folder or the program."""
        return Path(self.player or self.command[0]).name.lower()


def find_program(name: str) -> str | None:
    """The path of a program."""
    return shutil.which(name) or shutil.which(name, path=GAMES)
