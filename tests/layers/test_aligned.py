"""AlignedLinear is nn.Linear, whatever its number of outputs."""

import pytest
import torch
from torch import nn

from shinso.layers.aligned import AlignedLinear


@pytest.mark.parametrize("training", (False, True))
@pytest.mark.parametrize("bias", (False, True))
@pytest.mark.parametrize("outputs", (1, 16, 33))
def test_outputs_and_gradients_are_those_of_torch(outputs, bias, training):
    torch.manual_seed(0)
    ours = AlignedLinear(5, outputs, bias=bias, dtype=torch.float64).train(training)
    theirs = nn.Linear(5, outputs, bias=bias, dtype=torch.float64)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
    weighed = torch.randn(2, 3, outputs, dtype=torch.float64)

    found, expected = ours(x), theirs(x)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        torch.autograd.grad((found * weighed).sum(), (x, *ours.parameters())),
        torch.autograd.grad((expected * weighed).sum(), (x, *theirs.parameters())),
    )


def test_while_learning_rows_of_the_result_begin_at_lines_of_the_cache():
    """What it is for: the rows lie a multiple of 16 numbers apart."""
    logits = AlignedLinear(5, 33)(torch.randn(2, 3, 5))
    assert logits.shape == (2, 3, 33)
    assert logits.stride() == (3 * 48, 48, 1)
