"""The players that learn nothing, by name."""

from __future__ import annotations

from shinso.core.errors import UserError, nearest
from shinso.go.engine import Player

PLAYERS = {"random": "any legal move that fills no eye of its own"}


def player_named(name: str) -> Player:
    """Raises UserError where there is none of that name."""
    if name not in PLAYERS:
        raise UserError(f"no player is named {name!r}; {nearest(name, [*PLAYERS])}")
    from shinso.go.random_player import RandomPlayer

    return RandomPlayer()
