"""The baseline that needs no net: find the nearest sentence of the training text, and copy what
it was translated by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from shinso.data.parallel import ParallelSplit
from shinso.language.translation.raw import JAPANESE

MOST_SIMILARITIES = 4_000_000  # of sentences asked for and known ones, in memory at once

# Words, single punctuation marks, and single characters where words are not told apart.
_TERM = re.compile(rf"[{JAPANESE}]|[^\W{JAPANESE}]+|[^\w\s]")


class Retrieval:
    """Nearest by the cosine of TF-IDF vectors (Salton and Buckley 1988, Term-weighting approaches
    in automatic text retrieval, Information Processing & Management 24(5)): in each, a term counts
    as often as it comes, times 1 + ln((1 + N) / (1 + sentences that have it))."""

    def __init__(self, known: ParallelSplit) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.translations = known.targets
        self.vectorizer = TfidfVectorizer(analyzer=_terms)
        self.known = self.vectorizer.fit_transform(known.sources).T.tocsr()  # (terms, N)

    def __call__(self, lines: Sequence[str]) -> list[str]:
        """A translation of each line; of equally near sentences the first's."""
        asked = self.vectorizer.transform(lines)  # (lines, terms)
        step = max(1, MOST_SIMILARITIES // self.known.shape[1])
        nearest = [
            place
            for start in range(0, len(lines), step)
            for place in (asked[start : start + step] @ self.known).toarray().argmax(axis=1)
        ]
        return [self.translations[place] for place in nearest]


def _terms(line: str) -> list[str]:
    return _TERM.findall(line.lower())


@lru_cache(maxsize=2)  # the same at every evaluation of a run
def retrieved(train: ParallelSplit, asked: ParallelSplit) -> tuple[str, ...]:
    """What the baseline makes of a split's sources."""
    return tuple(Retrieval(train)(asked.sources))
