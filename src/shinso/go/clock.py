"""How long to think about a move, from the time that is left: Canadian byo-yomi as GTP has it."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.go.rules import BLACK, WHITE

LAG = 0.1  # seconds of each move's that are kept for the way there and back
FEWEST_TO_COME = 10  # moves of one's own for which main time must last
EMPTY_A_MOVE = 3  # of the points still empty one in so many becomes a move of one's own


@dataclass
class _Left:
    seconds: float
    stones: int  # to be played in that time, 0 in main time


class Clock:
    """Without settings time is not limited; without main and byo-yomi time there is none."""

    def __init__(self) -> None:
        self._main, self._period, self._stones = 0, 0, 1
        self._limited = False
        self.restart()

    def set(self, main: int, period: int, stones: int) -> None:
        """`main` seconds, then `stones` moves in each `period` seconds. A period of no stones
        means no limit (GTP 2, section 4.2). Raises UserError for negative numbers."""
        if min(main, period, stones) < 0:
            raise UserError("syntax error: times and numbers of stones are not negative")
        self._main, self._period, self._stones = main, period, stones
        self._limited = not (period > 0 and stones == 0)
        self.restart()

    def restart(self) -> None:
        """Gives both colours all of their time back."""
        start = _Left(self._main, 0) if self._main or not self._period else self._new_period()
        self._left = {colour: _Left(start.seconds, start.stones) for colour in (BLACK, WHITE)}

    def tell(self, colour: int, seconds: int, stones: int) -> None:
        """What a colour has left, as whoever keeps the time says. Raises UserError for negative
        numbers of stones; time may be overdrawn."""
        if stones < 0:
            raise UserError("syntax error: numbers of stones are not negative")
        self._limited = True
        self._left[colour] = _Left(seconds, stones)

    def spend(self, colour: int, seconds: float) -> None:
        """A colour has made a move in so much time."""
        left = self._left[colour]
        left.seconds -= seconds
        if left.stones > 1:
            left.stones -= 1
        elif self._period and (left.stones == 1 or left.seconds <= 0):
            self._left[colour] = self._new_period()

    def for_move(self, colour: int, empty: int) -> float | None:
        """Seconds for the next move of a colour on a board with so many empty points; None without
        a limit."""
        if not self._limited:
            return None
        left = self._left[colour]
        share = left.seconds / (left.stones or max(FEWEST_TO_COME, empty / EMPTY_A_MOVE))
        if not left.stones and self._stones:
            share += self._period / self._stones  # which is there when main time has gone
        return max(0.0, share - LAG)

    def _new_period(self) -> _Left:
        return _Left(self._period, self._stones)
