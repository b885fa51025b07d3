"""How a tagger of letters is scored: by the letters it finds and the words it mends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shinso.core.evaluation import Evaluation, Scores
from shinso.core.exhibits import Curve, Exhibit, Table
from shinso.data.text import TextSet, TextSplit
from shinso.language.char_tagger.dictionary import Dictionary
from shinso.language.char_tagger.passages import passages_of
from shinso.language.char_tagger.tags import tags_of
from shinso.language.char_tagger.typescript import Marks, Typescript, Whole

if TYPE_CHECKING:
    from shinso.language.char_tagger.predictor import CharTaggerPredictor

SAMPLES = 12
PARTS = 6  # of a word, from its first letter to the space after it
SHORTEST = 4  # letters of a word that has so many parts
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True, eq=False)
class Case:
    """A typescript, and how a dictionary of the training text's words answers."""

    typescript: Typescript
    dictionary: Dictionary
    by_dictionary: Whole  # (P,) tags


@lru_cache(maxsize=2)  # the same at every evaluation of a run
def _case(train: TextSplit, split: TextSplit) -> Case:
    typescript = Typescript.of(split)
    words = chain.from_iterable(passage.split() for passage in passages_of(train))
    dictionary = Dictionary(Counter(words))
    tags = (tags_of(word, dictionary.correction(word)) for word in typescript.typed)
    return Case(typescript, dictionary, np.fromiter(chain.from_iterable(tags), np.int64))


def evaluate(predictor: CharTaggerPredictor, data: TextSet, split: str) -> Evaluation:
    """On passages of the split in which one word in five is misspelt."""
    case = _case(data.split("train"), data.split(split))
    script = case.typescript
    logs = predictor.log_probabilities(script.symbols)  # (N, WIDTH, TAGS)
    proposals, probabilities = predictor.proposals(script.symbols, logs)
    answers = predictor.answers(script.symbols, proposals, probabilities)[script.places]
    of_right = np.take_along_axis(logs[script.places], script.right[:, None], axis=1)
    methods = {"net": answers, "dictionary": case.by_dictionary}
    return Evaluation(
        {**_scores(script, answers), "loss": float(-of_right.mean(dtype=np.float64))},
        {
            "as typed": _scores(script, script.as_typed),
            "dictionary": _scores(script, case.by_dictionary),
        },
        [
            _by_place(script, methods),
            _by_error(case, methods),
            _by_threshold(case, probabilities[script.places]),
            _samples(script, answers),
        ],
    )


def _scores(script: Typescript, answers: Whole) -> Scores:
    """Of (P,) tags. The letters are the places: the space after a word is where its last letter
    may be missing."""
    marked = answers != script.as_typed
    scores = _rates(script.wrong, marked)
    if script.wrong.any():
        scores["mended"] = float((answers == script.right)[script.wrong].mean())
    scores["false_alarms"] = 1000 * float(marked[~script.wrong].mean())  # in 1,000 right letters
    scores["word_accuracy"] = float(script.mends(answers).mean())
    return scores


def _rates(wrong: Marks, marked: Marks) -> Scores:
    """Precision where something was marked, recall where something was wrong, and their harmonic
    mean where there is either."""
    found, marks, errors = (int(n) for n in ((wrong & marked).sum(), marked.sum(), wrong.sum()))
    parts = {
        "precision": (found, marks),
        "recall": (found, errors),
        "f1": (2 * found, marks + errors),
    }
    return {name: part / whole for name, (part, whole) in parts.items() if whole}


# What a report shows ------------------------------------------------------------------------------


def _by_place(script: Typescript, methods: Mapping[str, Whole]) -> Exhibit:
    """Where in a word each method is blind."""
    letters = np.array([len(word) for word in script.typed])  # (W,)
    places = np.concatenate([np.arange(length + 1) for length in letters])  # (P,) from 0 in a word
    lengths = np.repeat(letters, letters + 1)  # (P,) of the word that a place belongs to
    part = np.where(lengths < SHORTEST, -1, np.rint(places / lengths * PARTS))
    lines = {}
    for name, answers in methods.items():
        marked = answers != script.as_typed
        rates = [_rates(script.wrong[part == n], marked[part == n]) for n in range(PARTS + 1)]
        lines[name] = np.arange(PARTS + 1) / PARTS, _column(rates, "f1")
    return Curve(
        "Wrong letters found by their place in the word",
        f"F1 in words of {SHORTEST} letters or more: 0 is the first letter, 1 the space after the "
        "last. Read forward alone, a first letter is judged before the word is known.",
        lines,
        x_label="place in the word",
        y_label="F1",
    )


def _by_error(case: Case, methods: Mapping[str, Whole]) -> Exhibit:
    script = case.typescript
    mends = {name: script.mends(answers) for name, answers in methods.items()}
    kinds = np.array([_kind(*pair) for pair in zip(script.typed, script.meant, strict=True)])
    known = np.array([word in case.dictionary for word in script.typed])
    groups = {kind: kinds == kind for kind in KINDS}
    groups["makes a word that is known"] = known & script.misspelt
    groups["no error, a word never seen in training"] = ~known & ~script.misspelt
    rows: list[tuple[str | int, ...]] = [
        (name, int(chosen.sum()), *(f"{each[chosen].mean():.1%}" for each in mends.values()))
        for name, chosen in groups.items()
        if chosen.any()
    ]
    return Table(
        "Words mended by what was wrong",
        "Share of the words that are right afterwards.",
        ("error", "words", *mends),
        rows,
    )


KINDS = ("a wrong letter", "two letters swapped", "a letter missing", "a letter too many")


def _kind(typed: str, meant: str) -> str:
    """Which of KINDS; empty for a word that is right."""
    if len(typed) != len(meant):
        return KINDS[2] if len(typed) < len(meant) else KINDS[3]
    differing = sum(a != b for a, b in zip(typed, meant, strict=True))
    return ("", *KINDS)[differing]


def _by_threshold(case: Case, probabilities: NDArray[np.float32]) -> Exhibit:
    script = case.typescript
    at = [_rates(script.wrong, probabilities >= threshold) for threshold in THRESHOLDS]
    fixed = _rates(script.wrong, case.by_dictionary != script.as_typed)
    return Curve(
        "Wrong letters found and false alarms",
        f"As --threshold goes from {THRESHOLDS[-1]} (left) to {THRESHOLDS[0]}.",
        {
            name: (_column(rates, "recall"), _column(rates, "precision"))
            for name, rates in (("net", at), ("dictionary", [fixed]))
        },
        x_label="recall",
        y_label="precision",
    )


def _column(rates: Sequence[Scores], name: str) -> list[float]:
    """With gaps where one is absent."""
    return [each.get(name, np.nan) for each in rates]


def _samples(script: Typescript, answers: Whole) -> Exhibit:
    written = script.words(answers)
    wrong = [words for words in script.passages() if script.misspelt[words].any()]
    rows = []
    for words in wrong[:: max(1, len(wrong) // SAMPLES)][:SAMPLES]:
        pick = [" ".join(of[words]) for of in (script.typed, written, script.meant)]
        rows.append((*pick, "yes" if pick[1] == pick[2] else "no"))
    return Table(
        "What it mends",
        "Passages with errors, spread over the split.",
        ("typed", "mended", "meant", "right"),
        rows,
    )
