"""What is folded, what must not be, and that neither changes the outputs."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from shinso.layers.folding import folded
from shinso.layers.residual import PreActivationBlock


class Of(nn.Module):
    """A network of these parts whose forward pass is the function given."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, maps):
        return self.function(self, maps)


def conv(inputs=4, outputs=4, **options):
    return nn.Conv2d(inputs, outputs, 3, padding=1, **options)


def norm(**options):
    """With statistics, weight and bias that do something."""
    module = nn.BatchNorm2d(4, **options)
    with torch.no_grad():
        for values in module.state_dict().values():
            if values.is_floating_point():
                values.uniform_(0.5, 2.0)
    return module


def assert_folded(network: nn.Module, left: int) -> nn.Module:
    """Both answer alike in evaluation mode, and the other has so many normalisations left."""
    mode, maps = network.training, torch.randn(2, 4, 6, 6)
    other = folded(network)
    assert network.training is mode and not other.training
    assert sum(isinstance(m, nn.BatchNorm2d) for m in other.modules()) == left
    with torch.no_grad():
        torch.testing.assert_close(other(maps), network.eval()(maps), rtol=1e-5, atol=1e-5)
    return other


@pytest.mark.parametrize(
    "convolution",
    [
        conv(bias=False),
        conv(),
        conv(groups=4),
        conv(stride=2, dilation=2, padding_mode="circular"),
    ],
)
def test_a_convolution_swallows_its_normalisation(convolution):
    network = nn.Sequential(convolution, norm(eps=1e-2), nn.ReLU(), conv(), norm(affine=False))
    before = {name: values.clone() for name, values in network.state_dict().items()}
    other = assert_folded(network, left=0)
    assert other[0].bias is not None
    assert all(torch.equal(values, before[n]) for n, values in network.state_dict().items())


def test_what_others_read_too_is_left_as_it_is():
    def shared(self, maps):
        maps = self.conv(maps)
        return self.norm(maps) + maps

    assert_folded(Of(shared, conv=conv(), norm=norm()), left=1)


def test_the_output_of_the_network_is_left_as_it_is():
    def both(self, maps):
        maps = self.conv(maps)
        return torch.cat((maps, self.norm(maps)))

    assert_folded(Of(both, conv=conv(), norm=norm()), left=1)


@pytest.mark.parametrize("again", ("conv", "norm"))
def test_a_module_that_is_called_twice_is_left_as_it_is(again):
    def twice(self, maps):
        maps = self.norm(self.conv(maps))
        return getattr(self, again)(F.relu(maps))

    assert_folded(Of(twice, conv=conv(), norm=norm()), left=1)


def test_a_normalisation_before_the_convolution_is_left_as_it_is():
    """Padding is of zeros, which a normalisation before it would not have left zero."""
    assert_folded(nn.Sequential(norm(), conv()), left=1)
    assert_folded(nn.Sequential(conv(), nn.ReLU(), norm(), conv()), left=1)


def test_a_normalisation_by_the_batch_at_hand_is_left_as_it_is():
    assert_folded(nn.Sequential(conv(), norm(track_running_stats=False)), left=1)


def test_a_pre_activation_block_folds_the_middle_alone():
    block = PreActivationBlock(4, 4, 1)
    block.norm1, block.norm2 = norm(), norm()
    other = assert_folded(block, left=1)
    assert other.norm1.num_features == 4 and isinstance(other.norm2, nn.Identity)


def test_what_cannot_be_traced_comes_back_as_it_is():
    def by_value(self, maps):
        return self.norm(self.conv(maps)) if maps.sum() > 0 else maps

    untraceable = Of(by_value, conv=conv(), norm=norm())
    without = nn.Sequential(conv(), nn.GroupNorm(2, 4))
    assert folded(untraceable) is untraceable
    assert folded(without) is without
