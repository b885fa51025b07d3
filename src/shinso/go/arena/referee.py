"""One game between two engines, and the board that decides what is legal and who has won.

Positional superko holds and suicide is forbidden. Points are counted by area, komi added. When both
have passed, stones that `shinso.go.status` takes for dead are taken away first: it judges by random
play, which misjudges a seki and a group that only exact play kills. A game that nobody ends is
scored as it stands, all stones alive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

from shinso.core.errors import ShinsoError, UserError
from shinso.go import gtp
from shinso.go.arena.openings import Opening
from shinso.go.arena.process import DIED, LATE, NONSENSE, REFUSAL, Engine, EngineFault, shown
from shinso.go.arena.settings import MatchSettings
from shinso.go.board import Board
from shinso.go.coordinates import gtp_name, gtp_point
from shinso.go.rules import BLACK, EMPTY, WHITE
from shinso.go.status import final_score

ILLEGAL = "illegal move"
FAULTS = (DIED, LATE, NONSENSE, REFUSAL, ILLEGAL)
PASSES, RESIGNATION, TOO_LONG = "passes", "resignation", "too long"  # other ends of a game

MOST_MOVES = 3  # for each point of the board
GRACE = 0.5  # seconds a move besides --time, for pipes and a machine that has more to do
NO_TIME = 600.0  # seconds a move where none are set
COMMAND = 60.0  # seconds for what is no move

LETTERS = {BLACK: "B", WHITE: "W"}


@dataclass(frozen=True)
class Played:
    """A game as it ended. `result` is as in SGF: W+3.5, B+R, W+F for a fault of Black's, W+T where
    that was to be late."""

    board: Board
    winner: int  # BLACK, WHITE, or EMPTY for a draw
    result: str
    ended: str  # PASSES, RESIGNATION, TOO_LONG or one of FAULTS
    told: str  # about a fault
    seconds: Mapping[int, list[float]]  # by colour, of each move that it was asked for
    scores: Mapping[int, str]  # by colour, what an engine says the score is, where it says it


class _Over(ShinsoError):
    """A colour has lost before the board says so."""

    def __init__(self, loser: int, ended: str, message: str = "") -> None:
        super().__init__(message)
        self.loser, self.ended = loser, ended


def set_up(engine: Engine, settings: MatchSettings, seconds: float = COMMAND) -> None:
    """An empty board, and the terms. Raises EngineFault."""
    engine.ask(f"boardsize {settings.size}", seconds)
    engine.ask("clear_board", seconds)
    engine.ask(f"komi {settings.komi:g}", seconds)
    if settings.time is not None:
        with _unless_refused():
            engine.ask(f"time_settings 0 {settings.time} 1", seconds)


def play_game(
    engines: Mapping[int, Engine],
    settings: MatchSettings,
    opening: Opening = (),
    seeds: Mapping[int, int] | None = None,
) -> Played:
    """Whatever an engine does wrong loses it the game."""
    return _Referee(engines, settings).play(opening, seeds or {})


@dataclass
class _Referee:
    engines: Mapping[int, Engine]  # by colour
    settings: MatchSettings
    seconds: dict[int, list[float]] = field(default_factory=lambda: {BLACK: [], WHITE: []})

    def __post_init__(self) -> None:
        self.board = Board(self.settings.size, self.settings.komi)

    def play(self, opening: Opening, seeds: Mapping[int, int]) -> Played:
        try:
            self._begin(opening, seeds)
            most = MOST_MOVES * self.settings.size**2
            while not self.board.finished and len(self.board.history) < most:
                self._move(self.board.to_play)
        except _Over as over:
            return self._lost(over)
        return self._scored()

    def _begin(self, opening: Opening, seeds: Mapping[int, int]) -> None:
        for colour, engine in self.engines.items():
            with _charged_to(colour):
                set_up(engine, self.settings)
                if colour in seeds:
                    with _unless_refused():
                        engine.ask(f"set_random_seed {seeds[colour]}", COMMAND)
        for point in opening:
            mover = self.board.to_play
            self.board.play(point)
            for colour in self.engines:
                self._tell(colour, mover, point)

    def _move(self, colour: int) -> None:
        began = monotonic()
        with _charged_to(colour):
            answer = self.engines[colour].ask(f"genmove {LETTERS[colour]}", self._time)
        self.seconds[colour].append(monotonic() - began)
        if answer.lower() == "resign":
            raise _Over(colour, RESIGNATION)
        try:
            point = gtp_point(shown(answer), self.settings.size)
        except UserError as error:
            raise _Over(colour, NONSENSE, str(error)) from None
        try:
            self.board.play(point, colour)
        except UserError as error:
            raise _Over(colour, ILLEGAL, str(error)) from None
        self._tell(3 - colour, colour, point)

    def _tell(self, listener: int, mover: int, point: int) -> None:
        vertex = gtp_name(point, self.settings.size)
        with _charged_to(listener):
            self.engines[listener].ask(f"play {LETTERS[mover]} {vertex}", COMMAND)

    @property
    def _time(self) -> float:
        """Seconds that a move may take."""
        return NO_TIME if self.settings.time is None else self.settings.time + GRACE

    def _lost(self, over: _Over) -> Played:
        winner = 3 - over.loser
        how = {RESIGNATION: "R", LATE: "T"}.get(over.ended, "F")
        return self._played(winner, f"{LETTERS[winner]}+{how}", over.ended, str(over))

    def _scored(self) -> Played:
        """Who has died by now has lost nothing any more."""
        if self.board.finished:
            score, ended = final_score(self.board), PASSES
        else:
            score, ended = self.board.area_score(), TOO_LONG
        winner = BLACK if score > 0 else WHITE if score < 0 else EMPTY
        scores = {}
        for colour, engine in self.engines.items():
            if ended == PASSES:
                with suppress(EngineFault):
                    scores[colour] = shown(engine.ask("final_score", COMMAND))
        return self._played(winner, gtp.score(score), ended, scores=scores)

    def _played(
        self,
        winner: int,
        result: str,
        ended: str,
        told: str = "",
        scores: Mapping[int, str] | None = None,
    ) -> Played:
        return Played(self.board, winner, result, ended, told, self.seconds, scores or {})


@contextmanager
def _charged_to(colour: int) -> Iterator[None]:
    try:
        yield
    except EngineFault as fault:
        raise _Over(colour, fault.kind, str(fault)) from None


@contextmanager
def _unless_refused() -> Iterator[None]:
    """For commands that not every program knows."""
    try:
        yield
    except EngineFault as fault:
        if fault.kind != REFUSAL:
            raise
