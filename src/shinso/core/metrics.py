"""The metrics of a run: metrics.jsonl, timing.jsonl (times apart, for they differ from run to
run) and TensorBoard events, one row per report interval."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shinso.core.files import LineFile, read_lines, write_atomic

METRICS, TIMING = "metrics.jsonl", "timing.jsonl"


class Metrics:
    """Writes rows as they come; on resume first cuts back to the checkpoint's step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, LineFile] = {}
        self._tensorboard: Any = None

    def open(self, step: int) -> float:
        """Cuts files back to `step`; returns the training seconds spent until then."""
        cut_back(self.folder / METRICS, step)
        timing = cut_back(self.folder / TIMING, step)
        self._files = {name: LineFile(self.folder / name) for name in (METRICS, TIMING)}
        self._tensorboard = _summary_writer(self.folder / "tensorboard", step)
        return float(timing[-1]["seconds"]) if timing else 0.0

    def write(self, step: int, kind: str, scores: Mapping[str, float]) -> None:
        """A row of scores; `kind` is "train" or the split evaluated."""
        self._files[METRICS].append({"step": step, kind: dict(scores)})
        if self._tensorboard is not None:
            self._tensorboard.file_writer.add_summary(_summary(kind, scores), step)

    def write_timing(self, step: int, seconds: float, rate: float) -> None:
        row = {"step": step, "seconds": round(seconds, 3), "rate": round(rate, 3)}
        self._files[TIMING].append(row)

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        if self._tensorboard is not None:
            self._tensorboard.close()


def cut_back(path: Path, step: int) -> list[dict[str, Any]]:
    """Drops the rows after `step`, and a last one that a kill cut short; returns the rest."""
    kept = [row for row in read_lines(path) if row["step"] <= step]
    if path.exists():
        write_atomic(path, "".join(json.dumps(row) + "\n" for row in kept))
    return kept


def _summary(kind: str, scores: Mapping[str, float]) -> Any:
    """All scores in one event: add_scalar makes one of each."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    values = [Summary.Value(tag=f"{name}/{kind}", simple_value=scores[name]) for name in scores]
    return Summary(value=values)


def _summary_writer(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        print("TensorBoard is not installed: no events are written", file=sys.stderr)
        return None
    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)
