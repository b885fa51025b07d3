"""Words with typing errors, which are made, so that what was meant is known.

The errors are the four that F. J. Damerau found behind more than four in five misspelt words, one
in a word (A technique for computer detection and correction of spelling errors, Communications of
the ACM 7(3), 1964): a wrong letter, a letter that is missing, one too many, two neighbours swapped.

    with    wieh    wth    witth    wiht

Which words get one, and which, is a function of a seed and an index: there is no state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from string import ascii_lowercase

ONE_IN = 5  # words of two letters or more
LONGEST = 45  # letters of an English word

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
# Of any script and with digits, so that no word is read of naïve, 3rd or 日本 but for its whole.
_LIKE_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+(?:['’](?:[^\W_]|[\u0300-\u036f])+)*")


def words_in(text: str) -> Iterator[tuple[int, str]]:
    """Where each word begins, and the word in lower case with straight apostrophes.

    A word has letters a to z, LONGEST at most, and apostrophes between them; any other is passed
    over, and so are digits and punctuation.
    """
    for match in _LIKE_WORD.finditer(text):
        word = match[0].lower().replace("’", "'")
        if len(word) <= LONGEST and _WORD.fullmatch(word):
            yield match.start(), word


def mistyped(words: Sequence[str], seed: int, index: int) -> list[str]:
    """The words as they come from the typewriter: the errors are those of (seed, index).

    A word of one letter is left alone, for nothing would remain to tell what it was.
    """
    dice = _Dice(f"{seed}/{index}")
    return [
        _misspelt(word, dice) if len(word) > 1 and dice.roll(ONE_IN) == 0 else word
        for word in words
    ]


class _Dice:
    """Rolls that are a function of a name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rolls = 0

    def roll(self, sides: int) -> int:
        """0 to sides - 1."""
        self.rolls += 1
        digest = blake2b(f"{self.name}/{self.rolls}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little") % sides

    def letter(self) -> str:
        return ascii_lowercase[self.roll(26)]


def _misspelt(word: str, dice: _Dice) -> str:
    """Another word than this by one error; anew where it changes nothing ("fell", the two l
    swapped) or leaves no word ("it's" without its s)."""
    while True:
        typed = ERRORS[dice.roll(len(ERRORS))](word, dice)
        if typed != word and _WORD.fullmatch(typed):
            return typed


def _wrong(word: str, dice: _Dice) -> str:
    place = dice.roll(len(word))
    return word[:place] + dice.letter() + word[place + 1 :]


def _missing(word: str, dice: _Dice) -> str:
    place = dice.roll(len(word))
    return word[:place] + word[place + 1 :]


def _too_many(word: str, dice: _Dice) -> str:
    """Evenly one that doubles the letter before it, and any."""
    place = dice.roll(len(word) + 1)
    extra = word[:place][-1:] if dice.roll(2) else dice.letter()
    return word[:place] + extra + word[place:]


def _swapped(word: str, dice: _Dice) -> str:
    place = dice.roll(len(word) - 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


ERRORS: tuple[Callable[[str, _Dice], str], ...] = (_wrong, _missing, _too_many, _swapped)
