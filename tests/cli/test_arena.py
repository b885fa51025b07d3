"""shinso arena: players by name and by command, what is said of a match, and what is refused."""

from __future__ import annotations

import shlex
import shutil

import pytest

from shinso.data.sgf import read_game
from shinso.go.arena import contestant
from tests.cli.command import refused, shinso
from tests.go.arena.programs import program

TERMS = ("--size", 5, "--games", 2)
KEYS = """a b size komi games wins losses draws win_rate elo intervals by_colour seconds_a_move
games_a_minute ended faults disputed folder"""


@pytest.fixture
def passes(tmp_path) -> str:
    return shlex.join(program(tmp_path))


def test_ours_against_another_program(here, passes):
    """Stones of the other's on the board make even a random player the winner."""
    done = shinso("arena", "uct --simulations 30", passes, *TERMS, "--komi", 0.5, "--json")
    assert done.code == 0, done.err
    found = done.json
    assert found.keys() == {*KEYS.split()}
    assert (found["a"], found["b"]) == ("uct --simulations 30", passes)
    assert (found["games"], found["wins"], found["win_rate"], found["elo"]) == (2, 2, 1.0, None)
    low, high = found["intervals"]["elo"]
    assert low < 0 and high is None
    assert found["by_colour"]["white"]["wins"] == 1
    assert found["ended"] == {"passes": 2} and found["faults"] == {"a": {}, "b": {}}
    (folder,) = (here / "runs").iterdir()
    assert folder.name.startswith("arena-uct-python") and folder.name.endswith("-5x5-s0")
    assert found["folder"] == f"runs/{folder.name}"
    assert read_game((folder / "games/0002.sgf").read_bytes()).black == passes
    again = shinso("arena", "uct --simulations 30", passes, *TERMS, "--komi", 0.5)
    assert "win rate  1.000" in again.out and "Elo       unbounded" in again.out
    assert "together  2      2     0       0      1" in again.out


def test_what_is_said_of_faults_and_disputes(here, tmp_path):
    dies = shlex.join(program(tmp_path, start="asked = 0", genmove="asked += 1; 1 / (3 - asked)"))
    boasts = shlex.join(program(tmp_path, final_score="text = 'B+99'"))
    out = shinso("arena", boasts, dies, *TERMS, "--out", "one").out
    assert f"{dies}: no move, died: 2\n" in out
    assert "disputed" not in out and out.endswith("games     one\n")
    out = shinso("arena", boasts, boasts, *TERMS, "--komi", 0.5, "--openings", "none").out
    assert "disputed  2: a player says that the other has won\n" in out


def test_a_program_in_the_games_folder_need_not_be_on_path(here, passes, tmp_path, monkeypatch):
    monkeypatch.setattr(contestant, "GAMES", str(tmp_path))
    shutil.copy(shutil.which("true"), tmp_path / "gnu-go")
    error = refused("arena", passes, "gnu-go --mode gtp")
    assert error.startswith("gnu-go --mode gtp does not come to its first move: died, exit 0")


@pytest.mark.parametrize(
    ("arguments", "told"),
    (
        (["--time", "0"], "--time is 0, must be at least 1"),
        (["--time", "0.5"], "--time is no whole number: '0.5'"),
        (["--komi", "nan"], "--komi is nan, must be finite"),
        (["--komi", "7.3"], "a komi of 7.3; it is a whole or a half number, such as 7.5"),
        (["--size", "20"], "--size is 20, must be at most 19"),
        (["--games", "0"], "--games is 0, must be at least 1"),
        (["--openings", "lost.txt"], "reading lost.txt: no such file"),
        (["--record", "tiny"], "--record is about a player of ours in the first place, not true"),
    ),
)
def test_terms_that_are_refused(here, arguments, told):
    assert refused("arena", "true", "true", *arguments).startswith(told)
    assert not [*here.iterdir()]


@pytest.mark.parametrize(
    ("player", "told"),
    (
        ("nogo --mode gtp", "nogo is no system, no folder and no program on PATH or in "),
        ("utc", "utc is no system, no folder and no program on PATH or in /usr/games; did you me"),
        ("lenet", "lenet does not play Go; who does: uct, go-random"),
        ("uct 'x", "uct 'x is no command line: no closing quotation"),
        (" ", "an empty name; a player is a system, an artifact or a command in quotes"),
        (".", ". is neither a run nor an artifact: it has no recipe.json and no artifact.json"),
        ("false", "false does not come to its first move: died, exit 1"),
        (
            "uct --simulations 0",
            "uct --simulations 0 does not come to its first move: died, exit 2, shinso: error: "
            "--simulations is 0, must be at least 1",
        ),
    ),
)
def test_players_that_are_refused(here, player, told):
    assert refused("arena", player, "true").startswith(told)
    assert not [*here.iterdir()]
