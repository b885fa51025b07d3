"""What the games of a match come to: rates with intervals, and how much stronger that makes A."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from shinso.data.sgf import Game

Z = 1.959964  # of the normal distribution: 95% lie within so many deviations
SIDES = ("a", "b")
COLOURS = ("black", "white")


def summary(games: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the lines of `games.jsonl`, for A; a draw is half a win."""
    total = tally(games)
    low, high = wilson(total["win_rate"], len(games))
    minutes = sum(game["seconds"] for game in games) / 60
    return {
        **total,
        "elo": elo(total["win_rate"]),
        "intervals": {"win_rate": [low, high], "elo": [elo(low), elo(high)]},
        "by_colour": {
            colour: tally([game for game in games if game["a"] == colour]) for colour in COLOURS
        },
        "seconds_a_move": {side: _median(games, side) for side in SIDES},
        "games_a_minute": len(games) / minutes if minutes else None,
        "ended": dict(Counter(game["ended"] for game in games)),
        "faults": {
            side: dict(Counter(game["ended"] for game in games if game["fault"] == side))
            for side in SIDES
        },
        "disputed": sum(map(is_disputed, games)),
    }


def tally(games: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A's wins, losses and draws."""
    winners = Counter(game["winner"] for game in games)
    wins, losses, draws = winners["a"], winners["b"], winners[None]
    rate = (wins + draws / 2) / len(games) if games else None
    return {
        "games": len(games),
        "wins": wins,
        "losses": losses,
        "draws": draws,
        "win_rate": rate,
    }


def wilson(rate: float, games: int) -> tuple[float, float]:
    """The interval that holds the true rate with 95%.

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference,
    Journal of the American Statistical Association 22(158). It takes games for wins or losses, and
    is too wide where some are draws.
    """
    spread = Z**2 / games
    centre = rate + spread / 2
    width = math.sqrt(spread * (rate * (1 - rate) + spread / 4))
    low, high = (centre - width) / (1 + spread), (centre + width) / (1 + spread)
    return max(low, 0.0), min(high, 1.0)


def elo(rate: float) -> float | None:
    """The difference in rating that makes a rate expected: d = 400 log10(p / (1 - p)), from
    p = 1 / (1 + 10^(-d / 400)); None where nothing was lost or nothing won.

    Source: Elo 1978, The rating of chessplayers, past and present, section 8.4 (logistic curve).
    """
    return 400 * math.log10(rate / (1 - rate)) if 1e-9 < rate < 1 - 1e-9 else None


def is_disputed(game: Mapping[str, Any]) -> bool:
    """Whether a player says that another has won than we do."""
    ours = Game(result=game["result"]).winner
    return any(Game(result=said).winner != ours for said in game["scores"].values())


def _median(games: Sequence[Mapping[str, Any]], side: str) -> float | None:
    moves = [seconds for game in games for seconds in game["seconds_a_move"][side]]
    return statistics.median(moves) if moves else None
