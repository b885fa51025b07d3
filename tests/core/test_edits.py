"""Edits against indexing by hand: what replaying one does to each kind of module."""

import json

import pytest
import torch
from torch import nn

from shinso.core.edits import Edit, edits_as_dict, edits_from_dict, replay
from shinso.core.errors import UserError

KEPT = (0, 2, 3)
K = list(KEPT)


def edited(module, side, kept=KEPT):
    network = nn.Sequential(module)
    replay({"net": [Edit("0", side, kept)]}, {"net": network})
    return network[0]


def randomised(module):
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point():
            nn.init.uniform_(tensor, 0.5, 1.5)
    return module


def test_linear():
    layer = nn.Linear(4, 5)
    weight, bias = layer.weight.clone(), layer.bias.clone()
    narrow = edited(layer, "in")
    assert torch.equal(narrow.weight, weight[:, K]) and torch.equal(narrow.bias, bias)
    assert narrow.in_features == 3
    short = edited(nn.Linear(5, 4), "out")
    assert short.weight.shape == (3, 5) and short.bias.shape == (3,) and short.out_features == 3


@pytest.mark.parametrize("kind", (nn.Conv1d, nn.Conv2d, nn.Conv3d))
def test_convolution(kind):
    layer = kind(4, 4, 3)
    weight, bias = layer.weight.clone(), layer.bias.clone()
    layer = edited(edited(layer, "in"), "out", (1, 2))
    assert torch.equal(layer.weight, weight[[1, 2]][:, K])
    assert torch.equal(layer.bias, bias[[1, 2]])
    assert (layer.in_channels, layer.out_channels) == (3, 2)


def test_transposed_convolution_has_its_inputs_first():
    layer = nn.ConvTranspose2d(4, 6, 3)
    weight = layer.weight.clone()
    layer = edited(edited(layer, "in"), "out", (0, 5))
    assert torch.equal(layer.weight, weight[K][:, [0, 5]])
    assert layer(torch.randn(1, 3, 5, 5)).shape == (1, 2, 7, 7)


def test_depthwise_convolution_has_one_side():
    layer = nn.Conv2d(4, 4, 3, groups=4)
    x = torch.randn(2, 4, 8, 8)
    expected = layer(x)[:, K]
    assert torch.allclose(edited(layer, "out")(x[:, K]), expected)
    with pytest.raises(UserError, match="no such side"):
        edited(nn.Conv2d(4, 4, 3, groups=4), "in")


@pytest.mark.parametrize(
    "module", (nn.BatchNorm2d(4), nn.InstanceNorm2d(4, affine=True, track_running_stats=True))
)
def test_normalisation_of_each_channel(module):
    module = randomised(module).eval()
    x = torch.randn(2, 4, 5, 5)
    expected = module(x)[:, K]
    assert torch.allclose(edited(module, "out")(x[:, K]), expected)
    assert module.num_features == 3


@pytest.mark.parametrize("module", (nn.LayerNorm((7, 4)), nn.RMSNorm((7, 4))))
def test_normalisation_over_channels(module):
    weight = randomised(module).weight.clone()
    module = edited(module, "out")
    assert torch.equal(module.weight, weight[:, K]) and module.normalized_shape == (7, 3)
    assert module(torch.randn(2, 7, 3)).shape == (2, 7, 3)


def test_group_normalisation_and_embedding():
    assert edited(nn.GroupNorm(1, 4), "out")(torch.randn(2, 3, 5)).shape == (2, 3, 5)
    table = nn.Embedding(9, 4)
    weight = table.weight.clone()
    assert torch.equal(edited(table, "out")(torch.arange(9)), weight[:, K])


def test_edits_are_replayed_one_after_the_other():
    layer = nn.Linear(6, 1)
    weight = layer.weight.clone()
    network = nn.Sequential(layer)
    replay({"": [Edit("0", "in", (1, 3, 5)), Edit("0", "in", (0, 2))]}, {"": network})
    assert torch.equal(network[0].weight, weight[:, [1, 5]])


def test_what_two_modules_share_they_share_afterwards():
    table, output = nn.Embedding(9, 4), nn.Linear(4, 9, bias=False)
    output.weight = table.weight
    network = nn.ModuleDict({"table": table, "output": output})
    replay({"": [Edit("table", "out", KEPT), Edit("output", "in", KEPT)]}, {"": network})
    assert network["output"].weight is network["table"].weight
    assert len(list(network.parameters())) == 1


def test_frozen_parameters_stay_frozen():
    assert not edited(nn.Linear(4, 4).requires_grad_(False), "in").weight.requires_grad


@pytest.mark.parametrize(
    "edit, problem",
    (
        (Edit("1", "in", (0,)), "there is no such module"),
        (Edit("0", "middle", (0,)), "has no such side"),
        (Edit("0", "in", (0, 4)), "it keeps 4 of the channels 0 to 3"),
        (Edit("0", "in", (-1, 2)), "of the channels 0 to 3"),
        (Edit("0", "in", ()), "it keeps none of the channels"),
    ),
)
def test_an_edit_that_does_not_fit_is_refused(edit, problem):
    with pytest.raises(UserError, match=problem):
        replay({"net": [edit]}, {"net": nn.Sequential(nn.Linear(4, 4))})
    with pytest.raises(UserError, match="a network other"):
        replay({"other": [edit]}, {"net": nn.Sequential(nn.Linear(4, 4))})


def test_json_has_ranges_and_comes_back():
    edits = {"a": (Edit("c.0", "out", (0, 1, 2, 7, 9, 10)),), "b": (Edit("d", "in", (5,)),)}
    value = json.loads(json.dumps(edits_as_dict(edits)))
    assert value["a"] == [{"module": "c.0", "side": "out", "kept": "0-2,7,9-10"}]
    assert edits_from_dict(value, "it") == edits


@pytest.mark.parametrize(
    "value",
    (
        [],
        {"a": 3},
        {"a": [{"module": "c", "side": "in"}]},
        {"a": [{"module": "c", "side": "in", "kept": "x"}]},
        {"a": [{"module": "c", "side": "in", "kept": "3,2"}]},
        {"a": [{"module": "c", "side": "in", "kept": 4}]},
    ),
)
def test_damaged_json_is_refused(value):
    with pytest.raises(UserError, match="here is damaged: its edits"):
        edits_from_dict(value, "here")
