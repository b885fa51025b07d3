"""How a language model is scored: by the perplexity of a whole text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shinso.core.evaluation import Evaluation, Scores, perplexity
from shinso.core.exhibits import Exhibit, Table, Text
from shinso.data.text import TextSet, TextSplit
from shinso.language.ngram import NGramModel
from shinso.language.reading import Reading, encoded
from shinso.language.vocabulary import UNKNOWN, Ids

if TYPE_CHECKING:
    from shinso.language.word_lm.predictor import WordLMPredictor

Real = NDArray[np.float64]

COUNTS = (0, 1, 10, 100, 1_000, 10_000, 1 << 62)  # bounds of how often words are seen
SEEN = 6  # words of a line before the one to guess
GUESSES = 12
SAMPLED = 80

ORDERS = {
    "unigram": 1,
    "bigram, Kneser-Ney": 2,
    "trigram, Kneser-Ney": 3,
}


def evaluate(predictor: WordLMPredictor, data: TextSet, split: str) -> Evaluation:
    """Perplexity as it is published: of the whole text as one stream, every word and every <eos>
    counted, <unk> as a word of its own."""
    stream = encoded(predictor.reading, data.split(split))
    losses = predictor.losses(stream)
    mean = float(losses.mean())
    unknown = predictor.vocabulary.number(UNKNOWN)
    scores: Scores = {
        "perplexity": perplexity(mean),
        "loss": mean,
        "unknown": float((stream == unknown).mean()),
    }
    counted = _counted(predictor.reading, data.split("train"), data.split(split))
    baselines = {name: {"perplexity": perplexity(own.mean())} for name, own in counted.items()}
    shown = [
        _by_frequency(stream, encoded(predictor.reading, data.split("train")), losses, counted),
        _guesses(predictor, data.split(split)),
        _sample(predictor),
    ]
    return Evaluation(scores, baselines, shown)


@lru_cache(maxsize=2)  # the same at every evaluation of a run
def _counted(reading: Reading, train: TextSplit, split: TextSplit) -> dict[str, Real]:
    """-log p of each word (N,) by models that count runs of words in the same training text."""
    learned, asked = encoded(reading, train), encoded(reading, split)
    size = len(reading.vocabulary)
    return {
        name: -NGramModel(learned, order, size).log_probabilities(asked)
        for name, order in ORDERS.items()
    }


# What a report shows ------------------------------------------------------------------------------


def _by_frequency(stream: Ids, train: Ids, losses: Real, counted: Mapping[str, Real]) -> Exhibit:
    """Perplexity of frequent and rare words, one beside the other."""
    seen = np.bincount(train, minlength=stream.max() + 1)[stream]  # (N,)
    models = {"net": losses, **counted}
    rows: list[tuple[str | float, ...]] = []
    for low, high in pairwise(COUNTS):
        chosen = (seen >= low) & (seen < high)
        if chosen.any():
            perplexities = [round(perplexity(own[chosen].mean()), 1) for own in models.values()]
            label = f"{low:,} to {high - 1:,}" if high < COUNTS[-1] else f"{low:,} or more"
            rows.append((label, f"{chosen.mean():.1%}", *perplexities))
    return Table(
        "Perplexity of frequent and of rare words",
        "By how often a word is seen in training; the share is of the text that is scored.",
        ("times seen", "share", *models),
        rows,
    )


def _guesses(predictor: WordLMPredictor, split: TextSplit) -> Exhibit:
    rows = []
    for line in _first_of_length(predictor, split):
        tokens = predictor.reading.tokeniser.tokens(line)[: SEEN + 1]
        text = predictor.reading.tokeniser.text(tokens[:SEEN])
        probabilities = predictor.probabilities(text)
        best = np.argsort(-probabilities, kind="stable")[:4]
        words = ", ".join(f"{predictor.vocabulary.words[w]} {probabilities[w]:.0%}" for w in best)
        truth = tokens[SEEN]
        given = f"{probabilities[predictor.vocabulary.number(truth)]:.1%}"
        rows.append((text, words, truth, given))
    return Table(
        "What comes next",
        f"After the first {SEEN} words of a line: the likeliest words, and the one that stands "
        "there with the probability it was given.",
        ("line", "guesses", "truth", "probability"),
        rows,
    )


def _first_of_length(predictor: WordLMPredictor, split: TextSplit) -> list[str]:
    """Lines with a word to guess, spread over the split."""
    step = max(1, len(split) // 200)
    long = (line for line in split[::step] if len(predictor.reading.tokeniser.tokens(line)) > SEEN)
    return list(islice(long, GUESSES))


def _sample(predictor: WordLMPredictor) -> Exhibit:
    return Text(
        "What it writes",
        f"{SAMPLED} words drawn from the beginning of a line on, each by its probability.",
        predictor.written(predictor.sample("", SAMPLED)).splitlines(),
    )
