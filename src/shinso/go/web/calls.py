"""The games that are played in browsers, and what their pages may ask."""

from __future__ import annotations

import base64
import binascii
import functools
import secrets
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shinso.core.errors import UserError
from shinso.core.report.words import listed
from shinso.core.web.server import Call
from shinso.data.sgf import Game, game_of, read_game, write_game
from shinso.data.sgf_text import parse
from shinso.go.board import Board
from shinso.go.engine import Choice, Limits, Player
from shinso.go.web.session import Opinion, Session
from shinso.go.web.thinking import AT_ONCE, Thought
from shinso.go.web.view import state_of

SIZES = (9, 13, 19)  # of new games, as far as the player can play them
MOST_GAMES = 32  # that are kept; then the one that was left alone for longest goes
MOST_SECONDS, MOST_VISITS = 600.0, 1_000_000  # of a thought

State = dict[str, Any]


class Boards:
    """Games by id, and one player for all of them, who thinks about one after the other in a
    thread of its own: a player has one tree.

    `calls` are this object's functions for `shinso.core.web.server`; they run one at a time. All
    take the id of a game and answer its state, but for what makes one and for `about`.
    """

    def __init__(self, player: Player) -> None:
        """Raises UserError for a player that can play on no board."""
        self._player = player
        self._sizes = sizes_of(player)
        self._warm_up()
        self._games: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "player")
        asked: tuple[Callable[..., State], ...] = (
            self.about, self.new, self.load, self.load_file, self.state, self.play, self.undo,
            self.resign, self.show, self.let_play, self.think, self.hurry, self.stop,
            self.estimate, self.record,
        )  # fmt: skip
        self.calls: dict[str, Call] = {each.__name__: self._alone(each) for each in asked}

    def _warm_up(self) -> None:
        """Compiles now, and not while somebody waits."""
        board = Board(self._sizes[0])
        self._player.choose(board, board.to_play, AT_ONCE)
        Session(board, Game(board.size)).estimate()

    def close(self) -> None:
        """Ends what is being thought."""
        with self._lock:
            for session in self._games.values():
                session.interrupt()
        self._thread.shutdown()

    def _alone(self, function: Callable[..., State]) -> Call:
        @functools.wraps(function)
        def alone(**arguments: Any) -> State:
            with self._lock:
                return function(**arguments)

        return alone

    # Games --------------------------------------------------------------------------------------

    def about(self) -> State:
        return {"player": self._player.name, "sizes": self._sizes}

    def new(self, size: int, komi: float, handicap: int, engine: str) -> State:
        name = f"shinso {self._player.name}"
        return self._keep(Session.new(size, komi, handicap, engine, name))

    def load(self, text: str) -> State:
        """A record in SGF."""
        tree = next(parse(text, "the record"))
        return self._open(game_of(tree.main_line(), "the record"))

    def load_file(self, content: str) -> State:
        """One whose encoding is still to be found out; `content` is Base64."""
        try:
            data = base64.b64decode(content, validate=True)
        except binascii.Error as error:
            raise UserError(f"the file did not arrive as Base64: {error}") from None
        return self._open(read_game(data, "the record"))

    def _open(self, game: Game) -> State:
        return self._keep(Session.of_record(game))

    def _keep(self, session: Session) -> State:
        id = secrets.token_urlsafe(8)
        self._games[id] = session
        while len(self._games) > MOST_GAMES:
            _, oldest = self._games.popitem(last=False)
            oldest.interrupt()
        return state_of(id, session)

    def _of(self, game: str) -> Session:
        if game not in self._games:
            raise UserError(f"there is no game {game[:40]!r} here any more; begin a new one")
        self._games.move_to_end(game)
        return self._games[game]

    # A game -------------------------------------------------------------------------------------

    def state(self, game: str) -> State:
        return state_of(game, self._of(game))

    def play(self, game: str, point: int) -> State:
        self._of(game).play(point)
        return self.state(game)

    def undo(self, game: str) -> State:
        self._of(game).undo()
        return self.state(game)

    def resign(self, game: str) -> State:
        self._of(game).resign()
        return self.state(game)

    def show(self, game: str, moves: int) -> State:
        self._of(game).show(moves)
        return self.state(game)

    def let_play(self, game: str, engine: str) -> State:
        """For which colours the player plays from now on."""
        session = self._of(game)
        session.engine = engine
        session.interrupt()
        return self.state(game)

    def estimate(self, game: str) -> State:
        """How the position may end, and no state."""
        return vars(self._of(game).estimate())

    def record(self, game: str) -> State:
        """The text of the record, and no state."""
        return {"text": write_game(self._of(game).game)}

    # Thoughts -----------------------------------------------------------------------------------

    def think(
        self, game: str, plays: bool, seconds: float | None = None, visits: int | None = None
    ) -> State:
        """Begins to think about the position that is shown, in order to play or not; without
        limits as long as the player's own settings say."""
        session = self._of(game)
        if seconds is not None and not 0 <= seconds <= MOST_SECONDS:
            raise UserError(f"{seconds:g} seconds for a thought; they are 0 to {MOST_SECONDS:g}")
        if visits is not None and not 1 <= visits <= MOST_VISITS:
            raise UserError(f"{visits:,} visits for a thought; they are 1 to {MOST_VISITS:,}")
        session.interrupt()
        session.thought = Thought(session.board, Limits(seconds, visits), plays)
        self._thread.submit(self._think, session, session.thought)
        return self.state(game)

    def hurry(self, game: str) -> State:
        """Ends a thought with what it knows by now, be it a move."""
        if (thought := self._of(game).thought) is not None:
            thought.hurry()
        return self.state(game)

    def stop(self, game: str) -> State:
        """Ends a thought without a move."""
        self._of(game).interrupt()
        return self.state(game)

    def _think(self, session: Session, thought: Thought) -> None:
        """In the player's thread."""
        choice, trouble = None, ""
        try:
            choice = thought.run(self._player)
        except UserError as error:
            trouble = str(error)
        except Exception as error:  # or else the page would wait for ever
            traceback.print_exc()
            trouble = f"{self._player.name} failed: {type(error).__name__}: {error}"
        with self._lock:
            if session.thought is thought:
                session.thought, session.trouble = None, trouble
                if choice is not None:
                    _settle(session, choice, thought.plays)


def _settle(session: Session, choice: Choice, plays: bool) -> None:
    session.note(Opinion(choice.candidates, choice.win_rate), session.shown)
    if plays and choice.resigns:
        session.resign()
    elif plays:
        try:
            session.play(choice.point)
        except UserError as error:
            session.trouble = str(error)


def sizes_of(player: Player) -> list[int]:
    """Those of SIZES that it plays on. Raises UserError for none."""
    sizes = [size for size in SIZES if player.sizes is None or size in player.sizes]
    if not sizes:
        known = listed([str(size) for size in SIZES])
        raise UserError(f"{player.name} plays on no board of {known} lines")
    return sizes
