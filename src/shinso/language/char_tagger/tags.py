"""Tags: what belongs at each place of a typed text, one number a place.

A place is a letter or apostrophe of a word, or the space after it. What belongs there is a symbol,
mostly the one that was typed; or nothing; or a symbol more, before the one that was typed.

    typed      w i h t _ u n t i l l _ e r o r s _       _ a space, . nothing, * r and o
    belongs    w i t h _ u n t i l . _ e r * r s _
"""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

SYMBOLS = " '" + ascii_lowercase  # those that a net reads, by number; a tag below NOTHING is one
SPACE = 0
NOTHING = len(SYMBOLS)  # and NOTHING + s: the symbol s is missing before this one
TAGS = 2 * len(SYMBOLS)

_NUMBERS = {symbol: number for number, symbol in enumerate(SYMBOLS)}


def unchanged(word: str) -> list[int]:
    """The tags of a word and the space after it where all is right: its symbols."""
    return [_NUMBERS[letter] for letter in word] + [SPACE]


def tags_of(typed: str, meant: str) -> list[int]:
    """The tags that mend the word `typed`, and the space after it; the two are one error apart.

    Of equal neighbours, the last is the one that is missing or too many.
    """
    if len(typed) == len(meant):
        return unchanged(meant)
    tags = unchanged(typed)
    place = _shared_beginning(typed, meant)
    tags[place] = NOTHING + (_NUMBERS[meant[place]] if len(meant) > len(typed) else 0)
    return tags


def _shared_beginning(one: str, other: str) -> int:
    """How many letters the words begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def mended(typed: str, tags: Iterable[int]) -> str:
    """The inverse of `tags_of`: what the tags make of the word `typed` and the space after it."""
    written = ""
    for symbol, tag in zip(typed + " ", tags, strict=True):
        if tag < NOTHING:
            written += SYMBOLS[tag]
        elif tag > NOTHING:
            written += SYMBOLS[tag - NOTHING] + symbol
    return written.removesuffix(" ")


def proposable() -> NDArray[np.bool_]:
    """(SYMBOLS, TAGS): the tags that would change something at a symbol that was typed. A space
    stays one, and none comes into a word."""
    table = np.ones((len(SYMBOLS), TAGS), dtype=bool)
    np.fill_diagonal(table, False)
    table[:, SPACE] = False
    table[SPACE, : NOTHING + 1] = False
    return table
