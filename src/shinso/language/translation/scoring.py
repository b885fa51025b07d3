"""How translations are scored: BLEU and chrF, of all and of those that are hard."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics import BLEU, CHRF

from shinso.core.evaluation import Scores

# sacrebleu's splitting of raw text into the words that BLEU counts, where it is not 13a, its
# default; None where it has none without a library of its own, as MeCab.
RAW = {"zh": "zh", "ja": None, "ko": None, "th": None, "lo": None, "km": None, "my": None}
RAW_WITH_SPACES = "13a"

LENGTH_GROUPS = 4


@dataclass(frozen=True)
class Translated:
    """Sentences, what was made of them, and what a person did."""

    sources: Sequence[str]
    outputs: Sequence[str]
    references: Sequence[str]

    def __len__(self) -> int:
        return len(self.sources)

    def taken(self, indices: NDArray[np.int64]) -> Translated:
        """Those at `indices` (N,)."""
        sides = (self.sources, self.outputs, self.references)
        return Translated(*(tuple(side[index] for index in indices) for side in sides))


@dataclass(frozen=True)
class Metrics:
    """Corpus BLEU (Papineni et al. 2002, BLEU: a method for automatic evaluation of machine
    translation) and chrF (Popović 2015, chrF: character n-gram F-score for automatic MT
    evaluation), 0 to 100, by sacrebleu.

    BLEU is counted in words. `tokenise` names what splits lines into them: "none" where spaces
    do already; None leaves BLEU out. chrF passes over spaces, so it is the same for tokenised
    text and raw.
    """

    tokenise: str | None

    @classmethod
    def for_text(cls, language: str, tokenised: bool) -> Metrics:
        """Those for lines in that language, as "ja", with spaces between tokens or raw. BLEU of
        one kind of text is never to be set beside BLEU of the other."""
        raw = RAW.get(language.lower()[:2], RAW_WITH_SPACES)
        return cls("none" if tokenised else raw)

    def scores(self, translated: Translated) -> Scores:
        """`bleu`, where it is counted, and `chrf` of one sentence or more."""
        return {
            name: float(metric.corpus_score(translated.outputs, [translated.references]).score)
            for name, metric in self._metrics.items()
        }

    @cached_property
    def signatures(self) -> dict[str, str]:
        """What a score has to be quoted with: settings and version."""
        any_line = Translated(("",), ("",), ("",))
        self.scores(any_line)  # sacrebleu knows the number of references only then
        return {name: str(metric.get_signature()) for name, metric in self._metrics.items()}

    @cached_property
    def _metrics(self) -> dict[str, BLEU | CHRF]:
        chrf = {"chrf": CHRF()}
        if self.tokenise is None:
            return {**chrf}
        # `force` keeps it from warning that the lines are tokenised: they are meant to be.
        return {"bleu": BLEU(tokenize=self.tokenise, force=True), **chrf}


def by_seen(translated: Translated, known: Collection[str]) -> dict[str, Translated]:
    """Sentences that were in the training text (`known`), with whatever translation, and those
    that were not; without a part that is empty."""
    known = set(known)
    seen = np.array([source in known for source in translated.sources])
    parts = {"seen": np.flatnonzero(seen), "unseen": np.flatnonzero(~seen)}
    return {name: translated.taken(part) for name, part in parts.items() if len(part)}


def by_length(translated: Translated, lengths: NDArray[np.int64]) -> dict[str, Translated]:
    """Groups of about equal size, by the sources' `lengths` (N,): "3 to 5", "6" and so on."""
    inner = np.quantile(lengths, np.arange(1, LENGTH_GROUPS) / LENGTH_GROUPS, method="higher")
    edges = np.unique([lengths.min(), *inner, lengths.max() + 1])
    named = {}
    for low, end in pairwise(edges.tolist()):
        name = f"{low} to {end - 1}" if end - low > 1 else f"{low}"
        named[name] = translated.taken(np.flatnonzero((lengths >= low) & (lengths < end)))
    return {name: part for name, part in named.items() if len(part)}


def sentence_scores(translated: Translated) -> NDArray[np.float64]:
    """(N,) chrF of each sentence: BLEU is 0 for most that are short."""
    chrf = CHRF()
    pairs = zip(translated.outputs, translated.references, strict=True)
    return np.array([chrf.sentence_score(output, [truth]).score for output, truth in pairs])


def best_and_worst(translated: Translated, count: int) -> tuple[Translated, Translated]:
    """The `count` best, the best of all first, and the `count` worst, the worst first."""
    order = np.argsort(sentence_scores(translated), kind="stable")
    return translated.taken(order[::-1][:count]), translated.taken(order[:count])
