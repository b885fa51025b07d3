import numpy as np
import pytest

from shinso.core.errors import UserError
from shinso.data.addition import AdditionSet, bits, number


@pytest.fixture(scope="module")
def addition() -> AdditionSet:
    return AdditionSet()


DIGEST = "6bd4fe3840b49543d986eb0e58d4d267fd95a807e455d07a78fc5b3314608d63"


def pairs(split) -> set[tuple[int, int]]:
    return set(zip(split.first.tolist(), split.second.tolist(), strict=True))


def test_54_and_104_are_158():
    printed = [1, 0, 0, 1, 1, 1, 1, 0]  # the most significant bit first, as on paper
    row = bits([54 + 104], width=8)[0]
    assert row.tolist() == printed[::-1]
    assert number(row) == 158
    assert number(printed[::-1]) == 158


def test_bits_and_back():
    numbers = np.arange(2**10)
    rows = bits(numbers, width=10)
    assert rows.shape == (2**10, 10)
    assert [int(f"{n:010b}"[::-1][0]) for n in (6, 7)] == [rows[6, 0], rows[7, 0]]
    assert number(rows).tolist() == numbers.tolist()
    assert number(rows.astype(np.float32)).tolist() == numbers.tolist()
    assert bits([], width=4).shape == (0, 4)


@pytest.mark.parametrize("misfit", [256, -1])
def test_a_number_that_does_not_fit_is_refused(misfit):
    with pytest.raises(UserError, match=f"{misfit} does not fit 8 bits; give 0 to 255"):
        bits([3, misfit], width=8)


def test_the_splits(addition):
    everything = {(a, b) for a in range(128) for b in range(128)}
    train, valid = pairs(addition.train), pairs(addition.valid)
    assert pairs(addition.test) == everything
    assert len(addition.test) == 16_384
    assert train | valid == everything
    assert not train & valid
    assert len(addition.valid) == 1_639  # a tenth, and its last pair's mirror image
    assert {(b, a) for a, b in valid} == valid


def test_valid_looks_like_the_rest(addition):
    assert addition.valid.targets.mean(axis=0) == pytest.approx(
        addition.test.targets.mean(axis=0), abs=0.04
    )


def test_the_course_holds_nothing_out(addition):
    course = AdditionSet(all_pairs=True)
    assert pairs(course.train) == pairs(course.test)
    assert pairs(course.valid) == pairs(addition.valid)
    assert course.digest() == addition.digest()


def test_arrays(addition):
    split = addition.train
    assert split.inputs.shape == (len(split), 8, 2)
    assert split.targets.shape == (len(split), 8)
    assert split.inputs.dtype == split.targets.dtype == np.float32
    operands = number(split.inputs.transpose(0, 2, 1))  # (N, 2)
    assert (operands.sum(axis=1) == number(split.targets)).all()
    assert set(map(tuple, operands.tolist())) == pairs(split)


def test_16_bit_pairs_were_never_trained_on(addition):
    split = addition.test_16
    assert split.inputs.shape == (1_000, 16, 2)
    assert len(pairs(split)) == 1_000
    assert max(split.first.max(), split.second.max()) < 2**15
    assert not pairs(split) & pairs(addition.test)
    assert (number(split.targets) == split.first + split.second).all()
    assert (split.sums > 2**15).any()  # the 16th bit is used


def test_the_content_is_the_same_for_ever(addition):
    """Recorded results name this digest: who changes it makes another set."""
    assert addition.digest() == DIGEST


def test_split_by_name(addition):
    assert addition.split("valid") is addition.valid
    with pytest.raises(UserError, match="addition has no split dev; known: train, valid, test"):
        addition.split("dev")
