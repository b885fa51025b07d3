"""Oracles: the formula in Python's floats, and the geometry of rotations."""

import math

import pytest
import torch

from shinso.core.errors import UserError
from shinso.layers.positions import position_exhibit, sinusoidal_positions


def test_it_is_the_formula():
    steps, size, start = 5, 8, 1  # the course counts from 1
    table = sinusoidal_positions(steps, size, start, dtype=torch.float64)
    assert table.shape == (steps, size)
    for row in range(steps):
        for pair in range(size // 2):
            angle = (start + row) / 10000 ** (2 * pair / size)
            assert table[row, 2 * pair].item() == pytest.approx(math.sin(angle), abs=1e-14)
            assert table[row, 2 * pair + 1].item() == pytest.approx(math.cos(angle), abs=1e-14)


def test_the_first_position_is_every_clock_at_its_start():
    assert sinusoidal_positions(1, 6).tolist() == [[0, 1, 0, 1, 0, 1]]


@pytest.mark.parametrize("steps_away", [-3, 1, 40])
def test_a_position_some_steps_away_is_a_rotation_by_the_same_angles_everywhere(steps_away):
    size = 10
    table = sinusoidal_positions(200, size, start=50, dtype=torch.float64)
    moved = sinusoidal_positions(200, size, start=50 + steps_away, dtype=torch.float64)
    rotation = torch.zeros(size, size, dtype=torch.float64)
    for pair in range(size // 2):
        angle = steps_away * 10000 ** (-2 * pair / size)
        cos, sin = math.cos(angle), math.sin(angle)
        block = slice(2 * pair, 2 * pair + 2)
        rotation[block, block] = torch.tensor([[cos, sin], [-sin, cos]], dtype=torch.float64)
    torch.testing.assert_close(moved, table @ rotation.T, rtol=0, atol=1e-12)


def test_all_are_equally_long_and_their_products_tell_distances_alone():
    table = sinusoidal_positions(60, 64, dtype=torch.float64)
    products = table @ table.T
    assert products.diagonal().tolist() == pytest.approx([32] * 60)
    for distance in range(1, 60):
        line = products.diagonal(distance)
        assert line.tolist() == pytest.approx([line[0].item()] * len(line))
        assert line[0] < 31.99


def test_any_start_continues_the_same_table():
    whole = sinusoidal_positions(30, 16)
    torch.testing.assert_close(sinusoidal_positions(10, 16, 20), whole[20:], rtol=0, atol=0)


def test_far_positions_are_exact_in_float32():
    table = sinusoidal_positions(1, 256, start=100_000)
    angles = [100_000 / 10000 ** (2 * pair / 256) for pair in range(128)]
    assert table.dtype == torch.float32
    assert table[0, ::2].tolist() == pytest.approx([math.sin(a) for a in angles], abs=1e-7)


def test_type_is_the_one_asked_for():
    assert sinusoidal_positions(2, 4, dtype=torch.bfloat16).dtype == torch.bfloat16


def test_an_odd_size_is_refused():
    with pytest.raises(UserError, match="positions of 5 numbers have one without a pair"):
        sinusoidal_positions(3, 5)


def test_the_exhibit_shows_the_table():
    exhibit = position_exhibit(50, 256)
    expected = sinusoidal_positions(50, 256).double().numpy()
    assert exhibit.values.shape == (50, 256) and (exhibit.values == expected).all()
