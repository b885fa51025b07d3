"""shinso gtp over real pipes; what its commands do is tested in tests/go."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import re

import pytest

from shinso import api, catalog
from shinso.cli import main
from shinso.cli.gtp import Lines
from shinso.core.errors import UserError
from shinso.go.random_player import RandomPlayer
from tests.cli.command import refused, shinso


@pytest.fixture
def pipe():
    """Two file descriptors, one to read from and one to write to."""
    read, write = os.pipe()
    with os.fdopen(read) as reader, contextlib.suppress(OSError):
        yield reader, write
        os.close(write)


def played(pipe, monkeypatch, content: bytes, *arguments: str) -> str:
    """The answers to a session that ends well."""
    reader, write = pipe
    os.write(write, content)
    os.close(write)
    monkeypatch.setattr("sys.stdin", reader)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["gtp", *(arguments or ["go-random"])]) == 0
    return out.getvalue()


def test_a_session_until_quit(pipe, monkeypatch):
    lines = b"1 boardsize 9\r\n\r\n# hello\nplay b E5\n2 reg_genmove w\nquit\nname\n"
    size, move, answer, end, rest = played(pipe, monkeypatch, lines).split("\n\n")
    assert (size, move, end, rest) == ("=1 ", "= ", "= ", "")
    assert answer.startswith("=2 ") and answer != "=2 E5"


def test_the_end_of_input_ends_it_and_a_last_line_needs_no_newline(pipe, monkeypatch):
    assert played(pipe, monkeypatch, b"name") == "= shinso go-random\n\n"


def test_bytes_that_are_no_text(pipe, monkeypatch):
    assert played(pipe, monkeypatch, b"\xff\xfe\n7 \x80\n") == "? unknown command\n\n" + (
        "?7 unknown command\n\n"
    )


def test_uct_plays_when_nobody_is_named_and_its_options_are_flags(pipe, monkeypatch):
    lines = b"name\nboardsize 5\nlz-genmove_analyze b\n"
    name, _, move, _ = played(pipe, monkeypatch, lines, "--simulations", "60").split("\n\n")
    assert name == "= shinso uct"
    visits = re.findall(r"visits (\d+)", move)
    assert 40 < sum(map(int, visits)) <= 60


def test_what_cannot_be_played():
    assert refused("gtp", "utc") == "utc is neither a folder nor a system; did you mean uct?"
    assert refused("gtp", "lenet").startswith("lenet does not play Go; who does: uct, go-random")
    assert "--simulations" in refused("gtp", "uct", "--simulations", 0)
    assert refused("gtp", "go-random", "--simulations", 5).startswith("shinso gtp has no option")
    done = shinso("gtp", "--json")
    assert done.code == 2 and "leave --json away" in done.json["error"]


class Opened(RandomPlayer):
    """Plays on 9x9 alone, and its name tells what it was opened with."""

    sizes = (9,)

    def __init__(self, artifact, options) -> None:
        super().__init__()
        self.name = f"{artifact.system} top {options.top}"


@pytest.fixture
def playing(lenet, monkeypatch):
    """A learned system with networks, and a player for its row."""
    monkeypatch.setattr("shinso.go.random_player.Opened", Opened, raising=False)
    row = dataclasses.replace(catalog.find("lenet"), player="shinso.go.random_player:Opened")
    monkeypatch.setitem(catalog.SYSTEMS, "lenet", row)
    return lenet


def test_an_artifact_plays_and_its_options_are_flags(playing, pipe, monkeypatch):
    lines = b"name\nboardsize 9\nboardsize 13\nshowboard\n"
    answers = played(pipe, monkeypatch, lines, str(playing), "--top", "3").split("\n\n")
    refusal = "? unacceptable size: lenet top 3 plays on boards of 9 lines"
    assert answers[:3] == ["= shinso lenet top 3", "= ", refusal]
    assert "A B C D E F G H J\n" in answers[3]
    assert refused("gtp", playing, "--top", 0).startswith("--top is 0, must be at least 1")
    assert refused("gtp", "lenet").startswith("no weights are shipped for lenet; train it")


def test_players_from_python(playing):
    assert api.player(playing, top=2).name == "lenet top 2"
    assert api.player("uct", simulations=7).options.simulations == 7
    assert api.player().name == "uct"
    with pytest.raises(UserError, match="go-random has no options, so not top either"):
        api.player("go-random", top=1)
    with pytest.raises(UserError, match="has no field tops; did you mean top"):
        api.player(playing, tops=1)


def test_lines_tell_what_waits(pipe):
    reader, write = pipe
    lines = Lines(reader.fileno())
    assert not lines.waiting()
    os.write(write, b"one\ntwo\nthr")
    assert lines.waiting()
    coming = iter(lines)
    assert next(coming) == "one"
    assert lines.waiting(), "two has been read already"
    assert next(coming) == "two"
    assert not lines.waiting(), "three has not ended"
    os.close(write)
    assert lines.waiting(), "the end ends an analysis too"
    assert [*coming] == ["thr"]
