"""DenseNet, MobileNet and MobileNetV2. Oracles: torchvision, timm where it is installed, plain
NumPy, and the figures of the papers."""

import json

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from shinso import catalog
from shinso.cli import main
from shinso.core.counting import layers
from shinso.core.errors import UserError
from shinso.vision.classification.densenet.model import DenseNet
from shinso.vision.classification.mobilenet import formulas
from shinso.vision.classification.mobilenet.model import MobileNet
from shinso.vision.classification.mobilenet_v2.model import MobileNetV2, divisible
from shinso.vision.classification.recipe import NORMS, ImageSpec
from tests.vision.classification.exchange import assert_exchangeable, randomised, saved, taken
from tests.vision.classification.numpy_early import plain_densenet

LEAN = pytest.mark.parametrize("name", ["densenet", "mobilenet", "mobilenet-v2"])
SLOW = pytest.mark.slow


def card(capsys, words: str) -> dict:
    assert main(["show", *words.split(), "--preset", "paper", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


# --- Sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "parameters", "macs"),
    [
        ("densenet", 7_978_856, 2_834_161_664),
        pytest.param("densenet --depth 161", 28_681_000, 7_727_907_072, marks=SLOW),
        pytest.param("densenet --depth 169", 14_149_480, 3_359_843_328, marks=SLOW),
        pytest.param("densenet --depth 201", 20_013_928, 4_291_365_888, marks=SLOW),
        ("densenet --depth 40", 1_019_722, 264_812_928),
        ("densenet --depth 100", 769_162, 287_929_692),
        ("mobilenet", 4_231_976, 568_740_352),
        ("mobilenet-v2", 3_504_872, 300_774_272),
    ],
)
def test_published_networks_have_the_published_sizes(words, parameters, macs, capsys):
    found = card(capsys, words)
    assert (found["parameters"], found["macs"]) == (parameters, macs)


@pytest.mark.parametrize(
    ("words", "millions"),
    [  # table 2 of the paper
        ("--depth 40", 1.0),
        ("--depth 100 --no-bottleneck --compression 1", 7.0),
        ("--depth 100 --no-bottleneck --compression 1 --growth 24", 27.2),
        ("--depth 100", 0.8),
        pytest.param("--depth 250", 15.3, marks=SLOW),
        pytest.param("--depth 190", 25.6, marks=SLOW),
    ],
)
def test_densenets_for_small_images_have_the_papers_parameters(words, millions, capsys):
    found = card(capsys, f"densenet {words}")
    assert round(found["parameters"] / 1e6, 1) == millions
    assert found["recipe"]["size"] is None and found["data"] == "cifar10"


@pytest.mark.parametrize(
    ("words", "millions_of_macs", "millions"),
    [  # tables 6 and 7 of the paper
        ("", 569, 4.2),
        ("--width 0.75", 325, 2.6),
        ("--width 0.5", 149, 1.3),
        ("--width 0.25", 41, 0.5),
        ("--size 192", 418, 4.2),
        ("--size 160", 290, 4.2),
        ("--size 128", 186, 4.2),
    ],
)
def test_multipliers_of_width_and_resolution(words, millions_of_macs, millions, capsys):
    found = card(capsys, f"mobilenet {words}")
    assert found["macs"] / 1e6 == pytest.approx(millions_of_macs, abs=1)
    assert round(found["parameters"] / 1e6, 1) == millions


@pytest.mark.parametrize("name", ["densenet", "mobilenet", "mobilenet-v2", "alexnet", "googlenet"])
def test_every_recipe_is_told_as_changes_of_every_preset(name):
    system = catalog.find(name)
    recipes = [system.make_recipe(preset) for preset in system.presets]
    for field, presets in system.preset("paper").variants.items():
        recipes += [system.make_recipe("paper", **{field: value}) for value in presets]
    for recipe in recipes:
        for preset in system.presets:
            assert system.make_recipe(preset, **system.changes_of(recipe, preset)) == recipe


def test_mobilenet_v2s_widths_are_multiples_of_eight():
    assert [divisible(count) for count in (1, 8, 12, 19.9, 24, 52.5)] == [8, 8, 16, 24, 24, 56]
    theirs = torchvision.models.mobilenet_v2(width_mult=0.35)
    ours = MobileNetV2(width=0.35)
    assert [p.shape for p in ours.parameters()] == [p.shape for p in theirs.parameters()]


# --- Equal to their references -------------------------------------------------------------------


def test_densenet_is_torchvisions(tmp_path):
    theirs = torchvision.models.densenet121()
    assert_exchangeable("densenet", DenseNet(), theirs, tmp_path, size=64)


def test_densenet_reads_the_names_of_torchvisions_published_files(tmp_path):
    theirs = torchvision.models.DenseNet(growth_rate=8, block_config=(1, 2), num_init_features=16)
    state = theirs.state_dict()
    for old, new in (("norm.", "norm"), ("conv.", "conv")):
        for number in "12":
            state = {
                n.replace(f".{new}{number}.", f".{old}{number}.") if "denselayer" in n else n: t
                for n, t in state.items()
            }
    assert "features.denseblock1.denselayer1.norm.1.weight" in state
    published = nn.Module()
    published.state_dict = lambda: state
    ours = DenseNet(layers=(1, 2), growth=8)
    assert taken("densenet", ours, saved(published, tmp_path)) == []
    images = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(ours.eval()(images), theirs.eval()(images))


def test_mobilenet_v2_is_torchvisions(tmp_path):
    theirs = torchvision.models.mobilenet_v2(width_mult=0.5, dropout=0.0)
    ours = MobileNetV2(width=0.5)
    ours.dropout.p = 0.0
    assert_exchangeable("mobilenet-v2", ours, theirs, tmp_path, size=64)


@pytest.mark.parametrize(
    ("name", "ours", "theirs", "size"),
    [
        ("mobilenet", MobileNet, "mobilenetv1_100", 64),
        ("mobilenet-v2", MobileNetV2, "mobilenetv2_100", 64),
        pytest.param("densenet", DenseNet, "densenet121", 64, marks=SLOW),
    ],
)
def test_they_are_timms(name, ours, theirs, size, tmp_path):
    timm = pytest.importorskip("timm")
    network = ours()
    if name == "mobilenet-v2":
        network.dropout.p = 0.0
    assert_exchangeable(name, network, timm.create_model(theirs), tmp_path, size)


def test_densenet_without_bottlenecks_computes_what_the_paper_says():
    network = DenseNet(2, 5, (2, 2, 2), 3, bottleneck=False, compression=0.7, stem="small")
    network = randomised(network).double().eval()
    images = torch.randn(3, 2, 12, 12, dtype=torch.float64)
    with torch.no_grad():
        found = network(images).numpy()
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    np.testing.assert_allclose(found, plain_densenet(images.numpy(), state, layers=2))
    assert np.ptp(found, axis=0).min() > 1e-3
    assert network.features.transition1.convolution.conv.weight.shape == (15, 22, 1, 1)


def test_the_layers_of_a_block_read_what_all_before_them_made():
    """COURSE: l * k channels in, (l + 1) * k out, with what the block was given as layer 0."""
    network = DenseNet(layers=(6, 12, 24, 16), growth=32)
    given = {1: 64, 2: 128, 3: 256, 4: 512}
    for number, before in given.items():
        block = getattr(network.features, f"block{number}")
        for layer, module in enumerate(block):
            assert module.bottleneck.conv.in_channels == before + 32 * layer
            maps = torch.randn(1, before + 32 * layer, 2, 2)
            out = module.eval()(maps)
            assert out.shape == (1, before + 32 * (layer + 1), 2, 2)
            assert torch.equal(out[:, : before + 32 * layer], maps)
            if layer == 1:
                break


# --- What separable convolutions cost ------------------------------------------------------------


def test_the_formulas_are_those_of_the_text():
    """COURSE: standard H W K K C M, depthwise H W C K K, pointwise H W C M; on the paper's example
    of table 3, an inner layer of 14 x 14 x 512: 462 million in place of 52.3 million."""
    assert formulas.standard(5, 7, 11) == 11 * 11 * 3 * 3 * 5 * 7
    assert formulas.separable(5, 7, 11) == 11 * 11 * 5 * 3 * 3 + 11 * 11 * 5 * 7
    assert round(formulas.standard(512, 512, 14) / 1e6) == 462
    assert round(formulas.separable(512, 512, 14) / 1e6, 1) == 52.3


@pytest.mark.parametrize("words", ("", "--width 0.5 --size 160"))
def test_what_is_counted_is_what_the_formula_says(words, capsys):
    [table] = card(capsys, f"mobilenet {words}")["formulas"]
    *blocks, total = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    assert len(blocks) == 13
    for row in blocks:
        assert row["counted"] == row["separable"]
        assert row["separable"] / row["standard"] == pytest.approx(row["share"])
    assert total["counted"] == sum(row["counted"] for row in blocks)
    assert total["share"] == pytest.approx(total["counted"] / total["standard"])


def test_a_standard_convolution_costs_what_its_formula_says():
    system = catalog.find("vgg")
    [found] = layers(system, system.make_recipe(depth=11, width=1), ImageSpec()).values()
    conv = next(layer for layer in found if layer.name == "features.3")
    assert conv.macs == formulas.standard(64, 128, 14)


# --- Any size, any normalisation -----------------------------------------------------------------


@LEAN
@pytest.mark.parametrize("stem", ["small", "large"])
def test_networks_are_built_for_any_size(name, stem):
    system = catalog.find(name)
    least = {"densenet": (4, 16), "mobilenet": (16, 32), "mobilenet-v2": (16, 32)}[name]
    recipe = system.make_recipe("quick", stem=stem)
    for size in (least[stem == "large"], 28, 45):
        if size < least[stem == "large"]:
            continue
        spec = ImageSpec(size=size, classes=7)
        network = system.networks(recipe, spec)["classifier"]
        assert network(torch.randn(3, 1, size, size)).shape == (3, 7)
    size = least[stem == "large"] - 1
    with pytest.raises(UserError, match=rf"images of {size} x {size} are too small"):
        system.networks(recipe, ImageSpec(size=size))


@LEAN
@pytest.mark.parametrize("norm", NORMS)
def test_every_normalisation_can_take_batch_normalisations_place(name, norm):
    system = catalog.find(name)
    network = system.networks(system.make_recipe("quick", norm=norm), ImageSpec(size=28))
    modules = [*network["classifier"].modules()]
    norms = (nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm)
    expected = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d, "none": None}
    kinds = {type(module) for module in modules if isinstance(module, norms)}
    assert kinds == {expected.get(norm, nn.GroupNorm)} - {None}
    biases = {m.bias is not None for m in modules if isinstance(m, nn.Conv2d)}
    assert biases == {norm == "none"}
    network["classifier"](torch.randn(2, 1, 28, 28)).sum().backward()
    assert all(parameter.grad is not None for parameter in network["classifier"].parameters())


