"""Every choice that makes a Transformer. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.core.recipe import option
from shinso.language.translation.recipe import PLAIN, TranslationRecipe, presets


@dataclass(frozen=True, kw_only=True)
class TransformerRecipe(TranslationRecipe):
    layers: int = option(3, "layers of the encoder, and of the decoder", minimum=1)
    size: int = option(256, "length of the vectors between layers", minimum=2)
    heads: int = option(8, "attention heads", minimum=1)
    head_size: int | None = option(
        None, "length of a head's vectors; none: they share the size", minimum=1
    )
    inner: int = option(1024, "hidden units of the feed-forward nets", minimum=1)
    norm: str = option(
        "pre", "where layer normalisation stands in a layer", choices=("pre", "post", "none")
    )
    residual: bool = option(True, "each part of a layer adds to what it is given")
    positions: bool = option(True, "tell the net where a token stands")
    tied: bool = option(True, "one table of token vectors for the decoder's input and output")
    embedding_scale: bool = option(
        True, "token vectors start small and are multiplied by the root of the size"
    )
    attention_scale: str = option(
        "head",
        "whose size's root divides the scores of attention",
        choices=("head", "model"),
    )
    dropout: float = option(
        0.3, "share of what each part of a layer adds that a step misses", minimum=0, below=1
    )
    inner_dropout: float = option(
        0.1, "the same of attention weights and inside feed-forward nets", minimum=0, below=1
    )
    embedding_dropout: float = option(
        0.3, "the same of the sums of token vectors and positions", minimum=0, below=1
    )

    epochs: int | None = 7
    precision: str = "bfloat16"
    beta2: float = 0.98
    schedule: str = "cosine"
    warmup_steps: int = 800
    clip_norm: float | None = 1.0
    label_smoothing: float = 0.1

    def check(self) -> None:
        super().check()
        if self.positions and self.size % 2 != 0:
            raise UserError(f"--size {self.size} is odd; positions need an even one")
        if self.head_size is None and self.size % self.heads != 0:
            raise UserError(
                f"--heads {self.heads} cannot share --size {self.size}; give a multiple, or "
                "--head-size"
            )


# The course, whose faults are attention_scale "model", no embedding_scale, embedding_dropout 0,
# no warm-up and no label smoothing; all but the last three, which are settings, are mended.
_COURSE = {
    **PLAIN,
    "size": 128,
    "heads": 6,
    "head_size": 32,
    "inner": 256,
    "norm": "post",
    "dropout": 0.1,
    "inner_dropout": 0.1,
    "embedding_dropout": 0.0,
    "longest": 22,
    "epochs": 15,
    "beta2": 0.999,
}

# Vaswani et al. 2017, section 5, the base model. The rate rises to 1 / sqrt(512 * 4000).
_PAPER = {
    "precision": "float32",
    "layers": 6,
    "size": 512,
    "inner": 2048,
    "norm": "post",
    "dropout": 0.1,
    "inner_dropout": 0.0,
    "embedding_dropout": 0.1,
    "steps": 100_000,
    "batch_tokens": 25_000,
    "learning_rate": 7e-4,
    "epsilon": 1e-9,
    "schedule": "linear",
    "warmup_steps": 4000,
    "clip_norm": None,
    "evaluate_every": 1000,
    "average": 5,
}

_LONG = {"epochs": 40, "average": 5, "inner_dropout": 0.2}

_QUICK = {
    "precision": "float32",
    "layers": 1,
    "size": 32,
    "heads": 2,
    "inner": 64,
    "dropout": 0.0,
    "inner_dropout": 0.0,
    "embedding_dropout": 0.0,
    "epochs": 2,
    "learning_rate": 5e-3,
    "warmup_steps": 30,
}

PRESETS = presets(quick=_QUICK, long=_LONG, paper=_PAPER, course=_COURSE)
