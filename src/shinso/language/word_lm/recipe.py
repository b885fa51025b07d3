"""Every choice that makes a word language model. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.core.recipe import GradientRecipe, Options, Preset, Spec, option


@dataclass(frozen=True, kw_only=True)
class WordLMSpec(Spec):
    vocabulary: int = option(10_000, "words that are known, <unk> and <eos> among them", minimum=2)


@dataclass(frozen=True, kw_only=True)
class WordLMRecipe(GradientRecipe):
    cell: str = option(
        "lstm", "recurrent cell", choices=("rnn", "lstm", "lstm-peephole", "gru", "gru-reset-after")
    )
    layers: int = option(1, "recurrent layers", minimum=1)
    embedding: int = option(128, "length of a word's vector", minimum=1)
    hidden: int = option(256, "hidden units of a layer", minimum=1)
    tied: bool = option(True, "one table of word vectors for input and output")
    dropout: float = option(
        0.0, "share of the connections between layers that a step misses", minimum=0, below=1
    )
    tokens: str = option(
        "words",
        "how text becomes tokens: spaces (it is tokenised already), words (lower case), course "
        "(a to z alone), sentencepiece (any language)",
        choices=("spaces", "words", "course", "sentencepiece"),
    )
    vocabulary: int | None = option(10_000, "words to know at most; none: all", minimum=2)
    minimum_count: int = option(1, "times a word must occur to be known", minimum=1)
    unroll: int = option(
        35, "steps that an error travels back; the state is carried on further", minimum=1
    )
    window: int | None = option(
        None, "words to see before the one to predict; none: all so far", minimum=1
    )
    init: float = option(0.1, "initial weights lie between minus this and this", above=0)
    forget_bias: float = option(0.0, "initial bias of an lstm's forget gate")

    epochs: int | None = 2
    batch_size: int = 32
    optimiser: str = "adam"
    learning_rate: float = 2e-3
    schedule: str = "cosine"
    clip_norm: float | None = 1.0

    def check(self) -> None:
        super().check()
        if self.forget_bias and not self.cell.startswith("lstm"):
            raise UserError(f"--forget-bias is for --cell lstm; {self.cell} has no forget gate")


@dataclass(frozen=True, kw_only=True)
class WordLMOptions(Options):
    top: int = option(5, "next words to list with their probabilities", minimum=0, scored=False)
    words: int = option(0, "words to go on with", minimum=0, maximum=10_000, scored=False)
    temperature: float = option(
        1.0,
        "what logits are divided by before a word is drawn; 0: the likeliest",
        minimum=0,
        scored=False,
    )
    top_k: int | None = option(
        None, "draw among so many of the likeliest words; none: all", minimum=1, scored=False
    )
    seed: int = option(0, "of the words drawn", minimum=0, scored=False)


# Zaremba, Sutskever and Vinyals 2014, section 4.1, the non-regularised LSTM. Their loss is a sum
# over the 20 steps where ours is a mean, so rate 1 and norm 5 are 20 times and a 20th of that.
_SMALL = {
    "layers": 2,
    "embedding": 200,
    "hidden": 200,
    "tied": False,
    "tokens": "spaces",
    "vocabulary": None,
    "unroll": 20,
    "batch_size": 20,
    "epochs": 13,
    "optimiser": "sgd",
    "momentum": 0.0,
    "learning_rate": 20.0,
    "schedule": "step",
    "step_decay": (4 / 13, 1 / 13, 0.5),
    "clip_norm": 0.25,
}

# The tied LSTM of 650 units that figures for WikiText-2 are quoted of (86.7 on test).
_TIED = {
    "layers": 2,
    "embedding": 650,
    "hidden": 650,
    "dropout": 0.5,
    "tokens": "spaces",
    "vocabulary": None,
    "batch_size": 20,
    "epochs": 40,
    "optimiser": "sgd",
    "momentum": 0.0,
    "learning_rate": 20.0,
    "clip_norm": 0.25,
}

# The course: five words in, the next one out.
_COURSE = {
    "cell": "rnn",
    "embedding": 30,
    "hidden": 30,
    "tied": False,
    "tokens": "course",
    "vocabulary": None,
    "minimum_count": 4,
    "window": 5,
    "init": 0.01,
    "batch_size": 128,
    "learning_rate": 5e-3,
    "schedule": "constant",
    "clip_norm": None,
    "epochs": 1,
}

_QUICK = {
    "embedding": 16,
    "hidden": 32,
    "tokens": "spaces",
    "epochs": 2,
    "batch_size": 16,
    "learning_rate": 2e-2,
}

PRESETS: dict[str, Preset] = {
    "quick": Preset(WordLMSpec(vocabulary=30), _QUICK, "sentences"),
    "cpu": Preset(WordLMSpec()),
    "long": Preset(WordLMSpec(), _SMALL, "ptb"),
    "paper": Preset(WordLMSpec(vocabulary=33_278), _TIED, "wikitext2"),
    "course": Preset(WordLMSpec(vocabulary=24_000), _COURSE),
}
