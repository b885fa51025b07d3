"""Which channels can go: by torch-pruning's own pruning, and by networks made to mislead it."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from shinso import catalog
from shinso.core.edits import Edit, replay
from shinso.core.errors import UserError
from shinso.levers.channels import Channels, below, computes_the_same, lowest
from shinso.levers.criteria import batch_norm_scale, l1_norm, mean_magnitude
from tests.levers.making import made


class Mixing(nn.Module):
    """A layer of an MLP-Mixer: over the patches, then over the channels of each."""

    def __init__(self, patches=16, width=32):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.tokens = nn.Sequential(nn.Linear(patches, 20), nn.GELU(), nn.Linear(20, patches))
        self.channels = nn.Sequential(nn.Linear(width, 48), nn.GELU(), nn.Linear(48, width))

    def forward(self, x):
        x = x + self.tokens(self.norms[0](x).transpose(1, 2)).transpose(1, 2)  # (B, P, C)
        return x + self.channels(self.norms[1](x))


class Mixer(nn.Module):
    """Transpositions and sums. With fewer patches than channels torch-pruning counts too far."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(1, 32, 2, stride=2)
        self.layers = nn.Sequential(Mixing(), Mixing())
        self.norm = nn.LayerNorm(32)
        self.output = nn.Linear(32, 10)

    def forward(self, images):
        x = self.layers(self.patches(images).flatten(2).transpose(1, 2))
        return self.output(self.norm(x).mean(dim=1))


ARCHITECTURES = {
    "lenet": ("lenet", {}),
    "mlp": ("mlp", {"hidden": (20, 12)}),
    "resnet A": ("resnet", {"depth": 14, "shortcut": "A"}),
    "resnet B": ("resnet", {"depth": 14, "shortcut": "B"}),
    "mixer": (Mixer, {}),
}


def channels_of_architecture(kind, folder):
    kind, changes = ARCHITECTURES[kind]
    if isinstance(kind, str):
        return channels_of(made(kind, folder, **changes))
    torch.manual_seed(0)
    return Channels("mixer", kind(), (torch.zeros(1, 1, 8, 8),))


def channels_of(artifact):
    examples = catalog.find(artifact.system).load("example_inputs")(artifact.recipe, artifact.spec)
    (name, network), *_ = artifact.modules.items()
    return Channels(name, network, examples[name][0])


def pruned_by_torch_pruning(channels, share):
    """The same groups and channels, but its own hands on the modules, one group after another."""
    import torch_pruning

    network = copy.deepcopy(channels.network)
    graph = torch_pruning.DependencyGraph().build_dependency(network, channels.inputs)
    for group in channels.groups:
        layer = network.get_submodule(group.path)
        prune = graph.get_pruner_of_module(layer).prune_out_channels
        graph.get_pruning_group(layer, prune, lowest(share)(group)).prune()
    return network


@pytest.mark.parametrize("share", (0.3, 0.5, 0.9))
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_replay_is_to_the_bit_what_torch_pruning_makes(kind, share, tmp_path):
    channels = channels_of_architecture(kind, tmp_path / "a")
    expected = pruned_by_torch_pruning(channels, share)
    found = copy.deepcopy(channels.network)
    replay({"": channels.checked_edits(lowest(share))}, {"": found})
    theirs, ours = expected.state_dict(), found.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert str(found) == str(expected)  # the sizes that modules tell
    inputs = [torch.randn(3, *tensor.shape[1:]) for tensor in channels.inputs]
    assert torch.equal(found(*inputs), expected(*inputs))
    assert sum(map(torch.numel, found.parameters())) < sum(
        map(torch.numel, channels.network.parameters())
    )


def test_only_inner_channels_of_an_option_a_resnet_can_go(tmp_path):
    inner = {f"stages.{stage}.{block}.conv1" for stage in range(3) for block in range(2)}
    with_a = channels_of(made("resnet", tmp_path / "a", depth=14, shortcut="A"))
    assert {group.path for group in with_a.groups} == inner
    with_b = channels_of(made("resnet", tmp_path / "b", depth=14, shortcut="B"))
    widths = {group.path for group in with_b.groups} - inner
    assert len(widths) == 3, "the width of each stage can go, for the shortcut is a layer"


