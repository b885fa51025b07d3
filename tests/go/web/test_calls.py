"""What a page may ask: games by id, thoughts in their thread, and the same over HTTP."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from shinso.core.errors import UserError
from shinso.core.web.server import Server
from shinso.go.board import Board
from shinso.go.engine import Candidate, Choice, Limits
from shinso.go.random_player import RandomPlayer
from shinso.go.web import calls as calls_module
from shinso.go.web.board_page import board_page
from shinso.go.web.calls import Boards, sizes_of

SOON = {"seconds": 0.0}


class Patient(RandomPlayer):
    """Plays the first empty point, and until it is let go thinks on; on 9x9 and 13x13 alone."""

    name = "patient"
    sizes = (7, 9, 13)

    def __init__(self) -> None:
        super().__init__()
        self.resigns = False
        self.trouble: Exception | None = None
        self.asked: list[Limits] = []
        self.may_end = threading.Event()

    def choose(self, board: Board, colour: int, limits: Limits) -> Choice:
        self.asked.append(limits)
        if self.trouble:
            raise self.trouble
        point = int(board.legal_moves(colour).argmax())
        return Choice(point, 0.75, 7, (Candidate(point, 7, 0.75),), self.resigns)

    def analyse(self, board: Board, colour: int, limits: Limits) -> Iterator[list[Candidate]]:
        visits = 0
        while not self.may_end.is_set() or not visits:
            visits += 1
            yield [Candidate(int(board.legal_moves(colour).argmax()), visits, 0.6)]
            self.may_end.wait(0.01)


@pytest.fixture
def player() -> Patient:
    return Patient()


@pytest.fixture
def boards(player) -> Iterator[Boards]:
    boards = Boards(player)
    yield boards
    player.may_end.set()
    boards.close()


@pytest.fixture
def ask(boards) -> Callable[..., Any]:
    """Calls by name, for a game of its own unless another is named."""
    id = boards.calls["new"](size=9, komi=7.5, handicap=0, engine="white")["game"]

    def call(name: str, **arguments: Any) -> Any:
        return boards.calls[name](**{"game": id} | arguments)

    return call


def until(ask: Callable[..., Any], true: Callable[[Any], bool]) -> Any:
    """The state, once something is true of it."""
    deadline = time.monotonic() + 20
    while not true(state := ask("state")):
        assert time.monotonic() < deadline, state
        time.sleep(0.005)
    return state


def idle(state: Any) -> bool:
    return state["thinking"] is None


# Games ------------------------------------------------------------------------------------------


def test_about_says_what_the_player_can_play(boards):
    assert boards.calls["about"]() == {"player": "patient", "sizes": [9, 13]}


def test_a_player_without_any_board(player):
    player.sizes = (7,)
    with pytest.raises(UserError, match="patient plays on no board of 9, 13 and 19 lines"):
        sizes_of(player)


def test_a_game(ask):
    state = ask("play", point=40)
    assert (state["stones"][40], state["to_play"], state["last"]) == (1, 2, 40)
    assert state["waits_for_engine"]
    assert ask("show", moves=0)["shown"] == 0
    assert ask("show", moves=1)["shown"] == 1
    assert not ask("let_play", engine="none")["waits_for_engine"]
    assert ask("undo")["moves"] == 0
    assert ask("resign")["result"] == "W+R"


def test_each_page_has_a_game_of_its_own(boards, ask):
    other = boards.calls["new"](size=13, komi=0.5, handicap=2, engine="none")
    ask("play", point=40)
    assert boards.calls["state"](game=other["game"])["moves"] == 0


def test_the_game_left_alone_for_longest_goes(boards, ask, monkeypatch):
    monkeypatch.setattr(calls_module, "MOST_GAMES", 3)
    new = {"size": 9, "komi": 7.5, "handicap": 0, "engine": "none"}
    second, _ = (boards.calls["new"](**new)["game"] for _ in range(2))
    ask("state")
    boards.calls["new"](**new)
    ask("state")
    with pytest.raises(UserError, match=r"no game .* any more; begin a new one"):
        boards.calls["state"](game=second)


def test_an_estimate(ask):
    ask("play", point=40)
    assert ask("estimate")["result"] == "B+73.5"


# Records ----------------------------------------------------------------------------------------


def test_a_record_goes_down_and_up(boards, ask):
    ask("play", point=40)
    text = ask("record")["text"]
    assert text.startswith("(;FF[4]") and ";B[ee]" in text and "PW[shinso patient]" in text
    state = boards.calls["load"](text=text)
    assert (state["moves"], state["stones"][40], state["engine"]) == (1, 1, "none")


def test_a_file_in_an_encoding_of_its_own(boards):
    content = base64.b64encode("(;SZ[9]CA[Shift_JIS]PB[秀策])".encode("shift_jis")).decode()
    assert boards.calls["load_file"](content=content)["black"] == "秀策"


@pytest.mark.parametrize(
    ("text", "said"),
    (
        ("", "the record holds no game"),
        ("(;SZ[9];B[ee]", "line 1, column 14: the file ends inside a game"),
        ("(;GM[2])", r"GM\[2\] is another game"),
        ("(;SZ[9];B[ee];W[ee])", "move 2: White E5"),
    ),
)
def test_text_that_is_no_record(boards, text, said):
    with pytest.raises(UserError, match=said) as caught:
        boards.calls["load"](text=text)
    assert "\n" not in str(caught.value)


def test_a_file_that_was_cut_short_on_its_way(boards):
    with pytest.raises(UserError, match="Base64"):
        boards.calls["load_file"](content="KDtTW")


# Thoughts ---------------------------------------------------------------------------------------


def test_the_player_moves(ask, player):
    player.may_end.set()
    ask("play", point=40)
    assert ask("think", plays=True, **SOON)["thinking"] == {"plays": True}
    state = until(ask, idle)
    assert (state["moves"], state["last"], state["to_play"]) == (2, 0, 1)
    assert state["curve"] == [(1, 0.25)], "White's 75%"


def test_it_is_watched_and_stopped(ask, player):
    ask("think", plays=True, **SOON)
    state = until(ask, lambda state: state["opinion"] and state["opinion"]["visits"] > 2)
    assert state["opinion"]["candidates"][0]["win_rate"] == 0.6
    state = ask("stop")
    assert idle(state) and state["opinion"]["visits"] > 2
    player.may_end.set()
    ask("think", plays=False, **SOON)  # the thread is free again
    assert until(ask, idle)["moves"] == 0


def test_it_is_hurried_to_a_move(ask):
    ask("think", plays=True, **SOON)
    until(ask, lambda state: state["opinion"])
    ask("hurry")
    assert until(ask, idle)["moves"] == 1


def test_an_opinion_is_no_move(ask, player):
    player.may_end.set()
    ask("think", plays=False, **SOON)
    state = until(ask, idle)
    assert state["moves"] == 0 and state["opinion"]["win_rate"] == 0.75


def test_a_move_by_hand_ends_the_thought(ask, player):
    ask("think", plays=True, **SOON)
    assert idle(ask("play", point=40))
    player.may_end.set()
    ask("think", plays=False, **SOON)
    assert until(ask, idle)["moves"] == 1


def test_two_games_think_in_turn(boards, ask, player):
    other = boards.calls["new"](size=9, komi=7.5, handicap=0, engine="none")["game"]
    ask("think", plays=True, **SOON)
    boards.calls["think"](game=other, plays=True, seconds=0.0)
    until(ask, lambda state: state["opinion"])
    state = boards.calls["state"](game=other)
    assert not idle(state) and state["opinion"] is None
    player.may_end.set()
    until(ask, idle)
    until(lambda name: boards.calls[name](game=other), lambda s: idle(s) and s["moves"] == 1)


def test_its_own_settings_are_no_limits(ask, player):
    ask("think", plays=True)
    until(ask, idle)
    assert player.asked[-1] == Limits()


def test_it_resigns(ask, player):
    player.may_end.set()
    player.resigns = True
    ask("think", plays=True, **SOON)
    assert until(ask, idle)["result"] == "W+R"


def test_what_goes_wrong_in_its_thread_is_told(ask, player, capsys):
    player.may_end.set()
    player.trouble = UserError("its weights are of another board")
    ask("think", plays=True, **SOON)
    assert until(ask, idle)["trouble"] == "its weights are of another board"
    player.trouble = ZeroDivisionError("oh")
    ask("think", plays=True, **SOON)
    assert until(ask, idle)["trouble"] == "patient failed: ZeroDivisionError: oh"
    assert "Traceback" in capsys.readouterr().err
    assert ask("play", point=40)["trouble"] == ""


@pytest.mark.parametrize(
    ("limits", "said"),
    (
        ({"seconds": -1.0}, "-1 seconds"),
        ({"seconds": 601.0}, "0 to 600"),
        ({"visits": 0}, "0 visits"),
        ({"visits": 10**7}, "1 to 1,000,000"),
    ),
)
def test_limits_of_limits(ask, limits, said):
    with pytest.raises(UserError, match=said):
        ask("think", plays=True, **limits)


# Over HTTP --------------------------------------------------------------------------------------


@pytest.fixture
def post(boards) -> Iterator[Callable[..., tuple[int, Any]]]:
    with Server(board_page(), boards.calls) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()

        def posted(name: str, **arguments: Any) -> tuple[int, Any]:
            body = json.dumps(arguments).encode()
            request = Request(server.address + name, body, {"Content-Type": "application/json"})
            try:
                with urlopen(request, timeout=20) as answer:
                    return answer.status, json.load(answer)
            except HTTPError as error:
                return error.code, json.load(error)

        yield posted
        server.shutdown()


def test_a_game_over_http(post):
    status, state = post("new", size=9, komi=7, handicap=0, engine="none")
    assert status == 200 and state["komi"] == 7.0
    game = state["game"]
    assert post("play", game=game, point=40)[1]["stones"][40] == 1
    assert post("play", game=game, point=40) == (
        400,
        {"error": "White E5: illegal, there is a stone"},
    )
    assert post("play", game=game, point=4000)[0] == 400
    assert post("play", game=game, point="E5")[1] == {"error": "point is 'E5', and no whole number"}
    assert post("state", game="gone")[1]["error"].startswith("there is no game 'gone' here")
    assert post("close")[0] == 404, "only what is meant for a page can be called"
