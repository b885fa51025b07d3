import hashlib
from collections import Counter

import pytest

from shinso.data.misspelling import LONGEST, ONE_IN, mistyped, words_in

SENTENCE = "it's the captain who said that all of the passengers fell asleep aboard at eleven"
WORDS = SENTENCE.split()
DIGEST = "ae181db69a7c38e4e396b610ec9b3e360bd5fa8401c1d7b4aad2d88d139c9d8b"


def distance(one: str, other: str) -> int:
    """Damerau's: letters replaced, left out, put in, or swapped with a neighbour, by the table that
    every textbook has."""
    rows = [
        [i + j if 0 in (i, j) else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)
    ]
    for i, a in enumerate(one, start=1):
        for j, b in enumerate(other, start=1):
            ways = [rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a != b)]
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                ways.append(rows[i - 2][j - 2] + 1)
            rows[i][j] = min(ways)
    return rows[-1][-1]


@pytest.mark.parametrize(
    ("text", "words"),
    (
        ("Don’t panic; don't!", [(0, "don't"), (6, "panic"), (13, "don't")]),
        ("'Tis the boys' _own_ co-op", "tis the boys own co op"),
        ("a naïve café, cafe\u0301, in 日本 on the 3rd of x2", "a in on the of"),
        (f"{'o' * LONGEST} {'o' * (LONGEST + 1)} oh", f"{'o' * LONGEST} oh"),
        ("1984, …", ""),
    ),
)
def test_words_are_of_letters_a_to_z(text, words):
    found = list(words_in(text))
    if isinstance(words, str):
        assert [word for _, word in found] == words.split()
    else:
        assert found == words
    for start, word in found:
        assert text[start : start + len(word)].lower().replace("’", "'") == word


def test_a_misspelt_word_is_one_error_away_and_still_a_word():
    errors = 0
    for index in range(2_000):
        for typed, meant in zip(mistyped(WORDS, 3, index), WORDS, strict=True):
            assert distance(typed, meant) <= 1
            assert [word for _, word in words_in(typed)] == [typed]
            errors += typed != meant
    assert errors / (2_000 * len(WORDS)) == pytest.approx(1 / ONE_IN, rel=0.05)


def test_a_word_of_one_letter_is_left_alone():
    assert {word for index in range(500) for word in mistyped(["a"], 0, index)} == {"a"}
    assert {word for index in range(500) for word in mistyped(["of"], 0, index)} > {"of", "fo", "o"}


def test_each_kind_of_error_befalls_each_letter_evenly():
    kinds = Counter(_kind(mistyped(["abcd"], 0, index)[0]) for index in range(20_000))
    del kinds["none"]
    errors = sum(kinds.values())
    shares = {kind: count / errors for kind, count in kinds.items()}
    assert shares.pop("too many") == pytest.approx(1 / 4, rel=0.15)
    by_letter = {f"{kind} {n}": 1 / 16 for kind in ("wrong", "missing") for n in range(4)}
    by_pair = {f"swapped {n}": 1 / 12 for n in range(3)}
    assert shares == pytest.approx(by_letter | by_pair, rel=0.25)


def _kind(typed: str) -> str:
    """What befell abcd, and at which place."""
    if typed == "abcd":
        return "none"
    if len(typed) == 5:
        return "too many"
    place = next(n for n in range(4) if typed[n : n + 1] != "abcd"[n])
    if len(typed) == 3:
        return f"missing {place}"
    return f"swapped {place}" if sorted(typed) == list("abcd") else f"wrong {place}"


def test_errors_are_those_of_seed_and_index():
    typed = [mistyped(WORDS, seed, index) for seed in range(5) for index in range(50)]
    assert typed == [mistyped(WORDS, seed, index) for seed in range(5) for index in range(50)]
    assert len({tuple(words) for words in typed}) > 150


def test_they_are_the_same_for_ever():
    """Recorded results rest on them: who changes this makes another task."""
    typed = " ".join(" ".join(mistyped(WORDS, 0, index)) for index in range(100))
    assert hashlib.sha256(typed.encode()).hexdigest() == DIGEST
