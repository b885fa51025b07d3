from collections import Counter

import numpy as np
import pytest

from shinso.core.errors import UserError
from shinso.data import open_data
from shinso.data.locate import found_files, is_complete
from shinso.data.store import entry_of
from shinso.language.tokens import learned_tokeniser
from shinso.language.vocabulary import (
    EOS,
    LANGUAGE_MODEL,
    TRANSLATION,
    UNKNOWN,
    Vocabulary,
    count_tokens,
    encode_lines,
)

SPACES = learned_tokeniser("spaces", (), 0)
COUNTS = Counter({"b": 3, "a": 3, "zebra": 7, "é": 1, "c": 1})


def test_the_most_frequent_come_first_then_the_alphabet():
    assert Vocabulary.counted(COUNTS).words == ("<unk>", "<eos>", "zebra", "a", "b", "c", "é")


def test_translation_has_other_specials():
    vocabulary = Vocabulary.counted(COUNTS, TRANSLATION)
    assert vocabulary.words[:5] == ("<pad>", "<bos>", "<eos>", "<unk>", "zebra")
    assert vocabulary.encode(["zebra", "what"]).tolist() == [4, 3]


def test_rare_words_are_left_out():
    assert Vocabulary.counted(COUNTS, minimum_count=3).words[2:] == ("zebra", "a", "b")
    assert Vocabulary.counted(COUNTS, size=4).words == (*LANGUAGE_MODEL, "zebra", "a")
    assert len(Vocabulary.counted(COUNTS, minimum_count=2, size=100)) == 5


def test_specials_of_the_text_are_one_word_each():
    counts = Counter({UNKNOWN: 9, "a": 4, EOS: 2})
    assert Vocabulary.counted(counts).words == (UNKNOWN, EOS, "a")


def test_words_to_numbers_and_back():
    vocabulary = Vocabulary.counted(COUNTS)
    ids = vocabulary.encode(["a", "yak", "zebra", "yak"])
    assert ids.tolist() == [3, 0, 2, 0] and ids.dtype == np.int32
    assert vocabulary.decode(ids) == ["a", UNKNOWN, "zebra", UNKNOWN]
    assert vocabulary.encode([]).shape == (0,)
    assert "zebra" in vocabulary and "yak" not in vocabulary
    assert (vocabulary.number("b"), vocabulary.number("yak")) == (4, 0)
    assert len(vocabulary) == 7  # asking for an unknown word does not add it


def test_text_holds_all_of_it():
    words = [*LANGUAGE_MODEL, "a", "深層", "'", '"', "#", "\\n", "\ufeff"]
    vocabulary = Vocabulary(words)
    assert vocabulary.to_text().split("\n") == [*words, ""]
    assert Vocabulary.from_text(vocabulary.to_text()).words == vocabulary.words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: '' is no word"),
        ("<unk>\n\na\n", "line 2: '' is no word"),
        ("<unk>\na b\n", "line 2: 'a b' is no word"),
        ("<unk>\r\na\r\n", r"line 1: '<unk>\\r' is no word"),
        ("<unk>\na\nb\na\n", "line 4: 'a' is there twice"),
        ("a\nb\n", "needs the word <unk>"),
    ],
)
def test_damaged_text_is_refused(text, message):
    with pytest.raises(UserError, match=message):
        Vocabulary.from_text(text)


def test_lines_become_a_stream_with_their_ends():
    vocabulary = Vocabulary([*LANGUAGE_MODEL, "a", "b"])
    ids = encode_lines([" a b c ", "", "b <eos>", "<unk> a"], SPACES, vocabulary)
    assert ids.tolist() == [2, 3, 0, 1, 1, 3, 1, 0, 2, 1] and ids.dtype == np.int32
    assert ids.flags.writeable
    assert encode_lines([], SPACES, vocabulary).shape == (0,)


def test_tokens_are_counted():
    words = learned_tokeniser("words", (), 0)
    assert count_tokens(["A, b", "a"], words) == {"a": 2, ",": 1, "b": 1}


# --- The real sets -----------------------------------------------------------------------------


def real(name: str):
    entry = entry_of(name)
    there = is_complete(entry, found_files(entry))
    return pytest.mark.skipif(not there, reason=f"not in SHINSO_DATA: {name}")


@pytest.mark.parametrize(
    ("name", "size"),
    [
        pytest.param("ptb", 10_000, marks=real("ptb")),
        pytest.param("wikitext2", 33_278, marks=real("wikitext2")),
    ],
)
def test_published_vocabularies(name, size):
    data = open_data(name, ("text",))
    vocabulary = Vocabulary.counted(count_tokens(data.split("train"), SPACES))
    assert len(vocabulary) == size
    ids = encode_lines(data.split("test"), SPACES, vocabulary)
    text = [token for line in data.split("test") for token in (*line.split(), EOS)]
    assert vocabulary.decode(ids) == text
