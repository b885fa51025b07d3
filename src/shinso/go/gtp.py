"""The Go Text Protocol, version 2: how its lines are read and how answers are written.

Source: G. Farnebäck, Specification of the Go Text Protocol, version 2, draft 2, 2002, sections 2
and 3; analysis: as Leela Zero's `lz-analyze` and KataGo's `kata-analyze` print it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shinso.core.errors import UserError
from shinso.go.coordinates import gtp_name
from shinso.go.engine import Candidate
from shinso.go.rules import BLACK, WHITE

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # all but tab and newline
_COLOURS = {"b": BLACK, "black": BLACK, "w": WHITE, "white": WHITE}
_WHOLE = re.compile(r"[+-]?\d{1,9}", re.ASCII)


# Lines ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """One line from a controller."""

    id: str  # digits that the answer repeats, or nothing
    name: str
    arguments: tuple[str, ...]


def parse(line: str) -> Command | None:
    """None for a line that says nothing, which gets no answer (section 3.1)."""
    words = _CONTROL.sub("", line.partition("#")[0]).split()
    if not words:
        return None
    has_id = words[0].isascii() and words[0].isdecimal()
    name, *arguments = words[has_id:] or [""]
    return Command(words[0] if has_id else "", name, tuple(arguments))


def success(id: str, text: str) -> str:
    return _answer("=", id, text)


def failure(id: str, text: str) -> str:
    return _answer("?", id, text)


def _answer(mark: str, id: str, text: str) -> str:
    """Two newlines end it, so that it holds no empty line (section 2.5)."""
    text = re.sub(r"\s*\n", "\n", _CONTROL.sub("", text)).rstrip()
    return f"{mark}{id} {text}\n\n"


# Arguments --------------------------------------------------------------------------------------


def colour_of(word: str) -> int:
    """Raises UserError for what is no colour."""
    if word.lower() not in _COLOURS:
        raise UserError(f"syntax error: {word!r} is no colour; they are black and white")
    return _COLOURS[word.lower()]


def is_colour(word: str) -> bool:
    return word.lower() in _COLOURS


def whole(word: str) -> int:
    """Raises UserError for what is no whole number of at most nine digits."""
    if not _WHOLE.fullmatch(word):
        raise UserError(f"syntax error: {word!r} is no whole number")
    return int(word)


def is_whole(word: str) -> bool:
    return _WHOLE.fullmatch(word) is not None


def decimal(word: str) -> float:
    """Raises UserError for what is no number."""
    try:
        return float(word)
    except ValueError:
        raise UserError(f"syntax error: {word!r} is no number") from None


# Scores -----------------------------------------------------------------------------------------


def score(points: float) -> str:
    """Black's less White's, as GTP and SGF write it: B+3.5, W+2, 0."""
    return f"{'B' if points > 0 else 'W'}+{abs(points):g}" if points else "0"


# Analysis ---------------------------------------------------------------------------------------


def analysis(candidates: Sequence[Candidate], size: int, in_units: bool) -> str:
    """One line about moves, best first. Probabilities are in units, as KataGo says them, or in
    whole ten-thousandths, as Leela Zero does."""
    return " ".join(
        _info(candidate, order, size, in_units) for order, candidate in enumerate(candidates)
    )


def _info(candidate: Candidate, order: int, size: int, in_units: bool) -> str:
    def probability(value: float) -> str:
        return f"{value:.6f}" if in_units else str(round(1e4 * value))

    line = " ".join(gtp_name(point, size) for point in candidate.line or (candidate.point,))
    return (
        f"info move {gtp_name(candidate.point, size)} visits {candidate.visits} "
        f"winrate {probability(candidate.win_rate)} prior {probability(candidate.prior)} "
        f"order {order} pv {line}"
    )
