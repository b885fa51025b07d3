"""GameSet: games of Go, in the splits that there are, out of SGF records.

Splits are by game. Of copies, games of the same board, setup and moves, the first one stays; a
hash of the moves then deals the others out, so that no position of a game that is learned from is
met again in a copy of it. A game laid down mirrored is another one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import ClassVar, overload

import numpy as np

from shinso.core.errors import UserError
from shinso.core.report.words import counted, listed
from shinso.data.archives import (
    ARCHIVE_SUFFIXES,
    decompressed,
    is_archive,
    member_names,
    read_members,
)
from shinso.data.entry import DataSetEntry
from shinso.data.locate import files_below
from shinso.data.sgf import Game, game_of
from shinso.data.sgf_encoding import decoded
from shinso.data.sgf_text import parse
from shinso.data.splitting import VALID_TENTH, stratified
from shinso.data.text import SPLIT_NAMES
from shinso.data.text_lines import text_lines

SHARES = {"train": 0.9, "valid": 0.05, "test": 0.05}  # games are many positions each
RECORD, LINES = ".sgf", ".jsonl"

_log = logging.getLogger("shinso.data")


@dataclass(frozen=True, eq=False)
class GameSplit(Sequence[Game]):
    """Games with at least one move each, no two of them copies."""

    games: tuple[Game, ...]
    sources: tuple[str, ...]  # the file of each, with its archive

    def __len__(self) -> int:
        return len(self.games)

    @overload
    def __getitem__(self, index: int) -> Game: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Game, ...]: ...
    def __getitem__(self, index: int | slice) -> Game | tuple[Game, ...]:
        return self.games[index]

    def __iter__(self) -> Iterator[Game]:
        return iter(self.games)

    def digest(self) -> str:
        """sha256 of moves, komi, results and ranks."""
        digest = sha256()
        for game in self.games:
            said = (game.komi, game.handicap, game.result, game.black_rank, game.white_rank)
            digest.update(f"{game.size} {game.setup} {game.moves} {said}\n".encode())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class GameSet:
    """Games to learn from."""

    kind: ClassVar[str] = "games"

    name: str
    splits: Mapping[str, GameSplit]  # of train, valid and test those that there are
    licence: str = "the user's own"
    attribution: str = ""
    may_ship_weights: bool = False
    skipped: tuple[str, ...] = ()  # records that were left out because they cannot be read

    def split(self, name: str) -> GameSplit:
        """Raises UserError where the set has no such split."""
        if name not in self.splits:
            raise UserError(
                f"data set {self.name} has no split {name}; it has {', '.join(self.splits)}"
            )
        return self.splits[name]

    def digest(self) -> str:
        """sha256 of what is learned from, train and valid, however packed."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        parts = (f"{name} {self.splits[name].digest()}\n" for name in ("train", "valid"))
        return sha256("".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class _Found:
    """A game, the file that it was found in, and what its copies have in common."""

    game: Game
    source: str
    fingerprint: str


_Parts = Mapping[str, Sequence[_Found]]  # by split; under the empty name what is not split


# --- Known sets ----------------------------------------------------------------------------------


def read_archives(entry: DataSetEntry, files: Mapping[str, Path]) -> GameSet:
    """go_9x9 and go_19x19: archives of one game a file. Records that cannot be read are left out.

    Each archive is dealt out for itself, in the order of the entry, so that whether those after
    it are here changes nothing: of a game in two archives the copy in the first one stays.
    """
    reading = _Reading(skip_bad=True)
    archives = [file.name for file in entry.files if file.name in files]
    for name in archives:
        reading.read(files[name], name)
    games = _without_copies({"": reading.found})[""]
    strata = [archives.index(found.source.partition("/")[0]) for found in games]
    return GameSet(
        entry.name,
        _splits(_dealt(entry.name, games, SHARES, strata)),
        entry.licence,
        entry.attribution,
        entry.may_ship_weights,
        tuple(reading.skipped),
    )


# --- The user's own ------------------------------------------------------------------------------


def read_games(root: Path, skip_bad: bool = False) -> GameSet:
    """Reads SGF files, of one or many games, JSON lines with a record under "sgf", and archives of
    these; or a folder of them, however deep.

    Files or folders called train, valid (or dev) and test are the splits, and where a game is in
    two of them the one to learn from loses it. Otherwise 90% of the games are train, 5% valid and
    5% test; where only valid is missing, it is a tenth of train. Games without moves are left out.
    Where `skip_bad`, records that cannot be read are left out, too, with a count.

    Raises:
        UserError: there is no record, one cannot be read, no game has moves, there is a test
            without a train, or there are too few games to split.
    """
    reading = _Reading(skip_bad)
    for file in _files(root):
        name = file.name if file == root else file.relative_to(root).as_posix()
        try:
            reading.read(file, name)
        except UserError as error:
            raise UserError(f"{error}; mend it, or leave such out with --skip-bad") from None
    if not reading.found:
        which = " that can be read" if reading.skipped else " with moves"
        raise UserError(f"{root} holds no game{which}")
    parts = _without_copies(_given(root, reading.found))
    if empty := [name for name, games in parts.items() if not games]:
        raise UserError(f"{root}: all games of {listed(empty)} are in other splits; add some")
    if "" in parts:
        parts = _dealt(str(root), parts[""], SHARES)
    elif "valid" not in parts:
        parts |= _dealt(str(root), parts["train"], VALID_TENTH)
    if reading.skipped:
        told = counted(len(reading.skipped), "damaged record")
        _log.warning("left out %s, the first is %s", told, reading.skipped[0])
    if copies := len(reading.found) - sum(map(len, parts.values())):
        told = counted(copies, "game")
        _log.warning("left out %s: copies of others, or beside the splits", told)
    return GameSet(root.resolve().name, _splits(parts), skipped=tuple(reading.skipped))


def holds_games(path: Path) -> bool:
    """Whether a path means games where it could be other data: by the names of files."""
    if path.is_dir():
        return any(map(holds_games, files_below(path, (RECORD, *ARCHIVE_SUFFIXES))))
    names = member_names(path) if is_archive(path) else (path.name,)
    return any(name.lower().endswith(RECORD) for name in names)


def _files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    files = files_below(root, (RECORD, LINES, *ARCHIVE_SUFFIXES))
    if not files:
        raise UserError(f"{root} has no game records ({RECORD}, {LINES}, or archives of these)")
    return files


def _given(root: Path, games: Sequence[_Found]) -> dict[str, list[_Found]]:
    """The splits that names of files and folders say; all under the empty name where none does."""
    named = [_split_of(root, found.source) for found in games]
    parts = {
        split: [found for found, its in zip(games, named, strict=True) if its == split]
        for split in SPLIT_NAMES
        if split in named
    }
    if parts and "train" not in parts:
        raise UserError(f"{root} has games for {listed([*parts])} but none for train")
    return parts or {"": [*games]}


def _split_of(root: Path, source: str) -> str | None:
    path = PurePosixPath(source).parts[1 if root.is_file() else 0 :]
    stems = [part.partition(".")[0].lower() for part in path]
    return next((split for split, names in SPLIT_NAMES.items() for s in stems if s in names), None)


# --- Reading -------------------------------------------------------------------------------------


class _Reading:
    """Reads files one after the other. The first bad record is raised, or, where `skip_bad`, it is
    noted."""

    def __init__(self, skip_bad: bool) -> None:
        self.found: list[_Found] = []
        self.skipped: list[str] = []
        self._skip_bad = skip_bad

    def read(self, file: Path, name: str) -> None:
        with self._noting(name):
            for inside, text in _records(file):
                with self._noting(f"{name}{inside}"):
                    self._read_record(text, f"{name}{inside}", f"{file}{inside}")

    def _read_record(self, text: str, source: str, name: str) -> None:
        for number, tree in enumerate(parse(text, name), start=1):
            which = f", game {number}" if number > 1 else ""
            with self._noting(f"{source}{which}"):
                game = game_of(tree.main_line(), f"{name}{which}")
                if game.moves:
                    self.found.append(_Found(game, f"{source}{which}", game.fingerprint()))

    @contextmanager
    def _noting(self, source: str) -> Iterator[None]:
        try:
            yield
        except UserError:
            if not self._skip_bad:
                raise
            self.skipped.append(source)


def _records(file: Path) -> Iterator[tuple[str, str]]:
    """The SGF texts in a file, each with its place inside: a member, a line, or nothing."""
    if not is_archive(file):
        yield from _texts(str(file), decompressed(file))
        return
    for member, content in read_members(file, _is_record):
        for line, text in _texts(f"{file}/{member}", content):
            yield f"/{member}{line}", text


def _is_record(member: str) -> bool:
    # Without what systems leave behind: __MACOSX/._game.sgf.
    hidden = any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(member).parts)
    return member.lower().endswith((RECORD, LINES)) and not hidden


