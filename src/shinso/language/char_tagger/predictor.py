"""Mends a text: which letters are wrong, what belongs there, and the text as it was meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.predictor import Prediction, Predictor
from shinso.core.recipe import Options
from shinso.data.misspelling import words_in
from shinso.language.char_tagger.passages import WIDTH, encoded, passages
from shinso.language.char_tagger.recipe import CharTaggerOptions
from shinso.language.char_tagger.tags import NOTHING, SYMBOLS, mended, proposable

AT_ONCE = 256  # passages of one call: its memory is bounded, however long the text

Whole = NDArray[np.int64]
Real = NDArray[np.float32]


@dataclass(frozen=True)
class WrongLetter:
    """A place of the text, from 1, and what belongs there: `instead` of what was typed, with
    nothing for a letter too many; at the end of a word, nothing was typed."""

    place: int
    word: str
    typed: str
    instead: str
    probability: float


@dataclass(frozen=True)
class MendedText(Prediction):
    """A text as it was probably meant, and all that was found wrong in it."""

    text: str
    mended: str
    found: tuple[WrongLetter, ...]

    def __str__(self) -> str:
        lines = [self.mended]
        for wrong in self.found:
            change = f"{wrong.typed or 'end':>3} -> {wrong.instead or 'nothing':<7}"
            lines.append(f"{wrong.place:5}  {change}  {wrong.probability:6.1%}  {wrong.word}")
        return "\n".join(lines)


class CharTaggerPredictor(Predictor[str, MendedText]):
    """Called with a text of any length."""

    options: CharTaggerOptions

    def __init__(self, artifact: Artifact, options: Options | None = None) -> None:
        super().__init__(artifact, options)
        self._network = artifact.network("tagger")

    def read(self, argument: str) -> Iterator[tuple[str, str]]:
        yield argument, argument

    def predict(self, inputs: Sequence[str]) -> list[MendedText]:
        return [self._mended(text) for text in inputs]

    def log_probabilities(self, symbols: Whole) -> Real:
        """(N, WIDTH) symbols to (N, WIDTH, TAGS) of what belongs at each place."""
        pieces = [symbols[first : first + AT_ONCE] for first in range(0, len(symbols), AT_ONCE)]
        logits = [self._network(torch.from_numpy(piece))[0] for piece in pieces]
        return torch.cat(logits).float().log_softmax(-1).numpy()

    def proposals(self, symbols: Whole, log_probabilities: Real) -> tuple[Whole, Real]:
        """(N, WIDTH) of the likeliest tags that would change something, and their
        probabilities."""
        changes = np.where(proposable()[symbols], log_probabilities, -np.inf)
        tags = changes.argmax(axis=2)
        return tags, np.exp(np.take_along_axis(changes, tags[..., None], axis=2)[..., 0])

    def answers(self, symbols: Whole, proposals: Whole, probabilities: Real) -> Whole:
        """(N, WIDTH) tags: the proposals that are probable enough, and what was typed."""
        return np.where(probabilities >= self.options.threshold, proposals, symbols)

    def _mended(self, text: str) -> MendedText:
        starts, words = [], []
        for start, word in words_in(text):
            starts.append(start)
            words.append(word)
        if not words:
            raise UserError(f"{text!r} has no words of the letters a to z; give English text")
        found: list[WrongLetter] = []
        written, end = "", 0
        by_word = zip(starts, words, *self._by_word(words), strict=True)
        for start, word, tags, probabilities in by_word:
            typed = text[start : start + len(word)]
            written += text[end:start] + _cased_like(mended(word, tags), typed)
            end = start + len(word)
            found += _wrong_letters(start, typed, word, tags, probabilities)
        return MendedText(text, written + text[end:], tuple(found))

    def _by_word(self, words: Sequence[str]) -> tuple[list[Whole], list[Real]]:
        """The tags of each word and the space after it, and how probable a change is there."""
        symbols = np.stack([encoded(passage) for passage in passages(words)])  # (N, WIDTH)
        proposals, probabilities = self.proposals(symbols, self.log_probabilities(symbols))
        answers = self.answers(symbols, proposals, probabilities)
        places = np.stack([_filled(passage) for passage in passages(words)])
        ends = np.cumsum([len(word) + 1 for word in words])[:-1]
        return np.split(answers[places], ends), np.split(probabilities[places], ends)


def _filled(passage: Sequence[str]) -> NDArray[np.bool_]:
    """(WIDTH,): true at the places of a passage's words and the spaces after them."""
    return np.arange(WIDTH) < sum(len(word) + 1 for word in passage)


def _wrong_letters(
    start: int, typed: str, word: str, tags: Whole, probabilities: Real
) -> Iterator[WrongLetter]:
    """What the `tags` would change in a word that begins at `start` of the text."""
    for place, tag in enumerate(tags.tolist()):
        symbol = word[place : place + 1]  # empty after the word
        instead = _instead(symbol, tag)
        if instead != symbol:
            yield WrongLetter(
                start + place + 1, typed, symbol, instead, float(probabilities[place])
            )


def _instead(symbol: str, tag: int) -> str:
    if tag > NOTHING:
        return SYMBOLS[tag - NOTHING] + symbol
    return SYMBOLS[tag].strip() if tag < NOTHING else ""


def _cased_like(word: str, typed: str) -> str:
    """Each letter in the case that was typed at its place, those past the end in that of the last
    one; the apostrophes curly where they were."""
    typed_case = typed.ljust(len(word), typed[-1])
    cased = "".join(
        letter.upper() if like.isupper() else letter
        for letter, like in zip(word, typed_case, strict=False)
    )
    return cased.replace("'", "’") if "’" in typed else cased
