"""A game on the server: its record, undo, steps, opinions and scores."""

from __future__ import annotations

import pytest

from shinso.core.errors import UserError
from shinso.data.sgf import Game, read_game, write_game
from shinso.go.coordinates import gtp_point
from shinso.go.engine import Candidate, Limits
from shinso.go.rules import BLACK, WHITE
from shinso.go.web import session as session_module
from shinso.go.web.session import Opinion, Session, result_of
from shinso.go.web.thinking import Thought
from shinso.go.web.view import state_of


@pytest.fixture
def session() -> Session:
    return Session.new(9, 7.5, 0, "none", "somebody")


def play(session: Session, *names: str) -> None:
    for name in names:
        session.play(gtp_point(name, session.board.size))


def moves(session: Session) -> list[int]:
    return [point for _, point in session.game.moves]


def opinion(win_rate: float = 0.75) -> Opinion:
    return Opinion((Candidate(40, 10, win_rate, 0.5, (40, 41)),), win_rate)


# Moves ------------------------------------------------------------------------------------------


def test_moves_and_who_is_next(session):
    play(session, "E5", "pass", "C3")
    assert session.game.moves == ((BLACK, 40), (WHITE, 81), (BLACK, 56))
    assert session.board.to_play == WHITE
    assert session.at_end and session.shown == 3


def test_an_illegal_move_says_why_and_changes_nothing(session):
    play(session, "E5")
    with pytest.raises(UserError, match="White E5: illegal, there is a stone"):
        play(session, "E5")
    assert moves(session) == [40]


def test_the_ko(session):
    play(session, "D5", "E5", "C4", "F4", "D3", "E3", "E4", "D4")
    assert session.board.ko == gtp_point("E4", 9)
    with pytest.raises(UserError, match="Black E4: illegal, it retakes the ko"):
        play(session, "E4")
    assert session.board.captures[WHITE] == 1


def test_a_handicap():
    session = Session.new(19, 0.5, 4, "white", "somebody")
    assert session.board.to_play == WHITE
    assert len(session.game.setup) == 4
    assert (session.game.white, session.game.black) == ("somebody", "")
    assert session.waits_for_engine
    assert read_game(write_game(session.game).encode()) == session.game


@pytest.mark.parametrize(
    ("given", "said"),
    (
        ((1, 7.5, 0, "none"), "a board of size 1"),
        ((9, float("inf"), 0, "none"), "a komi of inf"),
        ((9, 7.25, 0, "none"), "a komi of 7.25"),
        ((9, 7.5, 1, "none"), "a handicap of 1"),
        ((9, 7.5, 10, "none"), "a handicap of 10"),
        ((9, 7.5, 0, "me"), "the engine plays 'me'"),
    ),
)
def test_games_that_there_are_not(given, said):
    with pytest.raises(UserError, match=said):
        Session.new(*given, "somebody")


def test_a_game_has_an_end(session, monkeypatch):
    monkeypatch.setattr(session_module, "MOST_MOVES", 2)
    play(session, "E5", "C3")
    with pytest.raises(UserError, match="2 moves at most"):
        play(session, "C4")


# Undo and steps ---------------------------------------------------------------------------------


def test_undo_against_nobody_takes_one_move_back(session):
    play(session, "E5", "C3")
    session.undo()
    assert moves(session) == [40] and session.board.to_play == WHITE


def test_undo_against_the_engine_takes_its_answer_back_too():
    session = Session.new(9, 7.5, 0, "white", "somebody")
    play(session, "E5", "C3")
    session.undo()
    assert moves(session) == []
    play(session, "E5")
    session.undo()  # before it has answered
    assert moves(session) == [] and session.board.to_play == BLACK
    with pytest.raises(UserError, match="no move to take back"):
        session.undo()


def test_steps_through_the_record(session):
    play(session, "E5", "C3", "G7")
    session.show(1)
    assert session.shown == 1 and session.board.stones.sum() == BLACK
    assert not session.at_end
    session.show(3)
    assert session.at_end and (session.board.stones > 0).sum() == 3
    for number in (-1, 4, 10**30):
        with pytest.raises(UserError, match="of a record of 3"):
            session.show(number)


def test_the_middle_of_a_record_is_no_place_to_undo_or_resign(session):
    play(session, "E5", "C3")
    session.show(1)
    for act in (session.undo, session.resign):
        with pytest.raises(UserError, match="go to the end of the record"):
            act()


