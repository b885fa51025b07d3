"""Fetches a set's files from their public home into the user's cache, and checks them.

A download that was cut goes on where it stopped; a file appears under its name only when whole
and right.
"""

from __future__ import annotations

import http.client
import importlib
import os
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shinso.core.errors import ShinsoError, UserError
from shinso.data.checksums import is_right
from shinso.data.entry import DataSetEntry, SourceFile, format_bytes
from shinso.data.locate import cache_folder, found_files, how_to_get, set_folders

# Called with the file's name, bytes so far and bytes in all (None where the server does not say).
Progress = Callable[[str, int, int | None], None]

TRIES = 4  # in a row without a single new byte
PAUSE = 0.5  # seconds; doubled for each failure in a row
TIMEOUT = 30.0  # seconds without an answer
SPARE = 64 << 20  # bytes to leave free on the disk

_BLOCK = 1 << 18
# A file known by its content alone may be packed differently at its home.
_PACKING = 20


def get(
    entry: DataSetEntry, folder: Path | None = None, progress: Progress | None = None
) -> list[Path]:
    """Fetches what the set lacks, into `folder` or else the user's cache.

    Returns:
        The files that were fetched; none where everything was here.

    Raises:
        UserError: the set has to be put there by hand.
        ShinsoError: no connection, the wrong content, no room on the disk.
    """
    target = cache_folder() / entry.name if folder is None else folder
    found = found_files(entry, [*set_folders(entry), target])
    wanted = [file for file in entry.files if file.fetchable and file.name not in found]
    if not entry.fetchable and any(file.name not in found for file in entry.required):
        raise UserError(f"data set {entry.name}: {how_to_get(entry)}")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{target}: {(error.strerror or str(error)).lower()}") from error
    return [
        (assemble if file.parts else fetch)(file, target / file.name, progress) for file in wanted
    ]


def fetch(
    file: SourceFile, target: Path, progress: Progress | None = None, pause: float = PAUSE
) -> Path:
    """Downloads one file to `target`, through `target`.part.

    A wrong result of a resumed download is fetched once more from its beginning, since the part
    may have been another version's; raises like `get`.
    """
    if urllib.parse.urlsplit(file.url).scheme not in ("http", "https"):
        raise UserError(f"{file.url}: only http and https are fetched")
    part = target.with_name(f"{target.name}.part")
    resumed = part.exists() and part.stat().st_size > 0
    _Download(file, part, progress, pause).run()
    if not _is_right(part, file):
        part.unlink()
        if resumed:
            return fetch(file, target, progress, pause)
        raise ShinsoError(
            f"{file.url} is not the file that was expected (its checksum is another); it was "
            "removed; try again later, or put the file there by hand"
        )
    os.replace(part, target)
    return target


def assemble(file: SourceFile, target: Path, progress: Progress | None = None) -> Path:
    """Fetches the parts of a file into a folder beside `target`, and makes the file of them.

    The parts have no checksums of their own: what is made of them has. Raises like `get`.
    """
    folder = target.with_name(f"{target.name}.parts")
    folder.mkdir(exist_ok=True)
    contents = [
        _part(url, folder / str(number), file.bytes, progress)
        for number, url in enumerate(file.parts)
    ]
    shutil.rmtree(folder)
    module, _, function = file.made_by.partition(":")
    whole = target.with_name(f"{target.name}.part")
    whole.write_bytes(getattr(importlib.import_module(module), function)(file.parts, contents))
    if not _is_right(whole, file):
        whole.unlink()
        raise ShinsoError(
            f"{file.parts[0]} and {len(file.parts) - 1} others do not make the {file.name} that "
            "was expected (its checksum is another); try again later, or put the file there by hand"
        )
    os.replace(whole, target)
    return target


def _part(url: str, place: Path, most: int, progress: Progress | None) -> bytes:
    if not place.exists():
        name = urllib.parse.unquote(url.rpartition("/")[2])
        fetch(SourceFile(name, most, url=url), place, progress)
    return place.read_bytes()


def _is_right(part: Path, file: SourceFile) -> bool:
    if not (file.sha256 or file.content):
        return True  # a part: the whole has the checksum
    try:
        return is_right(part, file)
    except UserError:  # not even an archive: an error page, say
        return False


