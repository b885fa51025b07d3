"""Sessions by hand: what each command answers, and what it does to the board."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from shinso import __version__
from shinso.data.sgf import read_game
from shinso.go.board import Board
from shinso.go.engine import Candidate, Choice, Limits
from shinso.go.gtp_session import COMMANDS, Session
from shinso.go.random_player import RandomPlayer

# GTP 2, section 6.1: what an engine must know; the rest of the line is what the issue asks for.
ASKED = """protocol_version name version known_command list_commands quit boardsize clear_board komi
play genmove reg_genmove undo loadsgf fixed_handicap place_free_handicap set_free_handicap
final_score final_status_list time_settings time_left showboard printsgf lz-analyze kata-analyze"""


class Thinker(RandomPlayer):
    """Visits one point for ever, writes down its limits, and resigns when told to."""

    name = "thinker"

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[Limits] = []
        self.resigns = self.closed = False

    def choose(self, board: Board, colour: int, limits: Limits) -> Choice:
        self.limits.append(limits)
        point = super().choose(board, colour, limits).point
        candidates = (Candidate(point, 7, 0.75, 0.5, (point,)),)
        return Choice(point, 0.75, 7, candidates, self.resigns)

    def analyse(self, board: Board, colour: int, limits: Limits) -> Iterator[list[Candidate]]:
        visits = 0
        try:
            while True:
                visits += 1
                yield [Candidate(colour, visits, line=(colour,))]
        finally:
            self.closed = True


@pytest.fixture
def session():
    session = Session(RandomPlayer())
    assert said(session, "boardsize 9") == ""
    return session


def said(session: Session, line: str) -> str:
    """The text of a success."""
    answer = "".join(session.answer(line))
    assert answer.startswith("= ") and answer.endswith("\n\n"), (line, answer)
    return answer[2:-2]


def refused(session: Session, line: str) -> str:
    """The text of a failure, which changes nothing."""
    before = session.board.copy()
    answer = "".join(session.answer(line))
    assert answer.startswith("? ") and answer.endswith("\n\n") and answer.count("\n") == 2, answer
    assert (session.board.stones == before.stones).all()
    assert session.board.history == before.history and session.board.komi == before.komi
    return answer[2:-2]


def stones(session: Session) -> dict[str, str]:
    lines = said(session, "showboard").splitlines()[2 : session.board.size + 2]
    return {
        f"{'ABCDEFGHJ'[column]}{line.split()[0]}": mark
        for line in lines
        for column, mark in enumerate(line.split()[1:])
        if mark != "."
    }


# About the engine -------------------------------------------------------------------------------


def test_what_it_says_about_itself(session):
    assert said(session, "protocol_version") == "2"
    assert said(session, "name") == "shinso go-random"
    assert said(session, "version") == __version__
    assert said(session, "list_commands").split("\n") == [*COMMANDS]
    assert set(ASKED.split()) <= COMMANDS.keys()
    assert said(session, "known_command play") == "true"
    assert said(session, "known_command Play") == "false"


def test_ids_come_back_and_lines_that_say_nothing_get_no_answer(session):
    assert "".join(session.answer("42 name")) == "=42 shinso go-random\n\n"
    assert "".join(session.answer("43 nonsense")) == "?43 unknown command\n\n"
    assert "".join(session.answer("44")) == "?44 unknown command\n\n"
    assert [*session.answer("  # nothing")] == []


def test_quit(session):
    assert not session.finished
    assert said(session, "quit") == ""
    assert session.finished


@pytest.mark.parametrize(
    ("line", "reason"),
    (
        ("play b", "syntax error: play takes COLOUR VERTEX"),
        ("play b D4 E5", "syntax error: play takes COLOUR VERTEX"),
        ("clear_board now", "syntax error: clear_board takes nothing"),
        ("play red D4", "syntax error: 'red' is no colour"),
        ("play b Z4", "'Z4' is no point of a 9x9 board"),
        ("boardsize big", "syntax error: 'big' is no whole number"),
        ("boardsize 20", "unacceptable size"),
        ("boardsize 1", "unacceptable size"),
        ("set_random_seed -1", "syntax error: a seed is not negative"),
        ("komi nan", "a komi of nan"),
        ("komi inf", "a komi of inf"),
        ("komi six", "syntax error: 'six' is no number"),
        ("undo", "cannot undo"),
        ("fixed_handicap 1", "invalid number of stones"),
        ("fixed_handicap 10", "invalid number of stones"),
        ("place_free_handicap 1", "invalid number of stones"),
        ("set_free_handicap", "bad vertex list"),
        ("set_free_handicap D4 D4", "bad vertex list"),
        ("set_free_handicap D4 pass", "bad vertex list"),
        ("loadsgf nowhere.sgf", "cannot load file: nowhere.sgf is no file"),
        ("loadsgf /dev/null", "cannot load file: /dev/null is no file"),
        ("loadsgf nowhere.sgf soon", "syntax error"),
        ("time_settings 1 2", "syntax error"),
        ("time_settings 1 2 -3", "syntax error"),
        ("time_left b 10 -1", "syntax error"),
        ("final_status_list asleep", "syntax error"),
        ("lz-analyze b 10 avoid", "syntax error"),
        ("lz-analyze avoid b D4", "syntax error"),
    ),
)
def test_what_is_refused(session, line, reason):
    assert refused(session, line).startswith(reason)


# Setting up -------------------------------------------------------------------------------------


def test_a_new_size_or_game_clears_the_board_and_keeps_komi(session):
    said(session, "komi 6.5")
    for line in ("boardsize 9", "clear_board"):
        said(session, "play b D4")
        said(session, line)
        assert session.board.stones.sum() == 0 and session.board.komi == 6.5
        assert refused(session, "undo").startswith("cannot undo")


def test_handicaps(session):
    assert said(session, "fixed_handicap 3") == "C3 G7 C7"
    assert session.board.to_play == 2
    assert refused(session, "fixed_handicap 3").startswith("board not empty")
    assert refused(session, "undo").startswith("cannot undo"), "it is no move"
    said(session, "play w E5")
    said(session, "undo")
    assert stones(session) == {"C3": "X", "G7": "X", "C7": "X"}
    said(session, "clear_board")
    assert len(said(session, "place_free_handicap 30").split()) == 9
    said(session, "clear_board")
    said(session, "set_free_handicap A1 B2")
    assert stones(session) == {"A1": "X", "B2": "X"}
    assert read_game(said(session, "printsgf").encode()).handicap == 2


# Playing ----------------------------------------------------------------------------------------


def test_moves_captures_and_undo(session):
    for line in ("play b A2", "play w A1", "play b B1"):
        said(session, line)
    assert stones(session) == {"A2": "X", "B1": "X"}
    assert refused(session, "play w A1") == "illegal move: White A1: illegal, it is suicide"
    assert refused(session, "play w B1").startswith("illegal move: White B1: illegal, there is")
    said(session, "komi 0.5")
    said(session, "undo")
    assert stones(session) == {"A2": "X", "A1": "O"}
    assert session.board.komi == 0.5, "that was no move"
    said(session, "play b pass")
    said(session, "play b J9")
    assert stones(session)["J9"] == "X", "the same colour again"


def test_a_position_may_not_come_again(session):
    for move in ("b B9", "w C9", "b A8", "w D8", "b B7", "w C7", "w B8", "b C8"):
        said(session, f"play {move}")
    assert refused(session, "play w B8").endswith("it retakes the ko")
    said(session, "play w pass")
    said(session, "play b pass")
    assert refused(session, "play w B8").endswith("(superko)")


def test_genmove_plays_and_reg_genmove_does_not(session):
    vertex = said(session, "genmove w")
    assert stones(session) == {vertex: "O"}
    said(session, "reg_genmove b")
    assert stones(session) == {vertex: "O"}


def test_a_game_of_random_moves_ends_with_two_passes():
    session = Session(RandomPlayer(5))
    said(session, "boardsize 5")
    moves = []
    while moves[-2:] != ["pass", "pass"]:
        moves.append(said(session, f"genmove {'bw'[len(moves) % 2]}"))
        assert len(moves) < 300
    assert session.board.finished
    assert refused(session, "play b Q16").startswith("'Q16' is no point")


def test_whoever_resigns_plays_nothing():
    player = Thinker()
    player.resigns = True
    session = Session(player)
    assert said(session, "genmove b") == "resign"
    assert not session.board.history


def test_time(session):
    player = Thinker()
    session = Session(player)
    for line in (
        "genmove b",
        "time_settings 0 0 0",
        "genmove w",
        "time_left b 26 25",
        "genmove b",
        "reg_genmove b",
    ):
        said(session, line)
    free, none, byo_yomi, regression = player.limits
    assert free.seconds is regression.seconds is None
    assert none.seconds == 0
    assert byo_yomi.seconds == pytest.approx(26 / 25 - 0.1)


# Records ----------------------------------------------------------------------------------------

RECORD = "(;SZ[5]KM[0.5]HA[2]AB[bb][dd];W[cc];B[];W[ca](;B[ac])(;B[aa]))"


@pytest.fixture
def record(tmp_path):
    path = tmp_path / "game.sgf"
    path.write_text(RECORD)
    return path


def test_loadsgf(session, record):
    said(session, f"loadsgf {record}")
    assert session.board.size == 5 and session.board.komi == 0.5
    assert stones(session) == {"B4": "X", "D2": "X", "C3": "O", "C5": "O", "A3": "X"}
    said(session, f"loadsgf {record} 3")
    assert stones(session) == {"B4": "X", "D2": "X", "C3": "O"}
    assert session.board.history == [(2, 12), (1, 25)]
    said(session, "undo")
    said(session, "undo")
    assert refused(session, "undo").startswith("cannot undo")
    assert stones(session) == {"B4": "X", "D2": "X"}


def test_what_cannot_be_loaded_changes_nothing(session, tmp_path):
    said(session, "play b D4")
    for number, record in enumerate(("(;SZ[25];B[aa])", "(;SZ[9];B[aa];W[aa])", "chess", "")):
        path = tmp_path / f"{number}.sgf"
        path.write_text(record)
        assert refused(session, f"loadsgf {path}").startswith("cannot load file: ")
        assert stones(session) == {"D4": "X"}


def test_printsgf_is_the_game_and_loads_again(session, record, tmp_path):
    said(session, f"loadsgf {record}")
    said(session, "play w E1")
    path = tmp_path / "printed.sgf"
    path.write_text(said(session, "printsgf"))
    before = session.board
    said(session, f"loadsgf {path}")
    assert session.board is not before
    assert (session.board.stones == before.stones).all()
    assert session.board.history == before.history and session.board.komi == before.komi
    assert session.game().handicap == 2
    empty = Session(RandomPlayer())
    assert read_game(said(empty, "printsgf").encode()).size == 19


# The end ----------------------------------------------------------------------------------------


def test_score_and_dead_stones(session):
    for column in "ABCDEFGHJ":
        said(session, f"play b {column}5")
        said(session, f"play w {column}6")
    said(session, "play w A1")
    said(session, "komi 0.5")
    assert said(session, "final_status_list dead") == "A1"
    assert said(session, "final_status_list seki") == ""
    alive = said(session, "final_status_list alive").split("\n")
    assert sorted(alive) == [" ".join(f"{c}{row}" for c in "ABCDEFGHJ") for row in "56"]
    assert said(session, "final_score") == "B+8.5"
    said(session, "komi 9")
    assert said(session, "final_score") == "0"
    said(session, "komi 10")
    assert said(session, "final_score") == "W+1"


# Analysis ---------------------------------------------------------------------------------------


def test_analysis_goes_on_until_the_controller_says_more():
    polls = iter([False, False, True])
    player = Thinker()
    session = Session(player, lambda: next(polls))
    answer = [*session.answer("9 lz-analyze w interval 0 ownership true")]
    assert answer == [
        "=9\n",
        *(f"info move C19 visits {n} winrate 5000 prior 0 order 0 pv C19\n" for n in (1, 2, 3)),
        "\n",
    ]
    assert not session.board.history


def test_an_analysis_speaks_once_an_interval_and_at_its_end():
    polls = iter([False] * 50 + [True])
    session = Session(Thinker(), lambda: next(polls))
    answer = [*session.answer("kata-analyze 6000")]
    assert [part.split()[4] for part in answer if part.startswith("info")] == ["1", "51"]


def test_analysis_of_the_random_player_ends_by_itself(session):
    answer = "".join(session.answer("lz-analyze"))
    assert answer.count("info move") == 81 and answer.endswith("pv J1\n\n")


def test_a_move_with_its_analysis():
    session = Session(Thinker())
    start, info, play, end = session.answer("1 lz-genmove_analyze b 10")
    assert (start, end) == ("=1\n", "\n")
    vertex = info.split()[2]
    assert "visits 7 winrate 7500 prior 5000 order 0" in info
    assert play == f"play {vertex}\n"
    assert np.count_nonzero(session.board.stones) == 1
    assert next(session.answer("lz-genmove_analyze b x")).startswith("? syntax error")


def test_a_seed_makes_its_moves_repeatable(session):
    def moves() -> list[str]:
        assert said(session, "set_random_seed 5") == ""
        return [said(session, "reg_genmove b") for _ in range(5)]

    assert moves() == moves()


class Small(RandomPlayer):
    sizes = range(5, 8)


def test_sizes_that_the_player_does_not_play_are_unacceptable(tmp_path):
    session = Session(Small())
    assert session.board.size == 7
    assert said(session, "boardsize 5") == ""
    (tmp_path / "large.sgf").write_text("(;SZ[9];B[ee])")
    for line in ("boardsize 8", f"loadsgf {tmp_path / 'large.sgf'}"):
        answer = "".join(session.answer(line))
        assert answer.startswith("? ") and "plays on boards of 5, 6, 7 lines" in answer
        assert session.board.size == 5
