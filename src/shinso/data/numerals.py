"""Whole numbers in English and in Japanese words: a translation that needs no file and is known to
be right.

    four hundred and twelve    四 百 十 二
    one thousand and thirty    千 三 十

The two differ in more than words: English counts on to nineteen and says "one" hundred, Japanese
says 十 三 for thirteen, and no 一 before 百.
"""

from __future__ import annotations

from hashlib import sha256

from shinso.data.parallel import ParallelSet, ParallelSplit

COUNTS = {"train": 4_000, "valid": 500, "test": 500}
BELOW = 10_000  # which Japanese has a word of its own for

_WORDS = """
    zero one two three four five six seven eight nine
    ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
    twenty thirty forty fifty sixty seventy eighty ninety
"""
ONES, TENS = _WORDS.split()[:20], _WORDS.split()[20:]
DIGITS = "零一二三四五六七八九"
POWERS = {1000: "千", 100: "百", 10: "十"}


def numerals() -> ParallelSet:
    """The set; a hash chooses the numbers, so that none is in two splits."""
    order = sorted(range(BELOW), key=lambda number: sha256(str(number).encode()).digest())
    splits = {}
    for part, count in COUNTS.items():
        chosen, order = order[:count], order[count:]
        splits[part] = ParallelSplit.of([(english(n), japanese(n)) for n in chosen])
    return ParallelSet(
        "numerals",
        ("en", "ja"),
        splits,
        tokenised=True,
        licence="none: made by counting",
        may_ship_weights=True,
    )


def english(number: int) -> str:
    """From 0 to 9,999, in British English: "one thousand two hundred and three"."""
    if number < len(ONES):
        return ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return TENS[tens - 2] + (f" {ONES[ones]}" if ones else "")
    unit, word = (1000, "thousand") if number >= 1000 else (100, "hundred")
    many, rest = divmod(number, unit)
    between = " and " if 0 < rest < 100 else " "
    return f"{ONES[many]} {word}" + (between + english(rest) if rest else "")


def japanese(number: int) -> str:
    """From 0 to 9,999, a space between all characters: 千 二 百 三."""
    if number == 0:
        return DIGITS[0]
    words = []
    for power, word in POWERS.items():
        many, number = divmod(number, power)
        if many:
            words += [DIGITS[many], word] if many > 1 else [word]
    return " ".join([*words, *([DIGITS[number]] if number else [])])
