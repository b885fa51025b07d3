"""Every choice that makes a tagger of letters. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.recipe import GradientRecipe, Options, Preset, Spec, option


@dataclass(frozen=True, kw_only=True)
class CharTaggerSpec(Spec):
    symbols: int = option(28, "symbols that are read: a to z, apostrophe and space", minimum=1)
    tags: int = option(56, "answers at a place: a symbol, nothing, or a symbol more", minimum=1)
    width: int = option(64, "places of a passage, which is read at once", minimum=1)


@dataclass(frozen=True, kw_only=True)
class CharTaggerRecipe(GradientRecipe):
    directions: str = option(
        "both", "which way the letters are read", choices=("both", "forward", "backward")
    )
    cell: str = option(
        "lstm", "recurrent cell", choices=("rnn", "lstm", "lstm-peephole", "gru", "gru-reset-after")
    )
    layers: int = option(1, "recurrent layers", minimum=1)
    embedding: int = option(32, "length of a symbol's vector", minimum=1)
    hidden: int = option(128, "hidden units of a layer in each direction", minimum=1)

    steps: int | None = 15_000
    precision: str = "bfloat16"
    batch_size: int = 32
    learning_rate: float = 1e-2
    schedule: str = "cosine"
    warmup_steps: int = 100
    clip_norm: float | None = 1.0
    evaluate_every: int | None = 1_500


@dataclass(frozen=True, kw_only=True)
class CharTaggerOptions(Options):
    threshold: float = option(
        0.5,
        "probability that a proposal must have; more for a text with fewer errors than one word "
        "in five, where a false alarm costs more than an error that is missed",
        above=0,
        maximum=1,
    )


PRESETS: dict[str, Preset] = {
    "quick": Preset(
        CharTaggerSpec(),
        {
            "hidden": 48,
            "steps": 150,
            "precision": "float32",
            "learning_rate": 3e-2,
            "warmup_steps": 10,
        },
        "sentences",
    ),
    "cpu": Preset(CharTaggerSpec()),
    "long": Preset(
        CharTaggerSpec(),
        {"hidden": 320, "layers": 2, "steps": 30_000, "batch_size": 64, "learning_rate": 4e-3},
    ),
}