def _texts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    if not name.lower().endswith(LINES):
        yield "", decoded(content)
        return
    for number, line in enumerate(text_lines(content, name), start=1):
        if line:
            yield f", line {number}", _record_in(line)


def _record_in(line: str) -> str:
    """The record of a JSON line, {"sgf": "(;..."} or the text alone; empty where there is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    record = value.get("sgf") if isinstance(value, dict) else value
    # JSON can say halves of characters, "\\ud800", which no file can hold.
    return record.encode(errors="replace").decode() if isinstance(record, str) else ""


# --- Splitting -----------------------------------------------------------------------------------


def _without_copies(parts: _Parts) -> dict[str, Sequence[_Found]]:
    """Each game once: in the last part that has it, so that train loses what test has."""
    seen: set[str] = set()
    kept: dict[str, list[_Found]] = {name: [] for name in parts}
    for name in reversed(kept):
        for found in parts[name]:
            if found.fingerprint not in seen:
                seen.add(found.fingerprint)
                kept[name].append(found)
    return dict(kept)


def _dealt(
    name: str, games: Sequence[_Found], shares: Mapping[str, float], strata: Sequence[int] = ()
) -> dict[str, Sequence[_Found]]:
    """Raises UserError where there are fewer games than parts."""
    if len(games) < len(shares):
        raise UserError(
            f"{name}: {counted(len(games), 'game')} with moves, too few to split into "
            f"{listed([*shares])}; add some, or put them into folders of these names"
        )
    labels = np.array(strata or [0] * len(games), np.int64)
    parts = stratified(labels, [found.fingerprint for found in games], shares)
    return {part: [games[index] for index in indices] for part, indices in parts.items()}


def _splits(parts: _Parts) -> dict[str, GameSplit]:
    return {
        name: GameSplit(tuple(f.game for f in found), tuple(f.source for f in found))
        for name, found in parts.items()
    }
