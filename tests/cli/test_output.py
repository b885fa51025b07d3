"""Tables and progress, for terminals of any width and for files."""

from __future__ import annotations

import io
import itertools

import pytest

from shinso.cli.output import Output, _widths, spelled
from shinso.core import progress
from shinso.core.progress import Pace, PlainObserver, TerminalObserver, clock

ROWS = [
    ["system", "paper", "score"],
    ["lenet", "LeCun et al. 1998, Gradient-based learning applied", "accuracy 0.98"],
]


def test_a_table_in_a_pipe_has_whole_rows(capsys):
    Output(as_json=False).table(ROWS[0], [["x" * 150, "y" * 250, 1]])
    head, row = capsys.readouterr().out.splitlines()
    assert row == "x" * 150 + "  " + "y" * 250 + "  1"
    assert head == "system".ljust(150) + "  " + "paper".ljust(250) + "  score"


def test_a_table_beside_json_is_left_out(capsys):
    Output(as_json=True).table(ROWS[0], ROWS[1:])
    Output(as_json=True).line("for people")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "for people\n")


def test_columns_fill_the_room_and_keep_words_whole():
    assert _widths(ROWS, room=100) == [None, None, None]  # everything fits
    assert _widths(ROWS, room=20) == [None, None, None]  # not even words do: rich breaks them
    for room in range(34, 70):
        widths = [width or 0 for width in _widths(ROWS, room)]
        assert sum(widths) + 2 * 2 <= room
        assert widths[0] == len("system")
        assert widths[1] >= len("Gradient-based") and widths[2] >= len("accuracy")


@pytest.mark.parametrize(
    ("value", "text"),
    ((None, "-"), (0.98765432, "0.9877"), (True, "yes"), (12345, "12,345"), (["a", 2], "a, 2")),
)
def test_cells(value, text):
    assert spelled(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), ((0.4, "0:00"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03"))
)
def test_times(seconds, text):
    assert clock(seconds) == text


@pytest.fixture
def seconds(monkeypatch):
    """A clock that goes on by a second at each look."""
    ticks = itertools.count()
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(ticks)))


def test_rate_and_time_left(seconds):
    pace = Pace()
    assert pace.at(100, 1000) == ("", "")  # a resumed run begins in the middle
    assert pace.at(150, 1000) == ("50/s", "0:17 left")
    assert pace.at(1000, 1000) == ("450/s", "")
    assert pace.at(1100, None) == ("333/s", "")


def test_plain_lines_come_every_ten_seconds_and_at_evaluations(seconds, capsys):
    plain = PlainObserver("lenet on digits")
    for step in range(0, 100, 10):
        plain.tick(step, 200, {"loss": 0.5})
    plain.evaluated(100, {"accuracy": 0.975}, best=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "lenet on digits: step 100  valid  accuracy 0.975  best"
    assert lines[0].startswith("lenet on digits: ") and "of 200 (" in lines[0]
    assert lines[0].endswith(" left  loss 0.5") and "/s, " in lines[0]
    assert 3 <= len(lines) <= 5


@pytest.mark.parametrize("width", (60, 80, 200))
def test_the_bar_fits_its_terminal(width, seconds, monkeypatch):
    """With room for the ^C that a terminal echoes at its end."""
    monkeypatch.setenv("COLUMNS", str(width))
    console = progress._Console(file=io.StringIO(), force_terminal=True)
    bar = progress._bar(console)
    observer = TerminalObserver(bar, "training")
    observer.tick(0, 1000, {})
    observer.tick(500, 1000, {"loss": 0.123456, "accuracy": 0.98765, "bit_accuracy": 0.99999})
    lines = console.render_lines(bar.make_tasks_table(bar.tasks))
    text = "".join(segment.text for segment in lines[0])
    assert len(lines) == 1 and len(text) <= width - 3
    assert " 50% 500/s 0:01 left" in text
    assert ("bit_accuracy 1" in text) == (width == 200)
