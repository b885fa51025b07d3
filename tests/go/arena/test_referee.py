"""Games between scripts: who is charged with what."""

from __future__ import annotations

import pytest

from shinso.data.sgf import BLACK, EMPTY, WHITE
from shinso.go.arena import referee
from shinso.go.arena.process import DIED, LATE, NONSENSE, REFUSAL, Engine
from shinso.go.arena.referee import ILLEGAL, PASSES, RESIGNATION, TOO_LONG, Played, play_game
from shinso.go.arena.settings import MatchSettings
from shinso.go.coordinates import gtp_name
from tests.go.arena.programs import program

SETTINGS = MatchSettings(size=5, komi=0.5)
# Black's wall and White's, with two points between each and the edge.
BLACKS = ("C1", "C2", "C3", "C4", "C5")
WHITES = ("D1", "D2", "D3", "D4", "D5")


@pytest.fixture
def game(tmp_path):
    """Plays one between two programs, each given as what `program` takes."""
    engines = []

    def play(black: dict, white: dict, settings: MatchSettings = SETTINGS, **more) -> Played:
        engines.extend(Engine(program(tmp_path, **each)) for each in (black, white))
        pair = dict(zip((BLACK, WHITE), engines[-2:], strict=True))
        return play_game(pair, settings, **more)

    yield play
    for engine in engines:
        engine.close()


def test_a_game_to_its_end(game):
    played = game(
        {"moves": BLACKS, "final_score": "text = 'B+4.5'"},
        {"moves": WHITES, "final_score": "mark = '?'"},
    )
    assert (played.winner, played.result, played.ended) == (BLACK, "B+4.5", PASSES)
    names = [gtp_name(point, 5) for _, point in played.board.history]
    assert names == [n for pair in zip(BLACKS, WHITES, strict=True) for n in pair] + ["pass"] * 2
    assert [len(played.seconds[colour]) for colour in (BLACK, WHITE)] == [6, 6]
    assert played.scores == {BLACK: "B+4.5"}


def test_komi_decides_and_a_draw_is_one(game):
    def played(komi: float) -> Played:
        return game({"moves": BLACKS}, {"moves": WHITES}, MatchSettings(size=5, komi=komi))

    assert (played(5).winner, played(5).result) == (EMPTY, "0")
    assert (played(6.5).winner, played(6.5).result) == (WHITE, "W+1.5")


def test_both_hear_the_terms_the_opening_and_their_seeds(game, tmp_path):
    heard = tmp_path / "heard"
    write = f"open({str(heard)!r}, 'a').write(line)"

    settings = MatchSettings(size=5, komi=6.5, time=30)

    told = {name: write for name in ("boardsize", "komi", "play")}
    told |= {name: f"{write}; mark = '?'" for name in ("time_settings", "set_random_seed")}
    played = game({"moves": ["C3"]}, told, settings, opening=(0, 1), seeds={WHITE: 7})
    lines = [line.partition(" ")[2] for line in heard.read_text().splitlines()]
    assert lines == [
        *("boardsize 5", "komi 6.5", "time_settings 0 30 1", "set_random_seed 7"),
        *("play B A5", "play W B5", "play B C3", "play B pass"),
    ]
    assert len(played.board.history) == 5


def test_resignation(game):
    played = game({"moves": ["C3"]}, {"moves": ["RESIGN"]})
    assert (played.winner, played.result, played.ended) == (BLACK, "B+R", RESIGNATION)


@pytest.mark.parametrize(
    ("behaviour", "ended", "told"),
    (
        ({"moves": ["C3"]}, ILLEGAL, "White C3: illegal, there is a stone"),
        ({"moves": ["Z9"]}, NONSENSE, "'Z9' is no point of a 5x5 board; they are A1 to E5"),
        ({"moves": [""]}, NONSENSE, "'' is no point"),
        ({"genmove": "text = 'x' * 60_000"}, NONSENSE, "xxx... is no point"),
        ({"genmove": "os.write(1, b'D4\\n\\n')"}, NONSENSE, "its answer is 'D4'"),
        ({"genmove": "sys.exit('oh')"}, DIED, "exit 1, oh"),
        ({"genmove": "mark, text = '?', 'no'"}, REFUSAL, "no"),
        ({"play": "mark, text = '?', 'illegal move'"}, REFUSAL, "illegal move"),
        ({"boardsize": "mark, text = '?', 'unacceptable size'"}, REFUSAL, "unacceptable size"),
        ({"start": "sys.exit('early')"}, DIED, "exit 1, early"),
    ),
)
def test_faults_lose(game, behaviour, ended, told):
    played = game({"moves": ["C3"]}, behaviour)
    assert (played.winner, played.result, played.ended) == (BLACK, "B+F", ended)
    assert told.rpartition("... ")[2] in played.told and len(played.told) < 400


def test_who_is_late_loses_on_time(game, monkeypatch):
    monkeypatch.setattr(referee, "GRACE", 0.1)
    played = game({"genmove": "time.sleep(60)"}, {}, MatchSettings(size=5, time=1))
    assert (played.winner, played.result, played.ended) == (WHITE, "W+T", LATE)
    assert played.told == "no answer within 1.1 seconds"


def test_who_fails_after_the_last_move_has_lost_nothing(game):
    played = game({"moves": ["C3"]}, {"final_score": "sys.exit(1)"})
    assert (played.winner, played.result, played.scores) == (BLACK, "B+24.5", {BLACK: ""})


def test_a_game_that_nobody_ends_is_scored_as_it_stands(game, monkeypatch):
    monkeypatch.setattr(referee, "MOST_MOVES", 3 / 25)
    played = game({"moves": BLACKS}, {"moves": WHITES})
    assert (len(played.board.history), played.ended, played.result) == (3, TOO_LONG, "B+0.5")
    assert not played.scores
