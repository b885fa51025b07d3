"""The data store: finds, describes, checks and opens data sets. Imports no numpy."""

from __future__ import annotations

import importlib
import os
import re
from collections import Counter
from collections.abc import Collection, Sized
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from shinso.core.errors import UserError, nearest
from shinso.data.checksums import is_right, verify
from shinso.data.entry import KINDS, DataSetEntry, SourceFile
from shinso.data.locate import (
    found_files,
    how_to_get,
    is_complete,
    is_path,
    needed_files,
    set_folders,
)
from shinso.data.sets import SETS


class DataSet(Protocol):
    """What every opened set has; the rest depends on its kind."""

    name: str
    licence: str

    def split(self, name: str) -> Sized:
        """`train`, `valid` or `test`; raises UserError where there is none."""
        ...

    def digest(self) -> str:
        """sha256 of the content that is learned from."""
        ...


def entry_of(name: str, kinds: Collection[str] = KINDS) -> DataSetEntry:
    """Raises UserError, with the nearest names among those of these kinds, for one that is none."""
    for entry in SETS:
        if entry.name == name:
            return entry
    known = [entry.name for entry in SETS if entry.kind in kinds]
    raise UserError(f"there is no data set and no path {name}; {nearest(name, known)}")


def set_names() -> list[str]:
    return [entry.name for entry in SETS]


def open_data(
    name_or_path: str | Path, kinds: Collection[str] = KINDS, *, skip_bad: bool = False
) -> Any:
    """Opens a known set by name, or the user's own data by path.

    Args:
        name_or_path: a set's name; or a path, when it contains a separator or exists and is no
            set's name. Of parallel text ":ja-en" may follow: what to translate from and to.
        kinds: the kinds that the caller can read.
        skip_bad: leave damaged files of the user's out, and count them, instead of refusing.

    Returns:
        A DataSet; for images an `ImageSet`, for text a `TextSet`, for parallel text a
        `ParallelSet`, for games a `GameSet`.

    Raises:
        UserError: there is no such set or path, it is not here, is damaged, or is of another kind.
    """
    place, direction = _with_direction(str(name_or_path), kinds)
    if direction:
        kinds = ("parallel",)
    if isinstance(name_or_path, Path) or is_path(place, set_names()):
        return _open_path(Path(os.path.expanduser(place)), kinds, skip_bad, direction)
    entry = entry_of(place, kinds)
    _check_kind(entry.name, entry.kind, kinds)
    data = _open_entry(entry, needed_files(entry))
    return data.directed(direction) if direction else data


def lasting_name(name_or_path: str | Path) -> str:
    """What opens the same data from any folder: a set's name, or an absolute path."""
    place, direction = _with_direction(str(name_or_path), KINDS)
    if not isinstance(name_or_path, Path) and not is_path(place, set_names()):
        return str(name_or_path)
    absolute = str(Path(os.path.expanduser(place)).resolve())
    return f"{absolute}:{direction}" if direction else absolute


def _with_direction(text: str, kinds: Collection[str]) -> tuple[str, str]:
    """`corpus:ja-en`, where parallel text can be meant, as corpus and ja-en; else no direction."""
    place, _, direction = text.rpartition(":")
    meant = "parallel" in kinds and place and _DIRECTION.fullmatch(direction)
    if not meant or os.path.exists(os.path.expanduser(text)):
        return text, ""
    return place, direction


_DIRECTION = re.compile(r"\w+(-\w+)+")


def _open_entry(entry: DataSetEntry, files: dict[str, Path]) -> Any:
    if not entry.reader:
        raise UserError(f"data set {entry.name} ({entry.kind}) is read by no system here yet")
    for file in entry.files:
        if file.name in files and (file.sha256 or file.content):
            verify(files[file.name], file, entry.name)
    module, _, function = entry.reader.partition(":")
    return getattr(importlib.import_module(module), function)(entry, files)


def _open_path(path: Path, kinds: Collection[str], skip_bad: bool, direction: str) -> Any:
    if not os.path.exists(path):
        raise UserError(f"{path} is not there; give a folder, or a set of shinso data list")
    entry = _recognised(path)
    if entry is not None:
        _check_kind(str(path), entry.kind, kinds)
        data = _open_entry(entry, found_files(entry, [path]))
        return data.directed(direction) if direction else data
    if _means_games(path, kinds):
        from shinso.data.games import read_games

        return read_games(path, skip_bad)
    if _means_pairs(path, kinds):
        from shinso.data.parallel import read_parallel

        return read_parallel(path, direction, skip_bad)
    if _means_text(path, kinds):
        from shinso.data.text import read_text

        return read_text(path, skip_bad)
    if "images" not in kinds:
        raise UserError(f"{path}: no system here reads {' or '.join(kinds)} of your own yet")
    from shinso.data.folder import read_folder

    return read_folder(path, skip_bad)


def _means_games(path: Path, kinds: Collection[str]) -> bool:
    if "games" not in kinds or len(kinds) == 1:
        return "games" in kinds
    from shinso.data.games import holds_games

    return holds_games(path)


def _means_pairs(path: Path, kinds: Collection[str]) -> bool:
    if "parallel" not in kinds or len(kinds) == 1:
        return "parallel" in kinds
    from shinso.data.parallel_files import holds_pairs

    return holds_pairs(path)


