"""A match: games one after the other, colours alternated, whatever the players do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from shinso.core.errors import UserError
from shinso.data.sgf import BLACK, WHITE, Game, write_game
from shinso.go.arena.contestant import Contestant
from shinso.go.arena.openings import Opening, opening_of, openings_named
from shinso.go.arena.process import Engine, EngineFault
from shinso.go.arena.record import MatchFolder
from shinso.go.arena.referee import FAULTS, Played, play_game, set_up
from shinso.go.arena.settings import MatchSettings
from shinso.go.arena.summary import SIDES
from shinso.go.board import Board
from shinso.go.coordinates import gtp_name

STARTING = 120.0  # seconds for each of the first moves: who compiles or reads weights does it here
FIRST_MOVES = ("b", "w")  # the second of them goes on with a tree of the first
NAMES = {BLACK: "black", WHITE: "white"}


def play_match(
    a: Contestant,
    b: Contestant,
    settings: MatchSettings,
    folder: Path,
    tell: Callable[[list[dict[str, Any]]], None] = lambda games: None,
) -> list[dict[str, Any]]:
    """The lines of games.jsonl; those that are in the folder already are not played again.
    `tell` hears of all that are there, before the first and after each.

    A and B change colours after each game, and an opening after both had it. Raises UserError
    where the terms make no game, or a player does not come to its first move.
    """
    Board(settings.size, settings.komi)  # which says what is wrong with them
    openings = openings_named(settings.openings, settings.size)
    terms = settings.as_dict()
    del terms["games"]
    record = MatchFolder(folder, {"a": a.given, "b": b.given, **terms})
    tell(record.games)
    with ExitStack() as stack:
        seats = {
            side: stack.enter_context(_Seat(who, settings))
            for side, who in zip(SIDES, (a, b), strict=True)
        }
        for number in range(len(record.games), settings.games):
            opening = opening_of(openings, settings.size, settings.seed, number // 2)
            game, sgf = _play(seats, settings, opening, number)
            record.add(game, sgf)
            tell(record.games)
    return record.games[: settings.games]


class _Seat:
    """A contestant's place, where one engine follows the other."""

    def __init__(self, contestant: Contestant, settings: MatchSettings) -> None:
        self.contestant = contestant
        self._settings = settings
        self._engine: Engine | None = None

    def __enter__(self) -> _Seat:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    @property
    def engine(self) -> Engine:
        """One that has come to moves of its own, so that none is late because it has just begun.
        Raises UserError where it does not come to any."""
        if self._engine is not None and self._engine.failed:  # after its last game had ended
            self.leave()
        if self._engine is None:
            self._engine = Engine(self.contestant.command)
            try:
                set_up(self._engine, self._settings, STARTING)
                for colour in FIRST_MOVES:
                    self._engine.ask(f"genmove {colour}", STARTING)
            except EngineFault as fault:
                given = self.contestant.given
                raise UserError(
                    f"{given} does not come to its first move: {fault.kind}, {fault}"
                ) from None
        return self._engine


def _play(
    seats: Mapping[str, _Seat], settings: MatchSettings, opening: Opening, number: int
) -> tuple[dict[str, Any], str]:
    """A game, from 0 on, as a line of games.jsonl and as SGF."""
    sides = dict(zip((BLACK, WHITE), SIDES if number % 2 == 0 else SIDES[::-1], strict=True))
    seeds = np.random.SeedSequence((settings.seed, number)).generate_state(2) >> 1  # 31 bits
    engines = {colour: seats[side].engine for colour, side in sides.items()}
    began = monotonic()
    played = play_game(engines, settings, opening, dict(zip(sides, map(int, seeds), strict=True)))
    loser = sides.get(3 - played.winner)
    fault = loser if played.ended in FAULTS else None
    if fault is not None:
        seats[fault].leave()  # what did wrong begins anew
    line = {
        "game": number + 1,
        **{side: NAMES[colour] for colour, side in sorted(sides.items(), key=lambda pair: pair[1])},
        "opening": [gtp_name(point, settings.size) for point in opening],
        "winner": sides.get(played.winner),
        "result": played.result,
        "ended": played.ended,
        "fault": fault,
        "told": played.told,
        "moves": len(played.board.history),
        "seconds": round(monotonic() - began, 3),
        "seconds_a_move": {
            side: [round(each, 3) for each in played.seconds[colour]]
            for colour, side in sides.items()
        },
        "scores": {side: played.scores[c] for c, side in sides.items() if c in played.scores},
    }
    names = {NAMES[colour]: seats[side].contestant.given for colour, side in sides.items()}
    return line, _sgf(played, names)


def _sgf(played: Played, names: Mapping[str, str]) -> str:
    moves = tuple(played.board.history)
    said = f"{played.ended}: {played.told}" if played.told else played.ended
    return write_game(
        Game(
            size=played.board.size,
            moves=moves,
            komi=played.board.komi,
            rules="Chinese",
            result=played.result,
            comments={len(moves): said},
            black=names["black"],
            white=names["white"],
        )
    )
