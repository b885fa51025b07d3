"""ParallelSet: sentences with their translations, in the splits that there are.

Line N of one file translates line N of the other. `parallel_files` finds the user's own.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, overload

import numpy as np

from shinso.core.errors import UserError
from shinso.core.report.words import counted, listed
from shinso.data.archives import decompressed
from shinso.data.entry import DataSetEntry
from shinso.data.locate import Located, find_file
from shinso.data.parallel_files import Languages, asked_languages, paired_files
from shinso.data.splitting import VALID_TENTH, stratified
from shinso.data.text_lines import text_line

Pair = tuple[str, str]  # a sentence and its translation

_log = logging.getLogger("shinso.data")


@dataclass(frozen=True, eq=False)
class ParallelSplit(Sequence[Pair]):
    """Pairs of a sentence and its translation, none of them empty, each on one line."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> ParallelSplit:
        return cls(tuple(source for source, _ in pairs), tuple(target for _, target in pairs))

    def __len__(self) -> int:
        return len(self.sources)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Pair, ...]: ...
    def __getitem__(self, index: int | slice) -> Pair | tuple[Pair, ...]:
        if isinstance(index, slice):
            return tuple(zip(self.sources[index], self.targets[index], strict=True))
        return self.sources[index], self.targets[index]

    def __iter__(self) -> Iterator[Pair]:
        return zip(self.sources, self.targets, strict=True)

    def digest(self) -> str:
        """sha256 of the lines of both sides."""
        digest = sha256()
        for side in (self.sources, self.targets):
            digest.update("".join(f"{line}\n" for line in (*side, "")).encode())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class ParallelSet:
    """Text to learn translation from."""

    kind: ClassVar[str] = "parallel"

    name: str
    languages: Languages
    splits: Mapping[str, ParallelSplit]  # of train, valid and test those that there are
    tokenised: bool = False  # whether it is known that spaces separate tokens
    licence: str = "the user's own"
    attribution: str = ""
    may_ship_weights: bool = False
    skipped: tuple[str, ...] = ()  # places of damaged pairs that were left out

    def split(self, name: str) -> ParallelSplit:
        """Raises UserError where the set has no such split."""
        if name not in self.splits:
            raise UserError(
                f"data set {self.name} has no split {name}; it has {', '.join(self.splits)}"
            )
        return self.splits[name]

    def directed(self, direction: str) -> ParallelSet:
        """Translated as `direction` says, "ja-en"; raises UserError for other languages."""
        languages = asked_languages(direction, self.languages, self.name)
        splits = self.splits
        if languages != self.languages:
            splits = {n: ParallelSplit(s.targets, s.sources) for n, s in splits.items()}
        # The name has to find the same data again.
        return replace(self, name=f"{self.name}:{direction}", languages=languages, splits=splits)

    def digest(self) -> str:
        """sha256 of what is learned from, train and valid, however packed. Not of test: that may
        be put beside them when a run has long begun."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        parts = (f"{name} {self.splits[name].digest()}\n" for name in ("train", "valid"))
        return sha256("".join(parts).encode()).hexdigest()


# --- Known sets ----------------------------------------------------------------------------------


def read_corpus(entry: DataSetEntry, files: Mapping[str, Path]) -> ParallelSet:
    """small_parallel_enja. Its test files are kept apart: beside the others, or where else the
    set's files are looked for."""
    splits = {"train": _read(files["train.en"], files["train.ja"])}
    splits["valid"] = _read(files["dev.en"], files["dev.ja"])
    beside = files["dev.en"].parent
    apart = {name: _apart(entry, beside, name) for name in entry.apart}
    found = [file for file in apart.values() if file is not None]
    if len(found) == len(apart):
        source, target = ((str(file), file.read()) for file in found)
        splits["test"] = _pairs(source, target)
    elif found:
        lacking = listed([name for name, file in apart.items() if file is None])
        raise UserError(f"{found[0]} is here but {lacking} is not; put it into {beside}")
    return ParallelSet(
        entry.name,
        ("en", "ja"),
        splits,
        tokenised=True,
        licence=entry.licence,
        attribution=entry.attribution,
        may_ship_weights=entry.may_ship_weights,
    )


def _apart(entry: DataSetEntry, beside: Path, name: str) -> Located | None:
    file = beside / name
    return Located(file) if file.is_file() else find_file(entry, [name])


# --- The user's own ------------------------------------------------------------------------------


