"""Where a data set's files are on this machine. Imports no numpy.

Looked for, in this order: the folders of SHINSO_DATA (a colon-separated list; each holds `<set>/`
folders with the original files), where the system's package manager puts the set, and the user's
cache, which `shinso data get` fills. A set's files may be spread over several of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shinso.core.errors import UserError
from shinso.data.archives import is_archive, member_names, read_member
from shinso.data.entry import DataSetEntry, format_bytes

SYSTEM_FOLDER = Path("/usr/share/datasets")


@dataclass(frozen=True)
class Located:
    """A file that was found: loose, or as a member of an archive."""

    path: Path
    member: str | None = None

    def read(self) -> bytes:
        """Raises UserError where the archive is damaged or the file unreadable."""
        if self.member is not None:
            return read_member(self.path, self.member)
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise UserError(f"{self.path}: {(error.strerror or str(error)).lower()}") from error

    def __str__(self) -> str:
        return str(self.path) if self.member is None else f"{self.path}:{self.member}"


def cache_folder() -> Path:
    """XDG_CACHE_HOME or ~/.cache, then shinso/data; holds one folder a set."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification: a relative path is invalid and to be ignored.
    return (Path(home) if os.path.isabs(home) else Path.home() / ".cache") / "shinso" / "data"


def listed_folders() -> tuple[Path, ...]:
    """The folders of SHINSO_DATA."""
    listed = os.environ.get("SHINSO_DATA", "").split(os.pathsep)
    return tuple(Path(os.path.expanduser(folder)) for folder in listed if folder)


def set_folders(entry: DataSetEntry) -> tuple[Path, ...]:
    """Every existing folder in which files of the set may lie, in the order of looking."""
    folders = [folder / entry.name for folder in listed_folders()]
    if entry.package:
        folders.append(SYSTEM_FOLDER / entry.package.removeprefix("dataset-"))
    folders.append(cache_folder() / entry.name)
    # os.path, since pathlib raises where a parent may not be read.
    return tuple(folder for folder in folders if os.path.isdir(folder))


def found_files(entry: DataSetEntry, folders: Sequence[Path] | None = None) -> dict[str, Path]:
    """The set's files that are here, by official name; the first folder that has one wins."""
    folders = set_folders(entry) if folders is None else folders
    found = {}
    for file in entry.files:
        candidates = (folder / file.name for folder in folders)
        path = next((path for path in candidates if os.path.isfile(path)), None)
        if path is not None:
            found[file.name] = path
    return found


def is_complete(entry: DataSetEntry, found: dict[str, Path]) -> bool:
    """Whether what was found is enough to use the set."""
    if not entry.required:  # every file is optional: any one will do
        return entry.built_in or bool(found or set_folders(entry))
    return all(file.name in found for file in entry.required)


def needed_files(entry: DataSetEntry) -> dict[str, Path]:
    """`found_files`; raises UserError, saying how to get the set, unless it is complete."""
    found = found_files(entry)
    if not is_complete(entry, found):
        raise UserError(missing_message(entry, found))
    return found


def missing_message(entry: DataSetEntry, found: dict[str, Path]) -> str:
    """One line: what is missing and how to get it, with size and licence."""
    lacking = [file.name for file in entry.required if file.name not in found]
    what = f"data set {entry.name} is not here"
    if found:
        what = f"data set {entry.name} lacks {', '.join(lacking)}"
    return f"{what}: {how_to_get(entry)}"


def how_to_get(entry: DataSetEntry) -> str:
    """The way to a set that is not here, with its size and licence."""
    if entry.built_in:
        return "nothing to get"
    about = f"{format_bytes(entry.bytes)}, {entry.licence}" if entry.files else entry.licence
    names = ", ".join(file.name for file in entry.required) or "its files"
    by_hand = f"put {names} into a folder {entry.name}/ of a folder listed in SHINSO_DATA"
    if not entry.fetchable:
        return f"it cannot be fetched ({about}); {by_hand}; home: {entry.home}"
    package = f", or apt install {entry.package}" if entry.package else ""
    return f"shinso data get {entry.name}{package} ({about})"


def find_file(entry: DataSetEntry, names: Sequence[str]) -> Located | None:
    """The first of `names` (official names, as `test.en` or `ImageSets/Main/test.txt`) that is
    in one of the set's folders: loose, or in an archive there, below whatever leading folder.
    """
    for name in names:
        for folder in set_folders(entry):
            for located in _occurrences(folder, name):
                return located
    return None


def _occurrences(folder: Path, name: str) -> Iterator[Located]:
    if os.path.isfile(folder / name):
        yield Located(folder / name)
    try:
        archives = sorted(path for path in folder.iterdir() if is_archive(path))
    except OSError as error:
        raise UserError(f"{folder}: {(error.strerror or str(error)).lower()}") from error
    for archive in archives:
        for member in member_names(archive):
            if member == name or member.endswith(f"/{name}"):
                yield Located(archive, member)


def files_below(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The files in `folder` and in all folders below it whose names end so, by name."""

    def refuse(error: OSError) -> None:
        raise UserError(f"{error.filename}: {(error.strerror or str(error)).lower()}") from error

    found = []
    for path, folders, names in os.walk(folder, onerror=refuse):
        # Without what systems leave behind: .git, .ipynb_checkpoints, __MACOSX.
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        wanted = (n for n in names if n.lower().endswith(suffixes) and not n.startswith("."))
        found += [Path(path, name) for name in wanted]
    return sorted(found)


def is_path(text: str, set_names: Sequence[str]) -> bool:
    """Whether `--data TEXT` is a path: it contains a separator, or exists and is no set's name."""
    separators = (os.sep, os.altsep) if os.altsep else (os.sep,)
    if any(separator in text for separator in separators):
        return True
    return text not in set_names and os.path.exists(text)
