"""Every choice that makes a net that remembers. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.core.recipe import GradientRecipe, Preset, Spec, option


@dataclass(frozen=True, kw_only=True)
class CopyingSpec(Spec):
    symbols: int = option(8, "different symbols", minimum=2)
    length: int = option(5, "symbols of a sequence", minimum=2, maximum=21)
    distance: int = option(20, "steps between reading a symbol and writing it", minimum=1)


@dataclass(frozen=True, kw_only=True)
class CopyingRecipe(GradientRecipe):
    length: int = option(5, "symbols to remember", minimum=2, maximum=21)
    distance: int = option(20, "steps from the last symbol to the first written", minimum=1)
    cell: str = option(
        "lstm", "recurrent cell", choices=("rnn", "lstm", "lstm-peephole", "gru", "gru-reset-after")
    )
    hidden: int = option(96, "hidden units", minimum=1)
    activation: str = option(
        "tanh", "activation of the plain rnn", choices=("sigmoid", "tanh", "relu")
    )
    keep_bias: float = option(
        3.0, "first bias of the gate that keeps the state: forget of an lstm, update of a gru"
    )

    steps: int | None = 2000
    batch_size: int = 64
    learning_rate: float = 0.01
    clip_norm: float | None = 1.0
    evaluate_every: int | None = 250

    def check(self) -> None:
        super().check()
        if self.epochs is not None:
            raise UserError("--epochs is for data that end; copying's are endless: give --steps")
        if self.cell != "rnn" and self.activation != "tanh":
            raise UserError(
                f"--activation {self.activation} is for --cell rnn; {self.cell} has tanh"
            )


PRESETS: dict[str, Preset] = {
    "quick": Preset(
        CopyingSpec(length=3, distance=5),
        {"length": 3, "distance": 5, "hidden": 64, "steps": 200},
    ),
    "cpu": Preset(CopyingSpec()),
}
