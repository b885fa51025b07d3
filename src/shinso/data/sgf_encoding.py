"""In which encoding a game record is written: as it says, or as its bytes betray.

SGF names its encoding in the property CA and means Latin-1 without it, but most records were made
before CA or do not keep to it: Western ones are UTF-8 or Latin-1, Chinese ones GB2312 or GBK,
Japanese ones Shift-JIS.
"""

from __future__ import annotations

import re

_DECLARED = re.compile(rb"CA\s*\[\s*([\w.:-]+)\s*\]", re.ASCII)
_PRINTABLE = bytes(range(32, 127))
_DOUBLE = re.compile(rb"[\x80-\x9f]|[\x80-\xff]{2}")
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")
_REPLACED = "\N{REPLACEMENT CHARACTER}"


def decoded(content: bytes) -> str:
    """The text of a record, whatever its bytes; characters that are damaged become U+FFFD."""
    for encoding in (*_declared(content), "utf-8"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            pass
    # Servers cut names in the middle of a character. UTF-8 is not met by accident, so a text most
    # of whose characters are right is UTF-8; GBK would take the "]" behind the cut with it.
    text = content.decode("utf-8", "replace")
    wrong = text.count(_REPLACED)
    right = sum(not character.isascii() for character in text) - wrong
    return text if right > wrong else _guessed(content)


def _declared(content: bytes) -> list[str]:
    """The encoding that CA names, where it is one that reads ASCII, as SGF's marks are, alike."""
    if (found := _DECLARED.search(content)) is None:
        return []
    encoding = found[1].decode()
    try:
        return [encoding] if _PRINTABLE.decode(encoding) == _PRINTABLE.decode() else []
    except (LookupError, ValueError):
        return []


def _guessed(content: bytes) -> str:
    """Text that is no UTF-8. Western letters stand alone and above 0x9F; the lead bytes of
    Shift-JIS are below, and GB2312 comes in pairs above."""
    if not _DOUBLE.search(content):
        return content.decode("latin-1")
    for encoding in ("gb2312", "shift_jis", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # GBK, too, can be read as Shift-JIS: then it is full of half-width katakana.
        if encoding != "shift_jis" or not _HALF_WIDTH.search(text):
            return text
    return content.decode("latin-1")
