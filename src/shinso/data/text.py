"""TextSet: running text as lines, in the splits that there are.

Text that comes without validation data gives up a tenth of it: every file or book is cut into
blocks of whole lines, and a hash chooses among each one's blocks, so that both parts hold text of
all of them and hardly a sentence of one continues in the other.
"""

from __future__ import annotations

import logging
import lzma
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import ClassVar, overload
from urllib.parse import unquote

import numpy as np

from shinso.core.errors import UserError
from shinso.data.archives import decompressed, read_members
from shinso.data.entry import DataSetEntry
from shinso.data.folder import images_below
from shinso.data.locate import files_below
from shinso.data.splitting import VALID_TENTH, stratified
from shinso.data.text_lines import prose, text_lines

SUFFIXES = tuple(text + packed for text in (".txt", ".md") for packed in ("", ".gz", ".xz", ".bz2"))
SPLIT_NAMES = {
    "train": ("train",),
    "valid": ("valid", "val", "validation", "dev"),
    "test": ("test",),
}

BLOCK = 10_000  # characters: about 2,000 English words
FEWEST_BLOCKS = 20  # a shorter text has shorter blocks
STRATUM = 10  # blocks; a file of fewer shares a tenth with others of its kind

_log = logging.getLogger("shinso.data")


@dataclass(frozen=True, eq=False)
class TextSplit(Sequence[str]):
    """Lines, without their ends and trailing blanks.

    They come in pieces: text is contiguous within one, and begins anew with the next.
    """

    lines: tuple[str, ...]
    starts: tuple[int, ...]  # index of each piece's first line, ascending from 0
    sources: tuple[str, ...]  # file, article or book of each piece

    def __len__(self) -> int:
        return len(self.lines)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return self.lines[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines)

    def source(self, index: int) -> str:
        """The file, article or book that a line is from."""
        return self.sources[bisect_right(self.starts, index) - 1]

    def digest(self) -> str:
        """sha256 of the lines and of where pieces begin."""
        digest = sha256(f"{self.starts}\n".encode())
        digest.update("\n".join(self.lines).encode())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class TextSet:
    """Text to learn a language model or word vectors from."""

    kind: ClassVar[str] = "text"

    name: str
    splits: Mapping[str, TextSplit]  # of train, valid and test those that there are
    licence: str = "the user's own"
    attribution: str = ""
    may_ship_weights: bool = False
    skipped: tuple[str, ...] = ()  # damaged files that were left out

    def split(self, name: str) -> TextSplit:
        """Raises UserError where the set has no such split."""
        if name not in self.splits:
            raise UserError(
                f"data set {self.name} has no split {name}; it has {', '.join(self.splits)}"
            )
        return self.splits[name]

    def digest(self) -> str:
        """sha256 of the text and its splits: of what is learned from, however packed."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        parts = (f"{name} {split.digest()}\n" for name, split in sorted(self.splits.items()))
        return sha256("".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class _Piece:
    """Text that belongs together."""

    source: str
    lines: Sequence[str]


# --- Known sets ----------------------------------------------------------------------------------


def read_corpus(entry: DataSetEntry, files: Mapping[str, Path]) -> TextSet:
    """Penn Treebank and WikiText-2: an archive of train.txt, valid.txt and test.txt, tokens
    separated by spaces. Every line counts, blank ones too, as in the published figures."""
    (archive,) = files.values()
    splits = {}
    for name, content in read_members(archive, lambda name: _SPLIT_FILE.search(name) is not None):
        match = _SPLIT_FILE.search(name)
        assert match is not None
        splits[match[1]] = _split(_articles(match[1], list(text_lines(content, name))))
    return _known_set(entry, {name: splits[name] for name in SPLIT_NAMES})


_SPLIT_FILE = re.compile(r"(train|valid|test)\.txt$")
_TITLE = re.compile(r" = [^=]+ =")  # deeper headings have more signs: " = = Life = ="


def _articles(file: str, lines: list[str]) -> Iterator[_Piece]:
    """The articles of a WikiText file; of one without titles, all of it.

    Tables hold lines like titles, but none between two blank ones. An article begins with the
    blank line above its title.
    """
    titles = [
        row
        for row in range(1, len(lines) - 1)
        if not lines[row - 1] and not lines[row + 1] and _TITLE.fullmatch(lines[row])
    ]
    starts = [0, *(row - 1 for row in titles if row > 1)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        title = lines[start + 1].strip(" =") if start + 1 in titles else ""
        yield _Piece(f"{file}: {title}" if title else file, lines[start:end])


def read_books(entry: DataSetEntry, files: Mapping[str, Path]) -> TextSet:
    """english_text: books, each opened by a line "=== Author/Title ===". It has no test split."""
    path = files[entry.required[0].name]
    books: list[tuple[str, list[str]]] = []
    for line in prose(decompressed(path), str(path)):
        if title := _BOOK.fullmatch(line):
            books.append((title[1], []))
        else:
            books[-1][1].append(line)
    return _known_set(entry, _dealt(entry.name, [_Piece(*book) for book in books]))


_BOOK = re.compile(r"=== (.+) ===")


def join_books(addresses: Sequence[str], contents: Sequence[bytes]) -> bytes:
    """The file of english_text, packed, of its books at .../Author/Title.md."""
    names = (unquote(address).removesuffix(".md").split("/")[-2:] for address in addresses)
    texts = (content.decode(errors="replace").strip() for content in contents)  # refused later
    books = zip(map("/".join, names), texts, strict=True)
    joined = "".join(f"=== {name} ===\n\n{text}\n\n" for name, text in books)
    return lzma.compress(joined.encode())


def _known_set(entry: DataSetEntry, splits: Mapping[str, TextSplit]) -> TextSet:
    return TextSet(
        entry.name,
        splits,
        entry.licence,
        entry.attribution,
        may_ship_weights=entry.may_ship_weights,
    )


# --- The user's own ------------------------------------------------------------------------------


def read_text(root: Path, skip_bad: bool = False) -> TextSet:
    """Reads a UTF-8 file, or a folder of text and Markdown files, plain or packed.

    In a folder, train.txt, valid.txt (or dev.txt) and test.txt, or folders of these names, are
    the splits. Otherwise, and where only valid is missing, a tenth of the blocks is valid.
    Blank lines hold no text and are left out; lines of more than 20,000 characters are broken.
    Where `skip_bad`, files that are no text are left out, with a count.

    Raises:
        UserError: no text file, no text in them, too little to split, a file that is no UTF-8, or
            a test split without train.
    """
    skipped: list[str] = []
    splits: dict[str, TextSplit] = {}
    for name, files in _split_files(root).items():
        pieces = _own_pieces(root, files, skipped if skip_bad else None)
        if not pieces:
            where = root if files == [root] else f"{root}: {_shown(root, files)}"
            raise UserError(f"{where} holds no text{' that can be read' if skipped else ''}")
        splits |= {name: _split(pieces)} if name else _dealt(str(root), pieces)
    if "valid" not in splits:
        train = splits["train"]
        splits |= _dealt(str(root), _pieces(train))
    if skipped:
        _log.warning("left out %d damaged text files, the first is %s", len(skipped), skipped[0])
    return TextSet(root.resolve().name, splits, skipped=tuple(skipped))


def holds_text(path: Path) -> bool:
    """Whether a path means text where it could be images: by the names of the files."""
    if path.is_file():
        return path.name.lower().endswith(SUFFIXES)
    return bool(files_below(path, SUFFIXES)) and next(images_below(path), None) is None


def _split_files(root: Path) -> dict[str, list[Path]]:
    """Split to its files; all of them under the empty name where they are not split."""
    if root.is_file():
        return {"": [root]}
    if not root.is_dir():
        raise UserError(f"{root} is neither a file nor a folder")
    files = files_below(root, SUFFIXES)
    if not files:
        raise UserError(f"{root} has no text files ({' '.join(SUFFIXES[::4])}, or these packed)")
    found: dict[str, list[Path]] = {}
    for file in files:
        if split := _split_of(file.relative_to(root)):
            found.setdefault(split, []).append(file)
    if found and "train" not in found:
        given = _shown(root, [file for part in found.values() for file in part])
        raise UserError(f"{root} has {given} but no train.txt or folder train")
    return {name: found[name] for name in SPLIT_NAMES if name in found} or {"": files}


def _split_of(file: Path) -> str | None:
    first = file.parts[0].lower().removesuffix(_suffix(file) if len(file.parts) == 1 else "")
    return next((split for split, names in SPLIT_NAMES.items() if first in names), None)


def _suffix(file: Path) -> str:
    return next(suffix for suffix in SUFFIXES if file.name.lower().endswith(suffix))


def _own_pieces(root: Path, files: list[Path], skipped: list[str] | None) -> list[_Piece]:
    """A piece for each file with text; raises UserError at the first bad one, or notes them in
    `skipped`."""
    pieces = []
    for file in files:
        name = file.name if file == root else file.relative_to(root).as_posix()
        try:
            lines = list(prose(decompressed(file), str(file)))
        except UserError:
            if skipped is None:
                raise
            skipped.append(name)
            continue
        if lines:
            pieces.append(_Piece(name, lines))
    return pieces


def _shown(root: Path, files: list[Path]) -> str:
    names = [file.relative_to(root).as_posix() for file in files]
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} others"


# --- Splitting -----------------------------------------------------------------------------------


def _split(pieces: Iterable[_Piece]) -> TextSplit:
    pieces = [piece for piece in pieces if piece.lines]
    ends = list(accumulate((len(piece.lines) for piece in pieces), initial=0))
    lines = tuple(line for piece in pieces for line in piece.lines)
    return TextSplit(lines, tuple(ends[:-1]), tuple(piece.source for piece in pieces))


def _pieces(split: TextSplit) -> list[_Piece]:
    """The inverse of `_split`."""
    ends = [*split.starts[1:], len(split)]
    return [
        _Piece(source, split.lines[start:end])
        for source, start, end in zip(split.sources, split.starts, ends, strict=True)
    ]


def _dealt(name: str, pieces: Sequence[_Piece]) -> dict[str, TextSplit]:
    """train, and as valid a tenth of each piece's blocks.

    Raises UserError where there are no two blocks.
    """
    size = min(BLOCK, sum(len(line) for piece in pieces for line in piece.lines) // FEWEST_BLOCKS)
    cuts = [_cuts(piece.lines, size) for piece in pieces]
    places = [(row, block) for row, ends in enumerate(cuts) for block in range(len(ends) - 1)]
    if len(places) < len(VALID_TENTH):
        raise UserError(
            f"{name}: one line of text is too little to split into {' and '.join(VALID_TENTH)}; "
            "add text, or put it into train.txt and valid.txt of a folder"
        )
    strata = [row if len(cuts[row]) > STRATUM else -1 for row, _ in places]
    names = [f"{pieces[row].source}/{block}" for row, block in places]
    parts = stratified(np.array(strata, np.int64), names, VALID_TENTH)
    return {
        part: _split(_contiguous(pieces, cuts, [places[index] for index in indices]))
        for part, indices in parts.items()
    }


def _cuts(lines: Sequence[str], size: int) -> list[int]:
    """Where blocks of at least `size` characters begin and end, the last of which may be less:
    indices of lines from 0 to their number."""
    cuts, filled = [0], 0
    for index, line in enumerate(lines, start=1):
        filled += len(line)
        if filled >= size or index == len(lines):
            cuts.append(index)
            filled = 0
    return cuts


def _contiguous(
    pieces: Sequence[_Piece], cuts: Sequence[list[int]], places: Sequence[tuple[int, int]]
) -> Iterator[_Piece]:
    """The blocks at `places` (piece, block), in order; neighbours are one piece again."""
    first = 0
    for last, (row, block) in enumerate(places):
        if last + 1 == len(places) or places[last + 1] != (row, block + 1):
            start, end = cuts[row][places[first][1]], cuts[row][block + 1]
            yield _Piece(pieces[row].source, pieces[row].lines[start:end])
            first = last + 1
