"""A thought of the player about one position, which can be watched, hurried and stopped."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

from shinso.go.board import Board
from shinso.go.engine import Candidate, Choice, Limits, Player

AT_ONCE = Limits(seconds=0)


class Thought:
    """`candidates` are what it has come to so far; other threads may read them at any time."""

    def __init__(self, board: Board, limits: Limits, plays: bool) -> None:
        """`plays`: whether it ends in a move, and not in an opinion only."""
        self.limits, self.plays = limits, plays
        self.candidates: Sequence[Candidate] = ()
        self._board = board.copy()
        self._stopped, self._hurried = Event(), Event()

    def stop(self) -> None:
        """Nobody waits for its end any more."""
        self._stopped.set()

    def hurry(self) -> None:
        """Makes it end with what it knows by now."""
        self._hurried.set()

    def run(self, player: Player) -> Choice | None:
        """Thinks; None if it was stopped. A player that is asked for its own limits is not
        interrupted, since only `choose` keeps to them."""
        limits = self.limits
        colour = self._board.to_play
        if limits != Limits():
            for found in player.analyse(self._board, colour, limits):
                self.candidates = found
                if self._stopped.is_set() or self._hurried.is_set():
                    break
            limits = AT_ONCE  # the player keeps its thoughts: what is left is to choose
        return None if self._stopped.is_set() else player.choose(self._board, colour, limits)
