"""Every choice that makes an adder. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.core.recipe import GradientRecipe, Preset, Spec, option


@dataclass(frozen=True, kw_only=True)
class AdderSpec(Spec):
    inputs: int = option(2, "numbers that are added", minimum=2)
    width: int = option(8, "bits of a number in training", minimum=2)


@dataclass(frozen=True, kw_only=True)
class AdderRecipe(GradientRecipe):
    cell: str = option(
        "rnn", "recurrent cell", choices=("rnn", "lstm", "lstm-peephole", "gru", "gru-reset-after")
    )
    hidden: int = option(16, "hidden units", minimum=1)
    activation: str = option(
        "tanh", "activation of the plain rnn", choices=("sigmoid", "tanh", "relu")
    )
    bias: bool = option(True, "give cell and readout biases")
    init: str = option("xavier", "initial weights", choices=("normal", "xavier", "he"))
    loss: str = option(
        "cross-entropy",
        "error of a bit, summed over a number",
        choices=("squared", "cross-entropy"),
    )
    train_on: str = option(
        "train", "pairs: all but the held-out tenth, or all of them", choices=("train", "all")
    )

    steps: int | None = 1000
    batch_size: int = 64
    learning_rate: float = 0.02

    def check(self) -> None:
        super().check()
        if self.cell != "rnn" and self.activation != "tanh":
            raise UserError(
                f"--activation {self.activation} is for --cell rnn; {self.cell} has tanh"
            )


# The course's first experiment to the letter; it holds nothing out.
COURSE = {
    "cell": "rnn",
    "hidden": 16,
    "activation": "sigmoid",
    "bias": False,
    "init": "normal",
    "loss": "squared",
    "train_on": "all",
    "optimiser": "sgd",
    "momentum": 0.0,
    "learning_rate": 0.1,
    "batch_size": 1,
    "steps": 10_000,
    "report_every": 100,
}

PRESETS: dict[str, Preset] = {
    "quick": Preset(AdderSpec(), {"steps": 300}),
    "cpu": Preset(AdderSpec()),
    "course": Preset(AdderSpec(), COURSE),
}
