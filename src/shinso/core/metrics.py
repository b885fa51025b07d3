"""The metrics of a run: metrics.jsonl, timing.jsonl (times apart, for they differ from run to
run) and TensorBoard events, one row per report interval."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shinso.core.files import append_lines, read_lines, write_atomic

Row = Mapping[str, Any]


class Metrics:
    """Writes rows as they come; on resume first cuts back to the checkpoint's step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tensorboard: Any = None

    def open(self, step: int) -> float:
        """Cuts files back to `step`; returns the training seconds spent until then."""
        cut_back(self.folder / "metrics.jsonl", step)
        timing = cut_back(self.folder / "timing.jsonl", step)
        self._tensorboard = _summary_writer(self.folder / "tensorboard", step)
        return float(timing[-1]["seconds"]) if timing else 0.0

    def write(self, step: int, kind: str, scores: Mapping[str, float]) -> None:
        """A row of scores; `kind` is "train" or the split evaluated."""
        append_lines(self.folder / "metrics.jsonl", [{"step": step, kind: dict(scores)}])
        if self._tensorboard is not None:
            for name, value in scores.items():
                self._tensorboard.add_scalar(f"{name}/{kind}", value, step)

    def write_timing(self, step: int, seconds: float, rate: float) -> None:
        row = {"step": step, "seconds": round(seconds, 3), "rate": round(rate, 3)}
        append_lines(self.folder / "timing.jsonl", [row])

    def close(self) -> None:
        if self._tensorboard is not None:
            self._tensorboard.close()


def cut_back(path: Path, step: int) -> list[dict[str, Any]]:
    """Drops the rows after `step`, and a last one that a kill cut short; returns the rest."""
    kept = [row for row in read_lines(path) if row["step"] <= step]
    if path.exists():
        write_atomic(path, "".join(json.dumps(row) + "\n" for row in kept))
    return kept


def _summary_writer(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        print("TensorBoard is not installed: no events are written", file=sys.stderr)
        return None
    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)
