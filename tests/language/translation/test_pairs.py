import numpy as np
import pytest

from shinso.core.errors import UserError
from shinso.data.parallel import ParallelSplit
from shinso.language.translation.decoding import BOS, EOS, PAD, UNK
from shinso.language.translation.pairs import PairReading
from shinso.language.vocabulary import TRANSLATION

SPLIT = ParallelSplit(
    ("i like tea .", "i like rice .", "she has tea ."),
    ("私 は お茶 が 好き だ 。", "私 は 米 が 好き だ 。", "彼女 は お茶 を 持 っ て い る 。"),
)
RAW = ParallelSplit(
    ("I like green tea.", "She likes rice, too.", "He reads a book.", "They sell old books.") * 10,
    ("私はお茶が好きです。", "彼女も米が好きです。", "彼は本を読む。", "古い本を売っている。") * 10,
)


@pytest.fixture(scope="module")
def words() -> PairReading:
    return PairReading.learned("spaces", SPLIT, None, 2)


def test_each_side_has_its_own_words_after_the_four_of_both(words):
    assert words.source.vocabulary.words == (*TRANSLATION, ".", "i", "like", "tea")
    assert words.target.vocabulary.words[:5] == (*TRANSLATION, "。")
    assert "米" not in words.target.vocabulary  # seen once
    assert [TRANSLATION[n] for n in (PAD, BOS, EOS, UNK)] == ["<pad>", "<bos>", "<eos>", "<unk>"]


def test_a_vocabulary_can_be_limited():
    small = PairReading.learned("spaces", SPLIT, 6, 1)
    assert len(small.source.vocabulary) == len(small.target.vocabulary) == 6


def test_sentences_to_numbers(words):
    assert words.read_source("i like coffee").tolist() == [5, 6, UNK, EOS]
    assert words.read_source("").tolist() == [EOS]
    target = words.read_target("私 は 酒 だ")
    assert target.tolist()[0] == BOS and target.tolist()[-1] == EOS and target.tolist()[3] == UNK
    assert words.read_target(" ").tolist() == [BOS, EOS]
    assert target.dtype == words.read_source("i").dtype == np.int32


def test_names_of_specials_in_a_text_are_unknown_words(words):
    """A sentence that speaks of "<eos>" does not end there, and one of "<pad>" is no padding."""
    assert words.read_source("<eos> <pad> <bos> <unk> tea").tolist() == [UNK] * 4 + [7, EOS]


def test_numbers_to_text(words):
    line = "私 は お茶 が 好き だ 。"
    ids = words.read_target(line)
    assert words.written(ids) == words.written(ids[1:-1]) == words.written(ids.tolist()) == line
    assert words.written([*ids, PAD, PAD]) == line
    assert words.written([*ids, 4, EOS]) == line  # what comes after the end is not said
    assert words.written([]) == words.written([EOS]) == ""


def test_unknown_words_are_told_once(words):
    assert words.unknown("tea or coffee or tea") == ["or", "coffee"] and words.unknown("") == []


def test_an_artifact_keeps_both_sides():
    for name, split, size, count in (("spaces", SPLIT, None, 2), ("sentencepiece", RAW, 60, 1)):
        reading = PairReading.learned(name, split, size, count)
        kept = PairReading.kept(name, {**reading.assets, "other.txt": "of something else"})
        assert kept == reading
        for source, target in split[:4]:
            assert (kept.read_source(source) == reading.read_source(source)).all()
            assert kept.written(kept.read_target(target)) == reading.written(
                reading.read_target(target)
            )
    assert set(reading.assets) == {
        f"{side}.{name}"
        for side in ("source", "target")
        for name in ("vocabulary.txt", "sentencepiece.base64")
    }


def test_pieces_of_raw_text_come_back_without_spaces():
    pieces = PairReading.learned("sentencepiece", RAW, 60, 1)
    for source, target in RAW[:4]:
        assert pieces.written(pieces.read_target(target)) == target
        assert UNK not in pieces.read_source(source)


def test_pieces_of_tokenised_text_come_back_as_its_tokens():
    """So that subwords are scored on the same tokens as words."""
    split = ParallelSplit(SPLIT.sources * 20, SPLIT.targets * 20)
    pieces = PairReading.learned("sentencepiece", split, 50, 1)
    for target in SPLIT.targets:
        assert pieces.written(pieces.read_target(target)) == target


@pytest.mark.parametrize("side", ["source", "target"])
def test_damaged_assets_are_refused(words, side):
    name = f"{side}.vocabulary.txt"
    with pytest.raises(UserError, match=r"lacks vocabulary\.txt"):
        PairReading.kept("spaces", {k: v for k, v in words.assets.items() if k != name})
    with pytest.raises(UserError, match=rf"{name} does not begin with <pad>, <bos>, <eos>, <unk>"):
        PairReading.kept("spaces", {**words.assets, name: "<unk>\n<eos>\na\n"})
