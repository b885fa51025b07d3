"""Raw text and the tokens of small_parallel_enja: what a person writes becomes what a net that
learned from tokens reads, and what it writes becomes what a person reads."""

from __future__ import annotations

import re
import unicodedata

JAPANESE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"  # kana, kanji, 、。「」


def unspaced(line: str) -> str:
    """A tokenised Japanese line as a person writes it: no spaces but between foreign words."""
    return _SPACES.sub("", line)


_SPACES = re.compile(rf"(?<=[{JAPANESE}])\s+|\s+(?=[{JAPANESE}])")


def spaced(line: str) -> str:
    """An English line as the corpus has it: in lower case, spaces between tokens, and '' for
    quotation marks. "Don't!" becomes "don 't !".
    """
    plain = unicodedata.normalize("NFKC", line).lower()
    for mark, written in _WRITTEN.items():
        plain = plain.replace(mark, written)
    return " ".join(_TOKEN.findall(plain))


_WRITTEN = {"\u2018": "'", "\u2019": "'", '"': "''", "\u201c": "''", "\u201d": "''"}
_TOKEN = re.compile(
    r"''|'(?:t|s|m|ll|ve|re|d|clock)\b"
    r"|(?:[a-z]\.){2,}|(?:mr|mrs|ms|dr)\."
    r"|\d+(?:[.,:]\d+)+|\w+(?:-\w+)*"
    r"|\.\.\.|[^\w\s]"
)
