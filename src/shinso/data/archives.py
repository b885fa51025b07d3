"""Safe reading of archives: zip, tar (plain, gz, xz, bz2) and single .gz, .xz, .bz2 files.

Nothing is unpacked to disk. A member that would leave the archive's folder, a device, and a file
that unpacks beyond the limits are refused by name.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import posixpath
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PureWindowsPath
from typing import IO, Any

from shinso.core.errors import UserError
from shinso.data.entry import format_bytes

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz", ".txz", ".tar.xz", ".tbz2", ".tar.bz2")

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Limits:
    """How far an archive may grow. Text and images pack 2 to 20 times, bombs 1,000 times."""

    total: int = 4 << 30  # bytes
    member: int = 1 << 30  # bytes
    members: int = 1_000_000
    ratio: int = 200  # unpacked to packed bytes
    ratio_from: int = 64 << 20  # unpacked bytes below which the ratio is not looked at


LIMITS = Limits()


def is_archive(path: Path) -> bool:
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


def decompressed(path: Path, limits: Limits = LIMITS) -> bytes:
    """What a .gz, .xz or .bz2 file unpacks to; the bytes of any other file.

    Raises UserError when it is damaged or grows beyond `limits`.
    """
    with _refusing_damage(path), _open_stream(path) as stream:
        bounded = _BoundedStream(stream, path, limits)
        return b"".join(iter(lambda: bounded.read(_BLOCK), b""))


def read_members(
    path: Path, wanted: Callable[[str], bool] = lambda name: True, limits: Limits = LIMITS
) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the files in an archive, in its order, where `wanted(name)`.

    Raises UserError naming archive and member for a name that leads out, a link that leads out,
    a device, an encrypted member, damage, or growth beyond `limits`.
    """
    read = _zip_members if _magic(path).startswith(b"PK") else _tar_members
    with _refusing_damage(path):
        yield from read(path, wanted, limits)


def read_member(path: Path, name: str) -> bytes:
    """The bytes of one member; raises UserError when there is none of that name."""
    for _, content in read_members(path, lambda member: member == name):
        return content
    raise UserError(f"{path} has no member {name}")


def member_names(path: Path) -> tuple[str, ...]:
    """Names of the files in an archive, in its order."""
    about = path.stat()
    return _member_names(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=64)
def _member_names(path: Path, modified: int, size: int) -> tuple[str, ...]:
    names: list[str] = []

    def note(name: str) -> bool:
        names.append(name)
        return False

    for _ in read_members(path, note):
        pass
    return tuple(names)


# --- Zip ---------------------------------------------------------------------------------------


def _zip_members(
    path: Path, wanted: Callable[[str], bool], limits: Limits
) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        _check_count(path, len(members), limits)
        # A member never unpacks beyond the size it declares: zipfile stops there.
        _check_growth(path, sum(member.file_size for member in members), limits)
        for member in members:
            _check_zip_member(path, member, limits)
            if not member.is_dir() and wanted(member.filename):
                yield member.filename, archive.read(member)


def _check_zip_member(path: Path, member: zipfile.ZipInfo, limits: Limits) -> None:
    _check_name(path, member.filename)
    _check_size(path, member.filename, member.file_size, limits)
    if member.flag_bits & 1:
        raise UserError(f"{path}: member {member.filename} is encrypted; unpack it yourself")
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UserError(f"{path}: member {member.filename} is a link or a device; refused")


# --- Tar ---------------------------------------------------------------------------------------


def _tar_members(
    path: Path, wanted: Callable[[str], bool], limits: Limits
) -> Iterator[tuple[str, bytes]]:
    with _open_stream(path) as stream:
        bounded: Any = _BoundedStream(stream, path, limits)  # all that tarfile needs: read
        # As a stream, "r|": going back in an .xz would unpack it from the start.
        with tarfile.open(fileobj=bounded, mode="r|") as archive:
            count = 0
            while (member := archive.next()) is not None:
                count += 1
                _check_count(path, count, limits)
                _check_tar_member(path, member, limits)
                if member.isreg() and wanted(member.name):
                    content = archive.extractfile(member)
                    assert content is not None
                    yield member.name, content.read()
                archive.members = []  # type: ignore[attr-defined]  # tarfile would keep them all


def _check_tar_member(path: Path, member: tarfile.TarInfo, limits: Limits) -> None:
    _check_name(path, member.name)
    _check_size(path, member.name, member.size, limits)
    if member.issym() or member.islnk():
        start = posixpath.dirname(member.name) if member.issym() else ""
        target = posixpath.normpath(posixpath.join(start, member.linkname))
        if _leads_out(target):
            raise UserError(
                f"{path}: member {member.name} is a link out, to {member.linkname}; refused"
            )
    elif not member.isreg() and not member.isdir():
        raise UserError(f"{path}: member {member.name} is a device; refused")


# --- Limits ------------------------------------------------------------------------------------


class _BoundedStream:
    """Hands an unpacking stream on in blocks, and stops it when it grows beyond the limits."""

    def __init__(self, stream: IO[bytes], path: Path, limits: Limits) -> None:
        self._stream = stream
        self._path = path
        self._limits = limits
        self._unpacked = 0

    def read(self, size: int) -> bytes:
        block = self._stream.read(min(size, _BLOCK))
        self._unpacked += len(block)
        _check_growth(self._path, self._unpacked, self._limits)
        return block


def _check_growth(path: Path, unpacked: int, limits: Limits) -> None:
    if unpacked > limits.total:
        raise UserError(f"{path} unpacks to more than {format_bytes(limits.total)}; refused")
    packed = max(path.stat().st_size, 1)
    if unpacked > limits.ratio_from and unpacked > limits.ratio * packed:
        raise UserError(f"{path} unpacks to more than {limits.ratio} times its size; refused")


def _check_count(path: Path, count: int, limits: Limits) -> None:
    if count > limits.members:
        raise UserError(f"{path} has more than {limits.members:,} members; refused")


def _check_size(path: Path, name: str, size: int, limits: Limits) -> None:
    if size > limits.member:
        raise UserError(
            f"{path}: member {name} is larger than {format_bytes(limits.member)}; refused"
        )


def _check_name(path: Path, name: str) -> None:
    if _leads_out(name):
        raise UserError(f"{path}: member {name!r} leads out of its folder; refused")


def _leads_out(name: str) -> bool:
    path = PureWindowsPath(name)  # takes / and \ for separators, and knows drives
    return bool(not name or "\0" in name or path.drive or path.root or ".." in path.parts)


# --- Streams -----------------------------------------------------------------------------------


def _magic(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(6)


def _open_stream(path: Path) -> IO[bytes]:
    """By the first bytes, not the name: .tgz, .txz and renamed files read alike."""
    magic = _magic(path)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open(path)  # type: ignore[return-value]
    if magic.startswith(b"\xfd7zXZ\0"):
        return lzma.open(path)
    if magic.startswith(b"BZh"):
        return bz2.open(path)
    return path.open("rb")


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    damage = (
        EOFError,
        NotImplementedError,  # an unknown kind of zip compression
        lzma.LZMAError,
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        gzip.BadGzipFile,
    )
    try:
        yield
    except damage as error:
        raise UserError(f"{path} is damaged: {str(error).rstrip('.').lower()}") from error
    except OSError as error:
        # bz2 and gzip report bad data so, without an error number.
        problem = error.strerror or f"is damaged: {error}"
        raise UserError(f"{path}: {problem.lower()}") from error
