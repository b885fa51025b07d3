"""How a translator is scored: by what it writes by itself, beside what it writes when it is told
the true beginning at each position, and beside the nearest sentence of the training text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional as F

from shinso.core.errors import UserError
from shinso.core.evaluation import Evaluation, Scores, perplexity
from shinso.core.exhibits import Curve, Exhibit, Table
from shinso.data.parallel import ParallelSet, ParallelSplit
from shinso.language.translation.batches import EncodedPairs
from shinso.language.translation.decoding import PAD
from shinso.language.translation.predictor import NETWORK
from shinso.language.translation.raw import unspaced
from shinso.language.translation.recipe import TranslationRecipe
from shinso.language.translation.retrieval import retrieved
from shinso.language.translation.scoring import (
    Metrics,
    Translated,
    best_and_worst,
    by_length,
    by_seen,
    sentence_scores,
)
from shinso.language.translation.sentences import is_spaced

if TYPE_CHECKING:
    from shinso.language.translation.predictor import TranslationPredictor

FORCED_BATCH = 64
LISTED = 10  # best outputs, and worst ones
MAPS = 3  # of attention
MAPPED_LENGTH = 5  # tokens of a sentence that is worth a map
NAMES = {"bleu": "BLEU", "chrf": "chrF"}
FREE, FORCED, RETRIEVAL = "free-running", "teacher-forced", "retrieval"


def metrics_of(recipe: TranslationRecipe, data: ParallelSet, raw: bool = False) -> Metrics:
    """What translations of a set are scored by. Text that is read by its spaces is tokenised."""
    tokenised = not raw and (data.tokenised or recipe.tokens == "spaces")
    return Metrics.for_text(data.languages[1], tokenised)


def main_score(metrics: Metrics) -> str:
    """BLEU where it can be counted."""
    return "chrf" if metrics.tokenise is None else "bleu"


def evaluate(predictor: TranslationPredictor, data: ParallelSet, split: str) -> Evaluation:
    """Scores of all sentences, and of those that were in the training text and were not.

    `bleu` and `chrf` are those of the predictor's own decoding. `bleu_teacher_forced`, `loss` (in
    nats a token, EOS counted) and `perplexity` are of a net that is told the truth so far, and no
    measure of a translator; a model of tokenised text has none on raw text. Raises UserError for
    data to be translated the other way.
    """
    _check_direction(predictor, data)
    asked, known = data.split(split), data.split("train")
    raw = predictor.spec.spaced and not is_spaced(asked.sources)
    metrics = metrics_of(predictor.recipe, data, raw)
    written = {
        FREE: Translated(asked.sources, _translated(predictor, asked, raw), asked.targets),
        RETRIEVAL: Translated(asked.sources, retrieved(known, asked), asked.targets),
    }
    parts = {how: {"all": made, **by_seen(made, known.sources)} for how, made in written.items()}
    losses: Scores = {}
    if not raw:
        told = TeacherForced.of(predictor, asked)
        parts[FORCED] = {"all": told.translated}
        losses = told.scores()
    scores = {
        how: {part: metrics.scores(some) for part, some in of_all.items()}
        for how, of_all in parts.items()
    }
    shown = [
        _summary(metrics, predictor.options.decoding, parts, scores),
        *_by_length(predictor, metrics, written),
        *_listed(written[FREE]),
        *_maps(predictor, asked, raw),
    ]
    forced = _named({"teacher_forced": scores[FORCED]["all"]}) if not raw else {}
    own = _named(scores[FREE]) | forced | losses
    return Evaluation(
        own, {RETRIEVAL: _named(scores[RETRIEVAL])}, shown, signatures=metrics.signatures
    )


def _named(scores: Mapping[str, Scores]) -> Scores:
    """`bleu` and so on of all, `bleu_seen` of a part."""
    return {
        name if part == "all" else f"{name}_{part}": score
        for part, some in scores.items()
        for name, score in some.items()
    }


def _check_direction(predictor: TranslationPredictor, data: ParallelSet) -> None:
    source, target = predictor.spec.languages
    if data.languages == (target, source):
        raise UserError(
            f"{data.name} is translated from {target} to {source}, and this was learned from "
            f"{source} to {target}; give {data.name.split(':')[0]}:{source}-{target}"
        )


def _translated(predictor: TranslationPredictor, asked: ParallelSplit, raw: bool) -> Sequence[str]:
    if not raw:
        return predictor.translated(asked.sources)
    lines = [predictor.as_in_training(line) for line in asked.sources]
    return [unspaced(line) for line in predictor.translated(lines)]


@dataclass(frozen=True)
class TeacherForced:
    """What a net gives to each token of the translations when it reads the true ones before it."""

    losses: NDArray[np.float64]  # (tokens,) -log p in nats
    translated: Translated  # the likeliest token at each position, up to the first EOS

    @classmethod
    def of(cls, predictor: TranslationPredictor, asked: ParallelSplit) -> TeacherForced:
        network = predictor.artifact.network(NETWORK)
        pairs = EncodedPairs.of(predictor.reading, asked)
        by_length = np.lexsort((pairs.sources.lengths, pairs.targets.lengths))
        losses, outputs = [], [""] * len(asked)
        for start in range(0, len(pairs), FORCED_BATCH):
            rows = by_length[start : start + FORCED_BATCH]
            source, lengths, target = pairs.batch(rows)
            (logits,) = network(source, lengths, target[:, :-1])  # (B, T, V)
            answers = target[:, 1:]  # (B, T)
            loss = F.cross_entropy(logits.flatten(0, 1), answers.flatten(), reduction="none")
            losses.append(loss[answers.flatten() != PAD].double().numpy())
            tokens = logits.argmax(dim=2).where(answers != PAD, PAD)
            for row, numbers in zip(rows, tokens.numpy(), strict=True):
                outputs[row] = predictor.reading.written(numbers)
        return cls(np.concatenate(losses), Translated(asked.sources, outputs, asked.targets))

    def scores(self) -> Scores:
        loss = float(self.losses.mean())
        return {"loss": loss, "perplexity": perplexity(loss)}


# What a report shows ------------------------------------------------------------------------------


def _summary(
    metrics: Metrics,
    decoding: str,
    parts: Mapping[str, Mapping[str, Translated]],
    scores: Mapping[str, Mapping[str, Scores]],
) -> Exhibit:
    """Every figure in its place, with what it has to be quoted with."""
    signatures = metrics.signatures
    quoted = "; ".join(f"{NAMES[name]} {signature}" for name, signature in signatures.items())
    return Table(
        "Scores",
        f"Free-running is what the network writes by itself, by {decoding}; teacher-forced, where "
        "it reads the true tokens so far, is no translation. Retrieval copies the translation of "
        "the nearest training sentence. Seen are sentences that stand in the training text, with "
        f"whatever translation. {quoted}.",
        ("written", "sentences", "number", *(NAMES[name] for name in signatures)),
        [
            (how, part, len(some), *_rounded(scores[how][part]))
            for how, of_all in parts.items()
            for part, some in of_all.items()
        ],
    )


def _by_length(
    predictor: TranslationPredictor, metrics: Metrics, written: Mapping[str, Translated]
) -> list[Exhibit]:
    """As a table and as a picture."""

    def length(line: str) -> int:
        return len(predictor.reading.source.tokeniser.tokens(predictor.as_in_training(line)))

    lengths = np.array([length(line) for line in written[FREE].sources])
    groups = {how: by_length(made, lengths) for how, made in written.items()}
    scores = {
        how: {group: metrics.scores(some) for group, some in of_all.items()}
        for how, of_all in groups.items()
    }
    means = [fmean(map(length, some.sources)) for some in groups[FREE].values()]
    main = main_score(metrics)
    return [
        Table(
            "Scores by length of the sentence",
            "Tokens of the sentence, in groups of about the same number of sentences.",
            (
                "tokens",
                "sentences",
                *(f"{how}, {NAMES[name]}" for how in scores for name in metrics.signatures),
            ),
            [
                (group, len(some), *(x for how in scores for x in _rounded(scores[how][group])))
                for group, some in groups[FREE].items()
            ],
        ),
        Curve(
            f"{NAMES[main]} by length of the sentence",
            "Each point is a group of sentences, at its mean length.",
            {
                how: (means, [some[main] for some in of_all.values()])
                for how, of_all in scores.items()
            },
            x_label="tokens of the sentence",
            y_label=NAMES[main],
        ),
    ]


def _listed(made: Translated) -> list[Exhibit]:
    return [
        Table(
            f"{name} translations",
            "By chrF of the sentence, since BLEU is 0 for most that are short.",
            ("sentence", "written", "by a person", "chrF"),
            [
                (source, output, reference, round(float(score), 1))
                for source, output, reference, score in zip(
                    some.sources, some.outputs, some.references, sentence_scores(some), strict=True
                )
            ],
        )
        for name, some in zip(("Best", "Worst"), best_and_worst(made, LISTED), strict=True)
    ]


def _maps(predictor: TranslationPredictor, asked: ParallelSplit, raw: bool) -> list[Exhibit]:
    """Where the net looks while it writes; none of a net without attention."""
    module = predictor.artifact.modules.get(NETWORK)
    if not hasattr(module, "keeps_weights"):
        return []
    lines = [predictor.as_in_training(line) for line in asked.sources] if raw else asked.sources
    worth = [line for line in lines if len(line.split()) >= MAPPED_LENGTH] or lines
    maps = []
    for line in worth[:MAPS]:
        ((best, *_),) = predictor.hypotheses([line], attention=True)
        maps.append(predictor.attention_map([line], [best]))
    return [drawn for drawn in maps if drawn is not None]


def _rounded(scores: Scores) -> list[float]:
    return [round(score, 1) for score in scores.values()]
