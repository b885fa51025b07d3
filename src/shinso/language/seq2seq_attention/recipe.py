"""Every choice that makes a recurrent encoder-decoder with attention. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.core.recipe import option
from shinso.language.translation.recipe import PLAIN, QUICK, RecurrentTranslationRecipe, presets


@dataclass(frozen=True, kw_only=True)
class Seq2SeqAttentionRecipe(RecurrentTranslationRecipe):
    cell: str = option(
        "gru-reset-after", "recurrent cell", choices=("gru-reset-after", "gru", "lstm")
    )
    layers: int = option(1, "recurrent layers on either side", minimum=1)
    embedding: int = option(256, "length of a token's vector", minimum=1)
    hidden: int = option(
        512, "hidden units of a layer; the encoder has half of them for each direction", minimum=2
    )
    score: str = option(
        "additive",
        "how the decoder's state q is compared with a word's k: v.tanh(Wq + Uk), q.Wk or q.k",
        choices=("additive", "general", "dot"),
    )
    feeding: bool = option(True, "the decoder reads what it attended to at the step before")
    dropout: float = option(
        0.3, "share of the connections into layers that a step misses", minimum=0, below=1
    )

    epochs: int | None = 7
    precision: str = "bfloat16"
    schedule: str = "cosine"
    warmup_steps: int = 400
    clip_norm: float | None = 1.0
    label_smoothing: float = 0.1

    def check(self) -> None:
        super().check()
        if self.hidden % 2 != 0:
            raise UserError(f"--hidden {self.hidden} has no half for each direction; give an even")


# The course has the equation, additive, and no settings; these are its seq2seq's.
_COURSE = {
    **PLAIN,
    "hidden": 256,
    "feeding": False,
    "dropout": 0.0,
    "teacher_forcing": 0.2,
    "longest": 20,
    "epochs": 10,
}

# Luong, Pham and Manning 2015, section 4.1, with dropout: halved each epoch after the eighth.
# Their loss is a sum over the tokens of a sentence, some 25, where ours is their mean, so rate 1
# and norm 5 are 25 times and a 25th of that.
_PAPER = {
    "precision": "float32",
    "cell": "lstm",
    "score": "general",
    "layers": 4,
    "embedding": 1000,
    "hidden": 1000,
    "dropout": 0.2,
    "longest": 50,
    "epochs": 12,
    "batch_size": 128,
    "optimiser": "sgd",
    "momentum": 0.0,
    "learning_rate": 25.0,
    "schedule": "step",
    "step_decay": (8 / 12, 1 / 12, 0.5),
    "warmup_steps": 0,
    "clip_norm": 0.2,
    "label_smoothing": 0.0,
}

# As the best that was published for small_parallel_enja: 512 units, dropout 0.5, 30 epochs.
_LONG = {"embedding": 512, "dropout": 0.5, "epochs": 30, "average": 3}

PRESETS = presets(quick=QUICK, long=_LONG, paper=_PAPER, course=_COURSE)