def test_the_least_important_channels_go_first(tmp_path):
    channels = channels_of(made("mlp", tmp_path / "a", hidden=(6,)))
    layer, output = channels.network.hidden[0][0], channels.network.output
    with torch.no_grad():
        layer.weight.fill_(1.0)
        output.weight.fill_(1.0)
        layer.weight[[1, 4]] = 0.1
        layer.weight[3] = 0.5
    again = Channels("", channels.network, channels.inputs)
    (group,) = again.groups
    assert lowest(0.5)(group) == [1, 3, 4]
    assert lowest(0.34)(group) == [1, 4]
    assert len(lowest(0.999)(group)) == 5, "one stays"


def test_what_a_channel_is_worth_by_each_criterion():
    """Of channels that are the sum of two layers' outputs, each scaled before."""
    network = Net(conv(8, 8), nn.BatchNorm2d(8), forward=lambda x, layer, norm: x + norm(layer(x)))
    inputs = (torch.randn(1, 3, 8, 8),)
    layer, norm = network.layers
    with torch.no_grad():
        norm.weight.copy_(torch.arange(8) - 4)
    found = {}
    for criterion in (l1_norm, mean_magnitude, batch_norm_scale):
        (group,) = Channels("", network, inputs, criterion).groups
        found[criterion] = group.importance
    made_by, read_by = (network.first, layer), (layer, network.last)
    rows = [module.weight.abs().flatten(1) for module in made_by]
    means = torch.stack([row.mean(dim=1) for row in rows])
    assert torch.allclose(found[mean_magnitude], means.mean(dim=0))
    assert torch.equal(found[batch_norm_scale], (torch.arange(8) - 4.0).abs())
    columns = [module.weight.abs().transpose(0, 1).flatten(1) for module in read_by]
    sums = [each.sum(dim=1) for each in (*rows, *columns)] + [norm.weight.abs()]
    assert torch.allclose(found[l1_norm], torch.stack(sums).mean(dim=0))


def test_one_threshold_for_all_groups_leaves_one_channel_at_least(tmp_path):
    channels = channels_of(made("mlp", tmp_path / "a", hidden=(6, 4)))
    for group in channels.groups:
        middle = float(group.importance.median())
        assert below(middle)(group) == (group.importance < middle).nonzero().flatten().tolist()
        assert len(below(1e9)(group)) == len(group.importance) - 1
        assert below(0.0)(group) == []


def test_a_linear_that_reads_flattened_maps_loses_all_pixels_of_a_channel(tmp_path):
    channels = channels_of(made("lenet", tmp_path / "a"))
    edits = {(edit.module, edit.side): edit.kept for edit in channels.edits(lowest(0.5))}
    maps = edits["c3", "out"]
    assert edits["c5", "in"] == tuple(25 * i + pixel for i in maps for pixel in range(25))


# What the dependency graph cannot express ---------------------------------------------------------


class Net(nn.Module):
    """A first layer of 8 channels whose readers differ."""

    def __init__(self, *layers, forward):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.layers = nn.ModuleList(layers)
        self.last = nn.Linear(8, 4)
        self.way = forward

    def forward(self, x):
        maps = self.way(F.relu(self.first(x)), *self.layers)
        return self.last(maps.mean(dim=(2, 3)))


def conv(inputs, outputs, **options):
    return nn.Conv2d(inputs, outputs, 3, padding=1, **options)


