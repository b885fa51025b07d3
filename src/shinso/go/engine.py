"""What a player of Go must offer to whoever lets it play: the protocol, the arena, the browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shinso.go.board import Board


@dataclass(frozen=True)
class Limits:
    """How much thought a move may take; a player keeps to the limit that it meets first, and to
    its own settings where there is none. With no time at all it still moves, at once."""

    seconds: float | None = None
    visits: int | None = None  # simulations, each of which visits the root once


@dataclass(frozen=True)
class Candidate:
    """A move that a player looks at, best ones first in a list of them."""

    point: int  # size * size for a pass
    visits: int = 0
    win_rate: float = 0.5  # of whom the move is for, 0 to 1
    prior: float = 0.0  # probability before any search
    line: tuple[int, ...] = ()  # points that it expects to be played, `point` the first


@dataclass(frozen=True)
class Choice:
    """A player's move, and why."""

    point: int  # legal; size * size for a pass
    win_rate: float | None = None  # of who moves, 0 to 1; None where the player has no idea
    visits: int = 0
    candidates: tuple[Candidate, ...] = ()
    resigns: bool = False  # rather than playing `point`


class Player(Protocol):
    """Plays for a colour, whoever is to play on the board, and leaves the board as it is."""

    name: str
    sizes: range | tuple[int, ...] | None  # lines of the boards that it plays on; None: of any
    seed: int  # of its random choices; set anew, if at all, between games

    def choose(self, board: Board, colour: int, limits: Limits) -> Choice: ...

    def analyse(self, board: Board, colour: int, limits: Limits) -> Iterator[list[Candidate]]:
        """What it knows after more and more thought, several times a second, until the limits are
        reached; closing the iterator ends it earlier. Without limits it may go on for ever."""
        ...
