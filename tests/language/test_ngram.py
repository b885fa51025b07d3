from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from shinso.core.errors import UserError
from shinso.data import open_data
from shinso.data.locate import found_files, is_complete
from shinso.data.store import entry_of
from shinso.language.ngram import NGramModel
from shinso.language.tokens import learned_tokeniser
from shinso.language.vocabulary import Vocabulary, count_tokens, encode_lines

VOCABULARY = 30


def text(seed: int, words: int = 2_000) -> np.ndarray:
    """Every third word or so is drawn, of very unequal frequencies, the others follow from the two
    before; 28 and 29 never come."""
    random = np.random.default_rng(seed)
    drawn = random.zipf(1.5, words) % 28
    ids = drawn.tolist()
    for place in np.flatnonzero(random.random(words) < 0.6):
        if place > 1:
            ids[place] = (3 * ids[place - 1] + 7 * ids[place - 2] + 1) % 28
    return np.array(ids)


# --- An independent implementation ---------------------------------------------------------------


class Dictionaries:
    """Modified Kneser-Ney by the words of the paper: dictionaries and recursion."""

    def __init__(self, ids, order: int, vocabulary: int):
        words = tuple(int(word) for word in ids)
        self.vocabulary = vocabulary
        self.counts: dict[int, Counter] = {
            order: Counter(words[i : i + order] for i in range(len(words) - order + 1))
        }
        for n in range(order - 1, 0, -1):
            before = defaultdict(set)
            for i in range(len(words) - n):
                before[words[i + 1 : i + 1 + n]].add(words[i])
            self.counts[n] = Counter({gram: len(seen) for gram, seen in before.items()})
        self.discounts = {n: self.estimate(counts) for n, counts in self.counts.items()}

    @staticmethod
    def estimate(counts: Counter) -> dict[int, float]:
        of = Counter(counts.values())
        if min(of[1], of[2], of[3], of[4]) == 0:
            return {1: 0.5, 2: 1.0, 3: 1.5}
        y = of[1] / (of[1] + 2 * of[2])
        d = {k: k - (k + 1) * y * of[k + 1] / of[k] for k in (1, 2, 3)}
        return d if all(0 <= d[k] <= k for k in d) else {1: 0.5, 2: 1.0, 3: 1.5}

    def probability(self, word: int, context: tuple[int, ...]) -> float:
        n = len(context) + 1
        shorter = self.probability(word, context[1:]) if context else 1 / self.vocabulary
        after = [c for gram, c in self.counts[n].items() if gram[:-1] == context and c]
        if not after:
            return shorter
        discount = self.discounts[n]
        count = self.counts[n][(*context, word)]
        kept = count - discount[min(count, 3)] if count else 0
        left = sum(discount[min(c, 3)] for c in after)
        return (kept + left * shorter) / sum(after)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_against_dictionaries(order):
    train, other = text(0), text(1, 150)
    model, oracle = NGramModel(train, order, VOCABULARY), Dictionaries(train, order, VOCABULARY)
    for ids in (other, train[:100], np.array([29, 28, 3, 29, 29, 5])):
        words = [int(word) for word in ids]
        expected = [
            oracle.probability(word, tuple(words[max(0, i - order + 1) : i]))
            for i, word in enumerate(words)
        ]
        np.testing.assert_allclose(np.exp(model.log_probabilities(ids)), expected, rtol=1e-12)


def test_discounts_were_estimated():
    """Otherwise the comparison above saw the fallback only."""
    oracle = Dictionaries(text(0), 3, VOCABULARY)
    assert {1: 0.5, 2: 1.0, 3: 1.5} not in (oracle.discounts[2], oracle.discounts[3])


# --- By hand -----------------------------------------------------------------------------------


def test_a_tiny_corpus_by_hand():
    """a b a c a b, of the vocabulary a b c d: too little for counts of counts, so D = .5, 1, 1.5.

    Bigrams: ab 2, ba 1, ac 1, ca 1. Continuations: a follows b and c: 2; b and c follow a: 1 each.
    Unigrams: 4 continuations, discounts 1 + .5 + .5 = 2, so half of it is uniform: 1/8 for each;
    p(a) = (2 - 1)/4 + 1/8 = 3/8, p(b) = p(c) = .5/4 + 1/8 = 1/4, p(d) = 1/8.
    After a, 3 times: D(2) + D(1) = 1.5, so gamma = 1/2.
    """
    model = NGramModel([0, 1, 0, 2, 0, 1], order=2, vocabulary=4)
    np.testing.assert_allclose(model.distribution([]), [3 / 8, 1 / 4, 1 / 4, 1 / 8])
    after_a = [3 / 16, (2 - 1) / 3 + 1 / 8, 0.5 / 3 + 1 / 8, 1 / 16]
    np.testing.assert_allclose(model.distribution([0]), after_a)
    np.testing.assert_allclose(model.distribution([1]), [11 / 16, 1 / 8, 1 / 8, 1 / 16])
    np.testing.assert_allclose(model.distribution([3]), model.distribution([]))
    scored = [3 / 8, after_a[2], 11 / 16]  # a c a; c, too, was followed by one a
    np.testing.assert_allclose(np.exp(model.log_probabilities([0, 2, 0])), scored)
    assert model.perplexity([0, 2, 0]) == pytest.approx(np.prod(scored) ** (-1 / 3))


