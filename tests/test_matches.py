"""Matches in results/, in the place of evaluations on data."""

from __future__ import annotations

import pytest

from shinso import catalog
from shinso.core.errors import UserError
from shinso.core.results import is_current, read_results
from shinso.core.tables import results_table
from shinso.go.arena.settings import MatchSettings
from shinso.go.arena.summary import summary
from shinso.matches import contestant, record
from tests.core.test_results import checkout  # noqa: F401

GAME = {
    "result": "B+1.5", "ended": "passes", "fault": None, "seconds": 30.0,
    "seconds_a_move": {"a": [1.0], "b": [0.5]}, "scores": {},
}  # fmt: skip
GAMES = [{**GAME, "a": "black", "winner": "a"}, {**GAME, "a": "white", "winner": "b"}]


def test_a_match_is_a_result_of_its_first_player(checkout):  # noqa: F811
    a, b = contestant("uct --simulations 9"), contestant("true --mode gtp")
    settings = MatchSettings(seed=3, games=2)
    path = record(a, b, settings, summary(GAMES), "few")
    record(a, b, settings.changed(seed=1), summary(GAMES[:1]), "few")
    assert path == checkout / "results/uct/few--true--9x9.json"
    (result,) = read_results("uct")
    assert [run["seed"] for run in result.runs] == [1, 3]
    assert result.mean["win_rate"] == 0.75
    assert result.runs[1]["scores"]["elo"] == 0
    assert "elo" not in result.runs[0]["scores"], "one that nobody won cannot be told"
    assert result.runs[1]["evaluation"] == (
        "shinso arena 'uct --simulations 9' 'true --mode gtp' --games 2 --seed 3 --record few"
    )
    assert is_current(result, catalog.find("uct"), catalog.LEVERS)
    assert "| few | true | 0.75 " in results_table(["uct"], "9x9")


def test_others_are_not_recorded(checkout):  # noqa: F811
    a, b = contestant("true"), contestant("uct")
    with pytest.raises(UserError, match="about a player of ours in the first place, not true"):
        record(a, b, MatchSettings(), summary(GAMES), "few")
    (checkout / "new.py").write_text("")
    with pytest.raises(UserError, match=r"new\.py changed since the last one; commit first"):
        record(b, a, MatchSettings(), summary(GAMES), "few")
