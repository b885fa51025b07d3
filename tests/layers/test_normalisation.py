"""Oracle: torch's own normalisations, and the invariances that papers and course claim."""

import pytest
import torch
from torch import nn

from shinso.core.errors import UserError
from shinso.layers.normalisation import (
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    norm2d,
)
from shinso.vision.classification.recipe import NORMS

CHANNELS, GROUPS = 6, 3
MAPS, ROWS = (4, CHANNELS, 5, 3), (4, CHANNELS)
EXACT = {"rtol": 0, "atol": 1e-12}

PAIRS = {
    "batch": (BatchNorm(CHANNELS), nn.BatchNorm2d(CHANNELS), MAPS),
    "batch of rows": (BatchNorm(CHANNELS), nn.BatchNorm1d(CHANNELS), ROWS),
    "layer": (LayerNorm(CHANNELS), nn.GroupNorm(1, CHANNELS), MAPS),
    "layer of rows": (LayerNorm(CHANNELS), nn.LayerNorm(CHANNELS), ROWS),
    "instance": (InstanceNorm(CHANNELS), nn.InstanceNorm2d(CHANNELS, affine=True), MAPS),
    "group": (GroupNorm(GROUPS, CHANNELS), nn.GroupNorm(GROUPS, CHANNELS), MAPS),
    "group of rows": (GroupNorm(GROUPS, CHANNELS), nn.GroupNorm(GROUPS, CHANNELS), ROWS),
}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64) * 2 + 1


