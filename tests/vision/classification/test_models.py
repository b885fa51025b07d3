"""The networks against hand arithmetic and independent implementations."""

import json
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from shinso import catalog
from shinso.cli import main
from shinso.core.counting import costs
from shinso.core.errors import UserError
from shinso.layers.residual import PaddedShortcut
from shinso.vision.classification.lenet.model import LeNet
from shinso.vision.classification.lenet.recipe import LeNetRecipe
from shinso.vision.classification.mlp.model import MLP
from shinso.vision.classification.recipe import ImageSpec
from shinso.vision.classification.resnet.model import ResNet
from shinso.vision.classification.resnet.recipe import ResNetRecipe
from tests.vision.classification.exchange import randomised

CIFAR = ImageSpec(channels=3, size=32, mean=(0.5,) * 3, std=(0.25,) * 3)


def card(capsys, *words: str) -> dict:
    assert main(["show", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


# --- Sizes ---------------------------------------------------------------------------------------


def test_cards_tell_the_published_parameter_counts(capsys):
    assert card(capsys, "lenet")["parameters"] == 61_706
    assert card(capsys, "lenet", "--preset", "paper")["parameters"] == 61_706
    assert card(capsys, "mlp", "--preset", "paper")["parameters"] == 266_610
    assert card(capsys, "resnet", "--preset", "paper")["parameters"] == 269_722


def test_a_card_has_the_equations_of_its_own_network(capsys):
    for name, own in (("lenet", "convolution"), ("mlp", "h_l = ReLU"), ("resnet", "shortcut(x)")):
        equations = card(capsys, name)["equations"]
        assert own in equations[0]
        assert equations[-1] == "p(class) = softmax(logits)"
    assert "convolution" not in str(card(capsys, "mlp")["equations"])


@pytest.mark.parametrize(
    ("depth", "parameters"),
    [(20, 269_722), (32, 464_154), (44, 658_586), (56, 853_018), (110, 1_727_962)],
)
def test_resnets_of_the_paper_have_its_parameters(depth, parameters):
    recipe = ResNetRecipe(depth=depth)
    counted = costs(catalog.find("resnet"), recipe, CIFAR)["classifier"]
    assert counted.parameters == parameters
    own = ResNet(depth=depth)
    assert sum(p.numel() for p in own.parameters()) == parameters
    # Table 6 of the paper: 0.27M, 0.46M, 0.66M, 0.85M, 1.7M
    weighty = [m for m in own.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert len(weighty) == depth


def test_multiply_adds_are_those_of_hand_arithmetic(capsys):
    c1, c3 = 28 * 28 * 6 * 25, 10 * 10 * 16 * 6 * 25
    dense = 16 * 5 * 5 * 120 + 120 * 84 + 84 * 10
    assert card(capsys, "lenet")["macs"] == c1 + c3 + dense == 416_520

    stem = 32 * 32 * 16 * 3 * 9
    first = 6 * 32 * 32 * 16 * 16 * 9
    others = [side * side * (5 * w * w + w * w // 2) * 9 for side, w in ((16, 32), (8, 64))]
    macs = card(capsys, "resnet", "--preset", "paper")["macs"]
    assert macs == stem + first + sum(others) + 64 * 10


def test_a_projection_adds_its_convolution_and_normalisation():
    added = (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64)
    counts = [sum(p.numel() for p in ResNet(shortcut=s).parameters()) for s in "AB"]
    assert counts[1] - counts[0] == added


@pytest.mark.parametrize("channels", (1, 3))
@pytest.mark.parametrize("size", (28, 32, 64, "least"))
@pytest.mark.parametrize(("name", "least"), [("lenet", 12), ("mlp", 8), ("resnet", 8)])
def test_networks_are_built_for_any_size(name, least, size, channels):
    size = least if size == "least" else size
    system = catalog.find(name)
    spec = ImageSpec(
        channels=channels, size=size, classes=7, mean=(0.0,) * channels, std=(1.0,) * channels
    )
    network = system.load("build")(system.make_recipe("cpu"), spec)["classifier"]
    logits = network(torch.randn(2, channels, size, size))
    assert logits.shape == (2, 7)


@pytest.mark.parametrize(
    ("recipe", "change", "problem"),
    [
        (ResNetRecipe, {"size": 7}, "--size is 7, must be at least 8"),
        (ResNetRecipe, {"depth": 21}, "--depth is 21, must be 6n [+] 2"),
        (LeNetRecipe, {"label_smoothing": 1.5}, "--label-smoothing is 1.5, must be at most 1"),
    ],
)
def test_impossible_networks_are_refused_in_words(recipe, change, problem):
    with pytest.raises(UserError, match=problem):
        recipe(**change)


# --- LeNet ---------------------------------------------------------------------------------------


def convolved(side: int, kernel: int, padding: int = 0, stride: int = 1) -> int:
    return (side + 2 * padding - kernel) // stride + 1


def test_images_that_two_subsamplings_leave_nothing_of_are_refused():
    with pytest.raises(UserError, match="--size is 11, must be at least 12"):
        catalog.find("lenet").networks(LeNetRecipe(), ImageSpec(size=11))


@pytest.mark.parametrize(("size", "padding"), [(12, 2), (28, 2), (30, 2), (32, 0), (64, 0)])
def test_lenet_maps_have_the_sides_of_the_formula(size, padding):
    network, sides = LeNet(size=size), {}

    def note(name):
        return lambda _, inputs, output: sides.setdefault(name, []).append(tuple(output.shape[1:]))

    for name, module in network.named_children():
        module.register_forward_hook(note(name))
    network(torch.zeros(1, 1, size, size))

    c1 = convolved(size, 5, padding)
    s2 = convolved(c1, 2, stride=2)
    c3 = convolved(s2, 5)
    s4 = convolved(c3, 2, stride=2)
    assert sides["c1"] == [(6, c1, c1)] and sides["c3"] == [(16, c3, c3)]
    assert sides["subsample"] == [(6, s2, s2), (16, s4, s4)]
    assert sides["c5"] == [(120,)] and sides["f6"] == [(84,)] and sides["output"] == [(10,)]
    assert network.c5.in_features == 16 * s4 * s4
    if size in (28, 32):  # the paper's figure 2
        assert (c1, s2, c3, s4) == (28, 14, 10, 5)


@pytest.mark.parametrize("activation", ("relu", "tanh"))
@pytest.mark.parametrize("pooling", ("max", "average"))
def test_lenet_is_a_chain_of_torch_functions(activation, pooling):
    network = LeNet(activation=activation, pooling=pooling)
    weights = network.state_dict()
    squash = {"relu": F.relu, "tanh": torch.tanh}[activation]
    pool = {"max": F.max_pool2d, "average": F.avg_pool2d}[pooling]
    images = torch.randn(3, 1, 28, 28)

    def weight(name):
        return weights[f"{name}.weight"], weights[f"{name}.bias"]

    maps = pool(squash(F.conv2d(images, *weight("c1"), padding=2)), 2)
    maps = pool(squash(F.conv2d(maps, *weight("c3"))), 2)
    hidden = squash(F.linear(maps.reshape(3, -1), *weight("c5")))
    hidden = squash(F.linear(hidden, *weight("f6")))
    assert torch.equal(network(images), F.linear(hidden, *weight("output")))


# --- The perceptron ------------------------------------------------------------------------------


def test_the_perceptron_is_a_chain_of_matrix_products():
    network = MLP(784).eval()
    images = torch.randn(4, 1, 28, 28)
    matrices = [p for p in network.parameters() if p.dim() == 2]
    biases = [p for p in network.parameters() if p.dim() == 1]
    assert [tuple(m.shape) for m in matrices] == [(b, a) for a, b in pairwise((784, 300, 100, 10))]
    hidden = images.reshape(4, 784)
    for matrix, bias in zip(matrices[:-1], biases[:-1], strict=True):
        hidden = torch.clamp(hidden @ matrix.T + bias, min=0)
    torch.testing.assert_close(network(images), hidden @ matrices[-1].T + biases[-1])


def test_dropout_leaves_out_its_share_in_training_alone():
    network = MLP(4, classes=2, hidden=(4000,), dropout=0.25)
    images = torch.ones(1, 1, 2, 2)
    with torch.no_grad():
        network.hidden[0][0].weight.fill_(1.0)
        network.hidden[0][0].bias.zero_()
        kept = network.hidden(images.flatten(1))
        assert kept.unique().tolist() == [0.0, pytest.approx(4 / 0.75)]
        assert (kept == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
        assert network.eval().hidden(images.flatten(1)).unique().tolist() == [4.0]


# --- ResNet --------------------------------------------------------------------------------------


class OptionA(nn.Module):
    """Option A as most reimplementations for CIFAR have it: a quarter of zeros on each side."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.planes = planes

    def forward(self, x):
        quarter = self.planes // 4
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, quarter, quarter), "constant", 0)


class ReferenceResNet(nn.Module):
    """The network of section 4.2 from torchvision's blocks."""

    def __init__(self, depth: int, shortcut: str) -> None:
        from torchvision.models.resnet import BasicBlock

        super().__init__()
        blocks, inputs = [], 16
        for planes, stride in ((16, 1), (32, 2), (64, 2)):
            for number in range((depth - 2) // 6):
                first = number == 0 and inputs != planes
                downsample = None
                if first and shortcut == "A":
                    downsample = OptionA(planes)
                elif first:
                    projection = nn.Conv2d(inputs, planes, 1, stride=2, bias=False)
                    downsample = nn.Sequential(projection, nn.BatchNorm2d(planes))
                blocks.append(BasicBlock(inputs, planes, stride if first else 1, downsample))
                inputs = planes
        self.net = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            *blocks,
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(64, 10),
        )

    def forward(self, images):
        return self.net(images)


def copied(network: nn.Module, reference: nn.Module) -> nn.Module:
    """The reference with the weights of ours, module by module of the same kind, in order."""
    state = list(network.state_dict().values())
    names = list(reference.state_dict())
    assert [v.shape for v in state] == [v.shape for v in reference.state_dict().values()]
    reference.load_state_dict(dict(zip(names, state, strict=True)))
    return reference


@pytest.mark.parametrize("mode", ("train", "eval"))
@pytest.mark.parametrize("shortcut", ("A", "B"))
def test_resnet_computes_what_torchvisions_blocks_do(shortcut, mode):
    network = randomised(ResNet(depth=14, shortcut=shortcut)).double()
    reference = copied(network, ReferenceResNet(14, shortcut).double())
    getattr(network, mode)(), getattr(reference, mode)()
    images = torch.randn(4, 3, 32, 32, dtype=torch.float64)
    answers = []
    for model in (network, reference):
        asked = images.clone().requires_grad_()
        logits = model(asked)
        F.cross_entropy(logits, torch.tensor([3, 1, 4, 1])).backward()
        after = [v for n, v in model.state_dict().items() if "running" in n]
        answers.append([logits, asked.grad, *(p.grad for p in model.parameters()), *after])
    for ours, theirs in zip(*answers, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)
    assert answers[0][1].abs().max() > 1e-6  # the gradients compared are not all nothing


def test_option_a_takes_every_second_pixel_and_pads_channels_with_zeros():
    maps = torch.arange(2 * 4 * 4, dtype=torch.float32).reshape(1, 2, 4, 4)
    out = PaddedShortcut(2, 4)(maps)
    assert out.shape == (1, 4, 2, 2)
    assert out[0].tolist() == [
        [[0, 0], [0, 0]],
        [[0, 2], [8, 10]],
        [[16, 18], [24, 26]],
        [[0, 0], [0, 0]],
    ]
    odd = PaddedShortcut(2, 5)(torch.ones(1, 2, 3, 3))  # one more channel behind than before
    assert odd[0].sum(dim=(1, 2)).tolist() == [0, 4, 4, 0, 0]


def test_convolutions_start_as_he_et_al_2015_say():
    network = ResNet(depth=110)
    for stage in network.stages:
        weights = stage[-1].conv2.weight  # (W, W, 3, 3)
        fan_out = weights.shape[0] * 9
        assert weights.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)
        assert abs(weights.mean().item()) < 0.02
