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
    unstructured: bool = option(
        False, "set single weights to 0 and leave every shape: smaller to send, not faster"
    )

    def check(self) -> None:
        if (self.ratio is None) == (self.macs is None):
            raise UserError("give either --ratio or --macs, and not both")
        if self.unstructured and self.macs is not None:
            raise UserError("--macs needs channels to go; with --unstructured give --ratio")

    def changed(self, **changes: Any) -> Self:
        if changes.get("macs") is not None:
            changes.setdefault("ratio", None)
        return super().changed(**changes)


@dataclass(frozen=True, kw_only=True)
class DistilSettings(Settings):
    temperature: float = option(
        2.0, "what logits are divided by; above 1 unlikely answers are taught too", above=0
    )
    share: float = option(
        0.9, "of the loss that the teacher has; the data has the rest", above=0, maximum=1
    )


@dataclass(frozen=True, kw_only=True)
class ExportSettings(Settings):
    """There is nothing to tell it: types, shapes and the operator set follow from the network."""
