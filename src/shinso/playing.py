"""Players of Go by name or path. Imports no torch, so that those that learned nothing answer at
once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from shinso import catalog
from shinso.core.about import read_about
from shinso.core.errors import UserError
from shinso.core.recipe import Options
from shinso.core.system import System

if TYPE_CHECKING:
    from shinso.go.engine import Player

DEFAULT_PLAYER = "uct"  # where nobody is named


def player(what: str | Path = DEFAULT_PLAYER, **options: Any) -> Player:
    """The player of Go that a run, an artifact folder or a system's name stands for.

    `options` change the system's defaults, or those kept in the artifact. Raises UserError where
    nothing is found, or what is found does not play Go.
    """
    system = player_system(what)
    chosen = system.changed_options(player_options(what), options)
    artifact = catalog.open_artifact(what) if system.recipe else None
    opened: Player = system.load("player")(artifact, chosen)
    return opened


def player_options(what: str | Path) -> Options | None:
    """The options of a player as they are without changes; of an artifact they are read from
    artifact.json alone. Raises UserError as `player` does."""
    system = player_system(what)
    if system.options_class is None:
        return None
    kept = read_about(catalog.artifact_folder(what))["options"] if system.recipe else None
    return system.options_class.from_dict(kept or {})


def player_system(what: str | Path) -> System:
    """The row of a player. Raises UserError as `player` does."""
    system = catalog.SYSTEMS.get(str(what))
    if system is None:
        system = catalog.find(read_about(catalog.artifact_folder(what))["system"])
    if system.player is None:
        players = [row.name for row in catalog.SYSTEMS.values() if row.player]
        raise UserError(f"{system.name} does not play Go; who does: {', '.join(players)}")
    return system
