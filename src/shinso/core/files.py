"""Atomic files and folders: a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from shinso.core.errors import ShinsoError, UserError


@contextmanager
def told(doing: str, path: Path) -> Iterator[None]:
    """Turns what the file system refuses into one line that names the file and the way out."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise ShinsoError(
                f"{doing} {path}: {reason}; make room, then go on from the last "
                "checkpoint with train --resume"
            ) from error
        raise UserError(f"{doing} {path}: {reason}") from error


def sync(path: Path) -> None:
    """Makes a file's content, or the renames in a folder, survive a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(path: Path, content: bytes | str) -> None:
    """Writes beside `path`, syncs, renames. Raises ShinsoError when the disk is full."""
    beside = path.with_name(f".{path.name}.partial")
    with told("writing", path):
        try:
            with beside.open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            sync(path.parent)
        except OSError:
            beside.unlink(missing_ok=True)
            raise


def write_json(path: Path, value: Any) -> None:
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Raises UserError when the file is missing or no JSON object."""
    with told("reading", path):
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UserError(f"{path} is damaged: {error}") from None
    if not isinstance(value, dict):
        raise UserError(f"{path} is damaged: not a JSON object")
    return value


def file_digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def folder_digest(folder: Path) -> str:
    """One digest of all files in `folder`, by relative name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = (f"{path.relative_to(folder)} {file_digest(path)}\n" for path in files)
    return sha256("".join(lines).encode()).hexdigest()


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """Yields an empty folder that takes the place of `folder` when the block ends well.

    The old one steps aside first, since a folder cannot be renamed onto a full one;
    `settle_folder` undoes a kill between the two renames.
    """
    with told("writing", folder):
        settle_folder(folder)
        beside, aside = _beside(folder), _aside(folder)
        beside.mkdir(parents=True)
        yield beside
        for path in (*beside.rglob("*"), beside):
            sync(path)
        if folder.exists():
            folder.rename(aside)
        beside.rename(folder)
        sync(folder.parent)
        shutil.rmtree(aside, ignore_errors=True)


def settle_folder(folder: Path) -> None:
    """Clears what a kill inside `replaced_folder` left, keeping the newest whole version."""
    beside, aside = _beside(folder), _aside(folder)
    if aside.exists() and not folder.exists():
        aside.rename(folder)
    for leftover in (beside, aside):
        if leftover.exists():
            shutil.rmtree(leftover)


def _beside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.partial")


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.replaced")


class LineFile:
    """A JSON-lines file that grows by whole rows. It stays open, since opening it takes five times
    as long as a row, and has no buffer, so that a kill loses nothing and closing writes nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with told("writing", path):
            self._file = path.open("ab", buffering=0)

    def append(self, row: Mapping[str, Any]) -> None:
        """Raises ShinsoError when the disk is full."""
        rest = (json.dumps(row) + "\n").encode()
        with told("writing", self.path):
            while rest:
                rest = rest[self._file.write(rest) :]

    def close(self) -> None:
        self._file.close()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON-lines file; a last line cut short by a kill is left out."""
    rows: list[dict[str, Any]] = []
    if not path.exists():
        return rows
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows
