"""The terms of a match. Imports no numpy, so that `--help` answers at once."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.recipe import Settings, option

OWN, NONE = "own", "none"  # openings


@dataclass(frozen=True, kw_only=True)
class MatchSettings(Settings):
    games: int = option(20, "games to play, colours alternated after each", minimum=1)
    size: int = option(9, "lines of the board", minimum=2, maximum=19)
    komi: float = option(7.5, "White's points for playing second")
    time: int | None = option(
        None, "seconds a move, as GTP has it in whole ones; who takes longer loses", minimum=1
    )
    openings: str = option(
        OWN,
        f"what games begin with, each twice: {OWN}, which are for 9, 13 and 19 lines; {NONE}; or a "
        "file with the size and the moves of one a line, such as 9 E5 C4",
    )
    seed: int = option(
        0, "of the order of the openings, and of players that take a seed", minimum=0
    )
