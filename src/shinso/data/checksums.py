"""Whether a file is the one that the catalogue means: by its bytes, or by what is inside."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from shinso.core.errors import UserError
from shinso.core.files import file_digest
from shinso.data.archives import decompressed, read_members
from shinso.data.entry import SourceFile


def content_digest(path: Path, members: str = "") -> str:
    """sha256 of what a .gz, .xz or .bz2 unpacks to.

    With `members`, of sorted lines "NAME SHA256", one for each member in whose name that regular
    expression is found; NAME is the part it matches, so that a leading folder does not count.
    """
    if not members:
        return sha256(decompressed(path)).hexdigest()
    pattern = re.compile(members)
    lines = []
    for name, content in read_members(path, lambda name: pattern.search(name) is not None):
        match = pattern.search(name)
        assert match is not None
        lines.append(f"{match.group()} {sha256(content).hexdigest()}\n")
    return sha256("".join(sorted(lines)).encode()).hexdigest()


def is_right(path: Path, file: SourceFile) -> bool:
    """Whether `path` holds `file`; raises UserError where it is a damaged archive."""
    # Other bytes can still be the same content, but never the other way round.
    if file.sha256 and path.stat().st_size == file.bytes and file_digest(path) == file.sha256:
        return True
    return bool(file.content) and content_digest(path, file.members) == file.content


def verify(path: Path, file: SourceFile, set_name: str) -> None:
    """Raises UserError unless `path` holds `file`."""
    if not is_right(path, file):
        raise UserError(
            f"{path} is not the {file.name} of data set {set_name} (its checksum is another); "
            f"remove it and get it again"
        )
