from __future__ import annotations

import pytest
from scipy.stats import binomtest

from shinso.go.arena.summary import elo, is_disputed, summary, wilson


@pytest.mark.parametrize(("wins", "games"), ((0, 4), (5, 10), (37, 100), (100, 100), (1, 1)))
def test_wilson_is_scipys(wins, games):
    expected = binomtest(wins, games).proportion_ci(method="wilson")
    assert wilson(wins / games, games) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_elo_is_what_makes_the_rate_expected():
    for rate in (0.01, 0.5, 0.75, 0.9):
        difference = elo(rate)
        assert difference is not None
        assert 1 / (1 + 10 ** (-difference / 400)) == pytest.approx(rate)
    assert elo(10 / 11) == pytest.approx(400)
    assert elo(0) is elo(1) is None


def line(a: str, winner: str | None, **more) -> dict:
    return {
        "a": a, "winner": winner, "result": "B+1.5", "ended": "passes", "fault": None,
        "seconds": 30.0, "seconds_a_move": {"a": [1.0, 2.0], "b": []}, "scores": {}, **more,
    }  # fmt: skip


def test_a_summary_by_hand():
    found = summary(
        [
            line("black", "a", scores={"b": "W+1.5", "a": "B+1.5"}),
            line("white", "a", seconds_a_move={"a": [9.0], "b": [0.5]}),
            line("black", "b", ended="died", fault="a"),
            line("white", None, result="0"),
        ]
    )
    assert (found["games"], found["wins"], found["losses"], found["draws"]) == (4, 2, 1, 1)
    assert found["win_rate"] == 0.625
    assert found["elo"] == pytest.approx(88.739, abs=1e-3)
    assert found["by_colour"]["black"]["wins"] == found["by_colour"]["black"]["losses"] == 1
    assert found["by_colour"]["white"]["win_rate"] == 0.75
    low, high = found["intervals"]["win_rate"]
    assert found["intervals"]["elo"] == [elo(low), elo(high)]
    assert found["seconds_a_move"] == {"a": 2.0, "b": 0.5}
    assert found["games_a_minute"] == 2
    assert found["ended"] == {"passes": 3, "died": 1}
    assert found["faults"] == {"a": {"died": 1}, "b": {}}
    assert found["disputed"] == 1


@pytest.mark.parametrize(
    ("said", "disputed"), (("B+7", False), ("W+0.5", True), ("0", True), ("who knows", True))
)
def test_what_is_disputed(said, disputed):
    assert is_disputed({"result": "B+1.5", "scores": {"a": said}}) == disputed
