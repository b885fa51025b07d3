"""The numbers that are translated: by hand, and read back by other means."""

import pytest

from shinso.data import open_data
from shinso.data.numerals import BELOW, COUNTS, DIGITS, english, japanese, numerals

BY_HAND = {
    0: ("zero", "零"),
    7: ("seven", "七"),
    10: ("ten", "十"),
    13: ("thirteen", "十 三"),
    20: ("twenty", "二 十"),
    42: ("forty two", "四 十 二"),
    100: ("one hundred", "百"),
    412: ("four hundred and twelve", "四 百 十 二"),
    1000: ("one thousand", "千"),
    1030: ("one thousand and thirty", "千 三 十"),
    2100: ("two thousand one hundred", "二 千 百"),
    9999: ("nine thousand nine hundred and ninety nine", "九 千 九 百 九 十 九"),
}


@pytest.mark.parametrize(("number", "words"), BY_HAND.items())
def test_numbers_are_written_as_people_write_them(number, words):
    assert (english(number), japanese(number)) == words


def value(text: str) -> int:
    """What Japanese number words add up to."""
    total, digit = 0, 0
    for word in text.split():
        if word in DIGITS:
            digit = DIGITS.index(word)
        else:
            total += max(digit, 1) * {"十": 10, "百": 100, "千": 1000}[word]
            digit = 0
    return total + digit


def test_every_number_can_be_read_back_and_has_words_of_its_own():
    assert [value(japanese(number)) for number in range(BELOW)] == list(range(BELOW))
    assert len({english(number) for number in range(BELOW)}) == BELOW


def test_the_set_is_found_by_its_name_and_its_splits_share_nothing():
    data = open_data("numerals", ("parallel",))
    assert data.digest() == numerals().digest()
    assert {name: len(split) for name, split in data.splits.items()} == COUNTS
    assert len({source for split in data.splits.values() for source in split.sources}) == 5_000
