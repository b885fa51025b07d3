"""Every choice that makes the player `uct`. It learns nothing, so they are all options. Imports no
torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.recipe import Options, option


@dataclass(frozen=True, kw_only=True)
class UCTOptions(Options):
    """Exploration and AMAF are set by how often 4,000 simulations choose a professional's move, one
    position of each of 160 games on 9x9: 36 times so, and 77 times among the three most visited;
    with an exploration of 0.3, 34 and 69. Without AMAF 32 and 48 at 0.5, 17 and 39 at 1."""

    simulations: int = option(20_000, "simulations a move, unless a time is given", minimum=1)
    exploration: float = option(
        0.1, "c of the upper confidence bound, in values of -1 to 1", minimum=0
    )
    equivalence: float = option(
        1000.0, "visits at which AMAF weighs as much as a move's own mean; 0: no AMAF", minimum=0
    )
    expand_after: int = option(4, "visits of a leaf before it is given children", minimum=1)
    resign_below: float = option(
        0.05, "rate of won playouts below which it resigns; 0: it never does", minimum=0, maximum=1
    )
