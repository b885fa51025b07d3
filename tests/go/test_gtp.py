"""Lines of the protocol, by hand."""

from __future__ import annotations

import pytest

from shinso.core.errors import UserError
from shinso.go import gtp
from shinso.go.engine import Candidate
from shinso.go.gtp import Command, parse


@pytest.mark.parametrize(
    ("line", "command"),
    (
        ("name", Command("", "name", ())),
        ("12 play b D4\r\n", Command("12", "play", ("b", "D4"))),
        ("  007\tplay \t b   D4  ", Command("007", "play", ("b", "D4"))),
        ("play b D4 # and why # not", Command("", "play", ("b", "D4"))),
        ("na\x00me\x7f\x1b", Command("", "name", ())),
        ("5", Command("5", "", ())),
        ("5a name", Command("", "5a", ("name",))),
        ("\u0661 name", Command("", "\u0661", ("name",))),
        ("", None),
        (" \t\r\n", None),
        ("# only a comment", None),
        ("\x01\x02", None),
    ),
)
def test_parse(line, command):
    assert parse(line) == command


def test_answers_hold_no_empty_line_and_no_control_characters():
    assert gtp.success("", "") == "= \n\n"
    assert gtp.success("3", "D4") == "=3 D4\n\n"
    assert gtp.failure("", "unknown command") == "? unknown command\n\n"
    assert gtp.success("3", "\n A\x07\r\n\n \n\nB\n\n") == "=3 \n A\nB\n\n"


def test_words():
    assert [gtp.colour_of(word) for word in ("b", "W", "Black", "WHITE")] == [1, 2, 1, 2]
    assert gtp.whole("-7") == -7
    assert gtp.decimal("6.5") == 6.5


@pytest.mark.parametrize(
    ("read", "word"),
    (
        (gtp.colour_of, "red"),
        (gtp.whole, "1.5"),
        (gtp.whole, "1" * 10),
        (gtp.whole, "\u0661"),
        (gtp.decimal, "six"),
    ),
)
def test_words_that_are_refused(read, word):
    with pytest.raises(UserError, match=f"^syntax error: '{word}' is no "):
        read(word)


def test_analysis_as_leela_zero_and_as_katago_print_it():
    candidates = [
        Candidate(288, visits=10, win_rate=0.5, prior=0.01, line=(288, 72)),
        Candidate(361, visits=1, win_rate=0.25001, prior=0.002),
    ]
    assert gtp.analysis(candidates, 19, in_units=False) == (
        "info move D4 visits 10 winrate 5000 prior 100 order 0 pv D4 Q16 "
        "info move pass visits 1 winrate 2500 prior 20 order 1 pv pass"
    )
    assert gtp.analysis(candidates, 19, in_units=True) == (
        "info move D4 visits 10 winrate 0.500000 prior 0.010000 order 0 pv D4 Q16 "
        "info move pass visits 1 winrate 0.250010 prior 0.002000 order 1 pv pass"
    )
