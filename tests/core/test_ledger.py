"""The ledger: a window over append-only rows, bounded on disk, as safe as its checkpoints."""

import os
import resource
import shutil

import numpy as np
import pytest

from shinso.core.errors import ShinsoError
from shinso.core.ledger import Ledger

FIELDS = {"number": (np.int64, ()), "board": (np.uint8, (2, 3))}
CAPACITY, SEGMENT = 20, 8


def make(folder):
    return Ledger(folder / "replay", FIELDS, CAPACITY, SEGMENT)


def fill(ledger, count):
    for _ in range(count):
        ledger.append(number=ledger.end, board=np.full((2, 3), ledger.end % 256))


def window(ledger):
    return ledger.rows(np.arange(ledger.start, ledger.end))


def assert_right(ledger):
    """Every row of the window is the one that was appended under its number."""
    rows, numbers = window(ledger), np.arange(ledger.start, ledger.end)
    assert np.array_equal(rows["number"], numbers)
    assert np.array_equal(
        rows["board"],
        np.broadcast_to(numbers[:, None, None] % 256, (len(ledger), 2, 3)),
    )


def segments(folder):
    return sorted(
        int(name.split(".")[0]) for name in os.listdir(folder / "replay") if "row" in name
    )


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 20, 21, 47])
def test_the_window_is_the_last_rows(tmp_path, count):
    ledger = make(tmp_path)
    fill(ledger, count)
    assert (len(ledger), ledger.end) == (min(count, CAPACITY), count)
    assert_right(ledger)


def test_rows_come_in_the_order_asked_as_copies(tmp_path):
    ledger = make(tmp_path)
    fill(ledger, 30)
    rows = ledger.rows(np.array([29, 12, 29, 16]))
    assert rows["number"].tolist() == [29, 12, 29, 16]
    rows["board"][:] = 0
    assert_right(ledger)


def test_disk_use_is_bounded(tmp_path):
    ledger, kept, most = make(tmp_path), [], 0
    for step in range(100):
        fill(ledger, 5)
        ledger.state()
        kept = [*kept, step][-2:]
        ledger.keep_for(step, kept)
        most = max(most, len(segments(tmp_path)))
    # the window, five rows more for the checkpoint before, a segment begun at either end
    assert most <= -(-(CAPACITY + 5) // SEGMENT) + 1
    assert_right(ledger)


def test_segments_stay_as_long_as_a_kept_checkpoint_needs_them(tmp_path):
    ledger = make(tmp_path)
    fill(ledger, 10)
    best = ledger.state()
    ledger.keep_for(1, [1])
    for step in range(2, 8):
        fill(ledger, 20)
        ledger.state()
        ledger.keep_for(step, [1, step - 1, step])
    assert segments(tmp_path)[:2] == [0, 1]
    shutil.copytree(tmp_path / "replay", tmp_path / "copy" / "replay")
    again = make(tmp_path / "copy")
    again.restore(best)
    assert again.end == 10
    assert_right(again)
    ledger.keep_for(7, [6, 7])  # 1 is the best no more
    assert segments(tmp_path)[0] == (130 - 20 - 20) // SEGMENT


def test_restoring_forgets_the_future(tmp_path):
    ledger = make(tmp_path)
    fill(ledger, 13)
    state = ledger.state()
    fill(ledger, 30)
    again = make(tmp_path)
    again.restore(state)
    assert again.end == 13 and segments(tmp_path) == [0, 1]
    fill(again, 30)
    assert_right(again)
    assert again.state() == ledger.state()


def test_rows_survive_in_the_file_alone(tmp_path):
    """A killed process flushes nothing: another one reads what the mapping holds."""
    ledger = make(tmp_path)
    fill(ledger, 13)
    state = ledger.state()
    shutil.copytree(tmp_path / "replay", tmp_path / "copy" / "replay")
    again = make(tmp_path / "copy")
    again.restore(state)
    assert_right(again)


def damage_tail(path, used, how):
    content = bytearray(path.read_bytes())
    if how == "cut":
        content = content[:used]
    else:
        content[used:] = (
            bytes(len(content) - used) if how == "zeros" else b"\xff" * (len(content) - used)
        )
    path.write_bytes(content)


@pytest.mark.parametrize("how", ["zeros", "garbage", "cut", "gone"])
def test_losing_what_came_after_the_checkpoint_is_harmless(tmp_path, how):
    """As a power failure may: pages written after the last flush are lost."""
    ledger = make(tmp_path)
    fill(ledger, 13)
    state = ledger.state()
    fill(ledger, 12)
    expected = ledger.state()
    row_bytes = ledger.row_type.itemsize
    damage_tail(tmp_path / "replay" / "000001.rows", (13 - SEGMENT) * row_bytes, how)
    later = tmp_path / "replay" / "000002.rows"
    later.unlink() if how == "gone" else damage_tail(later, 0, how)
    again = make(tmp_path)
    again.restore(state)
    assert_right(again)
    fill(again, 12)
    assert_right(again)
    assert again.state() == expected


@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_damage_before_the_checkpoint_is_detected(tmp_path, how):
    ledger = make(tmp_path)
    fill(ledger, 27)
    state = ledger.state()
    path = tmp_path / "replay" / "000001.rows"
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content[:20] if how == "cut" else content)
    if how == "gone":
        path.unlink()
    with pytest.raises(ShinsoError, match=r"segment .*000001.rows is damaged or missing"):
        make(tmp_path).restore(state)


def test_a_full_disk_is_one_line_and_no_bus_error(tmp_path):
    ledger = make(tmp_path)
    fill(ledger, SEGMENT)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(ShinsoError, match=r"writing .*000001.rows: .*; make room"):
            fill(ledger, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    fill(ledger, 5)
    assert_right(ledger)
