"""VGG: Simonyan and Zisserman 2015, Very deep convolutional networks for large-scale image
recognition, section 2 and table 1.

Nothing but 3 x 3 convolutions, two of which see 5 x 5 and three 7 x 7 with fewer weights than one
such convolution has; the channels double where pooling halves the resolution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from shinso.layers.normalisation import norm2d

if TYPE_CHECKING:
    from shinso.vision.classification.recipe import ImageSpec
    from shinso.vision.classification.vgg.recipe import VGGRecipe

CHANNELS = (64, 128, 256, 512, 512)  # of the five groups of convolutions, each pooled at its end
# Table 1, configurations A, B, D and E: how many convolutions each group has.
CONVOLUTIONS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
DENSE = 4096
DROPOUT = 0.5


class VGG(nn.Module):
    """VGG-16: 138,357,544 parameters on 3 x 224 x 224 with 1000 classes."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self,
        channels: int = 3,
        classes: int = 1000,
        depth: int = 16,
        width: float = 1.0,
        stem: str = "large",
        norm: str = "none",
    ) -> None:
        """The large network keeps 7 x 7 maps for its two hidden dense layers, which hold nine
        tenths of its weights. Small images leave 1 x 1, and the output alone is dense."""
        super().__init__()
        small = stem == "small"
        layers: list[nn.Module] = []
        inputs = channels
        for count, repeats in zip(CHANNELS, CONVOLUTIONS[depth], strict=True):
            outputs = int(count * width)
            for _ in range(repeats):
                layers += convolution(inputs, outputs, norm)
                inputs = outputs
            # 28 pixels become 14, 7, 4, 2, 1: what is left over at an edge is pooled by itself.
            layers.append(nn.MaxPool2d(2, ceil_mode=small))
        self.features = nn.Sequential(*layers)
        side = 1 if small else 7
        self.fit = nn.AdaptiveAvgPool2d(side)
        hidden = outputs * side**2
        self.dense = nn.Sequential()
        if not small:
            self.dense = dense(hidden, int(DENSE * width))
            hidden = int(DENSE * width)
        self.output = nn.Linear(hidden, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        maps = self.fit(self.features(images))  # (B, 512, 7, 7), or 1, 1
        return self.output(self.dense(maps.flatten(1)))  # (B, 4096) or (B, 512) in between


def convolution(inputs: int, outputs: int, norm: str) -> list[nn.Module]:
    """With a bias under a normalisation too: the published networks have both."""
    conv = nn.Conv2d(inputs, outputs, 3, padding=1)
    normalisation = [] if norm == "none" else [norm2d(norm, outputs)]
    return [conv, *normalisation, nn.ReLU()]


def dense(inputs: int, outputs: int) -> nn.Sequential:
    """(B, inputs) to (B, outputs) by two layers."""
    first = (nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(DROPOUT))
    return nn.Sequential(*first, nn.Linear(outputs, outputs), nn.ReLU(), nn.Dropout(DROPOUT))


def build(recipe: VGGRecipe, spec: ImageSpec) -> dict[str, nn.Module]:
    network = VGG(spec.channels, spec.classes, recipe.depth, recipe.width, recipe.stem, recipe.norm)
    return {"classifier": network}