def test_another_move_replaces_the_rest_of_the_record_and_the_same_one_does_not(session):
    play(session, "E5", "C3", "G7")
    session.opinions = {0: opinion(), 1: opinion(), 2: opinion()}
    session.show(1)
    play(session, "C3")
    assert len(moves(session)) == 3 and session.shown == 2
    session.show(1)
    play(session, "C4")
    assert moves(session) == [40, gtp_point("C4", 9)]
    assert session.opinions.keys() == {0, 1}, "what was thought before it stays"


# Ends -------------------------------------------------------------------------------------------


def test_two_passes_end_it_with_a_score_and_undo_takes_that_back(session):
    play(session, "E5", "pass", "pass")
    assert session.game.result == "B+73.5"
    session.undo()
    assert session.game.result == ""


def test_who_resigns_loses_and_may_play_on(session):
    play(session, "E5")
    session.resign()
    assert session.game.result == "B+R"
    play(session, "C3")
    assert session.game.result == ""


def test_the_engine_has_its_turn_until_the_end():
    session = Session.new(9, 7.5, 0, "both", "somebody")
    assert session.waits_for_engine
    session.resign()
    assert not session.waits_for_engine


def test_an_estimate_of_a_wall_with_a_dead_stone_behind_it():
    rows = ["....XO..."] * 9
    stones = tuple(
        ({"X": BLACK, "O": WHITE}[mark], 9 * row + column)
        for row, line in enumerate(rows)
        for column, mark in enumerate(line)
        if mark != "."
    )
    session = Session.of_record(Game(9, setup=((WHITE, 10), *stones), komi=0.5))
    estimate = session.estimate()
    assert estimate.dead == [10]
    assert estimate.result == "B+8.5"  # 45 points to 36
    assert min(estimate.owners[0:5]) > 0 and max(estimate.owners[5:9]) < 0
    assert session.estimate() == estimate


@pytest.mark.parametrize(("score", "result"), ((0.5, "B+0.5"), (-12, "W+12"), (0, "Draw")))
def test_results(score, result):
    assert result_of(score) == result


# Records ----------------------------------------------------------------------------------------

RECORD = b"(;SZ[9]KM[6.5]PB[Shusaku]BR[4d]PW[Gennan]RE[B+2]C[one];B[ee];W[cg]C[two];B[gc])"


def test_a_record_opens_at_its_end_and_is_saved_as_it_was():
    game = read_game(RECORD)
    session = Session.of_record(game)
    assert session.shown == 3 and session.game == game
    state = state_of("x", session)
    assert (state["black"], state["white"], state["komi"]) == ("Shusaku 4d", "Gennan", 6.5)
    assert (state["result"], state["comment"]) == ("B+2", "")
    session.show(2)
    state = state_of("x", session)
    assert (state["result"], state["comment"], state["last"]) == ("", "two", 56)


def test_another_end_of_a_record_is_not_its_result():
    session = Session.of_record(read_game(RECORD))
    session.show(1)
    play(session, "G3")
    assert session.game.result == ""
    assert session.game.comments == {0: "one"}
    assert session.game.black == "Shusaku"


@pytest.mark.parametrize(
    ("record", "said"),
    (
        (b"(;SZ[9];B[ee];W[ee])", "the record, move 2: White E5: illegal, there is a stone"),
        (b"(;SZ[25])", "the record: a board of size 25"),
        (b"(;SZ[9]" + b";B[]" * 2001 + b")", "a record of 2,001 moves; the most are 2,000"),
    ),
)
def test_records_that_cannot_be_played(record, said):
    with pytest.raises(UserError, match=said):
        Session.of_record(read_game(record))


# Opinions ---------------------------------------------------------------------------------------


def test_the_curve_is_of_black(session):
    play(session, "E5", "C3")
    session.opinions = {0: opinion(0.6), 1: opinion(0.7)}
    session.note(opinion(0.8), at=2)
    session.note(Opinion(()), at=2)
    assert state_of("x", session)["curve"] == [(0, 0.6), (1, 0.3), (2, 0.8)]


def test_an_interrupted_thought_leaves_what_it_knew(session):
    thought = session.thought = Thought(session.board, Limits(visits=1), plays=False)
    thought.candidates = opinion(0.9).candidates
    assert state_of("x", session)["opinion"]["win_rate"] == 0.9
    play(session, "E5")
    assert session.thought is None and session.opinions.keys() == {0}


def test_an_opinion_without_visits_has_no_win_rate(session):
    thought = session.thought = Thought(session.board, Limits(visits=1), plays=False)
    thought.candidates = [Candidate(3, prior=0.25)]
    state = state_of("x", session)
    assert state["opinion"]["win_rate"] is None and state["curve"] == []
    assert state["opinion"]["candidates"][0]["prior"] == 0.25
