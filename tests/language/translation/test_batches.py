import numpy as np
import pytest
import torch

from shinso.core.errors import UserError
from shinso.core.randomness import Randomness
from shinso.data.parallel import ParallelSplit
from shinso.language.translation.batches import EncodedPairs, LengthBuckets, Rows
from shinso.language.translation.decoding import BOS, EOS, PAD
from shinso.language.translation.pairs import PairReading


def order(seed: int = 0):
    random = Randomness(seed)
    return lambda epoch: random.numpy("order", epoch)


def pairs_of(source_lengths, target_lengths) -> EncodedPairs:
    """Row i holds i + 4, EOS and BOS apart, so that a batch tells what it is made of."""
    rows = list(zip(source_lengths, target_lengths, strict=True))
    return EncodedPairs(
        Rows.of(np.array([i + 4] * (s - 1) + [EOS], np.int32) for i, (s, _) in enumerate(rows)),
        Rows.of(
            np.array([BOS] + [i + 4] * (t - 1) + [EOS], np.int32) for i, (_, t) in enumerate(rows)
        ),
    )


@pytest.fixture(scope="module")
def pairs() -> EncodedPairs:
    """1,000 pairs, targets of 2 to 40 tokens, sources alike; one is very long."""
    random = np.random.default_rng(3)
    targets = random.integers(2, 41, 1_000)
    sources = np.maximum(2, targets + random.integers(-3, 4, 1_000))
    sources[17] = 90
    return pairs_of(sources, targets)


SIZES = [{"sentences": 64}, {"sentences": 1}, {"tokens": 500}, {"tokens": 90}]


# --- Padding -----------------------------------------------------------------------------------


def test_a_batch_is_padded_at_the_end():
    split = ParallelSplit(("a b c", "a"), ("x", "x y"))
    reading = PairReading.learned("spaces", split, None, 1)
    batch = EncodedPairs.of(reading, split).batch(np.array([1, 0]))
    a, b, c = (reading.source.vocabulary.number(word) for word in "abc")
    x, y = (reading.target.vocabulary.number(word) for word in "xy")
    assert batch.source.tolist() == [[a, EOS, PAD, PAD], [a, b, c, EOS]]
    assert batch.lengths.tolist() == [2, 4]
    assert batch.target.tolist() == [[BOS, x, y, EOS], [BOS, x, EOS, PAD]]
    assert all(tensor.dtype == torch.int64 for tensor in batch)


def test_every_row_comes_out_as_it_went_in(pairs):
    indices = np.random.default_rng(0).permutation(len(pairs))[:100]
    batch = pairs.batch(indices)
    for place, index in enumerate(indices):
        length = pairs.sources.lengths[index]
        assert batch.lengths[place] == length
        assert batch.source[place].tolist() == [index + 4] * (length - 1) + [EOS] + [PAD] * (
            batch.source.shape[1] - length
        )
        own = batch.target[place][batch.target[place] != PAD].tolist()
        assert own == [BOS] + [index + 4] * (pairs.targets.lengths[index] - 2) + [EOS]


# --- Batches -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_an_epoch_has_every_pair_once(pairs, size):
    buckets = LengthBuckets(pairs, order(), **size)
    for epoch in (0, 1):
        seen = [buckets.indices(epoch, step) for step in range(buckets.epoch_steps)]
        assert sorted(np.concatenate(seen)) == list(range(1_000))
        assert min(map(len, seen)) > 0


@pytest.mark.parametrize("size", SIZES)
def test_a_batch_is_a_function_of_seed_epoch_and_position(pairs, size):
    """So that a run resumed in the middle of an epoch goes on with the same batches."""
    through = LengthBuckets(pairs, order(), **size)
    seen = [[through.indices(e, step) for step in range(through.epoch_steps)] for e in range(3)]
    for epoch, position in ((2, 5), (0, 7), (1, through.epoch_steps - 1)):
        resumed = LengthBuckets(pairs, order(), **size)
        assert resumed.epoch_steps == through.epoch_steps
        assert (resumed.indices(epoch, position) == seen[epoch][position]).all()
    other = LengthBuckets(pairs, order(seed=1), **size)
    assert not all(np.array_equal(other.indices(0, s), seen[0][s]) for s in range(5))


def test_batches_of_so_many_sentences(pairs):
    buckets = LengthBuckets(pairs, order(), sentences=64)
    sizes = sorted(len(buckets.indices(0, step)) for step in range(buckets.epoch_steps))
    assert sizes == [1_000 % 64, *[64] * 15]


def test_batches_of_so_many_tokens(pairs):
    buckets = LengthBuckets(pairs, order(), tokens=500)
    areas = []
    for step in range(buckets.epoch_steps):
        batch = pairs.batch(buckets.indices(0, step))
        areas.append(len(batch.lengths) * max(batch.source.shape[1], batch.target.shape[1] - 1))
    assert max(areas) <= 500
    assert np.median(areas) > 450  # full, but for those with the long source and the last


def test_the_first_of_a_target_is_given_and_no_token_of_it():
    buckets = LengthBuckets(pairs_of([3] * 6, [5] * 6), order(), tokens=10)
    assert [len(buckets.indices(0, step)) for step in range(buckets.epoch_steps)] == [2, 2, 2]


def test_a_sentence_longer_than_a_batch_is_refused(pairs):
    message = "--batch-tokens 89 is less than the 90 tokens of the longest sentence"
    with pytest.raises(UserError, match=message):
        LengthBuckets(pairs, order(), tokens=89)


def padding(pairs: EncodedPairs, batches) -> float:
    """The share of all numbers of some batches that are padding."""
    sides = [side for batch in batches for side in (batch.source, batch.target)]
    return 1 - sum(int((s != PAD).sum()) for s in sides) / sum(s.numel() for s in sides)


def test_little_is_padding(pairs):
    drawn = np.random.default_rng(0).permutation(1_000).reshape(20, 50)
    assert padding(pairs, map(pairs.batch, drawn)) > 0.4
    buckets = LengthBuckets(pairs, order(), sentences=50)
    batches = (pairs.batch(buckets.indices(0, step)) for step in range(buckets.epoch_steps))
    assert padding(pairs, batches) < 0.15  # with 90 columns for the one long source
    targets = [pairs.targets.padded(buckets.indices(0, step)) for step in range(20)]
    assert sum((t == PAD).sum() for t in targets) < 0.06 * sum(t.size for t in targets)


def test_pairs_meet_others_in_every_epoch():
    pairs = pairs_of([5] * 500 + [6] * 500, [7] * 1_000)
    buckets = LengthBuckets(pairs, order(), sentences=50)
    met = [
        set(buckets.indices(e, s)) for e in (0, 1) for s in range(20) if 3 in buckets.indices(e, s)
    ]
    assert len(met[0] & met[1]) < 25
    lengths = [pairs.sources.lengths[buckets.indices(0, step)][0] for step in range(20)]
    assert sorted(lengths) != lengths  # nor do short ones come first
