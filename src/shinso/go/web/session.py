"""A game as the page has it: its record, the move of it that is shown, and what the player thinks
of each position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from shinso.core.errors import UserError
from shinso.data.sgf import Game, Move
from shinso.go.board import Board
from shinso.go.coordinates import handicap_points
from shinso.go.engine import Candidate
from shinso.go.replay import replay, starting_board
from shinso.go.rules import BLACK, WHITE
from shinso.go.status import PLAYOUTS, count_owners, dead_stones, final_score
from shinso.go.web.thinking import Thought

MOST_MOVES = 2000  # of a record; the longest professional game has 411

SIDES = {"none": (), "black": (BLACK,), "white": (WHITE,), "both": (BLACK, WHITE)}
LETTERS = {BLACK: "B", WHITE: "W"}


@dataclass(frozen=True)
class Opinion:
    """What the player thinks of a position, of whose mover the win rate is."""

    candidates: Sequence[Candidate]
    win_rate: float | None = None

    @property
    def visits(self) -> int:
        return sum(candidate.visits for candidate in self.candidates)


@dataclass(frozen=True)
class Estimate:
    """How a position may end, by random play; see `shinso.go.status`."""

    owners: list[float]  # of each point, 1 for Black's to -1 for White's
    dead: list[int]  # points of the stones that are
    result: str  # as SGF has it


class Session:
    """`board` is the position that is shown, after some of the moves of `game`, its record.

    Where another move is played than the record's next, what follows there is dropped. `engine`
    says for which colours the player plays, `opinions` are by the number of moves before, and
    `trouble` is why the last thought came to nothing.
    """

    def __init__(self, start: Board, game: Game, engine: str = "none") -> None:
        """Raises UserError for an engine that is no key of SIDES."""
        self.engine = engine
        self.board, self.game = start.copy(), game
        self.opinions: dict[int, Opinion] = {}
        self.thought: Thought | None = None
        self.trouble = ""
        self._start = start

    @classmethod
    def new(cls, size: int, komi: float, handicap: int, engine: str, player: str) -> Session:
        """An empty board, or one with a fixed handicap, 0 for none; `player` is the name that the
        engine's colours have. Raises UserError where there is no such board."""
        board = Board(size, komi)
        points = sorted(handicap_points(size, handicap)) if handicap else []
        if points:
            board.give_handicap(points)
        names = {BLACK: "", WHITE: ""} | dict.fromkeys(SIDES.get(engine, ()), player)
        game = Game(
            size,
            setup=tuple((BLACK, point) for point in points),
            first=board.to_play,
            komi=board.komi,
            handicap=handicap,
            black=names[BLACK],
            white=names[WHITE],
        )
        return cls(board, game, engine)

    @classmethod
    def of_record(cls, game: Game) -> Session:
        """At its last move. Raises UserError for a record that cannot be played."""
        if len(game.moves) > MOST_MOVES:
            raise UserError(f"a record of {len(game.moves):,} moves; the most are {MOST_MOVES:,}")
        session = cls(starting_board(game, "the record"), game)
        session.board = replay(game, "the record")
        return session

    # Where it stands ----------------------------------------------------------------------------

    @property
    def engine(self) -> str:
        return self._engine

    @engine.setter
    def engine(self, engine: str) -> None:
        if engine not in SIDES:
            raise UserError(f"the engine plays {engine!r}; it can play {', '.join(SIDES)}")
        self._engine = engine

    @property
    def shown(self) -> int:
        """How many moves were made before the position that is shown."""
        return len(self.board.history)

    @property
    def at_end(self) -> bool:
        return self.shown == len(self.game.moves)

    @property
    def waits_for_engine(self) -> bool:
        return self.at_end and not self.game.result and self.board.to_play in SIDES[self.engine]

    @property
    def opinion(self) -> Opinion | None:
        """Of the position that is shown; what is being thought about it comes first."""
        if self.thought is not None and self.thought.candidates:
            return opinion_of(self.thought.candidates)
        return self.opinions.get(self.shown)

    def show(self, moves: int) -> None:
        """The position after so many moves. Raises UserError where the record has fewer."""
        if not 0 <= moves <= len(self.game.moves):
            raise UserError(f"move {moves} of a record of {len(self.game.moves)}")
        self.interrupt()
        if moves < self.shown:
            self.board = self._start.copy()
        for colour, point in self.game.moves[self.shown : moves]:
            self.board.play(point, colour)

    # Moves --------------------------------------------------------------------------------------

    def play(self, point: int) -> None:
        """By who is to play. Raises UserError for an illegal move, with the reason."""
        before = self.shown
        if before == MOST_MOVES:
            raise UserError(f"a game has {MOST_MOVES:,} moves at most; begin a new one")
        self.board.play(point)
        self.interrupt(at=before)
        move = self.board.history[-1]
        if self.game.moves[before : before + 1] != (move,):
            self._rewrite((*self.game.moves[:before], move), known=before)

    def undo(self) -> None:
        """Takes the last move back; against the engine also its answer, so that it is again the
        human's turn. Raises UserError where there is none, or it is not shown."""
        if not self.at_end:
            raise UserError("undo takes back the last move; go to the end of the record first")
        if not self.shown:
            raise UserError("there is no move to take back")
        self._take_back()
        if self.shown and SIDES[self.engine] == (self.board.to_play,):
            self._take_back()

    def resign(self) -> None:
        """Who is to play gives up. Raises UserError in the middle of a record."""
        if not self.at_end:
            raise UserError("only the last position can be resigned; go to the end of the record")
        self.interrupt()
        winner = LETTERS[3 - self.board.to_play]
        self.game = replace(self.game, result=f"{winner}+R")

    def _take_back(self) -> None:
        moves = self.game.moves[:-1]
        self.show(len(moves))
        self._rewrite(moves, known=len(moves))

    def _rewrite(self, moves: tuple[Move, ...], known: int) -> None:
        """Makes these the record's moves, the last of which is shown; so many are as before."""
        self.opinions = {n: opinion for n, opinion in self.opinions.items() if n <= known}
        self.game = replace(
            self.game,
            moves=moves,
            first=moves[0][0] if moves else self._start.to_play,
            result=result_of(final_score(self.board)) if self.board.finished else "",
            comments={n: text for n, text in self.game.comments.items() if n <= known},
        )

    # Thoughts -----------------------------------------------------------------------------------

    def note(self, opinion: Opinion, at: int) -> None:
        if opinion.candidates:
            self.opinions[at] = opinion

    def interrupt(self, at: int | None = None) -> None:
        """Ends a thought, and keeps what it has found out about the position that is shown, or was
        after `at` moves."""
        if self.thought is not None:
            self.thought.stop()
            self.note(opinion_of(self.thought.candidates), self.shown if at is None else at)
        self.thought, self.trouble = None, ""

    def estimate(self) -> Estimate:
        """The same position gives the same."""
        owners = np.zeros(self.board.pass_point, np.int64)
        count_owners(self.board.record, np.zeros(1, np.uint64), PLAYOUTS, owners)
        dead = [point for chain in dead_stones(self.board) for point in chain]
        result = result_of(final_score(self.board))
        return Estimate(np.round(owners / PLAYOUTS, 2).tolist(), sorted(dead), result)


def opinion_of(candidates: Sequence[Candidate]) -> Opinion:
    """The win rate is that of the best move, if any was visited."""
    searched = len(candidates) > 0 and candidates[0].visits > 0
    return Opinion(candidates, candidates[0].win_rate if searched else None)


def result_of(score: float) -> str:
    """Of Black's points less White's, as SGF's RE."""
    return f"{LETTERS[BLACK if score > 0 else WHITE]}+{abs(score):g}" if score else "Draw"
