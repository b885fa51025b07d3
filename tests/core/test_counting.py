"""Parameters and MACs by the textbook's formulas."""

from types import SimpleNamespace

import torch
from torch import nn

from shinso import catalog
from shinso.core.counting import Cost, Layer, costs, layers, parameter_count, total
from shinso.core.recipe import Recipe, Spec


def row(network, *shape):
    """One network as the catalogue has it."""
    parts = {"example_inputs": lambda recipe, spec: {"net": ((torch.zeros(1, *shape),), {})}}
    return SimpleNamespace(networks=lambda recipe, spec: {"net": network()}, load=parts.__getitem__)


def cost(network, *shape):
    return costs(row(network, *shape), None, None)["net"]


def layers_of(network, *shape):
    return layers(row(network, *shape), None, None)["net"]


def test_a_convolution_costs_h_w_k_k_c_m():
    """On its output of H x W: C channels in, M out, kernels of K x K."""
    height, width, kernel, channels, maps = 12, 10, 3, 5, 7
    found = cost(lambda: nn.Conv2d(channels, maps, kernel, padding=1), channels, height, width)
    weights = kernel * kernel * channels * maps
    assert found == Cost(parameters=weights + maps, macs=height * width * weights)


def test_stride_and_groups_divide_the_cost():
    plain = cost(lambda: nn.Conv2d(8, 8, 3, padding=1), 8, 16, 16).macs
    assert cost(lambda: nn.Conv2d(8, 8, 3, padding=1, stride=2), 8, 16, 16).macs * 4 == plain
    assert cost(lambda: nn.Conv2d(8, 8, 3, padding=1, groups=8), 8, 16, 16).macs * 8 == plain


def test_a_dense_layer_costs_its_weights():
    assert cost(lambda: nn.Linear(30, 20), 30) == Cost(parameters=30 * 20 + 20, macs=30 * 20)


def test_a_recurrent_layer_is_not_counted_as_nothing():
    """As fused kernels are on the CPU. Each of T steps: 4 gates of (D + H) x H."""
    steps, size, hidden = 6, 5, 3
    found = cost(lambda: nn.LSTM(size, hidden, batch_first=True), steps, size)
    assert found.macs == steps * 4 * (size + hidden) * hidden


def test_tied_parameters_count_once():
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    assert parameter_count(nn.Sequential(first, second)) == 16 + 4 + 4


def test_a_system_without_networks_has_no_costs():
    system = catalog.System(
        *("none",) * 6, recipe="a:b", learner="a:b", predictor="a:b", evaluate="a:b"
    )
    assert costs(system, Recipe(), Spec()) == {}


def test_lenet_is_the_papers():
    system = catalog.find("lenet")
    preset = system.preset("cpu")
    found = costs(system, system.make_recipe(), preset.spec)["classifier"]
    # C1 28*28*25*6, C3 10*10*25*6*16, C5 400*120, F6 120*84, output 84*10
    assert found == Cost(parameters=61_706, macs=117_600 + 240_000 + 48_000 + 10_080 + 840)


# --- Layer by layer ------------------------------------------------------------------------------


class Blocks(nn.Module):
    """Two convolutions by one module, a bare product, and a head that evaluation leaves out."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(5, 2)
        self.conv = nn.Sequential(nn.Conv2d(5, 5, 3, padding=1), nn.ReLU())
        self.pool = nn.MaxPool2d(2)
        self.scale = nn.Parameter(torch.ones(5, 4))
        self.tied = nn.Linear(4, 5)
        self.tied.weight = self.scale

    def forward(self, maps):
        maps = self.pool(self.conv(self.conv(maps)))
        means = maps.mean(dim=(2, 3)) @ self.scale  # (B, 4)
        return self.head(means) if self.training else self.tied(means)


def test_each_module_counts_what_it_alone_has_and_costs():
    found = layers_of(Blocks, 5, 8, 6)
    weights = 5 * 5 * 3 * 3
    assert found == [
        Layer("", "Blocks", (1, 5, 8, 6), (1, 5), 20, 5 * 4),
        Layer("conv", "Sequential", (1, 5, 8, 6), (1, 5, 8, 6), 0, 0),
        Layer("conv.0", "Conv2d 3", (1, 5, 8, 6), (1, 5, 8, 6), weights + 5, 2 * 8 * 6 * weights),
        Layer("conv.1", "ReLU", (1, 5, 8, 6), (1, 5, 8, 6), 0, 0),
        Layer("pool", "MaxPool2d 2/2", (1, 5, 8, 6), (1, 5, 4, 3), 0, 0),
        Layer("tied", "Linear", (1, 4), (1, 5), 5, 4 * 5),
        Layer("head", "Linear", (), (), 5 * 2 + 2, 0),
    ]
    assert total(found) == cost(Blocks, 5, 8, 6)
    assert total(found).parameters == parameter_count(Blocks())


def test_a_window_is_told_with_its_sides_stride_and_groups():
    def kind(module):
        return layers_of(lambda: module, 4, 9, 9)[-1].kind

    assert kind(nn.Conv2d(4, 8, 3, stride=2, groups=2)) == "Conv2d 3/2, 2 groups"
    assert kind(nn.Conv2d(4, 8, (1, 7))) == "Conv2d 1x7"
    assert kind(nn.AvgPool2d(3)) == "AvgPool2d 3/3"
    assert kind(nn.ReLU()) == "ReLU"


def test_shapes_are_those_of_the_first_tensor_in_a_nest():
    found = layers_of(lambda: nn.LSTM(5, 3, batch_first=True), 6, 5)
    assert (found[0].inputs, found[0].outputs) == ((1, 6, 5), (1, 6, 3))
