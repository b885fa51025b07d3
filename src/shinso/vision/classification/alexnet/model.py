"""AlexNet: Krizhevsky, Sutskever and Hinton 2012, ImageNet classification with deep convolutional
neural networks, section 3 and figure 2.

Two columns are the paper's network, split over two GPUs: convolutions 2, 4 and 5 see the half of
the maps that lies on their own. One column is that of Krizhevsky 2014, One weird trick for
parallelizing convolutional neural networks, without local response normalisation, as torchvision
has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from shinso.layers.blocks import LocalResponse
from shinso.layers.normalisation import norm2d

if TYPE_CHECKING:
    from shinso.vision.classification.alexnet.recipe import AlexNetRecipe
    from shinso.vision.classification.recipe import ImageSpec

CHANNELS = {1: (64, 192, 384, 256, 256), 2: (96, 256, 384, 384, 256)}  # by columns
DENSE = 4096
DROPOUT = 0.5


class AlexNet(nn.Module):
    """On 3 x 224 x 224 with 1000 classes: 61,100,840 parameters, in two columns 60,965,224."""

    head = "output"  # what fine-tuning replaces when the classes differ

    def __init__(
        self,
        channels: int = 3,
        size: int = 224,
        classes: int = 1000,
        columns: int = 1,
        width: float = 1.0,
        stem: str = "large",
        norm: str = "none",
    ) -> None:
        """The small stem is 5 x 5 with stride 1, and flattens the maps that `size` leaves."""
        super().__init__()
        large = stem == "large"
        first, second, third, fourth, fifth = (
            columns * int(count / columns * width) for count in CHANNELS[columns]
        )
        one = nn.Conv2d(channels, first, *((11, 4, 2) if large else (5, 1, 2)))
        two = nn.Conv2d(first, second, 5, padding=2, groups=columns)
        three = nn.Conv2d(second, third, 3, padding=1)
        four = nn.Conv2d(third, fourth, 3, padding=1, groups=columns)
        five = nn.Conv2d(fourth, fifth, 3, padding=1, groups=columns)
        self.layer1 = nn.Sequential(*activated(one, norm), *response(columns, norm), pool())
        self.layer2 = nn.Sequential(*activated(two, norm), *response(columns, norm), pool())
        self.layer3 = nn.Sequential(*activated(three, norm))
        self.layer4 = nn.Sequential(*activated(four, norm))
        self.layer5 = nn.Sequential(*activated(five, norm), pool())
        self.fit = nn.AdaptiveAvgPool2d(6) if large else nn.Identity()  # of 224 pixels there are 6
        hidden = int(DENSE * width)
        self.layer6 = dense(fifth * (6 if large else pooled_thrice(size)) ** 2, hidden)
        self.layer7 = dense(hidden, hidden)
        self.output = nn.Linear(hidden, classes)
        initialise = as_published if columns == 2 else as_he_et_al
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes); shapes are those of one column and 224 pixels."""
        maps = self.layer1(images)  # (B, 64, 27, 27)
        maps = self.layer2(maps)  # (B, 192, 13, 13)
        maps = self.layer4(self.layer3(maps))  # (B, 256, 13, 13)
        maps = self.fit(self.layer5(maps))  # (B, 256, 6, 6)
        hidden = self.layer7(self.layer6(maps.flatten(1)))  # (B, 4096)
        return self.output(hidden)


def activated(conv: nn.Conv2d, norm: str) -> tuple[nn.Module, ...]:
    if norm == "none":
        return conv, nn.ReLU()
    conv.register_parameter("bias", None)  # the normalisation would take it away again
    return conv, norm2d(norm, conv.out_channels), nn.ReLU()


def response(columns: int, norm: str) -> tuple[nn.Module, ...]:
    return (LocalResponse(),) if columns == 2 and norm == "none" else ()


def pool() -> nn.MaxPool2d:
    """Section 3.4: windows of 3 x 3 overlap, being 2 apart."""
    return nn.MaxPool2d(3, stride=2)


def pooled_thrice(side: int) -> int:
    for _ in range(3):
        side = (side - 3) // 2 + 1
    return side


def dense(inputs: int, outputs: int) -> nn.Sequential:
    """Section 4.2: dropout before the two hidden dense layers."""
    return nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(inputs, outputs), nn.ReLU())


def as_published(network: AlexNet) -> None:
    """Section 5: N(0, 0.01), and biases of 1 where ReLUs shall see something positive at once."""
    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    for number, layer in enumerate(layers, 1):
        nn.init.normal_(layer.weight, 0.0, 0.01)
        if layer.bias is not None:
            nn.init.constant_(layer.bias, 1.0 if number in (2, 4, 5, 6, 7) else 0.0)


def as_he_et_al(network: AlexNet) -> None:
    """He et al. 2015, Delving deep into rectifiers, equation 10: activations keep their size."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")


def build(recipe: AlexNetRecipe, spec: ImageSpec) -> dict[str, nn.Module]:
    network = AlexNet(
        spec.channels,
        spec.size,
        spec.classes,
        recipe.columns,
        recipe.width,
        recipe.stem,
        recipe.norm,
    )
    return {"classifier": network}