def test_a_unigram_model_is_of_discounted_counts():
    """5 a, 1 b of a b c: (5 - 1.5, 1 - .5, 0)/6 and the rest of 2/6 spread evenly."""
    model = NGramModel([0, 0, 0, 0, 0, 1], order=1, vocabulary=3)
    np.testing.assert_allclose(model.distribution([]), [3.5 / 6 + 1 / 9, 0.5 / 6 + 1 / 9, 1 / 9])


def test_discounts_by_hand():
    """Four words come once, three twice, two three times, one four times: Y = 4 / (4 + 2 * 3) = .4,
    D = 1 - 2Y 3/4 = .4, 2 - 3Y 2/3 = 1.2, 3 - 4Y 1/2 = 2.2; together 11.8 of 20 counts, which are
    spread over ten words."""
    counts = [1] * 4 + [2] * 3 + [3] * 2 + [4]
    model = NGramModel(np.repeat(np.arange(10), counts), order=1, vocabulary=10)
    kept = [0.6] * 4 + [0.8] * 3 + [0.8] * 2 + [1.8]
    np.testing.assert_allclose(model.distribution([]), np.array(kept) / 20 + 1.18 / 20)


def test_the_word_in_few_places_is_a_rare_surprise():
    """ "Francisco" comes as often as "house", but after "San" alone."""
    san, francisco, house = 20, 21, 22
    ids = [w for other in range(20) for w in (other, house, san, francisco)]
    unigrams = NGramModel(ids, 1, VOCABULARY).distribution([])
    after_an_unknown = NGramModel(ids, 2, VOCABULARY).distribution([29])
    assert unigrams[francisco] == unigrams[house]
    assert after_an_unknown[francisco] < after_an_unknown[house] / 3


# --- Properties --------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_sum_to_one_after_every_context(order):
    train = text(0)
    model = NGramModel(train, order, VOCABULARY)
    seen = [train[i : i + 5] for i in range(0, 300, 10)]
    end = [train[-2:], train[-1:]]  # the last words have none after them here
    unseen = [[29], [3, 29], [29, 3], [29, 28], [28, 28, 28]]
    for context in [[], *seen, *end, *unseen]:
        distribution = model.distribution(context)
        assert distribution.sum() == pytest.approx(1, abs=1e-12) and distribution.min() > 0


def test_the_distribution_is_what_a_stream_is_scored_by():
    model, ids = NGramModel(text(0), 3, VOCABULARY), text(2, 60)
    scored = np.exp(model.log_probabilities(ids))
    for place, word in enumerate(ids):
        assert model.distribution(ids[:place])[word] == pytest.approx(scored[place], rel=1e-12)


def test_longer_contexts_help_where_there_is_something_to_learn():
    train, other = text(0, 20_000), text(1, 5_000)
    one, two, three = (NGramModel(train, n, VOCABULARY).perplexity(other) for n in (1, 2, 3))
    assert three < two < one < VOCABULARY


def test_a_large_vocabulary_does_not_overflow():
    """Packed side by side, five numbers below 2^20 would not fit 64 bits."""
    ids = text(0) * 37_000
    model = NGramModel(ids, 5, 1 << 20)
    small = NGramModel(text(0), 5, 28)
    uniform = np.log(28 / (1 << 20))  # nearly all that differs, where a word was hardly seen
    difference = model.log_probabilities(ids) - small.log_probabilities(text(0))
    assert uniform < difference.min() and difference.max() < 1e-3


def test_a_text_shorter_than_an_n_gram_is_refused():
    with pytest.raises(UserError, match="2 words hold no n-gram of order 3"):
        NGramModel([0, 1], 3, VOCABULARY)


# --- The real set ------------------------------------------------------------------------------

PTB = is_complete(entry_of("ptb"), found_files(entry_of("ptb")))


@pytest.mark.skipif(not PTB, reason="not in SHINSO_DATA: ptb")
@pytest.mark.parametrize(
    ("order", "published"), [(3, 148.3), pytest.param(5, 141.2, marks=pytest.mark.slow)]
)
def test_published_perplexity(order, published):
    """Penn Treebank test: KN3 and KN5 in T. Mikolov's thesis (Brno, 2012), table 4.1; those
    start every sentence anew."""
    data, spaces = open_data("ptb", ("text",)), learned_tokeniser("spaces", (), 0)
    vocabulary = Vocabulary.counted(count_tokens(data.split("train"), spaces))
    train, test = (encode_lines(data.split(name), spaces, vocabulary) for name in ("train", "test"))
    perplexity = NGramModel(train, order, len(vocabulary)).perplexity(test)
    assert perplexity == pytest.approx(published, abs=0.2)
