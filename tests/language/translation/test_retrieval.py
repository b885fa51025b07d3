import numpy as np
import pytest
from scipy.spatial.distance import cdist

from shinso.data import open_data
from shinso.data.locate import found_files, is_complete
from shinso.data.parallel import ParallelSplit
from shinso.data.store import entry_of
from shinso.language.translation import retrieval
from shinso.language.translation.retrieval import Retrieval, retrieved
from shinso.language.translation.scoring import Metrics, Translated

KNOWN = ParallelSplit(
    ("i like tea .", "i like rice .", "she sells tea .", "where is she ?", "i like tea ."),
    ("茶 が 好き", "米 が 好き", "茶 を 売 る", "どこ に い る", "お茶 が 好き"),
)


def test_the_nearest_is_copied():
    asked = ["I like it.", "where is the tea ?", "rice", "i like tea ."]
    assert Retrieval(KNOWN)(asked) == ["茶 が 好き", "どこ に い る", "米 が 好き", "茶 が 好き"]


def test_words_that_few_sentences_have_count_more():
    assert Retrieval(KNOWN)(["i rice"]) == ["米 が 好き"]


def test_a_sentence_without_a_known_word_gets_the_first():
    assert Retrieval(KNOWN)(["bonjour"]) == ["茶 が 好き"]


def test_japanese_is_told_apart_raw_or_tokenised():
    back = ParallelSplit(KNOWN.targets, KNOWN.sources)
    assert Retrieval(back)(["茶を売る", "米が好きです。"]) == ["she sells tea .", "i like rice ."]
    assert Retrieval(back)(["茶 を 売 る"]) == ["she sells tea ."]


def counted(lines) -> np.ndarray:
    """(lines, terms) TF-IDF by the formula."""
    words = [line.split() for line in (*KNOWN.sources, *lines)]
    terms = sorted({word for line in words[:5] for word in line})
    counts = np.array([[line.count(term) for term in terms] for line in words])  # (5 + N, terms)
    return counts * (1 + np.log(6 / (1 + (counts[:5] > 0).sum(axis=0))))


def test_the_formula_counted_by_hand(monkeypatch):
    random = np.random.default_rng(0)
    terms = sorted({word for line in KNOWN.sources for word in line.split()})
    lines = [" ".join(random.choice(terms, 4)) for _ in range(200)]
    vectors = counted(lines)
    expected = cdist(vectors[5:], vectors[:5], "cosine").round(12).argmin(axis=1)
    for most in (4_000_000, 7):  # all at once, and one line at a time
        monkeypatch.setattr(retrieval, "MOST_SIMILARITIES", most)
        assert Retrieval(KNOWN)(lines) == [KNOWN.targets[place] for place in expected]


REAL = is_complete(entry_of("small_parallel_enja"), found_files(entry_of("small_parallel_enja")))


@pytest.mark.skipif(not REAL, reason="not in SHINSO_DATA: small_parallel_enja")
@pytest.mark.slow
def test_what_nets_have_to_beat():
    """Of TF-IDF's variants the best known is 26.8, with pairs of words."""
    data = open_data("small_parallel_enja")
    valid = data.split("valid")
    outputs = retrieved(data.split("train"), valid)
    scores = Metrics("none").scores(Translated(valid.sources, outputs, valid.targets))
    assert scores["bleu"] == pytest.approx(26.13, abs=0.05)
