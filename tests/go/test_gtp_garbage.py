"""Sessions of sense and nonsense, beside a board of the test's own.

What the session answers must be well formed, say what the board of the test says, and leave both
boards alike. That board takes moves back by keeping all earlier ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinso.core.errors import UserError
from shinso.go.board import Board
from shinso.go.coordinates import gtp_name, gtp_point, handicap_points, most_handicap
from shinso.go.gtp_session import COMMANDS, Session
from shinso.go.random_player import RandomPlayer

ANSWER = re.compile(r"[=?](\d*)(| [^\n\x00-\x08\x0b-\x1f\x7f]*)\n([^\n]+\n)*\n")
COLOURS = {"b": 1, "Black": 1, "w": 2, "WHITE": 2}


class Shadow:
    """The board as the answers of a session ought to leave it."""

    def __init__(self) -> None:
        self.board = Board()
        self.earlier: list[Board] = []

    def hear(self, line: str, text: str | None) -> None:
        """A command and the text of its success, or None for a failure."""
        name, *words = line.split() or [""]
        if (act := getattr(self, f"_{name.replace('-', '_')}", None)) is None:
            return
        before, earlier = self.board.copy(), self.earlier.copy()
        try:
            act(*words, text)
        except (TypeError, KeyError, ValueError, IndexError, UserError):
            self.board, self.earlier = before, earlier
            assert text is None, f"{line!r} was accepted"
        else:
            assert text is not None, f"{line!r} was refused"

    def _play(self, colour: str, vertex: str, text: str | None) -> None:
        before = self.board.copy()
        self.board.play(gtp_point(vertex, self.board.size), COLOURS[colour])
        self.earlier.append(before)

    def _genmove(self, colour: str, text: str | None) -> None:
        mover = COLOURS[colour]
        assert text is not None
        self._play(next(name for name in COLOURS if COLOURS[name] == mover), text, text)

    def _lz_genmove_analyze(self, interval: str, *words: str | None) -> None:
        if (text := words[-1]) is None or interval in COLOURS:
            raise UserError("only intervals are sent here")
        colour = next(name for name in COLOURS if COLOURS[name] == self.board.to_play)
        self._play(colour, text.split()[-1], text)

    _kata_genmove_analyze = _lz_genmove_analyze

    def _undo(self, text: str | None) -> None:
        komi, self.board = self.board.komi, self.earlier.pop()
        self.board.komi = komi

    def _boardsize(self, size: str, text: str | None) -> None:
        self.board, self.earlier = Board(int(size), self.board.komi), []

    def _clear_board(self, text: str | None) -> None:
        self._boardsize(str(self.board.size), text)

    def _komi(self, komi: str, text: str | None) -> None:
        self.board.komi = float(komi)

    def _set_free_handicap(self, *words: str | None) -> None:
        self._give([gtp_point(word, self.board.size) for word in words[:-1] if word])

    def _fixed_handicap(self, stones: str, text: str | None) -> None:
        self._give(handicap_points(self.board.size, int(stones)))

    def _place_free_handicap(self, stones: str, text: str | None) -> None:
        wanted = int(stones[:9])  # no session takes longer numbers
        if wanted != int(stones):
            raise ValueError(stones)
        self._fixed_handicap(str(min(wanted, most_handicap(self.board.size) or wanted)), text)

    def _give(self, points: list[int]) -> None:
        if self.earlier:
            raise UserError("the game has begun")
        self.board.give_handicap(points)


SIZE = 4  # small, so that there are captures and kos


def words(*fixed: str) -> st.SearchStrategy[str]:
    return st.sampled_from(fixed)


def vertices() -> st.SearchStrategy[str]:
    on_board = st.integers(0, 16).map(lambda point: gtp_name(point, SIZE))
    return st.integers(0, 9).flatmap(lambda n: NOWHERE if n == 0 else on_board)


def numbers() -> st.SearchStrategy[str]:
    wild = words("0", "-1", "19", "20", "99999999999", "1e3", "nan", "inf", "x", "6.5", "0.3")
    return st.one_of(st.integers(2, 9).map(str), wild)


def joined(*parts: st.SearchStrategy[str] | str) -> st.SearchStrategy[str]:
    return st.tuples(*(st.just(p) if isinstance(p, str) else p for p in parts)).map(" ".join)


NOWHERE = words("pass", "A19", "T19", "i5", "Z0", "A99", "resign")
COLOUR = words(*COLOURS)
MOVES = st.one_of(
    joined("play", COLOUR, vertices()),
    joined("play", words("b", "w"), vertices()),
    joined("genmove", COLOUR),
    st.just("undo"),
)
REST = st.one_of(
    joined("boardsize", words("2", "3", "4", "19", "20", "1", "x", "-5", "5.0")),
    st.just("clear_board"),
    joined(words("komi", "loadsgf", "time_left b 5"), numbers()),
    joined(words("fixed_handicap", "place_free_handicap"), numbers()),
    st.lists(vertices(), max_size=4).map(lambda found: " ".join(["set_free_handicap", *found])),
    joined("time_settings", numbers(), numbers(), numbers()),
    joined(words(*COMMANDS.keys() - {"quit"}), numbers(), st.text(max_size=5)),
    joined(words("reg_genmove", "lz-analyze", "kata-analyze"), COLOUR),
    words("showboard", "printsgf", "list_commands", "name", "final_score"),
    words("play", "play b", "play green D4", "play b d4 d5", "\x00\x01", "#", "   ", "\t#x", "7"),
    st.text(max_size=30),
    st.binary(max_size=30).map(lambda content: content.decode(errors="replace")),
)
LINES = st.integers(0, 9).flatmap(lambda n: REST if n == 0 else MOVES)
IDS = st.one_of(st.just(""), st.just(""), st.integers(0, 10**6).map(lambda number: f"{number} "))
DRESS = words("{}", "{}", "  {}\r", "{} # so", "\x1b{}", "{}\t")
SESSIONS = st.lists(st.tuples(IDS, LINES, DRESS), min_size=20, max_size=80)


def check(lines: list[tuple[str, str, str]]) -> None:
    session, shadow = Session(RandomPlayer()), Shadow()
    for id, line, dress in [("", f"boardsize {SIZE}", "{}"), *lines]:
        sent = dress.replace("{}", id + line)
        answer = "".join(session.answer(sent))
        said = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", line.partition("#")[0]).strip()
        if not answer:
            assert not said and not id, f"{sent!r} got no answer"
            continue
        form = ANSWER.fullmatch(answer)
        assert form is not None, (sent, answer)
        assert not id or form[1] == id.strip(), (sent, answer)
        shadow.hear(said, answer[1 + len(form[1]) :].strip() if answer[0] == "=" else None)
        assert (session.board.stones == shadow.board.stones).all(), sent
        assert session.board.to_play == shadow.board.to_play, sent
        assert session.board.komi == shadow.board.komi, sent
        assert session.board.captures == shadow.board.captures, sent
        assert session.board.ko == shadow.board.ko, sent


def sessions(number: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        limits = settings(max_examples=number, deadline=None, derandomize=True, database=None)
        return limits(given(SESSIONS)(test))

    return decorate


@sessions(50)
def test_garbage_neither_crashes_a_session_nor_spoils_its_board(lines):
    check(lines)


@pytest.mark.slow
@sessions(1000)
def test_a_thousand_sessions_of_garbage(lines):
    check(lines)
