"""AlexNet, VGG and GoogLeNet. Oracles: torchvision, plain NumPy, and the figures of the papers."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from shinso import catalog
from shinso.cli import main
from shinso.core.errors import UserError
from shinso.data import open_data
from shinso.vision.classification.alexnet import model as alexnet
from shinso.vision.classification.googlenet import model as googlenet
from shinso.vision.classification.recipe import NORMS, ImageSpec
from shinso.vision.classification.vgg import model as vgg
from tests.vision.classification.exchange import assert_exchangeable, saved, taken
from tests.vision.classification.numpy_early import (
    alexnet_in_two_columns,
    googlenet_of_the_paper,
)
from tests.vision.classification.test_learner import learner_of

EARLY = pytest.mark.parametrize("name", ["alexnet", "vgg", "googlenet"])
SLOW = pytest.mark.slow


# --- Sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "parameters", "macs"),
    [
        ("alexnet", 60_965_224, 724_406_816),
        ("alexnet --columns 1", 61_100_840, 714_188_480),
        ("vgg --depth 11", 132_863_336, 7_609_090_048),
        ("vgg --depth 13", 133_047_848, 11_308_466_176),
        ("vgg", 138_357_544, 15_470_264_320),
        ("vgg --norm batch", 138_365_992, 15_470_264_320),
        ("vgg --depth 19", 143_667_240, 19_632_062_464),
        ("googlenet", 13_378_280, 1_582_671_872),
        ("googlenet --no-auxiliary", 6_998_552, 1_582_671_872),
        ("googlenet --variant torchvision", 13_004_888, 1_498_376_192),
        ("googlenet --variant torchvision --no-auxiliary", 6_624_904, 1_498_376_192),
    ],
)
def test_published_networks_have_the_published_sizes(words, parameters, macs, capsys):
    assert main(["show", *words.split(), "--preset", "paper", "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert (card["parameters"], card["macs"]) == (parameters, macs)


# --- Equal to their references -------------------------------------------------------------------


def with_narrow_dense(network: nn.Module, hidden: int) -> nn.Module:
    """torchvision's network with so many hidden units in place of its 4096, without dropout."""
    for number, layer in enumerate(network.classifier):
        if isinstance(layer, nn.Linear):
            outputs = 1000 if layer.out_features == 1000 else hidden
            inputs = hidden if layer.in_features == 4096 else layer.in_features
            network.classifier[number] = nn.Linear(inputs, outputs)
    return network


def without_dropout(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network


class InOrder(torchvision.models.GoogLeNet):
    """torchvision's gives the second auxiliary head's logits before the first one's."""

    def eager_outputs(self, x, aux2, aux1):
        return (x, aux1, aux2) if self.training else x


@pytest.mark.parametrize("hidden", [16, pytest.param(4096, marks=SLOW)])
def test_alexnet_is_torchvisions(hidden, tmp_path, monkeypatch):
    monkeypatch.setattr(alexnet, "DENSE", hidden)
    theirs = with_narrow_dense(torchvision.models.alexnet(), hidden)
    ours = alexnet.AlexNet()
    assert_exchangeable(
        "alexnet", without_dropout(ours), without_dropout(theirs), tmp_path, size=64
    )


@pytest.mark.parametrize(
    ("depth", "norm", "hidden"),
    [
        (11, "none", 16),
        (16, "batch", 16),
        pytest.param(13, "batch", 16, marks=SLOW),
        pytest.param(19, "none", 16, marks=SLOW),
        pytest.param(16, "none", 4096, marks=SLOW),
    ],
)
def test_vgg_is_torchvisions(depth, norm, hidden, tmp_path, monkeypatch):
    monkeypatch.setattr(vgg, "DENSE", hidden)
    name = f"vgg{depth}" + ("_bn" if norm == "batch" else "")
    with torch.device("meta"):  # so that the dense layers are never filled
        theirs = getattr(torchvision.models, name)(init_weights=False)
    theirs = with_narrow_dense(theirs, hidden).to_empty(device="cpu")
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, 0.0, (2 / max(9, parameter[0].numel())) ** 0.5)
    ours = vgg.VGG(depth=depth, norm=norm)
    assert_exchangeable("vgg", without_dropout(ours), without_dropout(theirs), tmp_path, size=32)


def test_the_variant_of_googlenet_is_torchvisions(tmp_path):
    theirs = InOrder(init_weights=False)
    ours = googlenet.GoogLeNet(variant="torchvision", norm="batch")
    assert_exchangeable(
        "googlenet", without_dropout(ours), without_dropout(theirs), tmp_path, size=64
    )


