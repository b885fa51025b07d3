"""Scores that every field counts alike."""

import math

import pytest

from shinso.core.evaluation import perplexity


def test_perplexity_is_the_number_of_choices_as_likely_as_each_other():
    assert perplexity(0.0) == 1
    assert perplexity(-math.log(1 / 50)) == pytest.approx(50)


def test_a_net_that_has_diverged_has_one_too():
    assert math.isfinite(perplexity(1e5)) and perplexity(1e5) > perplexity(700)
    assert math.isnan(perplexity(math.nan))
