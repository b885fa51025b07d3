"""How a verb is told which player of Go it is about."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shinso.cli.parsing import add_settings, first_word, given_settings
from shinso.cli.predict import is_usable
from shinso.playing import DEFAULT_PLAYER, player, player_options

if TYPE_CHECKING:
    from shinso.go.engine import Player

COMPILING = "shinso: compiling the rules of Go, which takes some seconds the first time"


def add_player(
    parser: argparse.ArgumentParser, given: Sequence[str], valued: Sequence[str] = ()
) -> None:
    """The player and its options; `valued` are the verb's own options that take a value."""
    parser.add_argument(
        "player",
        metavar="ARTIFACT|SYSTEM",
        nargs="?",
        default=DEFAULT_PLAYER,
        help=f"who plays; a system means its shipped weights (default: {DEFAULT_PLAYER})",
    )
    named = first_word(given, valued, is_usable)
    if named is None or not is_usable(named):
        named = DEFAULT_PLAYER
    if options := player_options(named):
        add_settings(parser, options, f"options of {named}")


def given_player(parsed: argparse.Namespace) -> Player:
    """Raises UserError where there is none, or an option is wrong."""
    options = player_options(parsed.player)
    return player(parsed.player, **(given_settings(parsed, options) if options else {}))


@contextmanager
def telling_of_compilation() -> Iterator[None]:
    """Says on stderr that something is being compiled, once it is."""
    from shinso.go import compiled

    with compiled.telling_of_compilation(lambda: print(COMPILING, file=sys.stderr, flush=True)):
        yield
