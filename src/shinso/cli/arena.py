"""shinso arena A B"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shinso.cli.output import Output
from shinso.cli.parsing import add_settings, given_settings
from shinso.cli.players import telling_of_compilation
from shinso.go.arena.settings import MatchSettings
from shinso.matches import check_recordable, contestant, record

PLAYERS = """A player is what one types after shinso gtp, or a command line that starts any program
that speaks GTP. More than one word needs quotes:

  shinso arena uct "gnugo --mode gtp --chinese-rules --positional-superko"
  shinso arena "uct --simulations 2000" runs/RUN --games 100 --time 5

The board is ours: superko holds, area is counted, dead stones are judged by random play. What
crashes, plays an illegal move, answers nonsense or is late has lost, and begins anew."""


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.epilog = PLAYERS
    parser.add_argument("a", metavar="A", help="a player, whose wins are counted")
    parser.add_argument("b", metavar="B", help="its opponent")
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        help="keeps all games as SGF, and goes on with the match that it holds (default: "
        "runs/arena-A-B-SIZExSIZE-sSEED)",
    )
    parser.add_argument("--record", metavar="LABEL", help="write the outcome into results/")
    add_settings(parser, MatchSettings(), "terms of the match")


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    settings = MatchSettings().changed(**given_settings(parsed, MatchSettings))
    a, b = contestant(parsed.a), contestant(parsed.b)
    size = f"{settings.size}x{settings.size}"
    name = re.sub(r"[^\w.-]+", "-", f"arena-{a.name}-{b.name}-{size}-s{settings.seed}")
    folder = parsed.out or Path("runs", name)
    if parsed.record is not None:
        check_recordable(a, parsed.record)
    from shinso.core.progress import progress
    from shinso.go.arena.match import play_match
    from shinso.go.arena.summary import summary, tally

    with (
        telling_of_compilation(),
        progress(f"{a.name} against {b.name}", doing="playing") as observer,
    ):
        games = play_match(
            a,
            b,
            settings,
            folder,
            lambda played: observer.tick(len(played), settings.games, _score(tally(played))),
        )
    found = {
        "a": a.given,
        "b": b.given,
        "size": settings.size,
        "komi": settings.komi,
        **summary(games),
        "folder": str(folder),
    }
    _print(found, output)
    if parsed.record is not None:
        path = record(a, b, settings, found, parsed.record)
        output.line(f"recorded  {path}")
    return found


def _score(tallied: Mapping[str, Any]) -> dict[str, float]:
    return {name: tallied[name] for name in ("wins", "losses", "draws")}


def _print(found: Mapping[str, Any], output: Output) -> None:
    output.line(f"{found['a']} against {found['b']}, {found['size']}x{found['size']}\n")
    tallies = {f"as {colour}": found["by_colour"][colour] for colour in found["by_colour"]}
    columns = ("games", "wins", "losses", "draws", "win_rate")
    output.table(
        ("", *columns[:-1], "win rate"),
        [
            (name, *(tallied[column] for column in columns))
            for name, tallied in {**tallies, "together": found}.items()
        ],
    )
    output.line()
    intervals = found["intervals"]
    output.line(f"win rate  {found['win_rate']:.3f}  {_between(intervals['win_rate'], '.3f')}")
    output.line(f"Elo       {_signed(found['elo'])}  {_between(intervals['elo'], '+.0f')}")
    for side in ("a", "b"):
        seconds = found["seconds_a_move"][side]
        took = "no move" if seconds is None else f"{seconds:.3g} s a move (median)"
        faults = "".join(f", {kind}: {n}" for kind, n in found["faults"][side].items())
        output.line(f"{side.upper():8}  {found[side]}: {took}{faults}")
    if found["games_a_minute"] is not None:
        output.line(f"pace      {found['games_a_minute']:.3g} games a minute")
    if found["disputed"]:
        output.line(f"disputed  {found['disputed']}: a player says that the other has won")
    output.line(f"games     {found['folder']}")


def _signed(rating: float | None) -> str:
    return "unbounded" if rating is None else f"{rating:+.0f}"


def _between(interval: Sequence[float | None], form: str) -> str:
    low, high = ("unbounded" if end is None else format(end, form) for end in interval)
    return f"({low} to {high}, 95%)"
