"""What each lever can be told. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from shinso.core.errors import UserError
from shinso.core.recipe import Settings, option


@dataclass(frozen=True, kw_only=True)
class PruneSettings(Settings):
    ratio: float | None = option(
        0.5, "share of a layer's channels, or of all weights, that go", above=0, below=1
    )
    macs: float | None = option(
        None, "in place of --ratio: share of the multiply-adds that may stay", above=0, below=1
    )
    threshold: float | None = option(
        None,
        "in place of --ratio: weights below that magnitude go, or channels whose mean is",
        above=0,
    )
    criterion: str = option(
        "l1",
        "what a channel is worth: the weights that go with it, or its batch normalisation's scale; "
        "a single weight: its magnitude, or its share in what its layer has left (lamp)",
        choices=("l1", "bn", "lamp"),
    )
    unstructured: bool = option(
        False, "set single weights to 0 and leave every shape: smaller to send, not faster"
    )
    rounds: int = option(
        0,
        "reach --ratio in so many rounds of training from the seed, pruning, and setting what "
        "stays back",
        minimum=0,
    )
    rewind: int = option(
        0, "the step of training that each round sets weights back to; 0: the first ones", minimum=0
    )

    def check(self) -> None:
        ways = {"--ratio": self.ratio, "--macs": self.macs, "--threshold": self.threshold}
        given = [flag for flag, value in ways.items() if value is not None]
        if len(given) != 1:
            raise UserError(f"give either {' or '.join(given or ways)}, and not both")
        if self.unstructured and self.macs is not None:
            raise UserError("--macs needs channels to go; with --unstructured give --ratio")
        if self.unstructured and self.criterion == "bn":
            raise UserError("--criterion bn is about channels; --unstructured goes by weights")
        if self.criterion == "lamp" and not (self.unstructured and self.ratio is not None):
            raise UserError("--criterion lamp ranks weights: give --unstructured and a --ratio")
        if self.rounds and (self.ratio is None or not self.unstructured):
            raise UserError("--rounds needs --unstructured, and a --ratio to reach")
        if self.rewind and not self.rounds:
            raise UserError("--rewind says what --rounds go back to: give --rounds too")

    def changed(self, **changes: Any) -> Self:
        if changes.get("macs") is not None or changes.get("threshold") is not None:
            changes.setdefault("ratio", None)
        return super().changed(**changes)

    @property
    def asked(self) -> str:
        """How much is to go, as one types it."""
        ways = {"ratio": self.ratio, "macs": self.macs, "threshold": self.threshold}
        return " ".join(f"--{name} {value:g}" for name, value in ways.items() if value is not None)


@dataclass(frozen=True, kw_only=True)
class TableSettings(Settings):
    """Of the table that `prune --table` makes."""

    thresholds: tuple[float, ...] | None = option(
        None, "what --table goes through; none: chosen from the magnitudes there are", above=0
    )


@dataclass(frozen=True, kw_only=True)
class DistilSettings(Settings):
    temperature: float = option(
        2.0, "what logits are divided by; above 1 unlikely answers are taught too", above=0
    )
    share: float = option(
        0.9,
        "of the loss that the teacher has; the data has the rest, with --sequence all of it by "
        "default",
        minimum=0,
        maximum=1,
    )
    sequence: bool = option(
        False, "learn the sequences that the teacher writes, in place of those the data have"
    )
    hints: float = option(
        0.0, "weight of the distance to the teacher's features, beside the rest", minimum=0
    )
    hint: str = option("features", "the output of the learner that --hints are about")

    def check(self) -> None:
        if not self.share and not self.hints and not self.sequence:
            raise UserError(
                "with --share 0 a teacher has nothing to teach but --hints or, of sequences, "
                "--sequence: give one"
            )
        if self.hint != "features" and not self.hints:
            raise UserError(f"--hint {self.hint} is about hints: give their weight, --hints, too")

    def changed(self, **changes: Any) -> Self:
        if changes.get("sequence"):
            changes.setdefault("share", 0.0)
        return super().changed(**changes)


@dataclass(frozen=True, kw_only=True)
class QuantiseSettings(Settings):
    to: str = option(
        "int8",
        "type of the weights and of what is computed with them; int8 is a graph's alone",
        choices=("float16", "bfloat16", "int8"),
    )
    calibration: int | None = option(
        None,
        "training examples that tell int8 how large activations are, 0 to measure them at each "
        "call; none: 512 for a network with convolutions, 0 for another",
        minimum=0,
    )

    def check(self) -> None:
        if self.calibration is not None and self.to != "int8":
            raise UserError(f"--calibration is for --to int8, and {self.to} needs none")


@dataclass(frozen=True, kw_only=True)
class ExportSettings(Settings):
    """There is nothing to tell it: types, shapes and the operator set follow from the network."""
