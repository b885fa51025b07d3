"""A dictionary that mends words: what one would otherwise take.

P. Norvig, How to write a spelling corrector, 2007: a word that is not in the dictionary becomes the
most frequent one that is an edit away, the four edits being Damerau's. Words come one by one, so an
error that makes another word is not seen. Edits of two letters are left out, since no word here has
more than one error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import ascii_lowercase


class Dictionary:
    """Knows how often each word comes in a text."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts

    def __contains__(self, word: str) -> bool:
        return word in self.counts

    def correction(self, word: str) -> str:
        """The word itself where it is known, or nothing known is near."""
        if word in self.counts:
            return word
        known = {near for near in _one_edit_away(word) if near in self.counts}
        return max(sorted(known), key=self.counts.__getitem__, default=word)


def _one_edit_away(word: str) -> Iterator[str]:
    for place in range(len(word) + 1):
        left, right = word[:place], word[place:]
        yield from (left + letter + right for letter in ascii_lowercase)
        if right:
            yield left + right[1:]
            yield from (left + letter + right[1:] for letter in ascii_lowercase)
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]
