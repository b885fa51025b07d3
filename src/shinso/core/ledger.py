"""Ledger: big append-only state (replay memory, games) in bounded segments in the run folder.

A checkpoint holds only a cursor and digests. Rows are appended to memory-mapped segment files,
so they survive a killed process at once and a power failure from the next checkpoint on. A
segment is deleted only when no kept checkpoint and no live window needs it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinso.core.errors import ShinsoError
from shinso.core.files import read_json, told, write_json

Fields = Mapping[str, tuple[Any, tuple[int, ...]]]  # name -> (dtype, shape of one row)


class Ledger:
    """The last `capacity` rows of an append-only table; rows keep their absolute numbers.

    Disk use is bounded by the window, the kept checkpoints' windows and one segment.
    """

    def __init__(self, folder: Path, fields: Fields, capacity: int, segment_rows: int) -> None:
        self.folder = folder
        self.row_type = np.dtype([(name, dtype, shape) for name, (dtype, shape) in fields.items()])
        self.capacity = capacity
        self.segment_rows = segment_rows
        self.end = 0  # rows appended so far
        self._segments: dict[int, NDArray[Any]] = {}
        self._digests: dict[int, str] = {}  # of full segments, which change no more
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def start(self) -> int:
        """The oldest row of the window."""
        return max(0, self.end - self.capacity)

    def __len__(self) -> int:
        return self.end - self.start

    def append(self, **row: Any) -> None:
        number, offset = divmod(self.end, self.segment_rows)
        segment = self._segment(number)
        for name, value in row.items():
            segment[name][offset] = value
        self.end += 1

    def rows(self, numbers: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Copies of rows by absolute number in [start, end): {name: (len(numbers), *shape)}."""
        out = np.empty(len(numbers), self.row_type)
        segments, offsets = np.divmod(numbers, self.segment_rows)
        for number in np.unique(segments):
            here = segments == number
            out[here] = self._segment(int(number))[offsets[here]]
        return {name: np.ascontiguousarray(out[name]) for name in self.row_type.names or ()}

    def state(self) -> dict[str, Any]:
        """Flushes, and returns the cursor and the digests a checkpoint refers to."""
        first, last = self.start // self.segment_rows, self._last_segment()
        for number in range(first, last + 1):
            if number not in self._digests:
                self._flush(number)
        return {
            "start": self.start,
            "end": self.end,
            "digests": {number: self._digest(number) for number in range(first, last + 1)},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes back to a checkpoint's cursor. Raises ShinsoError when a segment changed."""
        self.end = state["end"]
        self._segments.clear()
        self._digests.clear()
        for number, digest in state["digests"].items():
            if not self._path(number).exists() or self._digest(number) != digest:
                raise ShinsoError(f"ledger segment {self._path(number)} is damaged or missing")
        for path in self.folder.glob("*.rows"):
            if int(path.stem) > self._last_segment():
                path.unlink()

    def keep_for(self, step: int, kept_steps: Collection[int]) -> None:
        """Deletes segments that neither the checkpoint just written at `step` nor another kept
        one needs. The windows of the kept ones stand in a file beside the segments."""
        notes = self.folder / "windows.json"
        known = read_json(notes) if notes.exists() else {}
        known[str(step)] = self.start
        known = {s: start for s, start in known.items() if int(s) in kept_steps}
        write_json(notes, known)
        first = min(known.values()) // self.segment_rows
        for path in self.folder.glob("*.rows"):
            if int(path.stem) < first:
                self._segments.pop(int(path.stem), None)
                self._digests.pop(int(path.stem), None)
                path.unlink()

    def _last_segment(self) -> int:
        return (self.end - 1) // self.segment_rows  # -1 when empty

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.rows"

    def _segment(self, number: int) -> NDArray[Any]:
        if number not in self._segments:
            self._allocate(self._path(number))
            self._segments[number] = np.memmap(
                self._path(number), self.row_type, mode="r+", shape=(self.segment_rows,)
            )
        return self._segments[number]

    def _allocate(self, path: Path) -> None:
        """Reserves the disk now: a mapped page that finds the disk full is a bus error."""
        with told("writing", path):
            path.touch()
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, self.segment_rows * self.row_type.itemsize)

    def _flush(self, number: int) -> None:
        segment = self._segment(number)
        assert isinstance(segment, np.memmap)
        segment.flush()

    def _digest(self, number: int) -> str:
        """Of the rows in use: a full segment's is computed once."""
        if number in self._digests:
            return self._digests[number]
        used = min(self.end - number * self.segment_rows, self.segment_rows)
        digest = blake2b(self._segment(number)[:used].tobytes(), digest_size=16).hexdigest()
        if used == self.segment_rows:
            self._digests[number] = digest
        return digest
