"""Tokenisers: a line of text to the tokens that a model reads, and tokens back to text."""

from __future__ import annotations

import base64
import binascii
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any, Protocol

from shinso.core.errors import UserError, nearest


class Tokeniser(Protocol):
    """Gives tokens without white space in them."""

    def tokens(self, line: str) -> list[str]:
        """What a line consists of, in order."""
        ...

    def text(self, tokens: Iterable[str]) -> str:
        """The tokens as a person would write them."""
        ...

    def assets(self) -> dict[str, str]:
        """What was learned, as text files of an artifact by name; none where nothing was."""
        ...


class _Rules:
    """A tokeniser that learns nothing."""

    def assets(self) -> dict[str, str]:
        return {}


class Spaces(_Rules):
    """Of text that is tokenised already, like Penn Treebank: tokens stand between white space."""

    def tokens(self, line: str) -> list[str]:
        return line.split()

    def text(self, tokens: Iterable[str]) -> str:
        return " ".join(tokens)


class Course(_Rules):
    """The course's: lower case, only a to z, apostrophe, hyphen and space are kept, and words that
    begin with a hyphen are dropped."""

    def tokens(self, line: str) -> list[str]:
        kept = _NOT_OF_COURSE.sub("", line.lower().replace("’", "'"))
        return [word for word in kept.split() if not word.startswith("-")]

    def text(self, tokens: Iterable[str]) -> str:
        return " ".join(tokens)


_NOT_OF_COURSE = re.compile(r"[^a-z'\-\s]")


class Words(_Rules):
    """Of prose in a language with spaces: words in lower case with their inner apostrophes and
    hyphens, numbers, dashes of two hyphens or more, and single punctuation marks.

    Markdown's marks of emphasis and headings are dropped, curly quotes are made straight.
    """

    def tokens(self, line: str) -> list[str]:
        plain = unicodedata.normalize("NFC", _MARKDOWN.sub("", line)).lower()
        for curly, straight in _STRAIGHT.items():
            plain = plain.replace(curly, straight)
        return _word_pattern().findall(plain)

    def text(self, tokens: Iterable[str]) -> str:
        """Quotes open and close in turn."""
        written: list[str] = []
        open_quotes: set[str] = set()
        tight = True  # whether the next token follows without a space
        for token in tokens:
            closing = token in open_quotes
            open_quotes ^= {token} & _QUOTES
            if not (tight or closing or token in _AFTER_WORD):
                written.append(" ")
            written.append(token)
            tight = token in _BEFORE_WORD or token in open_quotes
        return "".join(written)


# Emphasis, headings, and what is not seen: soft hyphen, direction marks, spaces without width.
_MARKDOWN = re.compile("^#+ |[*_\u00ad\u200b\u200e\u200f\u2060\ufeff]")
_STRAIGHT = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'}
_QUOTES = {'"', "'"}
_DASHES = {"--", "—"}
_AFTER_WORD = {*",.;:!?)]}%…»、。，！？）」』", *_DASHES}
_BEFORE_WORD = {*"([{«¿¡$£（「『", *_DASHES}


@lru_cache(maxsize=1)
def _word_pattern() -> re.Pattern[str]:
    # `re` takes vowel signs of Devanagari or Thai, and the joiners of Persian, for no part of a
    # word. Codes above are left out: looking at them all would take a quarter of a second.
    marks = [chr(code) for code in range(0x300, 0x10000) if _is_mark(chr(code))]
    letter = "[\\w" + "".join(marks) + "\u200c\u200d]"
    return re.compile(rf"\d+(?:[.,]\d+)+|{letter}+(?:['-]{letter}+)*|-{{2,}}|[^\w\s]")


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Mc")


class SentencePiece:
    """Pieces of words, learned from the text: for every language, written with spaces or not.

    The unigram model of T. Kudo, "Subword regularization", ACL 2018, section 3.2, by the
    sentencepiece library, with its own normalisation (NFKC). A piece that opens a word begins
    with "▁".
    """

    ASSET = "sentencepiece.base64"
    ENOUGH = 5_000_000  # characters to learn from: about 12 s on one core

    def __init__(self, model: bytes) -> None:
        """Raises UserError for bytes that are no model of the library's."""
        self.model = model
        _ = self._processor

    @classmethod
    def trained(cls, lines: Sequence[str], size: int) -> SentencePiece:
        """Learns `size` pieces, or fewer where the text has not so many, from lines spread evenly
        over `lines`; from the same ones always the same. Raises UserError where there is no text.
        """
        from sentencepiece import SentencePieceTrainer

        step = -(-sum(map(len, lines)) // cls.ENOUGH) or 1
        model = io.BytesIO()
        try:
            SentencePieceTrainer.train(
                sentence_iterator=islice(lines, 0, None, step),
                model_writer=model,
                model_type="unigram",
                vocab_size=size,
                hard_vocab_limit=False,
                max_sentence_length=1 << 20,  # bytes; the library passes over longer lines
                num_threads=1,  # more would sum in any order
                minloglevel=2,
            )
        except RuntimeError as error:
            raise UserError(f"no {size} sentence pieces can be learned: {_said(error)}") from None
        return cls(model.getvalue())

    def tokens(self, line: str) -> list[str]:
        pieces: list[str] = self._processor.encode(line, out_type=str)
        return pieces

    def text(self, tokens: Iterable[str]) -> str:
        text: str = self._processor.decode(list(tokens))
        return text

    def assets(self) -> dict[str, str]:
        return {self.ASSET: base64.encodebytes(self.model).decode()}

    @cached_property
    def _processor(self) -> Any:
        from sentencepiece import SentencePieceProcessor

        try:
            return SentencePieceProcessor(model_proto=self.model)
        except RuntimeError as error:
            raise UserError(f"these are no sentence pieces: {_said(error)}") from None


def _said(error: RuntimeError) -> str:
    return str(error).strip().splitlines()[-1]


_RULES: dict[str, type[Spaces] | type[Words] | type[Course]] = {
    "spaces": Spaces,
    "words": Words,
    "course": Course,
}
TOKENISERS = (*_RULES, "sentencepiece")


def learned_tokeniser(name: str, lines: Sequence[str], size: int) -> Tokeniser:
    """The tokeniser of that name; `sentencepiece` learns `size` pieces from `lines`.

    Raises UserError for a name that is none.
    """
    if name == "sentencepiece":
        return SentencePiece.trained(lines, size)
    return _by_rules(name)


def kept_tokeniser(name: str, assets: Mapping[str, str]) -> Tokeniser:
    """The tokeniser of that name with the `assets` that it gave; raises UserError where it lacks
    one or it is damaged."""
    if name != "sentencepiece":
        return _by_rules(name)
    if SentencePiece.ASSET not in assets:
        raise UserError(f"the artifact lacks {SentencePiece.ASSET}, without which it reads no text")
    try:
        model = base64.b64decode("".join(assets[SentencePiece.ASSET].split()), validate=True)
    except binascii.Error as error:
        raise UserError(f"{SentencePiece.ASSET} is damaged: {str(error).lower()}") from None
    return SentencePiece(model)


def _by_rules(name: str) -> Tokeniser:
    if name not in _RULES:
        raise UserError(f"there is no tokeniser {name}; {nearest(name, TOKENISERS)}")
    return _RULES[name]()
