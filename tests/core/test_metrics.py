"""Metrics files: one row a report, cut back to the checkpoint on resume."""

import json

import pytest

from shinso.core.metrics import Metrics, cut_back


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def written(folder, steps):
    metrics = Metrics(folder)
    metrics.open(0)
    for step in steps:
        metrics.write(step, "train", {"loss": 1 / step, "accuracy": 0.5})
        metrics.write_timing(step, step / 10, 10.0)
    metrics.write(steps[-1], "valid", {"loss": 2.0})
    metrics.close()


def test_rows_hold_step_and_scores(tmp_path):
    written(tmp_path, [10, 20])
    assert rows(tmp_path / "metrics.jsonl") == [
        {"step": 10, "train": {"loss": 0.1, "accuracy": 0.5}},
        {"step": 20, "train": {"loss": 0.05, "accuracy": 0.5}},
        {"step": 20, "valid": {"loss": 2.0}},
    ]
    assert rows(tmp_path / "timing.jsonl")[1] == {"step": 20, "seconds": 2.0, "rate": 10.0}


def test_resuming_cuts_back_to_the_step_and_knows_the_time_spent(tmp_path):
    written(tmp_path, [10, 20, 30])
    assert Metrics(tmp_path).open(20) == 2.0
    assert [row["step"] for row in rows(tmp_path / "metrics.jsonl")] == [10, 20]
    assert [row["step"] for row in rows(tmp_path / "timing.jsonl")] == [10, 20]
    assert Metrics(tmp_path).open(0) == 0.0
    assert rows(tmp_path / "metrics.jsonl") == []


@pytest.mark.parametrize("cut", [1, 2, 10, 30])
def test_a_row_that_a_kill_cut_short_is_dropped(tmp_path, cut):
    written(tmp_path, [10, 20])
    path = tmp_path / "metrics.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    kept = cut_back(path, 20)
    assert len(kept) == (3 if cut == 1 else 2)  # without its line end a row is whole
    written_back = path.read_bytes()
    assert written_back == whole[: len(written_back)] and written_back.endswith(b"}\n")


def test_nothing_to_cut_is_no_file(tmp_path):
    assert cut_back(tmp_path / "metrics.jsonl", 5) == []
    assert not (tmp_path / "metrics.jsonl").exists()


def test_tensorboard_shows_what_the_file_holds(tmp_path):
    loading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    written(tmp_path, [10, 20, 30])
    again = Metrics(tmp_path)
    again.open(20)
    again.write(25, "train", {"loss": 7.0})
    again.close()
    events = loading.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    losses = {event.step: event.value for event in events.Scalars("loss/train")}
    assert losses == {10: pytest.approx(0.1), 20: pytest.approx(0.05), 25: 7.0}
