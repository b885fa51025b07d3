"""What the recipes of policies share. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.core.recipe import GradientRecipe, Options, Spec, option


@dataclass(frozen=True, kw_only=True)
class GoSpec(Spec):
    size: int = option(9, "lines of the board", minimum=2, maximum=19)

    @property
    def told(self) -> str:
        return f"boards of {self.size} x {self.size}"


@dataclass(frozen=True, kw_only=True)
class PolicyRecipe(GradientRecipe):
    size: int | None = option(
        None, "lines of the board to learn; none: as most games have", minimum=2, maximum=19
    )

    def nominal_spec(self, spec: GoSpec) -> GoSpec:
        return spec if self.size is None else spec.changed(size=self.size)


@dataclass(frozen=True, kw_only=True)
class PolicyOptions(Options):
    top: int = option(5, "moves to list with their probabilities", minimum=1, scored=False)
    moves: int | None = option(
        None, "moves of a record to play before asking; none: all", minimum=0, scored=False
    )
    temperature: float = option(
        0.0,
        "what a player divides logits by before it draws a move; 0: the likeliest",
        minimum=0,
        scored=False,
    )
    seed: int = option(0, "of the moves that a player draws", minimum=0, scored=False)
