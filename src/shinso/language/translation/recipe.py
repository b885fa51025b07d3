"""The choices that all translators share. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shinso.core.errors import UserError
from shinso.core.recipe import GradientRecipe, Options, Preset, Spec, option


@dataclass(frozen=True, kw_only=True)
class TranslationSpec(Spec):
    source_vocabulary: int = option(
        4_109, "tokens that are known of the language read, <pad> to <unk> among them", minimum=4
    )
    target_vocabulary: int = option(
        4_906, "tokens that are known of the language written, the same among them", minimum=4
    )
    languages: tuple[str, ...] = option(("en", "ja"), "read and written")
    longest: int = option(16, "tokens of the longest sentence seen in training", minimum=1)
    spaced: bool = option(
        True, "whether sentences have spaces between tokens as small_parallel_enja has them"
    )

    @property
    def told(self) -> str:
        return (
            f"{self.languages[0]} to {self.languages[1]}, "
            f"{self.source_vocabulary:,} and {self.target_vocabulary:,} tokens"
        )


@dataclass(frozen=True, kw_only=True)
class TranslationRecipe(GradientRecipe):
    tokens: str = option(
        "spaces",
        "how text becomes tokens: spaces (it is tokenised already), sentencepiece (any language)",
        choices=("spaces", "sentencepiece"),
    )
    minimum_count: int = option(2, "times a token must occur to be known", minimum=1)
    vocabulary: int | None = option(
        None, "tokens to know of each language at most; none: all, or 32,000 pieces", minimum=5
    )
    longest: int = option(
        100, "tokens of a sentence; pairs with a longer side are not trained on", minimum=1
    )
    batch_tokens: int | None = option(
        None, "tokens of a batch, in place of --batch-size; padding counts", minimum=1
    )
    label_smoothing: float = option(
        0.0, "share of a token's probability that is spread over all of them", minimum=0, below=1
    )
    average: int = option(
        1, "evaluations whose weights are averaged: the last so many; 1: none", minimum=1
    )

    epochs: int | None = 10


@dataclass(frozen=True, kw_only=True)
class RecurrentTranslationRecipe(TranslationRecipe):
    """A net that writes token after token can learn from its own output, too."""

    teacher_forcing: float = option(
        1.0,
        "share of the batches in which the net reads the true tokens so far, not its own",
        minimum=0,
        maximum=1,
    )


@dataclass(frozen=True, kw_only=True)
class TranslationOptions(Options):
    beam: int = option(5, "outputs that are written side by side; 1: greedy", minimum=1)
    alpha: float = option(
        0.6, "length normalisation in beam search; 0: none, so short outputs win", minimum=0
    )
    nbest: int = option(1, "translations to give of each sentence", minimum=1, scored=False)
    tokens: bool = option(
        False, "text in and out is as in the training data, not as people write", scored=False
    )
    attention: str | None = option(
        None, "draw where the net looks into this picture, a .png file", scored=False
    )
    longest_ratio: float = option(
        2.0, "tokens to write at most for each one read, and ten more", above=0
    )

    @property
    def decoding(self) -> str:
        if self.beam == 1:
            return "greedy decoding"
        return f"a beam of {self.beam} with alpha {self.alpha:g}"

    def check(self) -> None:
        if self.nbest > self.beam:
            raise UserError(
                f"--nbest {self.nbest} needs --beam {self.nbest} or more: "
                f"a beam of {self.beam} ends with {self.beam}"
            )
        if self.attention is not None and not self.attention.lower().endswith(".png"):
            raise UserError(f"--attention {self.attention} is no name of a .png file")


# Where what is quick is learned, and what the course learned of 50,000 pairs: four fifths, with so
# many words that come twice or more.
_NUMERALS = TranslationSpec(source_vocabulary=34, target_vocabulary=16)
_COURSE = TranslationSpec(source_vocabulary=3_725, target_vocabulary=4_405)

# How the course trains.
PLAIN = {
    "precision": "float32",
    "schedule": "constant",
    "warmup_steps": 0,
    "clip_norm": None,
    "label_smoothing": 0.0,
}

# What is quick of a recurrent net.
QUICK = {
    "precision": "float32",
    "embedding": 24,
    "hidden": 48,
    "dropout": 0.0,
    "epochs": 2,
    "learning_rate": 1e-2,
    "warmup_steps": 10,
}


def presets(
    *,
    quick: Mapping[str, Any],
    long: Mapping[str, Any],
    paper: Mapping[str, Any],
    course: Mapping[str, Any],
) -> dict[str, Preset]:
    """A translator's, of these changes to its recipe's defaults, which are `cpu`."""
    return {
        "quick": Preset(_NUMERALS, quick, "numerals"),
        "cpu": Preset(TranslationSpec()),
        "long": Preset(TranslationSpec(), long),
        "paper": Preset(TranslationSpec(), paper),
        "course": Preset(_COURSE, course),
    }
