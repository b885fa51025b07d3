"""Parameters and MACs by the textbook's formulas."""

from types import SimpleNamespace

import torch
from torch import nn

from shinso import catalog
from shinso.core.counting import Cost, costs, parameter_count
from shinso.core.recipe import Recipe, Spec


def cost(network, *shape):
    """Of one network, by way of a row as the catalogue has it."""
    parts = {"example_inputs": lambda recipe, spec: {"net": ((torch.zeros(1, *shape),), {})}}
    row = SimpleNamespace(networks=lambda recipe, spec: {"net": network()}, load=parts.__getitem__)
    return costs(row, None, None)["net"]


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
