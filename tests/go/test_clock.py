from __future__ import annotations

import pytest

from shinso.core.errors import UserError
from shinso.go.clock import LAG, Clock
from shinso.go.rules import BLACK, WHITE


def seconds(clock: Clock, colour: int = BLACK, empty: int = 60) -> float:
    found = clock.for_move(colour, empty)
    assert found is not None
    return found + LAG


def test_without_settings_and_with_a_period_of_no_stones_there_is_no_limit():
    clock = Clock()
    assert clock.for_move(BLACK, 81) is None
    clock.set(60, 10, 0)
    assert clock.for_move(BLACK, 81) is None


def test_a_limit_of_zero_is_no_time_at_all():
    clock = Clock()
    clock.set(0, 0, 0)
    assert clock.for_move(BLACK, 81) == 0
    clock.set(1, 0, 0)
    clock.spend(BLACK, 5)
    assert clock.for_move(BLACK, 81) == 0, "overdrawn"


def test_main_time_is_shared_among_the_moves_to_come():
    clock = Clock()
    clock.set(300, 0, 0)
    assert seconds(clock, empty=60) == 300 / 20
    assert seconds(clock, empty=3) == 300 / 10
    clock.spend(BLACK, 100)
    assert seconds(clock, BLACK) == 200 / 20
    assert seconds(clock, WHITE) == 300 / 20


def test_byo_yomi_is_shared_among_its_stones_and_comes_again():
    clock = Clock()
    clock.set(0, 50, 5)
    assert seconds(clock) == 10
    clock.spend(BLACK, 2)
    assert seconds(clock) == 48 / 4
    for _ in range(4):
        clock.spend(BLACK, 2)
    assert seconds(clock) == 10


def test_byo_yomi_follows_main_time():
    clock = Clock()
    clock.set(60, 50, 5)
    assert seconds(clock) == 60 / 20 + 10
    clock.spend(BLACK, 61)
    assert seconds(clock) == 10
    clock.restart()
    assert seconds(clock) == 60 / 20 + 10


def test_whoever_keeps_the_time_is_believed():
    clock = Clock()
    clock.tell(WHITE, 30, 3)
    assert seconds(clock, WHITE) == 10
    clock.tell(WHITE, -4, 1)
    assert clock.for_move(WHITE, 60) == 0


def test_negative_numbers():
    clock = Clock()
    with pytest.raises(UserError, match="not negative"):
        clock.set(-1, 0, 0)
    with pytest.raises(UserError, match="not negative"):
        clock.tell(BLACK, 5, -1)
