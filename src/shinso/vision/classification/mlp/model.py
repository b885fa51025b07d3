"""A multi-layer perceptron: h_l = ReLU(W_l h_(l-1) + b_l), logits = W h_L + b.

With 300 and 100 hidden units it is LeNet-300-100 (LeCun et al. 1998, section III.C.4).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from shinso.vision.classification.mlp.recipe import MLPRecipe
    from shinso.vision.classification.recipe import ImageSpec


class MLP(nn.Module):
    """(784, 300, 100, 10): 266,610 parameters."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self,
        pixels: int,
        classes: int = 10,
        hidden: tuple[int, ...] = (300, 100),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        sizes = (pixels, *hidden)
        self.hidden = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout))
                for inputs, outputs in pairwise(sizes)
            )
        )
        self.output = nn.Linear(sizes[-1], classes)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        return self.output(self.hidden(images.flatten(1)))


def build(recipe: MLPRecipe, spec: ImageSpec) -> dict[str, nn.Module]:
    pixels = spec.channels * spec.size**2
    return {"classifier": MLP(pixels, spec.classes, recipe.hidden, recipe.dropout)}
