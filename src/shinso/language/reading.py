"""Reading: how text becomes a stream of numbers, and what an artifact keeps of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from shinso.core.errors import UserError
from shinso.data.text import TextSplit
from shinso.language.tokens import Tokeniser, kept_tokeniser, learned_tokeniser
from shinso.language.vocabulary import (
    LANGUAGE_MODEL,
    Ids,
    Vocabulary,
    count_tokens,
    encode_lines,
)

VOCABULARY = "vocabulary.txt"  # an artifact's asset
MOST_PIECES = 32_000  # sentence pieces, where no size of the vocabulary is given


@dataclass(frozen=True)
class Reading:
    """A tokeniser and the vocabulary of its tokens.

    Those of the same name and texts are equal, so that a text encoded for one serves the other.
    """

    name: str  # of the tokeniser
    texts: tuple[tuple[str, str], ...]  # file name and content of all that was learned

    @classmethod
    def learned(
        cls,
        name: str,
        lines: Sequence[str],
        size: int | None,
        minimum_count: int = 1,
        specials: Sequence[str] = LANGUAGE_MODEL,
    ) -> Reading:
        """From the lines of a training split, with `size` tokens at most, the specials first."""
        tokeniser = learned_tokeniser(name, lines, size or MOST_PIECES)
        counts = count_tokens(lines, tokeniser)
        vocabulary = Vocabulary.counted(counts, specials, minimum_count=minimum_count, size=size)
        return cls(name, ((VOCABULARY, vocabulary.to_text()), *tokeniser.assets().items()))

    @classmethod
    def kept(cls, name: str, assets: Mapping[str, str]) -> Reading:
        """The one whose texts are an artifact's assets; raises UserError where one is missing."""
        if VOCABULARY not in assets:
            raise UserError(f"the artifact lacks {VOCABULARY}, without which it reads no text")
        return cls(name, tuple(assets.items()))

    @cached_property
    def tokeniser(self) -> Tokeniser:
        return kept_tokeniser(self.name, self.assets)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary.from_text(self.assets[VOCABULARY])

    @property
    def assets(self) -> dict[str, str]:
        return dict(self.texts)


@lru_cache(maxsize=4)  # learner, evaluations and baselines share them
def encoded(reading: Reading, split: TextSplit) -> Ids:
    """A split as one stream with <eos> after each line, (N,); not to be written to."""
    return encode_lines(split, reading.tokeniser, reading.vocabulary)
