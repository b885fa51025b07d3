"""Which of the user's files hold parallel text, and which way it is translated.

Two files of one stem belong together, and their suffixes name the languages: `train.en` and
`train.ja`. That is not enough to know which of the two is translated; `_direction` has the rules.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from shinso.core.errors import UserError
from shinso.core.report.words import listed
from shinso.data.decode import SUFFIXES as PICTURES
from shinso.data.text import SPLIT_NAMES

Languages = tuple[str, str]  # the one translated from, the one translated to
Files = Mapping[str, Path]  # language to file, of one stem

SOURCES, TARGETS = ("src", "source"), ("tgt", "trg", "target")  # suffixes that say the direction
NO_LANGUAGES = {".txt", ".md", ".gz", ".xz", *PICTURES}

_log = logging.getLogger("shinso.data")


@dataclass(frozen=True)
class PairedFiles:
    """The files of each split, the one to translate from first; under the empty name where they
    are not split."""

    languages: Languages
    splits: Mapping[str, tuple[Path, Path]]


def paired_files(root: Path, direction: str = "") -> PairedFiles:
    """Those of a folder, or the file `root` to translate from and the other of its stem.

    Raises UserError where there are none, several that could be meant, one without its other, or
    no way to tell the direction.
    """
    if root.is_dir():
        by_stem = _by_stem(root)
        stems = _split_stems(root, by_stem) or {"": _only_pair(root, by_stem)}
        languages = _direction(root, by_stem[stems.get("train") or stems[""]], direction)
    else:
        if (name := _name(root)) is None or not root.is_file():
            raise UserError(f"{root}: give a folder, or a file named by its language, as train.en")
        by_stem = _by_stem(root.parent)
        stems = {"": name["stem"]}
        languages = _direction(root, by_stem[name["stem"]], direction, name["language"])
    return PairedFiles(
        languages, {split: _both(by_stem[stem], languages) for split, stem in stems.items()}
    )


def holds_pairs(path: Path) -> bool:
    """Whether a path means parallel text where it could be other data: by the names of files."""
    if path.is_dir():
        return any(len(files) > 1 for files in _by_stem(path).values())
    name = _name(path)
    return name is not None and len(_by_stem(path.parent)[name["stem"]]) > 1


def _name(path: Path) -> re.Match[str] | None:
    """The stem and the language of a file whose suffix can be one."""
    name = _NAME.fullmatch(path.name)
    return name if name and f".{name['language'].lower()}" not in NO_LANGUAGES else None


_NAME = re.compile(
    r"(?P<stem>[^.].*?)\.(?P<language>[a-z]{2,3}([-_][a-z0-9]+)*|source|target)(\.(gz|xz|bz2))?",
    re.IGNORECASE,
)


def _by_stem(folder: Path) -> dict[str, dict[str, Path]]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise UserError(f"{folder}: {(error.strerror or str(error)).lower()}") from error
    found: dict[str, dict[str, Path]] = {}
    for path in paths:
        if name := _name(path):
            found.setdefault(name["stem"], {}).setdefault(name["language"], path)
    return found


def _split_stems(root: Path, by_stem: Collection[str]) -> dict[str, str]:
    found = {}
    for split, names in SPLIT_NAMES.items():
        stems = [stem for stem in by_stem if stem.lower() in names]
        if len(stems) > 1:
            raise UserError(f"{root} has files {listed(stems)}, all for {split}; keep one")
        if stems:
            found[split] = stems[0]
    if found and "train" not in found:
        raise UserError(f"{root} has files {listed([*found.values()])} but none of train")
    return found


def _only_pair(root: Path, by_stem: Mapping[str, Files]) -> str:
    pairs = [stem for stem, files in by_stem.items() if len(files) > 1]
    if len(pairs) > 1:
        first = next(iter(by_stem[pairs[0]].values()))
        raise UserError(
            f"{root} has several texts, {listed(pairs[:5])}; name one of them train, or give the "
            f"file to translate from: {first}"
        )
    if not pairs:
        raise UserError(
            f"{root} has no two files of one stem whose suffixes name their languages, as "
            "train.en and train.ja"
        )
    return pairs[0]


def _both(files: Files, languages: Languages) -> tuple[Path, Path]:
    lacking = [language for language in languages if language not in files]
    if lacking:
        have = next(iter(files.values()))
        raise UserError(f"{have} is there, but not the same text in {lacking[0]}; put it beside")
    return files[languages[0]], files[languages[1]]


# --- Direction -----------------------------------------------------------------------------------


def _direction(root: Path, languages: Collection[str], asked: str, first: str = "") -> Languages:
    """What to translate from and to. It is, in this order, as `asked` for; from `first`, the
    language of the file that was given; as src and tgt say; and from English, which is told.

    Raises UserError where none of these holds.
    """
    names = sorted(languages)
    if asked:
        return asked_languages(asked, names, str(root))
    if len(names) == 1:
        raise UserError(
            f"{root} has text in one language only, {names[0]}; put its translation beside it, "
            "under the same name with another language"
        )
    if len(names) > 2:
        raise UserError(
            f"{root} has text in {len(names)} languages, {listed(names)}; say from which to which, "
            f"as {root}:{names[0]}-{names[1]}"
        )
    for source, target in permutations(names):
        if source == first or (source.lower() in SOURCES and target.lower() in TARGETS):
            return source, target
    for source, target in permutations(names):
        if _ENGLISH.match(source):
            _log.warning(
                "%s is translated from %s to %s; for the other direction give %s",
                root,
                source,
                target,
                f"{root}:{target}-{source}",
            )
            return source, target
    raise UserError(
        f"{root} does not say what to translate from; give {root}:{names[0]}-{names[1]}, or "
        f"{root}:{names[1]}-{names[0]}"
    )


_ENGLISH = re.compile(r"en(g|\b|_)", re.IGNORECASE)


def asked_languages(direction: str, languages: Collection[str], name: str) -> Languages:
    """ "ja-en" as two of `languages`; raises UserError, which names the data, where it is none."""
    for source, target in permutations(languages, 2):
        if direction == f"{source}-{target}":
            return source, target
    raise UserError(f"{name} has no {direction}; its languages are {listed(sorted(languages))}")
