"""The players that learn nothing, by name; what each needs is imported when it is made."""

from __future__ import annotations

from typing import Any

from shinso.core.errors import UserError, nearest
from shinso.core.recipe import Options
from shinso.go.engine import Player

PLAYERS = {
    "uct": "tree search with random playouts",
    "random": "any legal move that fills no eye of its own",
}


def options_of(name: str) -> Options | None:
    """A player's options as they are by default. Raises UserError where there is none of that
    name."""
    if name not in PLAYERS:
        raise UserError(f"no player is named {name!r}; {nearest(name, PLAYERS)}")
    if name == "random":
        return None
    from shinso.go.uct.recipe import UCTOptions

    return UCTOptions()


def player_named(name: str, **changes: Any) -> Player:
    """A player with some of its options changed. Raises UserError where there is none of that
    name, or an option is wrong."""
    if options_of(name) is None:
        from shinso.go.random_player import RandomPlayer

        return RandomPlayer()
    from shinso.go.uct.player import UCTPlayer
    from shinso.go.uct.recipe import UCTOptions

    return UCTPlayer(UCTOptions(**changes))
