"""Every choice that makes a recurrent encoder-decoder. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.recipe import option
from shinso.language.translation.recipe import PLAIN, QUICK, RecurrentTranslationRecipe, presets


@dataclass(frozen=True, kw_only=True)
class Seq2SeqRecipe(RecurrentTranslationRecipe):
    cell: str = option(
        "gru-reset-after", "recurrent cell", choices=("gru-reset-after", "gru", "lstm")
    )
    layers: int = option(1, "recurrent layers on either side", minimum=1)
    embedding: int = option(256, "length of a token's vector", minimum=1)
    hidden: int = option(512, "hidden units of a layer", minimum=1)
    dropout: float = option(
        0.3, "share of the connections into layers that a step misses", minimum=0, below=1
    )
    reverse: bool = option(False, "read a sentence from its end")
    context: bool = option(True, "show the decoder the sentence's state at every step")

    epochs: int | None = 8
    precision: str = "bfloat16"
    schedule: str = "cosine"
    warmup_steps: int = 400
    clip_norm: float | None = 1.0
    label_smoothing: float = 0.1


# The course: 256 everywhere, and four batches of five are written freely.
_COURSE = {
    **PLAIN,
    "hidden": 256,
    "dropout": 0.0,
    "context": False,
    "teacher_forcing": 0.2,
    "longest": 20,
    "epochs": 10,
}

# Sutskever, Vinyals and Le 2014, sections 3.3 and 3.4: halved each half epoch after the fifth.
# Their loss is a sum over the tokens of a sentence, some 30, where ours is their mean, so rate 0.7
# and norm 5 are 30 times and a 30th of that.
_PAPER = {
    "precision": "float32",
    "cell": "lstm",
    "layers": 4,
    "embedding": 1000,
    "hidden": 1000,
    "dropout": 0.0,
    "reverse": True,
    "context": False,
    "epochs": 8,
    "batch_size": 128,
    "optimiser": "sgd",
    "momentum": 0.0,
    "learning_rate": 21.0,
    "schedule": "step",
    "step_decay": (5 / 8, 1 / 16, 0.5),
    "warmup_steps": 0,
    "clip_norm": 1 / 6,
    "label_smoothing": 0.0,
}

_LONG = {"hidden": 1024, "dropout": 0.5, "epochs": 20, "average": 3}

PRESETS = presets(quick=QUICK, long=_LONG, paper=_PAPER, course=_COURSE)
