import numpy as np
import pytest

from shinso.core.errors import UserError
from shinso.data import open_data
from shinso.data.copying import FEWEST, MOST, CopyingSet, draw, to_read, to_write

DIGEST = "d76a5f23cfca1ecf3eb4837c8c64ac6bbe29f08e3e74fdced8b5b8e2045c60db"
ALL = ("train", "valid", "test")


def rows(symbols) -> set[tuple[int, ...]]:
    return set(map(tuple, symbols.tolist()))


def test_the_task_is_the_papers():
    """Length 4 over distance 7: L symbols, T - 1 blanks, the delimiter, L blanks to answer in."""
    symbols = np.array([[3, 0, 2, 1]])
    read, written = to_read(symbols, distance=7), to_write(symbols, distance=7)
    assert read.tolist() == [[3, 0, 2, 1, 8, 8, 8, 8, 8, 8, 9, 8, 8, 8, 8]]
    assert written.tolist() == [[8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 3, 0, 2, 1]]


def test_at_distance_1_the_delimiter_follows_at_once():
    assert to_read(np.array([[3, 0]]), distance=1).tolist() == [[3, 0, 9, 8, 8]]
    assert to_write(np.array([[3, 0]]), distance=1).tolist() == [[8, 8, 8, 3, 0]]


def test_the_stream_is_splitmix64_and_each_of_its_words_is_in_one_split():
    """The published first outputs for the seed 1234567, read as digits to the base 8."""
    published = (
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    )
    expected = [[word >> 3 * place & 7 for place in range(MOST)] for word in published]
    drawn = [draw(part, 1234567, np.arange(5), MOST).tolist() for part in ALL]
    for index in range(5):
        assert [rows_[index] for rows_ in drawn].count(expected[index]) == 1


def test_a_sequence_is_a_function_of_its_index():
    whole = draw("train", 5, np.arange(100), 6)
    assert draw("train", 5, np.array([70, 3]), 6).tolist() == whole[[70, 3]].tolist()
    assert len(rows(whole) & rows(draw("train", 6, np.arange(100), 6))) < 3


@pytest.mark.parametrize("length", [FEWEST, 3, 5, MOST])
def test_the_splits_share_nothing_whatever_the_seed(length):
    copying = CopyingSet()
    valid, test = (rows(copying.split(name).symbols(length)) for name in ("valid", "test"))
    assert valid and test and not valid & test
    for seed in range(3):
        train = rows(draw("train", seed, np.arange(5_000), length))
        assert not train & (valid | test)


def test_all_sequences_of_three_symbols_are_in_some_split():
    """8 x 8 x 8 of them, a tenth each in valid and test."""
    drawn = {part: rows(draw(part, 0, np.arange(10_000), 3)) for part in ALL}
    assert sum(map(len, drawn.values())) == 8**3 == len(set.union(*drawn.values()))
    assert 30 < len(drawn["valid"]) < 75
    assert 30 < len(drawn["test"]) < 75


@pytest.mark.parametrize("part", ALL)
def test_every_symbol_is_as_frequent_in_every_place(part):
    symbols = draw(part, 1, np.arange(8_000), 5)
    for place in symbols.T:
        assert np.bincount(place, minlength=8) == pytest.approx(1_000, abs=150)


def test_the_content_is_the_same_for_ever():
    """Recorded results name this digest: who changes it makes another set."""
    assert CopyingSet().digest() == DIGEST


def test_it_opens_through_the_store():
    test = open_data("copying", ("copying",)).split("test")
    assert len(test) == 1_000
    assert test.symbols(7).shape == (1_000, 7)


def test_what_is_trained_on_has_no_end_and_so_is_no_split():
    with pytest.raises(UserError, match=r"copying has no split train; known: valid, test"):
        CopyingSet().split("train")