def arrays(network: nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def test_alexnet_in_two_columns_computes_what_the_paper_says(monkeypatch):
    monkeypatch.setattr(alexnet, "DENSE", 64)
    network = alexnet.AlexNet(2, 19, 5, columns=2, width=0.125, stem="small").double().eval()
    alexnet.as_he_et_al(network)  # the paper's small weights leave nothing to compare
    images = 20 * torch.randn(3, 2, 19, 19, dtype=torch.float64)  # large, so that responses differ
    with torch.no_grad():
        found = network(images).numpy()
    np.testing.assert_allclose(found, alexnet_in_two_columns(images.numpy(), arrays(network)))
    assert np.ptp(found, axis=0).min() > 1e-3


def test_googlenet_computes_what_the_paper_says():
    network = googlenet.GoogLeNet(2, 5, width=0.0625, stem="small").double()
    images = 20 * torch.randn(2, 2, 56, 56, dtype=torch.float64)
    with torch.no_grad():
        found = without_dropout(network)(images)
        at_rest = network.eval()(images)
    expected = googlenet_of_the_paper(images.numpy(), arrays(network))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs)
        assert np.ptp(theirs, axis=0).min() > 1e-3
    assert torch.equal(at_rest, found[0])


def test_overlapping_means_give_the_side_that_is_asked_for():
    maps = torch.randn(1, 2, 14, 14)
    expected = F.avg_pool2d(maps, 5, 3)
    assert torch.equal(googlenet.pooled_to(maps, 4), expected)
    for side in range(4, 20):
        assert googlenet.pooled_to(torch.ones(1, 1, side, side), 4).tolist() == [[[[1.0] * 4] * 4]]


def test_alexnet_starts_as_the_paper_says():
    network = alexnet.AlexNet(columns=2, width=0.25)
    biases = [p.unique().tolist() for n, p in network.named_parameters() if n.endswith("bias")]
    assert biases == [[0.0], [1.0], [0.0], [1.0], [1.0], [1.0], [1.0], [0.0]]
    for weight in (p for p in network.parameters() if p.dim() > 1):
        assert weight.std().item() == pytest.approx(0.01, rel=0.1)


# --- Any size, any normalisation -----------------------------------------------------------------


@EARLY
@pytest.mark.parametrize(
    ("stem", "sizes"), [("small", ("least", 28, 32)), ("large", ("least", 96))]
)
def test_networks_are_built_for_any_size(name, stem, sizes):
    system = catalog.find(name)
    least = {
        "alexnet": {"small": 15, "large": 63},
        "vgg": {"small": 16, "large": 32},
        "googlenet": {"small": 16, "large": 64},
    }[name][stem]
    recipe = system.make_recipe(width=0.0625, stem=stem)
    for size in sizes:
        spec = ImageSpec(size=least if size == "least" else size, classes=7)
        network = system.networks(recipe, spec)["classifier"]
        images = torch.randn(2, 1, spec.size, spec.size)
        assert network.eval()(images).shape == (2, 7)
        trained = network.train()(images)
        for logits in trained if isinstance(trained, tuple) else (trained,):
            assert logits.shape == (2, 7)
    with pytest.raises(UserError, match=rf"images of {least - 1} x {least - 1} are too small"):
        system.networks(recipe, ImageSpec(size=least - 1))


