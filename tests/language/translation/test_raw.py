import re

import pytest

from shinso.data import open_data
from shinso.data.locate import found_files, is_complete
from shinso.data.store import entry_of
from shinso.language.translation.raw import spaced, unspaced


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("彼女 は 12 歳 に な っ た 。", "彼女は12歳になった。"),
        ("New York City は 大き い ！", "New York Cityは大きい！"),
        ("「 え え 」 と Mr. Smith が 言 っ た", "「ええ」とMr. Smithが言った"),
        ("コーヒー を 飲 み ， （ 々 〆 ） ： ～", "コーヒーを飲み，（々〆）：～"),
        ("𠮷 野 家", "𠮷野家"),
        ("この ま ま", "このまま"),
        ("i like tea .", "i like tea ."),
        ("나는 차를 좋아한다", "나는 차를 좋아한다"),
        ("", ""),
    ],
)
def test_japanese_has_no_spaces(tokens, text):
    assert unspaced(tokens) == unspaced(text) == text


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't!", "don 't !"),
        ("It\u2019s five o\u2019clock, isn't it?", "it 's five o 'clock , isn 't it ?"),
        ("Mr. Smith left the U.S. at 3:30 p.m.", "mr. smith left the u.s. at 3:30 p.m."),
        ("He said, “Stop.”", "he said , '' stop . ''"),
        ('He paid 50,000 yen for "it".', "he paid 50,000 yen for '' it '' ."),
        ("A good-looking 10-minute film...", "a good-looking 10-minute film ..."),
        ("  \uff21\uff22\tcafé…  ", "ab café ..."),
        ("", ""),
    ],
)
def test_english_as_the_corpus_has_it(text, tokens):
    assert spaced(text) == spaced(tokens) == tokens


def as_a_person_writes(tokens: str) -> str:
    text = re.sub(r" ([.,?!;:]|'(?:t|s|m|ll|ve|re|d|clock)\b)", r"\1", tokens)
    return text[:1].upper() + text[1:]


REAL = is_complete(entry_of("small_parallel_enja"), found_files(entry_of("small_parallel_enja")))


@pytest.mark.skipif(not REAL, reason="not in SHINSO_DATA: small_parallel_enja")
def test_nearly_all_sentences_of_the_corpus_come_back():
    """All but some 30 in 50,000, as "taller than i." with the full stop in the word."""
    lines = open_data("small_parallel_enja").split("train").sources[::5]
    strange = [line for line in lines if spaced(as_a_person_writes(line)) != line]
    assert len(strange) < 0.001 * len(lines)
