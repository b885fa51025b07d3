"""Checkpoints: which are kept, and that a damaged one is never used."""

import os

import pytest
import torch

from shinso.core import checkpoint
from shinso.core.checkpoint import Checkpoints, DamagedCheckpoint
from shinso.core.errors import ShinsoError


def tree(number):
    return {"weight": torch.full((4,), float(number)), "number": number}


@pytest.fixture
def kept(tmp_path):
    return Checkpoints(tmp_path / "checkpoints")


def test_the_newest_two_and_the_best_are_kept(kept):
    best = {10: 10, 20: 20, 30: 20, 40: 20, 50: 20, 60: 60, 70: 60, 80: 60}
    expected = {
        10: [10],
        20: [10, 20],
        30: [20, 30],
        40: [20, 30, 40],
        50: [20, 40, 50],
        60: [50, 60],
        70: [60, 70],
        80: [60, 70, 80],
    }
    for step, best_step in best.items():
        assert kept.save(step, tree(step), best_step) == expected[step]
        assert list(kept.steps()) == expected[step]
        assert len(os.listdir(kept.folder)) == len(expected[step])


def test_steps_count_beyond_nine_digits(kept):
    for step in (999_999_999, 1_000_000_000):
        kept.save(step, tree(step), None)
    assert list(kept.steps()) == [999_999_999, 1_000_000_000]
    assert kept.newest()[1]["number"] == 1_000_000_000


def test_the_newest_comes_back(kept):
    assert kept.newest() is None
    kept.save(5, tree(5), None)
    kept.save(6, tree(6), None)
    step, found = kept.newest()
    assert step == 6 and found["number"] == 6
    assert torch.equal(found["weight"], torch.full((4,), 6.0))


def test_saving_a_step_again_replaces_it(kept):
    """The last step may be saved when it is due, and again with its evaluation."""
    for number in range(1, 6):
        assert kept.save(7, tree(number), None) == [7]
        assert kept.newest()[1]["number"] == number
    assert len(os.listdir(kept.folder)) == 1


@pytest.mark.parametrize("place", [0, 9, 100, -1])
def test_a_flipped_bit_anywhere_is_damage(kept, place):
    kept.save(5, tree(5), None)
    kept.save(6, tree(6), None)
    path = kept.steps()[6]
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedCheckpoint, match=f"checkpoint {path} is damaged"):
        kept.load(path)
    with pytest.warns(UserWarning, match=r"step-000000006.* is damaged; trying the one before"):
        assert kept.newest()[0] == 5


def test_nothing_whole_left_is_an_error(kept):
    kept.save(5, tree(5), None)
    kept.steps()[5].write_bytes(b"")
    damaged = pytest.raises(ShinsoError, match=r"every checkpoint in .* is damaged")
    with damaged, pytest.warns(UserWarning):
        kept.newest()


def test_a_full_disk_leaves_those_before(kept, monkeypatch):
    kept.save(5, tree(5), None)
    kept.save(6, tree(6), None)

    def full(path, content):
        raise ShinsoError("no space left")

    monkeypatch.setattr(checkpoint, "write_atomic", full)
    with pytest.raises(ShinsoError, match="no space"):
        kept.save(7, tree(7), 7)
    assert list(kept.steps()) == [5, 6] and kept.newest()[0] == 6


def test_a_future_not_lived_yet_is_discarded(kept):
    for step in (5, 6):
        kept.save(step, tree(step), 5)
    kept.discard_after(5)
    assert list(kept.steps()) == [5]
    kept.discard_after(5)
    assert list(kept.steps()) == [5]
