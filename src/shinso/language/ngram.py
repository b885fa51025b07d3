"""n-gram language model with interpolated modified Kneser-Ney smoothing.

S. F. Chen, J. Goodman: An empirical study of smoothing techniques for language modeling, Computer
Speech and Language 13 (1999), section 3. For a word w after the context h, with h' the context
less its first word:

    p(w | h) = (c(h w) - D(c(h w))) / c(h .) + gamma(h) p(w | h')
    gamma(h) = the sum of all D(c(h .)) / c(h .)

c is the count at the highest order, and below it the number of different words that came before
the n-gram: "Francisco" is frequent, but hardly ever a surprise. Below the unigrams lies the uniform
distribution over the vocabulary. The discounts D(1), D(2) and D(3 and more) come from the counts of
counts, by order. Of order 1 the model is the unigram model with the same discounts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shinso.core.errors import UserError

Whole = NDArray[np.int64]
Real = NDArray[np.float64]

UNSEEN = -1
# Where the counts of counts give no discounts, as in texts of a few words and in those that were
# cut to their frequent words; those of K. Heafield's KenLM (--discount_fallback).
FALLBACK = (0.0, 0.5, 1.0, 1.5)


@dataclass(frozen=True)
class _Level:
    """The n-grams of one length n, in the order of their keys.

    A key is (row of the first n - 1 words in the level below) * vocabulary + last word: one
    number for any n.
    """

    keys: Whole  # (G,) ascending
    probabilities: Real  # (G,) of the last word after the others
    backoff: Real  # (rows below,) gamma, the share that a context leaves to the shorter one


class NGramModel:
    """Counts a stream of words once; then tells the probability of every word after any others."""

    def __init__(self, ids: ArrayLike, order: int, vocabulary: int) -> None:
        """
        Args:
            ids: (N,) the training text as one stream; contexts reach across ends of lines.
            order: words in an n-gram: 3 for trigrams.
            vocabulary: number of words; `ids` lie below it.

        Raises:
            UserError: the text is shorter than one n-gram.
        """
        words = np.asarray(ids, dtype=np.int64)
        if len(words) < order:
            raise UserError(f"{len(words)} words hold no n-gram of order {order}; give more text")
        self.order = order
        self.vocabulary = vocabulary
        grams = _distinct_grams(words, order, vocabulary)
        levels: list[_Level] = []
        below = np.full(1, 1 / vocabulary)  # the uniform distribution, of no words at all
        for n, gram in enumerate(grams):
            counts = gram.counts if n + 1 == order else _preceding_words(gram, grams[n + 1])
            level = _smoothed(gram, counts, below, vocabulary)
            levels.append(level)
            below = level.probabilities
        self._levels = levels

    def log_probabilities(self, ids: ArrayLike) -> Real:
        """(N,) words to the natural logarithm of each one's probability after those before it.

        The first order - 1 words have shorter contexts: the text is one stream with nothing
        before it.
        """
        words = np.asarray(ids, dtype=np.int64)
        probabilities = np.full(len(words), 1 / self.vocabulary)
        contexts = np.zeros(len(words), np.int64)  # rows in the level below, of the words before
        for n, level in enumerate(self._levels):
            rows, found = _look_up(level.keys, contexts, words[n:], self.vocabulary)
            longer = probabilities[n:] * _backoff(level, contexts)
            probabilities[n:] = np.where(found, level.probabilities[rows], longer)
            contexts = np.where(found, rows, UNSEEN)[:-1]  # of the word after
        return np.log(probabilities)

    def perplexity(self, ids: ArrayLike) -> float:
        """exp of the mean negative log-probability of a word."""
        return float(np.exp(-self.log_probabilities(ids).mean()))

    def distribution(self, context: ArrayLike) -> Real:
        """(any length,) words before, to the probability of every word after them: (V,)."""
        before = np.asarray(context, dtype=np.int64)
        every = np.arange(self.vocabulary)
        probabilities = np.full(self.vocabulary, 1 / self.vocabulary)
        for n, level in enumerate(self._levels[: len(before) + 1]):
            row = np.full(self.vocabulary, self._row(before[len(before) - n :]))
            rows, found = _look_up(level.keys, row, every, self.vocabulary)
            longer = probabilities * _backoff(level, row)
            probabilities = np.where(found, level.probabilities[rows], longer)
        return probabilities

    def _row(self, words: Whole) -> int:
        """The row of an n-gram in its level, or UNSEEN."""
        row = np.zeros(1, np.int64)
        for word, level in zip(words, self._levels, strict=False):
            rows, found = _look_up(level.keys, row, np.full(1, word), self.vocabulary)
            row = np.where(found, rows, UNSEEN)
        return int(row[0])


def _look_up(
    keys: Whole, contexts: Whole, words: Whole, vocabulary: int
) -> tuple[Whole, NDArray[np.bool_]]:
    """Rows of n-grams, and whether they are there; (N,) rows of their contexts, (N,) words."""
    wanted = contexts * vocabulary + words
    rows = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return rows, (keys[rows] == wanted) & (contexts != UNSEEN)


def _backoff(level: _Level, contexts: Whole) -> Real:
    """What each context leaves to the shorter one: all, where it was never seen."""
    return np.where(contexts == UNSEEN, 1.0, level.backoff[contexts])


# --- Counting ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grams:
    """The different n-grams of one length in a text."""

    keys: Whole  # (G,) see _Level
    counts: Whole  # (G,) how often each comes
    endings: Whole  # (G,) row, one level below, of its last n - 1 words
    contexts: int  # number of rows one level below


def _distinct_grams(words: Whole, order: int, vocabulary: int) -> list[_Grams]:
    grams = []
    below = np.zeros(len(words) + 1, np.int64)  # at each place, the row of the n-gram that starts
    contexts = 1
    for n in range(order):
        keys, first, rows, counts = np.unique(
            below[: len(words) - n] * vocabulary + words[n:],
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        grams.append(_Grams(keys, counts, below[first + 1], contexts))
        below, contexts = rows, len(keys)
    return grams


def _preceding_words(gram: _Grams, longer: _Grams) -> Whole:
    """(G,) how many different words come before each n-gram: N1+(. w) in the paper. None before
    one that stands at the beginning of the text alone."""
    return np.bincount(longer.endings, minlength=len(gram.keys))


# --- Smoothing -----------------------------------------------------------------------------------


def _smoothed(gram: _Grams, counts: Whole, below: Real, vocabulary: int) -> _Level:
    """p(w | h) of the n-grams and gamma(h); `below` are the probabilities one level down."""
    contexts = gram.keys // vocabulary
    discounts = np.array(_discounts(counts))[np.minimum(counts, 3)]
    totals = np.bincount(contexts, counts, gram.contexts)
    # A context without a word after it was the text's end; it leaves everything to the shorter.
    seen = totals > 0
    totals = np.where(seen, totals, 1)
    left = np.bincount(contexts, discounts, gram.contexts) / totals
    backoff = np.where(seen, left, 1.0)
    probabilities = (counts - discounts) / totals[contexts] + backoff[contexts] * below[
        gram.endings
    ]
    return _Level(gram.keys, probabilities, backoff)


def _discounts(counts: Whole) -> tuple[float, ...]:
    """D(0), D(1), D(2), D(3 and more), from how many n-grams come once, twice, three and four
    times."""
    n1, n2, n3, n4 = (int(np.count_nonzero(counts == count)) for count in (1, 2, 3, 4))
    if not (n1 and n2 and n3 and n4):
        return FALLBACK
    shared = n1 / (n1 + 2 * n2)
    discounts = (
        0.0,
        1 - 2 * shared * n2 / n1,
        2 - 3 * shared * n3 / n2,
        3 - 4 * shared * n4 / n3,
    )
    sound = all(0 <= discount <= count for count, discount in enumerate(discounts))
    return discounts if sound else FALLBACK