# By chance the half of the channels that goes can be its own mirror image, and then "turned round"
# can go too.
torch.manual_seed(0)
CAN = {
    "plain": Net(forward=lambda x: x),
    "batch norm": Net(nn.BatchNorm2d(8), forward=lambda x, norm: norm(x)),
    "residual": Net(conv(8, 8), forward=lambda x, layer: x + layer(x)),
    "depthwise": Net(conv(8, 8, groups=8), forward=lambda x, layer: layer(x)),
    "gate": Net(conv(8, 8), forward=lambda x, layer: x * layer(x).sigmoid()),
    "concatenation": Net(
        conv(8, 4), conv(12, 8), forward=lambda x, a, b: b(torch.cat([x, a(x)], dim=1))
    ),
    "transposed": Net(nn.ConvTranspose2d(8, 8, 2, 2), forward=lambda x, layer: layer(x)),
}
CANNOT = {
    "padded with zeros": Net(
        conv(16, 8), forward=lambda x, layer: layer(F.pad(x, (0, 0, 0, 0, 4, 4)))
    ),
    "shuffled": Net(
        conv(8, 8),
        forward=lambda x, layer: layer(x.unflatten(1, (2, 4)).transpose(1, 2).flatten(1, 2)),
    ),
    "turned round": Net(conv(8, 8), forward=lambda x, layer: layer(x + x.flip(1))),
    "normalised over channels": Net(nn.GroupNorm(1, 8), forward=lambda x, norm: norm(x)),
    "softmax over channels": Net(forward=lambda x: x.softmax(dim=1)),
    "groups of several": Net(conv(8, 8, groups=2), forward=lambda x, layer: layer(x)),
}


@pytest.mark.parametrize("kind", CAN)
def test_channels_that_can_go(kind):
    network = CAN[kind].eval()
    channels = Channels(kind, network, (torch.randn(1, 3, 8, 8),))
    removed = {
        edit.module
        for edit in channels.checked_edits(lowest(0.5))
        if edit.module.startswith("first")
    }
    assert removed == {"first"}


@pytest.mark.parametrize("kind", CANNOT)
def test_channels_that_cannot_go_stay(kind):
    network = CANNOT[kind].eval()
    channels = Channels(kind, network, (torch.randn(1, 3, 8, 8),))
    assert "first" not in {edit.module for edit in channels.checked_edits(lowest(0.5))}
    smaller = copy.deepcopy(network)
    replay({"": channels.checked_edits(lowest(0.5))}, {"": smaller})
    assert smaller(torch.randn(2, 3, 8, 8)).shape == (2, 4)


class WithAuxiliaryHead(Net):
    """A reader of the first layer that evaluation never calls."""

    def __init__(self):
        super().__init__(conv(8, 8), forward=lambda x, layer: layer(x))
        self.auxiliary = nn.Linear(8, 4)

    def forward(self, x):
        logits = super().forward(x)
        early = F.relu(self.first(x)).mean(dim=(2, 3))
        return (logits, self.auxiliary(early)) if self.training else logits


def test_channels_that_an_auxiliary_head_reads_in_training_stay():
    network = WithAuxiliaryHead().eval()
    edits = Channels("auxiliary", network, (torch.randn(1, 3, 8, 8),)).checked_edits(lowest(0.5))
    assert {(edit.module, edit.side) for edit in edits} == {("layers.0", "out"), ("last", "in")}
    replay({"": edits}, {"": network})
    assert [logits.shape for logits in network.train()(torch.randn(2, 3, 8, 8))] == [(2, 4)] * 2


def test_dead_weights_hide_no_mistake():
    """With all weights 0 any pruned network computes the same."""
    network = CANNOT["turned round"]
    dead = copy.deepcopy(network)
    for parameter in dead.parameters():
        nn.init.zeros_(parameter)
    wrong = (Edit("first", "out", (0, 1, 2)), Edit("layers.0", "in", (0, 1, 2)))
    assert not computes_the_same(dead.eval(), wrong, (torch.randn(1, 3, 8, 8),))


@pytest.mark.parametrize("cell", ("rnn", "lstm", "gru"))
def test_states_that_go_in_and_out_keep_their_width(cell, tmp_path):
    assert channels_of(made("adder", tmp_path / "a", cell=cell)).groups == []


def test_a_network_that_cannot_be_followed_is_said_so():
    class NoGraph(nn.Module):
        def forward(self, x):
            raise RuntimeError("nothing\nto see")

    with pytest.raises(UserError, match="cannot follow the network net: nothing to see; --unstr"):
        Channels("net", NoGraph(), (torch.randn(1, 3),))


def test_so_is_one_whose_groups_cannot_be_found():
    attention = catalog.find("seq2seq-attention")
    recipe, spec = attention.make_recipe("quick"), attention.preset("quick").spec
    ((inputs, _),) = attention.load("example_inputs")(recipe, spec).values()
    with pytest.raises(UserError, match="cannot follow the network translator: list index"):
        Channels("translator", attention.networks(recipe, spec)["translator"], inputs)
