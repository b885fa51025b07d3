"""Dropout: what it drops, how it scales the rest, and whose random numbers it draws."""

import pytest
import torch

from shinso.layers.dropout import dropout

X = torch.arange(1.0, 200_002.0)  # a number of them that four does not divide


@pytest.mark.parametrize("rate", (0.1, 0.5, 0.9))
def test_the_share_that_is_dropped_is_the_rate_and_the_rest_grows(rate):
    torch.manual_seed(0)
    dropped = dropout(X, rate)
    gone = dropped == 0
    spread = (rate * (1 - rate) / len(X)) ** 0.5  # of the mean of so many draws
    assert abs(gone.double().mean().item() - rate) < 4 * spread
    torch.testing.assert_close(dropped[~gone], X[~gone] / (1 - rate), rtol=1e-4, atol=0)


def test_numbers_are_dropped_each_by_itself():
    """Neighbours share what the generator drew, and not their fate."""
    torch.manual_seed(0)
    gone = (dropout(X, 0.5) == 0).double()
    for apart in (1, 2, 3, 4, 8):
        together = (gone[apart:] * gone[:-apart]).mean().item()
        assert together == pytest.approx(0.25, abs=0.005)


def test_everything_or_nothing_can_be_dropped():
    assert dropout(X, 0.0) is X
    assert dropout(X, 0.5, training=False) is X
    assert not dropout(X, 1.0).any()
    torch.testing.assert_close(dropout(X, 1e-9), X)
    assert (dropout(X, 1 - 1e-9) == 0).double().mean() > 0.999


def test_one_state_of_the_generator_drops_the_same():
    drawn = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        drawn.append(dropout(X, 0.5))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize("dtype", (torch.float64, torch.bfloat16))
def test_shape_and_type_stay_and_gradients_are_scaled_likewise(dtype):
    torch.manual_seed(0)
    x = torch.ones(3, 1, 5, dtype=dtype, requires_grad=True)
    dropped = dropout(x, 0.5)
    assert (dropped.shape, dropped.dtype) == (x.shape, dtype)
    assert set(dropped.flatten().tolist()) == {0.0, 2.0}
    (gradient,) = torch.autograd.grad(dropped.sum(), x)
    assert torch.equal(gradient, dropped)
