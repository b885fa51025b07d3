"""What every translator can be tried on without data: a pair as long as those of the default set
are in the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from shinso.core.examples import ExampleInputs
    from shinso.language.translation.recipe import TranslationRecipe, TranslationSpec

READ, WRITTEN = 9, 12  # tokens, EOS among them


def example_inputs(recipe: TranslationRecipe, spec: TranslationSpec) -> ExampleInputs:
    source = torch.ones(1, READ, dtype=torch.int64)
    target = torch.ones(1, WRITTEN, dtype=torch.int64)
    dynamic = {0: {0: "batch", 1: "read"}, 1: {0: "batch"}, 2: {0: "batch", 1: "written"}}
    return {"translator": ((source, torch.tensor([READ]), target), dynamic)}
