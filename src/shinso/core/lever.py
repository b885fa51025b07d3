"""Lever: what makes an artifact of any system smaller or faster; one row of the catalogue.

A lever names no system. It is lazy like a system's row, and imports no torch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shinso.core.recipe import Settings
from shinso.core.system import locate


@dataclass(frozen=True)
class Lever:
    """What the verbs know of a lever. Dotted places are `module:attribute`.

    settings  the Settings class; its module imports no torch
    apply     apply(system, artifact, settings) -> (artifact, what was done), without training; no
              artifact where all of it is training from the seed
    learner   learner(inner, settings) -> Learner around the system's own; None: it trains nothing
    start     start(artifact, settings) -> the artifact that its learner begins with; None: what
              `apply` makes
    measure   measure(artifact, settings) -> numbers to tell besides parameters, MACs and bytes
    calibration  calibration(artifact, settings) -> how many training examples it wants to see:
              `apply` is then given, besides, {network: the inputs of its calls} for about as many
    """

    name: str
    summary: str
    settings: str
    apply: str | None = None
    learner: str | None = None
    start: str | None = None
    measure: str | None = None
    calibration: str | None = None

    def load(self, part: str) -> Any:
        """The attribute that the row's `part` names."""
        return locate(getattr(self, part), f"the lever {self.name}'s {part}")

    @property
    def settings_class(self) -> type[Settings]:
        settings: type[Settings] = self.load("settings")
        return settings


@dataclass(frozen=True)
class Use:
    """A lever as it was used: what provenance and recipe.json say of it.

    `source` is the digest of the artifact it was used on, `before` tells of the lever that had
    made that one, `done` what this one did, `command` what makes the same again from nothing;
    `inputs` are artifacts (a teacher) that a run copies and its learner finds opened in
    `run.inputs`.
    """

    lever: Lever
    settings: Settings
    source: str
    command: str
    before: Mapping[str, Any] | None = None
    done: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    inputs: Mapping[str, Path] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.lever.name,
            "settings": self.settings.as_dict(),
            "done": dict(self.done),
            "source": self.source,
            "command": self.command,
            "before": self.before,
        }


def uses(provenance: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The uses of levers that an artifact's provenance tells of, the last one first."""
    used = provenance["lever"]
    while used is not None:
        yield used
        used = used["before"]
