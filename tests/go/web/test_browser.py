"""The board in a real browser: what a person does, and sees."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shinso import api
from shinso.core.web.server import Server
from shinso.data.sgf import read_game
from shinso.go.coordinates import gtp_point
from shinso.go.engine import Player
from shinso.go.policy.player import PolicyPlayer
from shinso.go.uct.player import UCTPlayer
from shinso.go.web.board_page import board_page
from shinso.go.web.calls import Boards
from tests.browser import PROGRAM, Browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed"),
]

RECORD = "(;SZ[13]KM[6.5]PB[Shusaku]PW[Gennan];B[gg];W[cg]C[a shoulder hit];B[kg])"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(UCTPlayer()) as address:
        yield address


@contextmanager
def served(player: Player) -> Iterator[str]:
    boards = Boards(player)
    with Server(board_page(), boards.calls) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server.address
        server.shutdown()
        boards.close()


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def browser(opened, address) -> Iterator[Browser]:
    """At the beginning of a game on 9x9 as Black, with thoughts of 1,000 visits."""
    opened.resize(1200, 900)
    opened.go("about:blank")  # or else only the fragment would change
    opened.go(address)
    opened.wait("state && state.size === 9")
    opened.run("document.querySelector('#heat').checked = false")
    opened.run("document.querySelector('#limit').value = 'visits:1000'")
    yield opened
    assert opened.errors == []


def stones(browser: Browser) -> int:
    return browser.run("document.querySelectorAll('.stones > g').length")


def settle(browser: Browser, moves: int) -> None:
    """Waits until so many moves were made, and nobody thinks."""
    browser.wait(f"state.moves === {moves} && !state.thinking && !state.waits_for_engine")


def point(name: str, size: int = 9) -> str:
    return f"[data-point='{gtp_point(name, size)}']"


def says(browser: Browser, selector: str) -> str:
    return browser.run(f'document.querySelector("{selector}").textContent')


def test_a_game_against_the_engine(browser):
    browser.click(point("E5"))
    settle(browser, 2)
    assert stones(browser) == 2
    label = browser.run(f'document.querySelector("{point("E5")}").ariaLabel')
    assert label == "E5, black"
    assert says(browser, "#status").startswith("Move 2: White ")
    assert browser.run("document.querySelectorAll('.marks .last.on2').length") == 1

    browser.click(point("E5"))
    browser.wait("document.querySelector('#message').textContent")
    assert says(browser, "#message") == "Black E5: illegal, there is a stone"

    browser.click("#undo")
    settle(browser, 0)
    assert stones(browser) == 0 and says(browser, "#message") == ""

    browser.click("#pass")
    settle(browser, 2)
    assert browser.run("state.curve.length") == 1


def test_its_address_goes_on_with_the_game(browser):
    browser.click(point("C3"))
    settle(browser, 2)
    game, address = browser.run("[state.game, location.href]")
    browser.go("about:blank")
    browser.go(address)
    browser.wait("state && state.moves === 2")
    assert browser.run("state.game") == game and stones(browser) == 2


def test_the_keyboard_alone(browser):
    browser.run(f'document.querySelector("{point("E5")}").focus()')
    browser.press("ArrowUp")
    browser.press("ArrowLeft")
    browser.press("Enter")
    settle(browser, 2)
    assert browser.run("state.stones").index(1) == gtp_point("D6", 9)
    browser.press("u")
    settle(browser, 0)


def test_the_heat_map_and_the_candidates(browser):
    browser.click("#heat")
    browser.wait("state.opinion && !state.thinking")
    assert browser.run("document.querySelectorAll('.heat .best').length") == 1
    best = browser.run("state.opinion.candidates[0].point")
    assert browser.run("document.querySelector('.heat .best').parentElement.dataset.point") == str(
        best
    )
    visits = browser.run("document.querySelector('#candidates tbody').rows[0].cells[2].innerText")
    assert visits == f"{browser.run('state.opinion.candidates[0].visits'):,}"
    browser.click("#heat")
    browser.wait("!document.querySelector('.heat g')")
    browser.click("#candidates tbody button")
    settle(browser, 2)
    assert browser.run("state.stones")[best] == 1


def test_who_does_not_search_is_asked_for_no_time_and_shows_no_visits(browser):
    def is_seen(selector: str) -> bool:
        return browser.run(f"document.querySelector('{selector}').checkVisibility()")

    assert is_seen("#thought")
    with served(PolicyPlayer(api.load("alphago-policy"))) as address:
        browser.go("about:blank")
        browser.go(address)
        browser.wait("state && state.size === 9")
        browser.click("#analyse")
        browser.wait("state.opinion && !state.thinking")
        assert not is_seen("#thought")
        assert is_seen("#candidates td:nth-child(4)")
        assert not is_seen("#candidates td:nth-child(3)")


def test_a_thought_is_stopped(browser):
    browser.run("document.querySelector('#limit').value = 'seconds:30'")
    browser.click("#analyse")
    browser.wait("state.thinking && state.opinion")
    browser.click("#stop")
    browser.wait("!state.thinking")
    assert browser.run("state.opinion.visits") > 0 and browser.run("state.moves") == 0


def test_records_go_up_and_down(browser, tmp_path):
    path = tmp_path / "given.sgf"
    path.write_text(RECORD)
    browser.click("#open")
    browser.choose_file("[name='file']", path)
    browser.click("#open-record [type='submit']")
    browser.wait("state.size === 13")
    assert stones(browser) == 3
    assert "Shusaku" in says(browser, "#black")
    browser.click("[data-step='back']")
    browser.wait("state.shown === 2")
    assert stones(browser) == 2 and says(browser, "#comment") == "a shoulder hit"

    browser.click(point("C3", 13))
    browser.wait("state.shown === 3")
    browser.click("#save")
    saved = browser.folder / "game.sgf"
    browser.wait_for(saved.exists)
    game = read_game(saved.read_bytes())
    assert game.black == "Shusaku" and game.komi == 6.5
    assert [move for _, move in game.moves][2] == gtp_point("C3", 13)


def test_text_that_is_no_record_is_refused_where_it_is_given(browser):
    browser.click("#open")
    browser.run("document.querySelector('[name=\"text\"]').value = '(;SZ[9];B[ee]'")
    browser.click("#open-record [type='submit']")
    browser.wait("document.querySelector('#open-record .trouble').textContent")
    assert "line 1" in says(browser, "#open-record .trouble")
    browser.click("#open-record .cancel")


def test_the_engine_against_itself_to_the_score(browser):
    browser.click("#new")
    browser.run(
        "for (const side of ['black', 'white'])"
        " document.querySelector(`#new-game [name='${side}']`).value = 'engine'"
    )
    browser.click("#new-game [type='submit']")
    browser.wait("state.engine === 'both' && state.moves > 4")
    browser.click("#stop")
    browser.wait("!state.thinking")
    browser.run("act('let_play', {engine: 'none'})")
    browser.wait("state.engine === 'none'")
    moves = browser.run("state.moves")
    browser.click("#pass")
    browser.click("#pass")
    browser.wait("state.finished && estimate")
    assert browser.run("state.moves") == moves + 2
    assert "wins by" in says(browser, "#status")
    assert browser.run("document.querySelectorAll('.owners rect').length") > 20


def test_a_phone_sees_all_of_the_board(browser):
    browser.resize(400, 800, dark=True)
    width = browser.run("document.documentElement.scrollWidth")
    board = browser.run("document.querySelector('#goban').getBoundingClientRect().right")
    assert width == 400 and 350 < board <= 400