class _NotWorthARetry(Exception):
    pass


@dataclass
class _Download:
    """Brings a .part file to its full length, over as many connections as it takes."""

    file: SourceFile
    part: Path
    progress: Progress | None
    pause: float

    def run(self) -> None:
        failures = 0
        while True:
            before = self.length
            try:
                return self._continue()
            except _NotWorthARetry as error:
                raise ShinsoError(f"{self.file.url}: {error}") from error
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                failures = 0 if self.length > before else failures + 1
                if failures >= TRIES:
                    raise ShinsoError(
                        f"{self.file.url}: {_reason(error)}; {format_bytes(self.length)} are here, "
                        "and the same command goes on from there"
                    ) from error
                time.sleep(self.pause * 2**failures)

    @property
    def length(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    @property
    def limit(self) -> int:
        return self.file.bytes * (1 if self.file.sha256 else _PACKING)

    def _continue(self) -> None:
        """One connection: asks for what is missing and appends it."""
        if self.file.sha256 and self.length == self.file.bytes:
            return  # whole: the connection was cut after the last byte
        if self.length > self.limit:
            self.part.unlink()
        try:
            response = self._request()
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and self.length:
                self.part.unlink()
                return self._continue()
            # Of the server's refusals only these may pass by themselves.
            if error.code in (408, 425, 429) or error.code >= 500:
                raise
            raise _NotWorthARetry(f"the server answered {error.code} {error.reason}") from error
        with response:
            self._receive(response)

    def _request(self) -> Any:
        headers = {"User-Agent": "shinso", "Accept-Encoding": "identity"}
        if self.length:
            headers["Range"] = f"bytes={self.length}-"
        request = urllib.request.Request(self.file.url, headers=headers)
        return _opener().open(request, timeout=TIMEOUT)

    def _receive(self, response: Any) -> None:
        start = _start_of(response)
        if start != self.length:  # it sends the whole file, or another part than asked for
            self.part.unlink(missing_ok=True)
            if start != 0:
                raise OSError(f"the server sent bytes from {start:,} on")
        declared = response.headers.get("Content-Length")
        total = start + int(declared) if declared else None
        self._check_room(total)
        with _writing(self.part) as out:
            while block := response.read(_BLOCK):
                _write(out, block, self.part)
                self._check_length(out.tell())
                if self.progress is not None:
                    self.progress(self.file.name, out.tell(), total)
        if total is not None and self.length < total:
            raise OSError(f"the connection was cut after {format_bytes(self.length)}")

    def _check_room(self, total: int | None) -> None:
        needed = (total or self.file.bytes) - self.length
        free = shutil.disk_usage(self.part.parent).free
        if needed + SPARE > free:
            raise _NotWorthARetry(
                f"{format_bytes(needed)} are needed and {format_bytes(free)} are free in "
                f"{self.part.parent}; make room"
            )
        self._check_length(total or 0)

    def _check_length(self, length: int) -> None:
        if length > self.limit:
            self.part.unlink(missing_ok=True)
            raise _NotWorthARetry(
                f"it is larger than the {format_bytes(self.limit)} that were expected"
            )


def _start_of(response: Any) -> int:
    """Where in the file the response begins: 0 unless it is partial content."""
    if response.status != http.HTTPStatus.PARTIAL_CONTENT:
        return 0
    span = response.headers.get("Content-Range", "")  # bytes 100-199/200
    first = span.removeprefix("bytes ").partition("-")[0]
    return int(first) if first.isdigit() else -1


def _writing(part: Path) -> Any:
    try:
        return part.open("ab")
    except OSError as error:
        raise _NotWorthARetry(f"{part}: {(error.strerror or str(error)).lower()}") from error


def _write(out: Any, block: bytes, part: Path) -> None:
    try:
        out.write(block)
        out.flush()
    except OSError as error:  # a full disk is not the network's fault
        raise _NotWorthARetry(f"{part}: {(error.strerror or str(error)).lower()}") from error


def _opener() -> urllib.request.OpenerDirector:
    """Speaks http and https alone, also where it is redirected."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", None) or error
    return str(getattr(cause, "strerror", None) or cause or type(error).__name__)
