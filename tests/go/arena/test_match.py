"""Matches between scripts: colours, openings, faults, and what is kept of them."""

from __future__ import annotations

import json

import pytest

from shinso.core.errors import UserError
from shinso.data.sgf import read_game
from shinso.go.arena import match
from shinso.go.arena.contestant import Contestant
from shinso.go.arena.match import play_match
from shinso.go.arena.record import MatchFolder
from shinso.go.arena.settings import MatchSettings
from shinso.go.coordinates import gtp_name
from shinso.go.replay import replay
from tests.go.arena.programs import program

SETTINGS = MatchSettings(games=4, size=5, komi=0.5)
NOBODY = ("/nonexistent",)


@pytest.fixture
def who(tmp_path):
    def make(given: str, **behaviour) -> Contestant:
        return Contestant(given, program(tmp_path, **behaviour))

    return make


def test_colours_alternate_and_an_opening_is_played_by_both(who, tmp_path):
    (tmp_path / "mine").write_text("5 C3\n5 B2 D4\n")
    settings = SETTINGS.changed(openings=str(tmp_path / "mine"))
    told: list[int] = []
    a, b = who("first"), who("second", moves=["resign"])
    games = play_match(a, b, settings, tmp_path / "m", lambda played: told.append(len(played)))
    assert [game["game"] for game in games] == [1, 2, 3, 4]
    assert [game["a"] for game in games] == ["black", "white"] * 2
    assert [game["b"] for game in games] == ["white", "black"] * 2
    assert games[0]["opening"] == games[1]["opening"] and games[2]["opening"] == games[3]["opening"]
    assert {len(game["opening"]) for game in games} == {1, 2}
    assert [game["winner"] for game in games] == ["a"] * 4
    assert told == [0, 1, 2, 3, 4]


def test_a_game_is_kept_as_sgf_and_as_a_line(who, tmp_path):
    games = play_match(
        who("one", moves=["C3", "C4"]), who("two", moves=["B2"]), SETTINGS, tmp_path / "m"
    )
    lines = (tmp_path / "m" / "games.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == games
    for number, line in enumerate(games, start=1):
        game = read_game((tmp_path / "m" / "games" / f"{number:04}.sgf").read_bytes())
        board = replay(game)
        assert len(board.history) == line["moves"] and board.finished
        assert (game.result, game.komi, game.rules) == (line["result"], 0.5, "Chinese")
        assert {line["a"]: "one", line["b"]: "two"} == {"black": game.black, "white": game.white}
    assert [gtp_name(point, 5) for _, point in board.history][:2] == ["B2", "C3"]


def test_games_that_are_there_are_not_played_again(who, tmp_path):
    folder = tmp_path / "m"
    a, b = who("one"), who("two")
    first = play_match(a, b, SETTINGS.changed(games=2), folder)
    more = play_match(a, b, SETTINGS, folder)
    assert more[:2] == first and len(more) == 4
    nobody = [Contestant(each, NOBODY) for each in ("one", "two")]
    assert play_match(*nobody, SETTINGS, folder) == more
    assert play_match(*nobody, SETTINGS.changed(games=3), folder) == more[:3]


def test_a_line_cut_short_is_a_game_not_yet_played(who, tmp_path):
    folder = tmp_path / "m"
    a, b = who("one"), who("two")
    play_match(a, b, SETTINGS, folder)
    text = (folder / "games.jsonl").read_text()
    (folder / "games.jsonl").write_text(text[:-20])
    again = play_match(a, b, SETTINGS, folder)
    assert [game["game"] for game in again] == [1, 2, 3, 4]
    lines = (folder / "games.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == again


def test_a_seed_decides_the_seeds_of_players(who, tmp_path):
    telling = {"set_random_seed": "seed = words[0]", "final_score": "text = seed"}

    def seeds(folder: str, seed: int) -> list[str]:
        a, b = who("a", **telling), who("b", **telling)
        games = play_match(a, b, SETTINGS.changed(seed=seed, games=2), tmp_path / folder)
        return [said for game in games for said in game["scores"].values()]

    first = seeds("first", 1)
    assert len({*first}) == 4 and all(0 <= int(seed) < 2**31 for seed in first)
    assert first == seeds("again", 1) != seeds("other", 2)


def test_who_does_wrong_loses_the_game_and_plays_the_next(who, tmp_path):
    count = tmp_path / "starts"
    start = f"open({str(count)!r}, 'a').write('x')"
    # The first two moves are to see whether it plays.
    dies = "asked = globals().get('asked', 0) + 1\nif asked == 3: sys.exit('oh no')"
    games = play_match(who("a"), who("b", start=start, genmove=dies), SETTINGS, tmp_path / "m")
    assert [game["winner"] for game in games] == ["a"] * 4
    assert [(game["ended"], game["fault"], game["told"]) for game in games] == [
        ("died", "b", "exit 1, oh no")
    ] * 4
    assert count.read_text() == "xxxx"
    record = read_game((tmp_path / "m" / "games" / "0001.sgf").read_bytes())
    assert record.result == "B+F"
    assert [*record.comments.values()] == ["died: exit 1, oh no"]


@pytest.mark.parametrize(
    ("behaviour", "told"),
    (
        ({"start": "sys.exit('shinso: error: no')"}, "died, exit 1, shinso: error: no"),
        ({"start": "time.sleep(60)"}, "late, no answer within 0.5 seconds"),
        ({"start": "print('hello\\n')"}, "nonsense, its answer is 'hello'"),
        ({"boardsize": "mark, text = '?', 'unacceptable size'"}, "refusal, unacceptable size"),
        ({"genmove": "sys.exit(2)"}, "died, exit 2"),
    ),
)
def test_who_does_not_come_to_a_first_move(who, tmp_path, monkeypatch, behaviour, told):
    if "late" in told:
        monkeypatch.setattr(match, "STARTING", 0.5)
    with pytest.raises(UserError, match=f"b does not come to its first move: {told}"):
        play_match(who("a"), who("b", **behaviour), SETTINGS, tmp_path / "m")


def test_a_folder_that_holds_something_else(who, tmp_path):
    folder = tmp_path / "m"
    a, b = who("a"), who("b")
    play_match(a, b, SETTINGS.changed(games=1), folder)
    with pytest.raises(UserError, match=r"holds another match: its komi is 0\.5, not 6\.5; choose"):
        play_match(a, b, SETTINGS.changed(komi=6.5), folder)
    with pytest.raises(UserError, match="holds another match: its a is 'a', not 'b'"):
        play_match(b, b, SETTINGS, folder)
    with pytest.raises(UserError, match="exists and holds no match; choose another --out"):
        play_match(a, b, SETTINGS, tmp_path)
    with pytest.raises(UserError, match="exists and holds no match"):
        play_match(a, b, SETTINGS, folder / "match.json")


def test_two_processes_in_one_folder(who, tmp_path):
    terms = {"a": "a", "b": "b"}
    one, two = MatchFolder(tmp_path / "m", terms), MatchFolder(tmp_path / "m", terms)
    one.add({"game": 1}, "(;)")
    with pytest.raises(UserError, match="m is being played by another process too"):
        two.add({"game": 1}, "(;)")
    one.add({"game": 2}, "(;)")
    assert MatchFolder(tmp_path / "m", terms).games == [{"game": 1}, {"game": 2}]


def test_terms_that_make_no_game(who, tmp_path):
    with pytest.raises(UserError, match=r"a komi of 7\.3; it is a whole or a half number"):
        play_match(who("a"), who("b"), SETTINGS.changed(komi=7.3), tmp_path / "m")
    assert not (tmp_path / "m").exists()