def passed(norm: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """Output, the gradients of a fixed mixture of it, and all that is kept."""
    x = x.clone().requires_grad_()
    out = norm(x)
    mixture = (out * torch.linspace(-1, 2, out.numel()).view_as(out)).square().sum()
    return [out, *torch.autograd.grad(mixture, [x, *norm.parameters()]), *norm.buffers()]


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize(("own", "torchs", "shape"), PAIRS.values(), ids=PAIRS)
def test_it_is_torchs_in_output_gradients_and_running_statistics(own, torchs, shape, mode):
    own, torchs = own.double(), torchs.double()
    with torch.no_grad():
        for parameter in torchs.parameters():
            parameter.copy_(drawn(*parameter.shape))
    own.load_state_dict(torchs.state_dict())
    for batch in (drawn(*shape), 3 * drawn(*shape)):  # the second finds statistics of the first
        own.train(), torchs.train()
        passed(own, batch), passed(torchs, batch)
        getattr(own, mode)(), getattr(torchs, mode)()
        for ours, theirs in zip(passed(own, batch), passed(torchs, batch), strict=True):
            torch.testing.assert_close(ours, theirs, **EXACT)


def test_running_statistics_follow_with_their_momentum():
    """By hand: of 1 and 3 the mean is 2 and the unbiased variance 2."""
    norm = BatchNorm(1, momentum=0.25)
    norm(torch.tensor([[1.0], [3.0]]))
    assert norm.running_mean.item() == 0.25 * 2
    assert norm.running_var.item() == 0.75 * 1 + 0.25 * 2
    assert norm.num_batches_tracked.item() == 1


@pytest.mark.parametrize(
    ("norm", "shape", "said"),
    [
        (BatchNorm(2), (1, 2), "one value a channel has no variance"),
        (InstanceNorm(2), (5, 2), "a group of one value has no variance"),
        (GroupNorm(2, 2), (5, 2, 1, 1), "a group of one value has no variance"),
    ],
)
def test_one_value_alone_is_refused(norm, shape, said):
    with pytest.raises(UserError, match=said):
        norm(torch.zeros(*shape))


# --- What networks get ---------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [16, 40, 64, 3])
@pytest.mark.parametrize(
    ("kind", "written_out"),
    [
        ("batch", BatchNorm),
        ("layer", LayerNorm),
        ("instance", InstanceNorm),
        ("group", lambda channels: GroupNorm({16: 8, 40: 4, 64: 32, 3: 1}[channels], channels)),
    ],
)
def test_networks_get_torchs_of_the_same_mathematics(kind, written_out, channels):
    x = drawn(2, channels, 3, 3)
    own, torchs = written_out(channels).double(), norm2d(kind, channels).double()
    assert type(torchs).__module__.startswith("torch.nn")
    assert [*own.state_dict()] == [*torchs.state_dict()]
    torch.testing.assert_close(own(x), torchs(x), **EXACT)


def test_every_kind_that_recipes_offer_is_known():
    x = drawn(2, 4, 3, 3).float()
    kinds = {norm2d(kind, 4)(x).abs().sum().item() for kind in NORMS}
    assert len(kinds) == len(NORMS)
    assert torch.equal(norm2d("none", 4)(x), x)
    with pytest.raises(UserError, match="'grup'; did you mean group"):
        norm2d("grup", 4)


# --- What does not change it ---------------------------------------------------------------------


def normalised(kind: str, x: torch.Tensor) -> torch.Tensor:
    return norm2d(kind, x.shape[1]).double()(x)


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Up to epsilon, which a scale makes count for more or less."""
    return torch.allclose(one, other, rtol=0, atol=1e-3)


def of_layer(kind: str, weights: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    return normalised(kind, nn.functional.conv2d(inputs, weights))


@pytest.mark.parametrize(
    ("kind", "invariant"), [("batch", False), ("layer", True), ("instance", True), ("group", True)]
)
def test_only_batch_normalisation_depends_on_the_batch(kind, invariant):
    one, others = drawn(1, CHANNELS, 4, 4), 5 * drawn(3, CHANNELS, 4, 4)
    together = normalised(kind, torch.cat([one, others]))[:1]
    assert same(together, normalised(kind, one)) == invariant


@pytest.mark.parametrize(
    ("kind", "invariant"), [("batch", False), ("layer", True), ("instance", True)]
)
def test_layer_normalisation_is_blind_to_the_scale_of_one_input(kind, invariant):
    """Of each example by itself; batch normalisation sees only that of the whole batch."""
    inputs, weights = drawn(4, 3, 5, 5), drawn(CHANNELS, 3, 3, 3)
    scales = torch.tensor([1.0, 2, 3, 4]).double().view(-1, 1, 1, 1)
    assert same(of_layer(kind, weights, scales * inputs), of_layer(kind, weights, inputs)) == (
        invariant
    )
    assert same(of_layer(kind, weights, 3 * inputs), of_layer(kind, weights, inputs))


def test_layer_normalisation_is_blind_to_scale_and_shift_of_the_weights():
    """Ba et al. 2016, table 1: to the scale of the whole matrix and to a vector added to all of its
    rows; batch normalisation to the scale of single rows. Of a convolution the shift remains:
    it adds a map that is the same in each channel, but another number at each pixel."""
    inputs, weights, added = drawn(8, 5), drawn(CHANNELS, 5), drawn(1, 5)
    one_row = torch.tensor([3.0] + [1.0] * (CHANNELS - 1)).double().view(-1, 1)

    def blind(norm: nn.Module, changed: torch.Tensor) -> bool:
        return same(norm.double()(inputs @ changed.T), norm.double()(inputs @ weights.T))

    layer, batch = LayerNorm(CHANNELS), BatchNorm(CHANNELS)
    assert blind(layer, 3 * weights + added) and not blind(layer, one_row * weights)
    assert blind(batch, one_row * weights) and not blind(batch, weights + added)

    images, kernels = drawn(4, 3, 5, 5), drawn(CHANNELS, 3, 3, 3)
    expected = of_layer("layer", kernels, images)
    assert same(of_layer("layer", 3 * kernels, images), expected)
    assert not same(of_layer("layer", kernels + drawn(1, 3, 3, 3), images), expected)


@pytest.mark.parametrize(
    ("kind", "invariant"), [("instance", True), ("layer", False), ("batch", False)]
)
def test_instance_normalisation_is_blind_to_contrast(kind, invariant):
    """Another contrast and brightness of each channel of each image."""
    x = drawn(4, CHANNELS, 5, 5)
    contrast, brightness = drawn(4, CHANNELS, 1, 1).abs() + 0.5, drawn(4, CHANNELS, 1, 1)
    assert same(normalised(kind, contrast * x + brightness), normalised(kind, x)) == invariant
