"""Vocabulary: which tokens a model knows, and the number that each one has."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shinso.core.errors import UserError
from shinso.language.tokens import Tokeniser

PAD = "<pad>"  # fills a batch
BOS = "<bos>"  # begins a sentence
EOS = "<eos>"  # ends a sentence or line
UNKNOWN = "<unk>"  # stands for every token that the vocabulary lacks

LANGUAGE_MODEL = (UNKNOWN, EOS)
TRANSLATION = (PAD, BOS, EOS, UNKNOWN)  # 0, 1, 2, 3

Ids = NDArray[np.int32]


class Vocabulary:
    """Words in order; a word's number is its place."""

    def __init__(self, words: Sequence[str]) -> None:
        """Raises UserError for no words, one that is empty or holds white space, one that comes
        twice, and where UNKNOWN is none of them."""
        self.words = tuple(words)
        self._numbers = _Numbers()
        for number, word in enumerate(self.words):
            if word.split() != [word]:
                raise UserError(f"vocabulary, line {number + 1}: {word!r} is no word")
            if word in self._numbers:
                raise UserError(f"vocabulary, line {number + 1}: {word!r} is there twice")
            self._numbers[word] = number
        if UNKNOWN not in self._numbers:
            raise UserError(f"a vocabulary needs the word {UNKNOWN}, for all that it lacks")
        self._numbers.unknown = self._numbers[UNKNOWN]

    @classmethod
    def counted(
        cls,
        counts: Mapping[str, int],
        specials: Sequence[str] = LANGUAGE_MODEL,
        *,
        minimum_count: int = 1,
        size: int | None = None,
    ) -> Vocabulary:
        """The specials, then the words seen `minimum_count` times or more: the most frequent
        first, those of one count by alphabet; `size` words at most, specials included.

        A special that the text itself holds, like the <unk> of Penn Treebank, is one word.
        """
        words = sorted(
            (word for word, count in counts.items() if count >= minimum_count),
            key=lambda word: (-counts[word], word),
        )
        return cls([*specials, *(word for word in words if word not in specials)][:size])

    @classmethod
    def from_text(cls, text: str) -> Vocabulary:
        """The inverse of `to_text`; raises UserError naming the first line that is wrong."""
        return cls(text.removesuffix("\n").split("\n"))

    def to_text(self) -> str:
        """One word a line."""
        return "".join(f"{word}\n" for word in self.words)

    def encode(self, tokens: Iterable[str]) -> Ids:
        """The tokens' numbers, that of UNKNOWN for those that are not known: (N,) int32."""
        return np.fromiter(map(self._numbers.__getitem__, tokens), np.int32)

    def decode(self, ids: ArrayLike) -> list[str]:
        """(N,) numbers to words."""
        return [self.words[number] for number in np.asarray(ids).tolist()]

    def number(self, word: str) -> int:
        """That of UNKNOWN for a word that is not known."""
        return self._numbers[word]

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._numbers


class _Numbers(dict[str, int]):
    """Without a branch in Python for each token of a corpus."""

    unknown: int

    def __missing__(self, word: str) -> int:
        return self.unknown


def count_tokens(lines: Iterable[str], tokeniser: Tokeniser) -> Counter[str]:
    """How often each token comes in a text."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(tokeniser.tokens(line))
    return counts


def encode_lines(lines: Iterable[str], tokeniser: Tokeniser, vocabulary: Vocabulary) -> Ids:
    """A text as one stream: the tokens' numbers with EOS after each line, (N,) int32.

    A line that ends in EOS already, as in some published corpora, gets no second one.
    """
    number_of = vocabulary._numbers.__getitem__
    end = vocabulary.number(EOS)
    stream = array("i")
    for line in lines:
        tokens = tokeniser.tokens(line)
        stream.extend(map(number_of, tokens))
        if not tokens or tokens[-1] != EOS:
            stream.append(end)
    ids: NDArray[Any] = np.frombuffer(stream, np.intc).astype(np.int32)
    return ids
