"""LeNet-5: LeCun, Bottou, Bengio and Haffner 1998, section II.B and figure 2.

    image - C1 - S2 - C3 - S4 - C5 - F6 - logits

Convolutions of 5 x 5 without padding on a 32 x 32 input; one of 28 x 28 is padded by two pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from shinso.vision.classification.lenet.recipe import LeNetRecipe
    from shinso.vision.classification.recipe import ImageSpec

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}
POOLINGS = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}


class LeNet(nn.Module):
    """61,706 parameters on 1 x 28 x 28 with 10 classes."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self,
        channels: int = 1,
        size: int = 28,
        classes: int = 10,
        activation: str = "relu",
        pooling: str = "max",
    ) -> None:
        super().__init__()
        padding = 0 if size >= 32 else 2
        side = ((size + 2 * padding - 4) // 2 - 4) // 2  # of S4's maps; 5 in the paper
        self.c1 = nn.Conv2d(channels, 6, 5, padding=padding)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.c5 = nn.Linear(16 * side * side, 120)  # a convolution that sees the whole map
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, classes)
        self.activation = ACTIVATIONS[activation]()
        self.subsample = POOLINGS[pooling](2)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        maps = self.subsample(self.activation(self.c1(images)))  # (B, 6, 14, 14)
        maps = self.subsample(self.activation(self.c3(maps)))  # (B, 16, 5, 5)
        hidden = self.activation(self.c5(maps.flatten(1)))  # (B, 120)
        hidden = self.activation(self.f6(hidden))  # (B, 84)
        return self.output(hidden)


def build(recipe: LeNetRecipe, spec: ImageSpec) -> dict[str, nn.Module]:
    return {
        "classifier": LeNet(
            spec.channels, spec.size, spec.classes, recipe.activation, recipe.pooling
        )
    }
