"""Sentences that a small grammar makes: text that needs no file, and whose entropy is known.

    sentence  ->  phrase verb | phrase verb phrase
    phrase    ->  determiner [adjective] noun [that verb phrase]

Noun and verb agree in number, and several words may stand between them ("the dogs that see a cat
sleep"), so that who remembers guesses better than who only counts runs of words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

from shinso.data.text import TextSet, TextSplit

COUNTS = {"train": 4_000, "valid": 500, "test": 500}

# Singular and plural. Every choice is among 2 or 4, so that bits of a hash make it evenly.
NOUNS = (("dog", "dogs"), ("cat", "cats"), ("child", "children"), ("bird", "birds"))
ALONE = (("sleeps", "sleep"), ("sings", "sing"), ("runs", "run"), ("waits", "wait"))
WITH_OBJECT = (("sees", "see"), ("hears", "hear"), ("follows", "follow"), ("likes", "like"))
DETERMINERS = (("the", "the"), ("a", "some"))
ADJECTIVES = ("", "", "small", "old")
CLAUSES = (True, False, False, False)
DEEPEST = 2  # clauses within each other

Choice = TypeVar("Choice")


def sentences() -> TextSet:
    """The set; each sentence is a function of its split and place in it."""
    splits = {
        part: _split(part, [sentence(f"{part} {place}")[0] for place in range(count)])
        for part, count in COUNTS.items()
    }
    return TextSet("sentences", splits, "none: made by a grammar", may_ship_weights=True)


def sentence(name: str) -> tuple[str, float]:
    """The sentence of that name, and the logarithm of its probability: its words' and its end's."""
    dice = _Dice(name)
    words = _sentence(dice)
    return " ".join(words), dice.log_probability


class _Dice:
    """Choices from the hash of a name, whose probabilities are multiplied up."""

    def __init__(self, name: str) -> None:
        self.bits = int.from_bytes(sha256(name.encode()).digest(), "little")
        self.log_probability = 0.0

    def choose(self, options: Sequence[Choice]) -> Choice:
        self.bits, place = divmod(self.bits, len(options))
        chosen = options[place]
        self.log_probability += math.log(options.count(chosen) / len(options))
        return chosen


def _sentence(dice: _Dice) -> list[str]:
    number = dice.choose((0, 1))
    subject = _phrase(dice, number, DEEPEST)
    if dice.choose((True, False)):
        return [*subject, dice.choose(ALONE)[number]]
    verb = dice.choose(WITH_OBJECT)[number]
    return [*subject, verb, *_phrase(dice, dice.choose((0, 1)), 0)]


def _phrase(dice: _Dice, number: int, depth: int) -> list[str]:
    words = [dice.choose(DETERMINERS)[number]]
    if adjective := dice.choose(ADJECTIVES):
        words.append(adjective)
    words.append(dice.choose(NOUNS)[number])
    if depth and dice.choose(CLAUSES):
        words += ["that", dice.choose(WITH_OBJECT)[number]]
        words += _phrase(dice, dice.choose((0, 1)), depth - 1)
    return words


def _split(part: str, lines: Sequence[str]) -> TextSplit:
    return TextSplit(tuple(lines), (0,), (part,))
