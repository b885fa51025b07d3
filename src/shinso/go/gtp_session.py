"""A player behind the Go Text Protocol: what each command does to the board between them.

Suicide is forbidden, positional superko holds; on a board from a record the rules are as lenient
as `shinso.go.replay` has them. Scores are by area, without the stones that `shinso.go.status`
takes for dead.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from shinso import __version__
from shinso.core.errors import UserError
from shinso.data.sgf import Game, read_game, write_game
from shinso.go import gtp
from shinso.go.board import COLOURS, Board
from shinso.go.clock import Clock
from shinso.go.coordinates import gtp_name, gtp_point, handicap_points, most_handicap
from shinso.go.engine import Choice, Limits, Player
from shinso.go.replay import replay, starting_board
from shinso.go.rules import BLACK, EMPTY, WHITE
from shinso.go.status import dead_stones, final_score

DEFAULT_SIZE = 19
INTERVAL = 100  # of an analysis, in hundredths of a second, where none is asked for
RESTRICTIONS = ("allow", "avoid")  # keys of an analysis that cannot just be left out
DEAD, ALIVE, SEKI = "dead", "alive", "seki"

Answer = str | Iterator[str]  # a text; or lines as they come, once it is known that all is well


class Session:
    """Answers commands, until `finished`.

    `board` is the game as it stands. `interrupted` tells whether the controller has said more,
    which is what ends an analysis.
    """

    def __init__(self, player: Player, interrupted: Callable[[], bool] = lambda: False) -> None:
        self._player = player
        sizes = player.sizes or (DEFAULT_SIZE,)
        self.board = Board(DEFAULT_SIZE if DEFAULT_SIZE in sizes else max(sizes))
        self.finished = False
        self._interrupted = interrupted
        self._clock = Clock()
        self._begin(self.board)

    def answer(self, line: str) -> Iterator[str]:
        """What to send for a line, in parts that are ready at different times; nothing for a line
        that says nothing."""
        command = gtp.parse(line)
        if command is None:
            return
        try:
            result = self._do(command)
        except UserError as error:
            yield gtp.failure(command.id, str(error))
            return
        if isinstance(result, str):
            yield gtp.success(command.id, result)
        else:
            yield f"={command.id}\n"
            yield from (f"{text}\n" for text in result)
            yield "\n"

    def _do(self, command: gtp.Command) -> Answer:
        method = COMMANDS.get(command.name)
        if method is None:
            raise UserError("unknown command")
        signature = inspect.signature(method)
        try:
            signature.bind(self, *command.arguments)
        except TypeError:
            _, *names = signature.parameters
            takes = " ".join(names).upper() or "nothing"
            raise UserError(f"syntax error: {command.name} takes {takes}") from None
        return method(self, *command.arguments)

    def _begin(self, board: Board, handicap: int = 0) -> None:
        """A game that starts from a board without moves."""
        self.board, self._start, self._handicap = board, board.copy(), handicap

    # About the engine ---------------------------------------------------------------------------

    def _protocol_version(self) -> str:
        return "2"

    def _name(self) -> str:
        return f"shinso {self._player.name}"

    def _version(self) -> str:
        return __version__

    def _known_command(self, command: str) -> str:
        return "true" if command in COMMANDS else "false"

    def _list_commands(self) -> str:
        return "\n".join(COMMANDS)

    def _quit(self) -> str:
        self.finished = True
        return ""

    # Setting up ---------------------------------------------------------------------------------

    def _boardsize(self, size: str) -> str:
        lines = gtp.whole(size)
        try:
            self._check_size(lines)
            self._begin(Board(lines, self.board.komi))
        except UserError as error:
            raise UserError(f"unacceptable size: {error}") from None
        return ""

    def _check_size(self, lines: int) -> None:
        """Raises UserError for a board that the player does not play on."""
        sizes = self._player.sizes
        if sizes is not None and lines not in sizes:
            known = ", ".join(map(str, sizes))
            raise UserError(f"{self._player.name} plays on boards of {known} lines")

    def _clear_board(self) -> str:
        self._begin(Board(self.board.size, self.board.komi))
        self._clock.restart()
        return ""

    def _komi(self, komi: str) -> str:
        self.board.komi = gtp.decimal(komi)
        return ""

    def _fixed_handicap(self, stones: str) -> str:
        try:
            points = handicap_points(self.board.size, gtp.whole(stones))
        except UserError as error:
            raise UserError(f"invalid number of stones: {error}") from None
        return self._give(points)

    def _place_free_handicap(self, stones: str) -> str:
        """Fewer stones than asked for where the board has no fixed places for more."""
        most = most_handicap(self.board.size)
        return self._fixed_handicap(str(min(gtp.whole(stones), most or gtp.whole(stones))))

    def _set_free_handicap(self, *vertices: str) -> str:
        try:
            points = [gtp_point(vertex, self.board.size) for vertex in vertices]
            self._give(points)
        except UserError as error:
            raise UserError(f"bad vertex list: {error}") from None
        return ""

    def _give(self, points: list[int]) -> str:
        if self.board.history or self.board.stones.any():
            raise UserError("board not empty: clear_board first")
        self.board.give_handicap(points)
        self._begin(self.board, len(points))
        return " ".join(gtp_name(point, self.board.size) for point in points)

    def _loadsgf(self, filename: str, move_number: str = "") -> str:
        """All of its moves, or those before the move of that number."""
        moves = max(gtp.whole(move_number) - 1, 0) if move_number else None
        path = Path(filename)
        try:
            if not path.is_file():
                raise UserError(f"{filename} is no file")
            game = read_game(path.read_bytes(), path.name)
            self._check_size(game.size)
            start = starting_board(game, path.name, self.board.komi)
            board = replay(game, path.name, moves, self.board.komi)
        except (UserError, OSError) as error:
            raise UserError(f"cannot load file: {error}") from None
        self._begin(start, game.handicap)
        self.board = board
        return ""

    # Playing ------------------------------------------------------------------------------------

    def _play(self, colour: str, vertex: str) -> str:
        mover, point = gtp.colour_of(colour), gtp_point(vertex, self.board.size)
        try:
            self.board.play(point, mover)
        except UserError as error:
            raise UserError(f"illegal move: {error}") from None
        return ""

    def _genmove(self, colour: str) -> str:
        return self._moved(self._chosen(gtp.colour_of(colour)))

    def _reg_genmove(self, colour: str) -> str:
        """Without a look at the clock, and without playing the move."""
        choice = self._player.choose(self.board.copy(), gtp.colour_of(colour), Limits())
        return self._vertex(choice)

    def _chosen(self, colour: int) -> tuple[int, Choice]:
        began = time.monotonic()
        empty = int(np.count_nonzero(self.board.stones == EMPTY))
        limits = Limits(self._clock.for_move(colour, empty))
        choice = self._player.choose(self.board.copy(), colour, limits)
        self._clock.spend(colour, time.monotonic() - began)
        return colour, choice

    def _moved(self, chosen: tuple[int, Choice]) -> str:
        colour, choice = chosen
        if not choice.resigns:
            self.board.play(choice.point, colour)
        return self._vertex(choice)

    def _vertex(self, choice: Choice) -> str:
        return "resign" if choice.resigns else gtp_name(choice.point, self.board.size)

    def _undo(self) -> str:
        if not self.board.history:
            raise UserError("cannot undo: there is no move")
        earlier = self._start.copy()
        earlier.komi = self.board.komi
        for colour, point in self.board.history[:-1]:
            earlier.play(point, colour)
        self.board = earlier
        return ""

    def _set_random_seed(self, seed: str) -> str:
        """As GNU Go has it."""
        number = gtp.whole(seed)
        if number < 0:
            raise UserError("syntax error: a seed is not negative")
        self._player.seed = number
        return ""

    def _time_settings(self, main_time: str, byo_yomi_time: str, byo_yomi_stones: str) -> str:
        self._clock.set(gtp.whole(main_time), gtp.whole(byo_yomi_time), gtp.whole(byo_yomi_stones))
        return ""

    def _time_left(self, colour: str, time: str, stones: str) -> str:
        self._clock.tell(gtp.colour_of(colour), gtp.whole(time), gtp.whole(stones))
        return ""

    # Analysis -----------------------------------------------------------------------------------

    def _lz_analyze(self, *words: str) -> Answer:
        return self._analysis(words, in_units=False)

    def _kata_analyze(self, *words: str) -> Answer:
        return self._analysis(words, in_units=True)

    def _lz_genmove_analyze(self, *words: str) -> Answer:
        return self._analysed_move(words, in_units=False)

    def _kata_genmove_analyze(self, *words: str) -> Answer:
        return self._analysed_move(words, in_units=True)

    def _analysis(self, words: tuple[str, ...], in_units: bool) -> Iterator[str]:
        colour, interval = self._asked(words)
        return self._lines(colour, interval, in_units)

    def _analysed_move(self, words: tuple[str, ...], in_units: bool) -> Iterator[str]:
        colour, _ = self._asked(words)
        chosen = self._chosen(colour)
        told = gtp.analysis(chosen[1].candidates, self.board.size, in_units)
        return iter([*filter(None, [told]), f"play {self._moved(chosen)}"])

    def _asked(self, words: tuple[str, ...]) -> tuple[int, float]:
        """Colour and interval in seconds from [COLOUR] [INTERVAL] [KEY VALUE]...; keys that ask
        for more than there is to say, as KataGo's `ownership`, are left aside."""
        rest = list(words)
        colour = gtp.colour_of(rest.pop(0)) if rest and gtp.is_colour(rest[0]) else None
        if rest and gtp.is_whole(rest[0]):
            rest.insert(0, "interval")
        pairs = dict(zip(rest[::2], rest[1::2], strict=False))
        if len(rest) % 2 or not pairs.keys().isdisjoint(RESTRICTIONS):
            raise UserError(
                "syntax error: an analysis takes [COLOUR] [INTERVAL] [KEY VALUE]..., and no key "
                f"of {' or '.join(RESTRICTIONS)}"
            )
        hundredths = max(gtp.whole(pairs.get("interval", str(INTERVAL))), 0)
        return colour or self.board.to_play, hundredths / 100

    def _lines(self, colour: int, interval: float, in_units: bool) -> Iterator[str]:
        """One at once, then one an interval, and one of what was known at the end."""
        due = 0.0
        told = latest = ""
        for candidates in self._player.analyse(self.board.copy(), colour, Limits()):
            latest = gtp.analysis(candidates, self.board.size, in_units)
            if time.monotonic() >= due:
                due = time.monotonic() + interval
                yield (told := latest)
            if self._interrupted():
                break
        if latest != told:
            yield latest

    # The end ------------------------------------------------------------------------------------

    def _final_score(self) -> str:
        return gtp.score(final_score(self.board))

    def _final_status_list(self, status: str) -> str:
        """Chains, one a line."""
        if status not in (DEAD, ALIVE, SEKI):
            raise UserError(f"syntax error: {status!r} is not one of {DEAD}, {ALIVE}, {SEKI}")
        if status == SEKI:  # nothing here tells one from life
            return ""
        dead = dead_stones(self.board)
        if status == ALIVE:
            taken = {point for chain in dead for point in chain}
            stones = set(np.flatnonzero(self.board.stones).tolist()) - taken
            chains = sorted({tuple(self.board.chain(point)) for point in stones})
        else:
            chains = [tuple(chain) for chain in dead]
        return "\n".join(
            " ".join(gtp_name(point, self.board.size) for point in chain) for chain in chains
        )

    def _showboard(self) -> str:
        board = self.board
        taken = ", ".join(f"{COLOURS[colour]} {n}" for colour, n in board.captures.items())
        return f"\n{board}\n{COLOURS[board.to_play]} to play, komi {board.komi:g}, taken: {taken}"

    def _printsgf(self) -> str:
        return write_game(self.game())

    def game(self) -> Game:
        """The game as it stands, for a record."""
        board, stones = self.board, self._start.stones.ravel()
        return Game(
            size=board.size,
            moves=tuple(board.history),
            setup=tuple(
                (int(stones[point]), point)
                for point in range(board.pass_point)
                if stones[point] in (BLACK, WHITE)
            ),
            first=board.history[0][0] if board.history else board.to_play,
            komi=board.komi,
            handicap=self._handicap,
        )


COMMANDS: dict[str, Callable[..., Answer]] = {
    "protocol_version": Session._protocol_version,
    "name": Session._name,
    "version": Session._version,
    "known_command": Session._known_command,
    "list_commands": Session._list_commands,
    "quit": Session._quit,
    "boardsize": Session._boardsize,
    "clear_board": Session._clear_board,
    "komi": Session._komi,
    "fixed_handicap": Session._fixed_handicap,
    "place_free_handicap": Session._place_free_handicap,
    "set_free_handicap": Session._set_free_handicap,
    "loadsgf": Session._loadsgf,
    "play": Session._play,
    "genmove": Session._genmove,
    "reg_genmove": Session._reg_genmove,
    "undo": Session._undo,
    "set_random_seed": Session._set_random_seed,
    "time_settings": Session._time_settings,
    "time_left": Session._time_left,
    "lz-analyze": Session._lz_analyze,
    "kata-analyze": Session._kata_analyze,
    "lz-genmove_analyze": Session._lz_genmove_analyze,
    "kata-genmove_analyze": Session._kata_genmove_analyze,
    "final_score": Session._final_score,
    "final_status_list": Session._final_status_list,
    "showboard": Session._showboard,
    "printsgf": Session._printsgf,
}
