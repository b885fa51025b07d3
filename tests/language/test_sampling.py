"""Drawing tokens: as often as their probabilities say."""

import pytest
import torch

from shinso.language.sampling import drawn

P = torch.tensor([0.1, 0.0, 0.4, 0.2, 0.3], dtype=torch.float64)
GRID = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000  # each draw stands for a thousandth


def shares(p, **how):
    """How often each token is drawn by evenly spaced draws."""
    tokens = drawn(p.log().expand(1000, -1), GRID, **how)
    return [count / 1000 for count in tokens.bincount(minlength=len(p)).tolist()]


def test_tokens_are_drawn_as_often_as_is_likely():
    assert shares(P) == pytest.approx(P.tolist(), abs=1e-9)


def test_a_temperature_is_a_power_of_the_probabilities():
    for temperature in (0.5, 2.0):
        powers = P ** (1 / temperature)
        expected = (powers / powers.sum()).tolist()
        assert shares(P, temperature=temperature) == pytest.approx(expected, abs=1e-3)


def test_without_warmth_the_likeliest_is_taken():
    for nearly_none in (0.0, 5e-324, 1e-30):
        assert shares(P.float(), temperature=nearly_none) == [0, 0, 1, 0, 0]
        assert shares(P.float(), temperature=nearly_none, top_k=2) == [0, 0, 1, 0, 0]


def test_the_k_likeliest_share_what_is_drawn():
    assert shares(P, top_k=2) == pytest.approx([0, 0, 4 / 7, 0, 3 / 7], abs=1e-3)
    assert shares(P, top_k=1) == [0, 0, 1, 0, 0]
    assert shares(P, top_k=99) == shares(P)


def test_the_ends_of_the_range_draw_what_is_possible():
    p = torch.tensor([[0.0, 1 / 3, 1 / 3, 1 / 3, 0.0]], dtype=torch.float64)
    ends = torch.tensor([0.0, 1 - 2**-53], dtype=torch.float64)
    assert drawn(p.log().expand(2, -1), ends).tolist() == [1, 3]
