"""Randomness is a pure function of seed, purpose and index."""

import itertools

import numpy as np
import torch

from shinso.core.randomness import Randomness

CPU = torch.device("cpu")


def test_bits_are_a_pure_function():
    first = Randomness(5).bits("order", 3)
    other = Randomness(5)
    other.bits("augment", 3)
    other.numpy("order", 2).random(100)
    assert other.bits("order", 3) == first
    assert 0 <= first < 2**64


def test_seed_purpose_and_index_all_count():
    drawn = {
        Randomness(seed).bits(purpose, index)
        for seed, purpose, index in itertools.product((0, 1, 11), ("a", "b", "ab"), range(50))
    }
    assert len(drawn) == 3 * 3 * 50


def test_bits_look_random():
    bits = np.array([Randomness(0).bits("order", index) for index in range(2000)], dtype=np.uint64)
    ones = np.unpackbits(bits.view(np.uint8)).mean()
    assert abs(ones - 0.5) < 5 * 0.5 / np.sqrt(64 * 2000)


def test_generators_are_their_own():
    random = Randomness(7)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    drawn = torch.rand(4, generator=random.generator("sample", 1))
    assert torch.equal(torch.rand(3), expected)  # the global one did not move
    assert torch.equal(torch.rand(4, generator=random.generator("sample", 1)), drawn)
    assert not torch.equal(torch.rand(4, generator=random.generator("sample", 2)), drawn)
    assert random.numpy("sample", 1).random() == random.numpy("sample", 1).random()


def test_global_generators_are_seeded_by_purpose():
    random = Randomness(7)

    def draw(purpose, index):
        random.seed_generators(purpose, index, CPU)
        return torch.rand(5)

    first = draw("step", 10)
    assert not torch.equal(draw("step", 11), first)
    assert not torch.equal(draw("evaluate", 10), first)
    assert torch.equal(draw("step", 10), first)


def test_compiled_state_is_an_array_of_one_uint64():
    state = Randomness(7).compiled("rollout", 4)
    assert state.dtype == np.uint64 and state.shape == (1,)
    assert int(state[0]) == Randomness(7).bits("rollout", 4)
    state[0] += np.uint64(1)  # writable: compiled code moves it on