@pytest.mark.parametrize(
    ("network", "last"),
    [(MobileNet(1, 10, 0.25, "small"), 2), (MobileNetV2(1, 10, 0.1, "small"), 2)],
)
def test_the_small_stem_keeps_the_pixels_of_small_images(network, last):
    maps = network.stem(torch.randn(1, 1, 28, 28))
    assert maps.shape[2:] == (28, 28)
    assert network.blocks(maps).shape[2:] == (last, last)


# --- What does not fit ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("mobilenet", {"width": 0.03}, "--width 0.03 leaves no channel .* 32 .* 0.0313 or more"),
        ("mobilenet-v2", {"width": 0.0}, "--width is 0.0, must be above 0"),
        ("densenet", {"depth": 30}, "--depth is 30, must be 121, .* or 6n [+] 4: 10, 16"),
        ("densenet", {"depth": 30, "bottleneck": False}, "or 3n [+] 4: 7, 10"),
        ("densenet", {"depth": 121, "bottleneck": False}, "leave --no-bottleneck out"),
        ("densenet", {"compression": 0.01}, "--compression 0.01 leaves no channel of the 60"),
        ("densenet", {"growth": 0}, "--growth is 0, must be at least 1"),
    ],
)
def test_impossible_networks_are_refused_in_words(name, changes, problem):
    with pytest.raises(UserError, match=problem):
        catalog.find(name).make_recipe(**changes)


def test_weights_of_another_variant_are_refused_with_both_shapes(tmp_path):
    wide = saved(MobileNet(width=0.5), tmp_path)
    problem = r"stem.conv.weight has shape \(16, 3, 3, 3\), needs \(8, 3, 3, 3\)"
    with pytest.raises(UserError, match=problem):
        taken("mobilenet", MobileNet(width=0.25), wide)
    theirs = torchvision.models.DenseNet(growth_rate=8, block_config=(1, 1), num_init_features=8)
    problem = r"layer1.bottleneck.conv.weight has shape \(32, 8, 1, 1\), needs \(16, 8, 1, 1\)"
    with pytest.raises(UserError, match=problem):
        taken("densenet", DenseNet(layers=(1, 1), growth=4), saved(theirs, tmp_path))


def test_other_classes_get_a_new_head_and_are_told(tmp_path):
    theirs = torchvision.models.mobilenet_v2(width_mult=0.1)
    [note] = taken("mobilenet-v2", MobileNetV2(classes=3, width=0.1), saved(theirs, tmp_path))
    assert note == "output starts anew: output.weight has shape (1000, 1280), needs (3, 1280)"
