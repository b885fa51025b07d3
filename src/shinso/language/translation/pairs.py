"""PairReading: how sentences and their translations become numbers, and numbers text again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shinso.core.errors import UserError
from shinso.data.parallel import ParallelSplit
from shinso.language.reading import Reading
from shinso.language.translation.decoding import BOS, EOS, PAD, UNK
from shinso.language.vocabulary import TRANSLATION, Ids

SIDES = ("source", "target")


@dataclass(frozen=True)
class PairReading:
    """A reading of each side, whose vocabularies begin with <pad>, <bos>, <eos> and <unk>.

    A source is its tokens and EOS; a target stands between BOS and EOS.
    """

    source: Reading
    target: Reading

    @classmethod
    def learned(
        cls, name: str, split: ParallelSplit, size: int | None, minimum_count: int
    ) -> PairReading:
        """From a training split: tokens seen `minimum_count` times or more, `size` at most on
        each side, by the tokeniser of that name."""
        source, target = (
            Reading.learned(name, lines, size, minimum_count, TRANSLATION)
            for lines in (split.sources, split.targets)
        )
        return cls(source, target)

    @classmethod
    def kept(cls, name: str, assets: Mapping[str, str]) -> PairReading:
        """The one whose `assets` these are; raises UserError where one is missing or damaged."""
        source, target = (_kept(name, side, assets) for side in SIDES)
        return cls(source, target)

    @property
    def assets(self) -> dict[str, str]:
        """File name to text: `source.vocabulary.txt`, `target.vocabulary.txt` and so on."""
        return {
            f"{side}.{name}": text
            for side, reading in zip(SIDES, (self.source, self.target), strict=True)
            for name, text in reading.texts
        }

    def read_source(self, line: str) -> Ids:
        """(S,) numbers of a sentence, EOS last."""
        return np.append(_numbers(self.source, line), np.int32(EOS))

    def read_target(self, line: str) -> Ids:
        """(T,) numbers of a translation, BOS first and EOS last."""
        return np.concatenate(([BOS], _numbers(self.target, line), [EOS]), dtype=np.int32)

    def written(self, ids: ArrayLike) -> str:
        """(T,) numbers of a translation, up to its EOS if it has one, to a line as in the data:
        where those are tokens between spaces, so is this."""
        numbers = np.asarray(ids)
        ends = np.flatnonzero(numbers == EOS)
        numbers = numbers[: ends[0]] if len(ends) else numbers
        numbers = numbers[(numbers != PAD) & (numbers != BOS)]
        return self.target.tokeniser.text(self.target.vocabulary.decode(numbers))

    def unknown(self, line: str) -> list[str]:
        """The tokens of a sentence that the vocabulary lacks, each once."""
        tokens = self.source.tokeniser.tokens(line)
        return list(dict.fromkeys(token for token in tokens if token not in self.source.vocabulary))


def _kept(name: str, side: str, assets: Mapping[str, str]) -> Reading:
    own = {n.removeprefix(f"{side}."): t for n, t in assets.items() if n.startswith(f"{side}.")}
    reading = Reading.kept(name, own)
    if reading.vocabulary.words[: len(TRANSLATION)] != TRANSLATION:
        raise UserError(f"{side}.vocabulary.txt does not begin with {', '.join(TRANSLATION)}")
    return reading


def _numbers(reading: Reading, line: str) -> Ids:
    """A text that holds "<eos>" as a token does not end there."""
    numbers = reading.vocabulary.encode(reading.tokeniser.tokens(line))
    return np.maximum(numbers, UNK, dtype=np.int32)
