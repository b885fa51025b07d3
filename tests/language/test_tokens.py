import subprocess
import sys

import pytest

from shinso.core.errors import UserError
from shinso.language.tokens import (
    TOKENISERS,
    SentencePiece,
    kept_tokeniser,
    learned_tokeniser,
)


def tokeniser(name: str):
    return learned_tokeniser(name, (), 0)


# --- Spaces ------------------------------------------------------------------------------------


def test_spaces_take_text_as_it_is_tokenised():
    line = " Robert <unk> is an 18 @-@ year @-@ old actor . "
    spaces = tokeniser("spaces")
    assert spaces.tokens(line) == line.split() and spaces.tokens(" ") == []
    assert spaces.text(spaces.tokens(line)) == line.strip()


# --- Course ------------------------------------------------------------------------------------


def test_the_courses_rules():
    """Lower case; a to z, apostrophe, hyphen and space; no words that begin with a hyphen."""
    line = "Don’t -- said Mr.\tO'Neil-Smith, 21 -years (-old) café"
    assert tokeniser("course").tokens(line) == ["don't", "said", "mr", "o'neil-smith", "caf"]


# --- Words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("He didn't see the mother-in-law.", "he didn't see the mother-in-law ."),
        ("Wait... what?! (Yes; really: no.)", "wait . . . what ? ! ( yes ; really : no . )"),
        ("In 1776, 1,234.50 and 3.14; the 2nd B2B", "in 1776 , 1,234.50 and 3.14 ; the 2nd b2b"),
        ("grass--wheels that—and -----", "grass -- wheels that — and -----"),
        ("## _The_ *Nautilus* **sank**, _I'll_ say", "the nautilus sank , i'll say"),
        ("#1 of C#", "# 1 of c #"),
        ("“Don’t,” he said, \u2018now’", "\" don't , \" he said , ' now '"),
        ("\ufeffso\u00adft", "soft"),
        ("STRASSE Ünïcode ΩΜΈΓΑ Ёлка", "strasse ünïcode ωμέγα ёлка"),
        ("cafe\u0301 हिन्दी में नमस्ते।", "café हिन्दी में नमस्ते ।"),
        ("می‌خواهم", "می‌خواهم"),
        (" \t ", ""),
    ],
)
def test_words(line, tokens):
    assert tokeniser("words").tokens(line) == tokens.split(" ") * bool(tokens)


@pytest.mark.parametrize(
    "text",
    [
        'it is, he said, "a mother-in-law!" and (so) went--then she: "no" ; yes'.replace(" ;", ";"),
        "wait... what?! the £5 [sic]; 100%",
        "'yes,' said alice—and \"no\" meant 'no'.",
        "",
    ],
)
def test_words_are_joined_as_a_person_would_write_them(text):
    words = tokeniser("words")
    assert words.text(words.tokens(text)) == text


@pytest.mark.parametrize("name", ["spaces", "words", "course"])
def test_tokens_hold_no_white_space(name):
    line = "a\u00a0b\u3000c\u2028d\x85e\x0bf\x1cg *h_ i\tj"
    for token in tokeniser(name).tokens(line):
        assert token.split() == [token]


# --- Sentence pieces ---------------------------------------------------------------------------

JAPANESE = [
    "私 は 学生 です 。",
    "あなた は 先生 です か 。",
    "今日は良い天気ですね。",
    "明日は雨が降るでしょう。",
    "彼は毎日日本語を勉強しています。",
] * 20
ENGLISH = [f"The {word} is {word}er than the other one." for word in ("tall", "small", "fast")] * 50


@pytest.mark.parametrize("lines", [JAPANESE, ENGLISH])
def test_pieces_of_any_language_come_back_as_text(lines):
    pieces = SentencePiece.trained(lines, 120)
    for line in lines[:5]:
        tokens = pieces.tokens(line)
        assert len(tokens) > 1 and all(token.split() == [token] for token in tokens)
        assert pieces.text(tokens) == line
    assert pieces.text(pieces.tokens(f"{lines[0]} ☃ new")) == f"{lines[0]} ☃ new"


def test_a_long_line_is_learned_from_too():
    """The library's own limit is 4,192 bytes."""
    pieces = SentencePiece.trained(["extraordinary extraordinarily " * 1_000], 60)
    assert len(pieces.tokens("extraordinary")) < 5


def test_pieces_are_the_same_every_time():
    """In another process, too, where other memory and other hashes would show."""
    script = (
        "from shinso.language.tokens import SentencePiece\n"
        f"print(SentencePiece.trained({ENGLISH!r}, 60).model.hex())\n"
    )
    command = [sys.executable, "-c", script]
    other = subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    assert bytes.fromhex(other) == SentencePiece.trained(ENGLISH, 60).model


def test_much_text_is_thinned_out_evenly(monkeypatch):
    monkeypatch.setattr(SentencePiece, "ENOUGH", 3_000)
    late = SentencePiece.trained([*["aaaa bbbb"] * 500, *["zymurgy"] * 500], 30)
    assert len(late.tokens("zymurgy")) <= 2


def test_an_artifact_keeps_the_pieces():
    pieces = learned_tokeniser("sentencepiece", ENGLISH, 60)
    assets = pieces.assets()
    assert all(text.isascii() for text in assets.values())
    kept = kept_tokeniser("sentencepiece", assets)
    assert kept.tokens(ENGLISH[0]) == pieces.tokens(ENGLISH[0])
    for name in ("spaces", "words", "course"):
        assert kept_tokeniser(name, {}).tokens("a b") == ["a", "b"]
        assert tokeniser(name).assets() == {}


def test_there_is_nothing_to_learn_from():
    with pytest.raises(UserError, match="no 60 sentence pieces can be learned"):
        SentencePiece.trained([], 60)


@pytest.mark.parametrize(
    ("assets", "message"),
    [
        ({}, "the artifact lacks sentencepiece.base64"),
        ({SentencePiece.ASSET: "no base64!"}, "sentencepiece.base64 is damaged"),
        ({SentencePiece.ASSET: "Z2FyYmFnZQ=="}, "these are no sentence pieces"),
    ],
)
def test_damaged_assets_are_refused(assets, message):
    with pytest.raises(UserError, match=message):
        kept_tokeniser("sentencepiece", assets)


# --- By name -----------------------------------------------------------------------------------


def test_unknown_names_are_refused():
    assert TOKENISERS == ("spaces", "words", "course", "sentencepiece")
    with pytest.raises(UserError, match="there is no tokeniser word; did you mean words"):
        learned_tokeniser("word", (), 0)
