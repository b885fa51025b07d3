"""Lines of UTF-8 text, read out of the bytes of a file."""

from __future__ import annotations

import io
from collections.abc import Iterator

from shinso.core.errors import UserError

LONGEST_LINE = 20_000  # characters; whole corpora come as one line


def prose(content: bytes, name: str) -> Iterator[str]:
    """Lines with text in them, of a size that can be dealt with one by one."""
    for line in text_lines(content, name):
        if line:
            yield from _broken(line)


def text_lines(content: bytes, name: str) -> Iterator[str]:
    """All lines of the file `name`. Raises UserError as `text_line` does."""
    for number, raw in enumerate(io.BytesIO(content), start=1):
        yield text_line(raw, name, number)


def text_line(raw: bytes, name: str, number: int) -> str:
    """Line `number`, from 1, of the file `name`, without its end and trailing blanks.

    Raises UserError naming line and byte where it is no UTF-8 text.
    """
    try:
        line = raw.decode()
    except UnicodeDecodeError as error:
        place = f"{name}, line {number}, byte {error.start + 1}"
        raise UserError(
            f"{place}: 0x{raw[error.start]:02x} is no UTF-8; save the text as UTF-8"
        ) from None
    if "\0" in line:
        place = f"{name}, line {number}, byte {raw.index(0) + 1}"
        raise UserError(f"{place}: a zero byte, so this is no text; save it as UTF-8")
    return (line.removeprefix("\N{BOM}") if number == 1 else line).rstrip()


def _broken(line: str) -> Iterator[str]:
    """A line that is too long in parts, broken at spaces where there are some."""
    start = 0
    while len(line) - start > LONGEST_LINE:
        space = line.rfind(" ", start + 1, start + LONGEST_LINE)
        end = space if space > 0 else start + LONGEST_LINE
        yield line[start:end].strip()
        start = end
    yield line[start:].lstrip() if start else line