def read_parallel(root: Path, direction: str = "", skip_bad: bool = False) -> ParallelSet:
    """Reads two UTF-8 files, plain or packed, of one stem and two languages: `train.en` and
    `train.ja`. `root` is their folder, or the one of the two to translate from.

    In a folder, files called train, valid (or dev) and test are the splits; otherwise it has one
    pair of files. Where valid is missing, a tenth of the sentences is; a hash chooses, and all
    translations of one stay together. `direction`, as "ja-en", says which languages.

    Pairs of empty lines are left out, with a count; control characters become spaces. Where
    `skip_bad`, pairs that cannot be read, or of which one side is empty, are left out too.

    Raises:
        UserError: no two files that belong together, several that could be meant, no way to tell
            the direction, files of unequal length, no text, too little to split, a line that is
            no UTF-8, a sentence without translation.
    """
    files = paired_files(root, direction)
    skipped: list[str] | None = [] if skip_bad else None
    splits: dict[str, ParallelSplit] = {}
    for name, (source, target) in files.splits.items():
        split = _read(source, target, skipped)
        splits |= {name: split} if name else _dealt(root, split)
    if "valid" not in splits:
        splits |= _dealt(root, splits["train"])
    if skipped:
        told = counted(len(skipped), "damaged pair")
        _log.warning("left out %s of lines, the first is %s", told, skipped[0])
    return ParallelSet(root.resolve().name, files.languages, splits, skipped=tuple(skipped or ()))


# --- Lines ---------------------------------------------------------------------------------------

Content = tuple[str, bytes]  # a file's name and what it holds


def _read(source: Path, target: Path, skipped: list[str] | None = None) -> ParallelSplit:
    first, second = ((str(file), decompressed(file)) for file in (source, target))
    return _pairs(first, second, skipped)


def _pairs(source: Content, target: Content, skipped: list[str] | None = None) -> ParallelSplit:
    """Raises UserError at the first bad pair, or notes them in `skipped`."""
    names = source[0], target[0]
    sources, targets = (list(io.BytesIO(content)) for _, content in (source, target))
    if len(sources) != len(targets):
        raise UserError(
            f"{names[0]} has {counted(len(sources), 'line')} and {names[1]} has {len(targets):,}; "
            "each line of one translates the same line of the other, so make them equal"
        )
    pairs: list[Pair] = []
    empty = 0
    for number, raw in enumerate(zip(sources, targets, strict=True), start=1):
        try:
            pair = _pair(raw, names, number)
        except UserError:
            if skipped is None:
                raise
            skipped.append(f"{names[0]}, line {number}")
            continue
        if pair == ("", ""):
            empty += 1
        else:
            pairs.append(pair)
    if not pairs:
        raise UserError(f"{names[0]} and {names[1]} hold no pair of sentences that can be read")
    if empty:
        _log.warning("left out %s of empty lines in %s", counted(empty, "pair"), names[0])
    return ParallelSplit.of(pairs)


def _pair(raw: tuple[bytes, bytes], names: tuple[str, str], number: int) -> Pair:
    source, target = (
        _cleaned(text_line(line, name, number)) for line, name in zip(raw, names, strict=True)
    )
    if bool(source) != bool(target):
        place, other = names if target else names[::-1]
        raise UserError(
            f"{place}, line {number} is empty, and {other} has a sentence there; remove the line "
            "from both, or leave such pairs out with --skip-bad"
        )
    return source, target


def _cleaned(line: str) -> str:
    return _CONTROL.sub(" ", line).strip()


# A sentence stays on its line wherever it is printed.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def _dealt(root: Path, split: ParallelSplit) -> dict[str, ParallelSplit]:
    """train, and as valid a tenth of its sentences with all their translations.

    Raises UserError where there is one sentence only.
    """
    sentences = list(dict.fromkeys(split.sources))
    if len(sentences) < len(VALID_TENTH):
        raise UserError(
            f"{root}: one sentence is too little to split into {listed([*VALID_TENTH])}; add "
            "some, or put files called valid beside"
        )
    parts = stratified(np.zeros(len(sentences), np.int64), sentences, VALID_TENTH)
    held_out = {sentences[index] for index in parts["valid"]}
    return {
        "train": ParallelSplit.of([pair for pair in split if pair[0] not in held_out]),
        "valid": ParallelSplit.of([pair for pair in split if pair[0] in held_out]),
    }