def _means_text(path: Path, kinds: Collection[str]) -> bool:
    if "text" not in kinds or "images" not in kinds:
        return "text" in kinds
    from shinso.data.text import holds_text

    return holds_text(path)


def _recognised(folder: Path) -> DataSetEntry | None:
    """The set whose original files `folder` holds, or the user's own in the format of one."""
    alike = [entry for entry in SETS if entry.reader and entry.files and _has(folder, entry)]
    for entry in alike:
        if all(is_right(folder / file.name, file) for file in entry.required):
            return entry
    # Other images under MNIST's file names: a common way to pass a set of one's own.
    idx = next((entry for entry in alike if entry.reader == _IDX), None)
    return None if idx is None else _own_set(idx, folder)


_IDX = "shinso.data.idx:read"


def _has(folder: Path, entry: DataSetEntry) -> bool:
    return is_complete(entry, found_files(entry, [folder]))


def _own_set(alike: DataSetEntry, folder: Path) -> DataSetEntry:
    return replace(
        alike,
        name=folder.resolve().name,
        licence="the user's own",
        attribution="",
        may_ship_weights=False,
        files=tuple(SourceFile(file.name, 0) for file in alike.files),
        classes=(),
    )


def _check_kind(name: str, kind: str, kinds: Collection[str]) -> None:
    if kind not in kinds:
        raise UserError(f"data set {name} is of kind {kind}; wanted: {' or '.join(kinds)}")


# --- For the command line: JSON values -----------------------------------------------------------


def list_sets() -> list[dict[str, Any]]:
    """One row a set: name, kind, title, licence, bytes, where it was found or how to get it."""
    return [_row(entry) for entry in SETS]


def _row(entry: DataSetEntry) -> dict[str, Any]:
    found = found_files(entry)
    complete = is_complete(entry, found)
    return {
        "name": entry.name,
        "kind": entry.kind,
        "title": entry.title,
        "licence": entry.licence,
        "bytes": entry.bytes,
        "found": complete,
        "folders": _folders(entry, found) if complete else [],
        "fetchable": entry.fetchable,
        "get": None if complete else how_to_get(entry),
    }


def _folders(entry: DataSetEntry, found: dict[str, Path]) -> list[str]:
    paths = [path.parent for path in found.values()] or list(set_folders(entry))
    return [str(path) for path in dict.fromkeys(paths)]


def describe(name_or_path: str | Path) -> dict[str, Any]:
    """What `data show` prints: the entry's facts, its files and, where it can be opened, examples
    of each split (of text: lines), and classes and image size, words, or languages."""
    place, direction = _with_direction(str(name_or_path), KINDS)
    if direction or isinstance(name_or_path, Path) or is_path(place, set_names()):
        return _contents(open_data(name_or_path))
    entry = entry_of(place)
    found = found_files(entry)
    facts = _row(entry) | {
        "may_ship_weights": entry.may_ship_weights,
        "attribution": entry.attribution,
        "home": entry.home,
        "splits": entry.splits,
        "note": entry.note,
        "files": [
            {
                "name": file.name,
                "bytes": file.bytes,
                "sha256": file.sha256 or None,
                "content_sha256": file.content or None,
                "path": str(found[file.name]) if file.name in found else None,
            }
            for file in entry.files
        ],
    }
    if entry.reader and is_complete(entry, found):
        facts |= {"contents": _contents(open_data(name_or_path))}
    return facts


def _contents(data: Any) -> dict[str, Any]:
    splits = getattr(data, "splits", ("train", "valid", "test"))
    contents = {
        "name": data.name,
        "digest": data.digest(),
        "examples": {name: len(data.split(name)) for name in splits},
    }
    if getattr(data, "kind", None) == "images":
        contents |= {
            "classes": list(data.classes),
            "shape": list(data.shape) if data.shape else None,
            "skipped": len(data.skipped),
        }
    if getattr(data, "kind", None) == "text":
        contents |= {
            "words": {name: sum(len(line.split()) for line in data.split(name)) for name in splits},
            "skipped": len(data.skipped),
        }
    if getattr(data, "kind", None) == "parallel":
        contents |= {"languages": list(data.languages), "skipped": len(data.skipped)}
    if getattr(data, "kind", None) == "games":
        games = [game for name in splits for game in data.split(name)]
        contents |= {
            "moves": {name: sum(len(g.moves) for g in data.split(name)) for name in splits},
            "boards": dict(Counter(f"{game.size} x {game.size}" for game in games).most_common()),
            "skipped": len(data.skipped),
        }
    return contents


def check(name: str | None = None) -> list[dict[str, Any]]:
    """Compares the files found with the catalogue's checksums, of one set or of all.

    Returns:
        One row a file: set, file, path and status: `ok`, `wrong`, `missing`, or `damaged`.
        With all, sets of which nothing is here are left out.
    """
    entries = SETS if name is None else [entry_of(name)]
    rows = []
    for entry in entries:
        found = found_files(entry)
        if found or name is not None:
            rows += [_checked(entry, file, found.get(file.name)) for file in entry.files]
    return rows


def _checked(entry: DataSetEntry, file: SourceFile, path: Path | None) -> dict[str, Any]:
    row = {"set": entry.name, "file": file.name, "path": str(path) if path else None}
    if path is None:
        return row | {"status": "missing", "optional": file.optional}
    try:
        status = "ok" if is_right(path, file) else "wrong"
    except UserError:
        status = "damaged"
    return row | {"status": status, "optional": file.optional}
