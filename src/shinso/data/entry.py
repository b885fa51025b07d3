"""What is known about a data set before it is opened. Imports no numpy, so that lists are instant.

An entry is one row of `shinso.data.sets`; it says what the set is, under which licence, where it
lives in public, which files it has and how each is recognised.
"""

from __future__ import annotations

from dataclasses import dataclass

KINDS = (
    "images",
    "addition",
    "copying",
    "text",
    "parallel",
    "boxes",
    "masks",
    "dialogue",
    "speech",
    "games",
    "babi",
    "word-pairs",
)


@dataclass(frozen=True)
class SourceFile:
    """One file of a set, under its official name.

    A file is right when its own sha256 or that of its content is: archives are packed again by
    distributions and mirrors, and the content stays. Content is what a .gz or .xz unpacks to, or,
    with `members`, the names and bytes of those members of an archive.
    """

    name: str
    bytes: int
    sha256: str = ""
    content: str = ""  # sha256, see checksums.content_digest
    members: str = ""  # regular expression, searched in the names of an archive's members
    url: str = ""  # where `data get` fetches it; without, it is put there by hand
    parts: tuple[str, ...] = ()  # or the addresses of what it is made of,
    made_by: str = ""  # by "module:function", called with (addresses, contents), to its content
    optional: bool = False  # the set is of use without it

    @property
    def fetchable(self) -> bool:
        return bool(self.url or self.parts)


@dataclass(frozen=True)
class DataSetEntry:
    """One data set of the catalogue."""

    name: str
    kind: str  # one of KINDS
    title: str
    licence: str
    may_ship_weights: bool  # whether the licence lets weights trained on it be passed on
    splits: str
    home: str = ""  # public home page
    files: tuple[SourceFile, ...] = ()
    apart: tuple[str, ...] = ()  # official test files that may be kept apart from the others
    reader: str = ""  # "module:function", called with (entry, {file name: path})
    classes: tuple[str, ...] = ()
    attribution: str = ""  # whom to name when the data or what was learned from it is passed on
    package: str = ""  # Debian package; its files lie in /usr/share/datasets/ without "dataset-"
    note: str = ""

    @property
    def built_in(self) -> bool:
        """Whether it needs no file: it is computed or comes inside a dependency."""
        return not self.files and not self.apart

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def required(self) -> tuple[SourceFile, ...]:
        return tuple(file for file in self.files if not file.optional)

    @property
    def fetchable(self) -> bool:
        """Whether `data get` alone makes the set usable."""
        return bool(self.required) and all(file.fetchable for file in self.required)


def format_bytes(count: float) -> str:
    """Decimal units, three digits: 11.6 MB."""
    units = ["bytes", "kB", "MB", "GB"]
    while count >= 1000 and len(units) > 1:
        count /= 1000
        units.pop(0)
    digits = 0 if units[0] == "bytes" or count >= 100 else 1
    return f"{count:.{digits}f} {units[0]}"
