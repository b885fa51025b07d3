"""Who plays in the arena, and the record of what came of it. Imports no torch."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shinso import catalog
from shinso.core import results
from shinso.core.about import read_about
from shinso.core.errors import UserError, nearest
from shinso.core.lever import uses
from shinso.core.recipe import as_options
from shinso.core.system import System
from shinso.go.arena.contestant import GAMES, Contestant, find_program
from shinso.go.arena.settings import MatchSettings
from shinso.playing import player_system


def contestant(given: str) -> Contestant:
    """Who plays in the arena: what one types after `shinso gtp`, or else a command line that starts
    a program that speaks GTP. Raises UserError for what is neither."""
    try:
        words = [given] if Path(given).is_dir() else shlex.split(given)
    except ValueError as error:
        raise UserError(f"{given} is no command line: {str(error).lower()}") from None
    if not words:
        raise UserError("an empty name; a player is a system, an artifact or a command in quotes")
    if words[0] in catalog.SYSTEMS or Path(words[0]).is_dir():
        player_system(words[0])
        return Contestant(given, (sys.executable, "-m", "shinso", "gtp", *words), words[0])
    program = find_program(words[0])
    if program is None:
        raise UserError(
            f"{words[0]} is no system, no folder and no program on PATH or in {GAMES}; "
            f"{nearest(words[0], catalog.SYSTEMS, 'shinso list shows the systems')}"
        )
    return Contestant(given, (program, *words[1:]))


def check_recordable(a: Contestant, label: str) -> System:
    """The row of a player of ours. Raises UserError for another's, and where results/ takes no
    record: before a match that may take long."""
    if a.player is None:
        raise UserError(f"--record is about a player of ours in the first place, not {a.given}")
    results.check_recordable(label, _provenance(a).get("commit"))
    return player_system(a.player)


def record(
    a: Contestant,
    b: Contestant,
    settings: MatchSettings,
    found: Mapping[str, Any],
    label: str,
) -> Path:
    """Writes what a match came to for A into results/, in the place of an evaluation on data: the
    opponent is what it was tried on, the size of the board the split, the match's seed the seed.

    Raises UserError where `check_recordable` does.
    """
    system, made = check_recordable(a, label), _provenance(a)
    terms = " ".join(as_options(settings.difference(MatchSettings())))
    players = shlex.join(_public(who) for who in (a, b))
    names = ("win_rate", "elo", "games", "wins", "losses", "draws")
    kept = ("intervals", "by_colour", "seconds_a_move", "faults", "disputed")
    run = {
        "seed": settings.seed,
        "scores": {name: found[name] for name in names if found[name] is not None},
        **{name: found[name] for name in kept},
        "steps": made.get("steps", 0),
        "seconds": None,
        "parameters": None,
        "evaluation": " ".join(filter(None, ["shinso arena", players, terms, "--record", label])),
        "trained_seed": made.get("seed"),
        "trained_commit": made.get("commit"),
    }
    levers = [catalog.find_lever(used["name"]) for used in uses(made)] if made else []
    split = f"{settings.size}x{settings.size}"
    return results.record(system, levers, label, b.name, split, run, {})


def _provenance(who: Contestant) -> dict[str, Any]:
    """How a player of ours was trained; empty where it was not."""
    assert who.player is not None
    if player_system(who.player).recipe is None:
        return {}
    provenance: dict[str, Any] = read_about(catalog.artifact_folder(who.player))["provenance"]
    return provenance


def _public(who: Contestant) -> str:
    """As it was given, without folders that only this machine has."""
    ours = who.player is not None and who.player not in catalog.SYSTEMS
    return who.given.replace(str(who.player), "RUN") if ours else who.given