@EARLY
@pytest.mark.parametrize("norm", NORMS)
def test_every_normalisation_stands_behind_every_convolution(name, norm):
    system = catalog.find(name)
    recipe = system.make_recipe("quick", norm=norm)
    network = system.networks(recipe, ImageSpec(size=28))["classifier"]
    kinds = [type(m).__name__ for m in network.modules() if not [*m.children()]]
    pairs = [after for before, after in pairwise(kinds) if before == "Conv2d"]
    norms = {"batch": "BatchNorm2d", "instance": "InstanceNorm2d"}
    expected = norms.get(norm, "GroupNorm")
    assert set(pairs) == ({expected} if norm != "none" else set(pairs) - {*norms, "GroupNorm"})
    has_bias = [m.bias is not None for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert set(has_bias) == {name == "vgg" or norm == "none"}
    images = torch.randn(2, 1, 28, 28)
    outputs = network(images)
    logits = outputs[0] if isinstance(outputs, tuple) else outputs
    logits.sum().backward()
    assert all(p.grad is not None for n, p in network.named_parameters() if "auxiliary" not in n)


def test_the_small_stems_keep_the_pixels_of_small_images():
    images = torch.randn(1, 1, 28, 28)
    assert googlenet.GoogLeNet(1, 10, 0.25, "small").stem(images).shape[2:] == (14, 14)
    assert vgg.VGG(1, 10, 11, 0.125, "small").features(images).shape[2:] == (1, 1)
    network = alexnet.AlexNet(1, 28, 10, width=0.125, stem="small")
    assert network.layer1(images).shape[2:] == (13, 13)
    assert network.layer6[1].in_features == 256 // 8 * 2 * 2


# --- GoogLeNet's auxiliary heads -----------------------------------------------------------------


def test_auxiliary_heads_add_three_tenths_of_their_losses(tmp_path):
    learner = learner_of("googlenet", tmp_path, open_data("digits"))
    batch = learner.next_batch("update")
    outputs = learner.forward("update", batch)
    assert [*outputs] == ["logits", "auxiliary1", "auxiliary2"]
    losses = [F.cross_entropy(logits.float(), batch[1]) for logits in outputs.values()]
    found = learner.loss("update", batch, outputs)
    torch.testing.assert_close(found, losses[0] + 0.3 * losses[1] + 0.3 * losses[2])
    gradients, _ = learner.gradients("update", batch)
    assert all(gradient is not None for gradient in gradients)
    with learner.at_rest():
        assert [*learner.forward("update", batch)] == ["logits"]


def test_a_network_without_auxiliary_heads_has_one_loss(tmp_path):
    learner = learner_of("googlenet", tmp_path, open_data("digits"), auxiliary=False)
    batch = learner.next_batch("update")
    outputs = learner.forward("update", batch)
    assert [*outputs] == ["logits"]
    expected = F.cross_entropy(outputs["logits"].float(), batch[1])
    torch.testing.assert_close(learner.loss("update", batch, outputs), expected)


# --- What does not fit ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("alexnet", {"width": 0.01}, "--width 0.01 leaves no channel .* 64 .* give 0.0157 or more"),
        ("alexnet", {"width": 0.02, "columns": 2}, "leaves no channel of a layer that has 48"),
        ("vgg", {"width": 0.015}, "leaves no channel of a layer that has 64"),
        ("googlenet", {"width": 0.06}, "leaves no channel of a layer that has 16"),
        ("googlenet", {"variant": "ours"}, "--variant is 'ours'"),
        ("vgg", {"depth": 12}, "--depth is 12, must be one of 11, 13, 16, 19"),
    ],
)
def test_impossible_networks_are_refused_in_words(name, changes, problem):
    with pytest.raises(UserError, match=problem):
        catalog.find(name).make_recipe(**changes)


@EARLY
def test_the_least_width_is_one_that_works(name):
    recipe = catalog.find(name).make_recipe()
    with pytest.raises(UserError, match=r"give 0\.\d+ or more") as refusal:
        recipe.changed(width=1e-6)
    least = float(str(refusal.value).split("give ")[1].split()[0])
    network = catalog.find(name).networks(recipe.changed(width=least), ImageSpec(size=28))
    assert min(p.shape[0] for p in network["classifier"].parameters()) >= 1


def test_small_images_do_without_auxiliary_heads():
    system = catalog.find("googlenet")
    recipe = system.make_recipe(width=0.0625)
    with pytest.raises(UserError, match="--size 16 or more, or give --no-auxiliary"):
        system.networks(recipe, ImageSpec(size=12))
    network = system.networks(recipe.changed(auxiliary=False), ImageSpec(size=12))["classifier"]
    assert network(torch.randn(2, 1, 12, 12)).shape == (2, 10)


def test_weights_of_another_variant_are_refused_with_both_shapes(tmp_path):
    deeper = saved(vgg.VGG(depth=13, width=0.0625), tmp_path)
    with pytest.raises(UserError, match=r"features.3.weight is missing, needs \(8, 4, 3, 3\)"):
        taken("vgg", vgg.VGG(depth=11, width=0.0625), deeper)
    theirs = saved(torchvision.models.googlenet(init_weights=False), tmp_path)
    problem = (
        r"inceptions.3a.branch3.1.conv.weight has shape \(32, 16, 3, 3\), needs \(32, 16, 5, 5\)"
    )
    with pytest.raises(UserError, match=problem):
        taken("googlenet", googlenet.GoogLeNet(norm="batch"), theirs)


def test_other_classes_get_new_heads_and_are_told(tmp_path):
    theirs = saved(torchvision.models.googlenet(init_weights=False), tmp_path)
    ours = googlenet.GoogLeNet(classes=10, variant="torchvision", norm="batch")
    notes = taken("googlenet", ours, theirs)
    assert [note.split()[0] for note in notes] == ["output", "auxiliary1", "auxiliary2"]
    assert "output.weight has shape (1000, 1024), needs (10, 1024)" in notes[0]
    alone = googlenet.GoogLeNet(classes=10, variant="torchvision", norm="batch", auxiliary=False)
    assert len(taken("googlenet", alone, theirs)) == 1
