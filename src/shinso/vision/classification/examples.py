"""What every image classifier can be tried on without data: one black image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from shinso.core.examples import ExampleInputs
    from shinso.vision.classification.recipe import ClassifierRecipe, ImageSpec


def example_inputs(recipe: ClassifierRecipe, spec: ImageSpec) -> ExampleInputs:
    images = torch.zeros(1, spec.channels, spec.size, spec.size)  # (B, C, H, W)
    return {"classifier": ((images,), {0: {0: "batch"}})}
