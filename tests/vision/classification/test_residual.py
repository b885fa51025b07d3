"""The residual family. Oracles: torchvision, timm where it is installed, plain NumPy, and the
figures of the papers."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from shinso import catalog
from shinso.cli import main
from shinso.core.errors import UserError
from shinso.vision.classification.preact_resnet.model import COUNTS, PreActResNet
from shinso.vision.classification.preact_resnet.recipe import PHOTOGRAPH_DEPTHS as PREACT_DEPTHS
from shinso.vision.classification.pyramidnet.model import PyramidNet
from shinso.vision.classification.recipe import NORMS, ImageSpec
from shinso.vision.classification.resnet.model import TABLE_1, ResNet
from shinso.vision.classification.resnet.recipe import PHOTOGRAPH_DEPTHS
from shinso.vision.classification.wide_resnet.model import WideBottleneckResNet, WideResNet
from tests.vision.classification.exchange import (
    assert_exchangeable,
    randomised,
    saved,
    taken,
)
from tests.vision.classification.numpy_nets import pre_activation_network, pyramid_network

FAMILY = pytest.mark.parametrize("name", ["resnet", "preact-resnet", "wide-resnet", "pyramidnet"])
SLOW = pytest.mark.slow
LARGE = {"classes": 1000, "stem": "large"}


# --- Sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "parameters", "gmacs"),
    [
        ("resnet --depth 18", 11_689_512, 1.814),
        ("resnet --depth 34", 21_797_672, 3.664),
        ("resnet --depth 50", 25_557_032, 4.089),
        ("resnet --depth 101", 44_549_160, 7.801),
        ("resnet --depth 152", 60_192_808, 11.514),
        ("preact-resnet --depth 50", 25_549_352, 4.089),
        ("wide-resnet --depth 50", 68_883_240, 11.398),
        ("resnet --no-residual", 269_722, 0.041),
        ("preact-resnet", 1_703_258, 0.248),  # the 1.7M of depth 164
        pytest.param(
            "preact-resnet --depth 1001", 10_327_706, 1.491, marks=pytest.mark.slow
        ),  # 10.2M
        ("wide-resnet --depth 16 --width 4", 2_748_890, 0.393),
        ("wide-resnet --depth 40 --width 4", 8_949_210, 1.299),
        ("wide-resnet", 36_479_194, 5.243),
        ("pyramidnet", 1_772_706, 0.404),
        ("pyramidnet --alpha 84", 3_904_446, 0.772),
        ("pyramidnet --alpha 270", 28_485_477, 4.718),
    ],
)
def test_published_networks_have_the_published_sizes(words, parameters, gmacs, capsys):
    assert main(["show", *words.split(), "--preset", "paper", "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["parameters"] == parameters
    assert card["macs"] / 1e9 == pytest.approx(gmacs, abs=5e-4)


def test_a_depth_for_photographs_is_trained_as_the_paper_trains_it():
    system = catalog.find("resnet")
    small, large = system.make_recipe("paper"), system.make_recipe("paper", depth=50)
    assert (small.stem, small.size, small.batch_size, small.steps) == ("small", None, 128, 64_000)
    assert (large.stem, large.size, large.batch_size, large.steps) == ("large", 224, 256, 600_000)
    assert system.preset("paper").data == "cifar10"
    assert system.preset("paper", depth=50).spec.classes == 1000
    assert system.make_recipe(depth=18).stem == "small"  # in other presets it stays with its images


@FAMILY
def test_every_recipe_is_told_as_changes_of_every_preset(name):
    """Though a depth of one preset may be impossible in another, which has other blocks."""
    system = catalog.find(name)
    recipes = [system.make_recipe(preset) for preset in system.presets]
    if "depth" in system.preset("paper").variants:
        recipes += [system.make_recipe("paper", depth=50), system.make_recipe("cpu", depth=50)]
    for recipe in recipes:
        for preset in system.presets:
            assert system.make_recipe(preset, **system.changes_of(recipe, preset)) == recipe


def test_recipes_and_networks_know_the_same_depths():
    assert (*TABLE_1,) == PHOTOGRAPH_DEPTHS
    assert (*COUNTS,) == PREACT_DEPTHS


# --- Against torchvision and timm ----------------------------------------------------------------


def of_torchvision(name: str) -> nn.Module:
    from torchvision import models

    return getattr(models, name)()


def test_resnet_exchanges_weights_with_torchvision(tmp_path):
    ours = ResNet(depth=18, shortcut="B", **LARGE)
    assert_exchangeable("resnet", ours, of_torchvision("resnet18"), tmp_path, size=64)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [34, 50, 101, 152])
def test_deep_resnets_exchange_weights_with_torchvision(depth, tmp_path):
    ours = ResNet(depth=depth, shortcut="B", **LARGE)
    assert_exchangeable("resnet", ours, of_torchvision(f"resnet{depth}"), tmp_path, size=64)


@pytest.mark.slow
def test_wide_resnet_exchanges_weights_with_torchvision(tmp_path):
    theirs = of_torchvision("wide_resnet50_2")
    assert_exchangeable("wide-resnet", WideBottleneckResNet(), theirs, tmp_path, size=64)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [18, 50])
def test_resnet_exchanges_weights_with_timm(depth, tmp_path):
    timm = pytest.importorskip("timm")
    ours = ResNet(depth=depth, shortcut="B", **LARGE)
    assert_exchangeable("resnet", ours, timm.create_model(f"resnet{depth}"), tmp_path, size=64)


@pytest.mark.slow
def test_preact_resnet_exchanges_weights_with_timm(tmp_path):
    timm = pytest.importorskip("timm")
    ours, theirs = PreActResNet(depth=50, **LARGE), timm.create_model("resnetv2_50")
    assert_exchangeable("preact-resnet", ours, theirs, tmp_path, size=64)


def test_bottlenecks_are_torchvisions(tmp_path):
    """A small one of them, where the slow tests have whole networks."""
    from torchvision.models import resnet

    theirs = resnet.ResNet(resnet.Bottleneck, [1, 1, 1, 1], width_per_group=128)
    ours = WideBottleneckResNet()
    for stage in ours.stages:
        del stage[1:]
    assert_exchangeable("wide-resnet", ours, theirs, tmp_path, size=64)


@pytest.mark.parametrize(
    ("file", "network", "said"),
    [
        (34, 18, r"stages.0.2.bn1.bias \(64,\) has no place in it"),
        (18, 34, r"stages.0.2.conv1.weight is missing, needs \(64, 64, 3, 3\)"),
        (18, 50, r"stages.0.0.conv1.weight has shape \(64, 64, 3, 3\), needs \(64, 64, 1, 1\)"),
    ],
)
def test_weights_of_another_depth_are_refused_by_layer(file, network, said, tmp_path):
    start = saved(of_torchvision(f"resnet{file}"), tmp_path)
    with torch.device("meta"):
        ours = ResNet(depth=network, shortcut="B", **LARGE)
    with pytest.raises(UserError, match=said) as refusal:
        taken("resnet", ours, start)
    assert "another variant of resnet" in str(refusal.value) and "\n" not in str(refusal.value)


def test_other_stems_and_channels_are_refused_and_other_classes_are_not(tmp_path):
    start = saved(of_torchvision("resnet18"), tmp_path)
    with pytest.raises(UserError, match=r"stem.0.weight has shape .64, 3, 7, 7., needs .64, 3, 3"):
        taken("resnet", ResNet(depth=18, shortcut="B"), start)
    with pytest.raises(UserError, match=r"stem.0.weight has shape .64, 3, 7, 7., needs .64, 1, 7"):
        taken("resnet", ResNet(1, depth=18, shortcut="B", stem="large"), start)
    ten = ResNet(depth=18, shortcut="B", stem="large")
    assert taken("resnet", ten, start) == [
        "output starts anew: output.weight has shape (1000, 512), needs (10, 512)"
    ]


# --- Against NumPy -------------------------------------------------------------------------------


def arrays(network: nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize(
    ("network", "forward"),
    [
        (
            PreActResNet(classes=5, depth=14),
            lambda images, state: pre_activation_network(images, state, convolutions=2),
        ),
        (
            PreActResNet(classes=5, depth=20, bottleneck=True),
            lambda images, state: pre_activation_network(images, state, convolutions=3),
        ),
        (
            WideResNet(classes=5, depth=16, width=2, dropout=0.5),
            lambda images, state: pre_activation_network(images, state, convolutions=2),
        ),
        (PyramidNet(classes=5, depth=20, alpha=13), pyramid_network),
    ],
    ids=["preact", "preact bottleneck", "wide", "pyramid"],
)
def test_networks_without_a_reference_are_those_of_the_papers(network, forward):
    network = randomised(network).double().eval()
    images = torch.randn(2, 3, 16, 16, dtype=torch.float64)
    with torch.no_grad():
        logits = network(images)
    assert logits.shape == (2, 5) and logits.std() > 1e-3
    np.testing.assert_allclose(forward(images.numpy(), arrays(network)), logits, atol=1e-9)


# --- What they are made of -----------------------------------------------------------------------


@FAMILY
@pytest.mark.parametrize("norm", NORMS)
def test_every_normalisation_fits_and_biases_are_where_there_is_none(name, norm):
    system = catalog.find(name)
    network = system.networks(system.make_recipe("quick", norm=norm), ImageSpec(size=8))[
        "classifier"
    ]
    logits = network(torch.randn(3, 1, 8, 8))
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert {c.bias is not None for c in convolutions} == {norm == "none"}


@FAMILY
@pytest.mark.parametrize(("stem", "side"), [("small", 64), ("large", 16)])
def test_the_stem_decides_what_the_blocks_see(name, stem, side):
    system = catalog.find(name)
    recipe = system.make_recipe("quick", stem=stem)
    network = system.networks(recipe, ImageSpec(size=64))["classifier"]
    seen = []
    network.pooling.register_forward_hook(lambda _, inputs, output: seen.append(output.shape))
    network(torch.zeros(1, 1, 64, 64))
    assert seen[0][2:] == (side, side)


def test_blocks_of_a_residual_network_begin_at_what_they_were_given():
    """With their last scale at 0 they hand it on, and those of a plain network hand on nothing."""
    answers = {}
    for kind in ("A", "B", "none"):
        network = ResNet(depth=14, shortcut=kind)
        block = network.stages[0][1]
        nn.init.zeros_(block.bn2.weight)
        maps = torch.rand(2, 16, 4, 4)
        answers[kind] = torch.equal(block(maps), maps)
        assert (block(maps) == 0).all() == (kind == "none")
    assert answers == {"A": True, "B": True, "none": False}


def test_a_plain_network_has_the_layers_of_the_residual_one():
    plain, residual = ResNet(depth=20, shortcut="none"), ResNet(depth=20, shortcut="A")
    assert [*plain.state_dict()] == [*residual.state_dict()]


def test_channels_of_a_pyramid_grow_evenly_to_the_last():
    network = PyramidNet(depth=20, alpha=18)
    widths = [block.conv2.out_channels for block in network.blocks]
    assert widths == [18, 20, 22, 24, 26, 28, 30, 32, 34]
    assert [block.halves for block in network.blocks] == [i in (3, 6) for i in range(9)]


def test_dropout_of_wide_networks_lies_between_the_convolutions():
    network = WideResNet(depth=10, width=1, dropout=0.5)
    block = network.stages[0][0]
    maps = torch.rand(1, 16, 8, 8)
    kept = []
    block.conv2.register_forward_hook(lambda _, inputs, output: kept.append(inputs[0]))
    block(maps), block.eval()(maps)
    assert (kept[0] == 0).float().mean() > (kept[1] == 0).float().mean() + 0.1


# --- What cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("resnet", {"depth": 21}, r"--depth is 21, must be 6n \+ 2: .*; or 18, 34, 50, 101 or 152"),
        (
            "resnet",
            {"residual": False, "shortcut": "B"},
            "--shortcut is B, and a plain network has",
        ),
        ("preact-resnet", {"depth": 22}, r"--depth is 22, must be 6n \+ 2: 8, 14"),
        ("preact-resnet", {"depth": 26, "bottleneck": True}, r"26, must be 9n \+ 2: 11, 20, 29"),
        (
            "wide-resnet",
            {"depth": 20},
            r"--depth is 20, must be 6n \+ 4: 10, 16, 22, 28, 40; or 50",
        ),
        ("wide-resnet", {"width": 0}, "--width is 0, must be at least 1"),
        ("wide-resnet", {"depth": 50, "dropout": 0.3}, "--dropout is 0.3, and the bottlenecks"),
        ("pyramidnet", {"depth": 18}, r"--depth is 18, must be 6n \+ 2"),
        ("pyramidnet", {"alpha": 0}, "--alpha is 0, must be at least 1"),
        ("resnet", {"norm": "weight"}, "--norm is 'weight'; "),
    ],
)
def test_impossible_networks_are_refused_in_words(name, changes, problem):
    with pytest.raises(UserError, match=problem):
        catalog.find(name).make_recipe(**changes)


@pytest.mark.parametrize(
    ("name", "changes", "least"),
    [
        ("resnet", {}, 4),
        ("resnet", {"norm": "instance"}, 5),
        ("resnet", {"stem": "large"}, 16),
        ("resnet", {"depth": 18}, 8),
        ("resnet", {"depth": 18, "stem": "large"}, 32),
        ("preact-resnet", {"depth": 50}, 8),
        ("wide-resnet", {"depth": 50, "stem": "large"}, 32),
        ("wide-resnet", {"stem": "large"}, 16),
        ("pyramidnet", {}, 4),
    ],
)
def test_images_smaller_than_the_stride_are_refused(name, changes, least):
    system = catalog.find(name)
    recipe = system.make_recipe(**changes)
    with pytest.raises(
        UserError, match=rf"images of {least - 1} x .* by --size {max(least, 8)} or"
    ):
        system.networks(recipe, ImageSpec(size=least - 1))
    network = system.networks(recipe, ImageSpec(size=least))["classifier"]
    assert network(torch.randn(2, 1, least, least)).shape == (2, 10)
