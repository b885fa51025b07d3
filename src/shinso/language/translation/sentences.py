"""What a person gives to be translated, as sentences that the model can read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from shinso.core.errors import UserError
from shinso.language.translation.raw import spaced

SAMPLED = 1_000  # lines of a text are enough to tell what it is like
NEARLY_ALL = 0.9


def is_spaced(lines: Sequence[str]) -> bool:
    """Whether a text is tokenised as small_parallel_enja is: `spaced` leaves it as it stands."""
    some = lines[:: -(-len(lines) // SAMPLED)]
    return sum(spaced(line) == line for line in some) > NEARLY_ALL * len(some)


def cleaned(text: str) -> str:
    """On one line and without control characters, which become spaces as in training data."""
    return "".join(" " if _is_control(character) else character for character in text).strip()


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Zl", "Zp")


def divided(text: str, length: Callable[[str], int], usual: int, most: int) -> list[str]:
    """The text whole, where its `length` in tokens is `usual` at most; its sentences where it is
    more. Raises UserError for one of more than `most`: nothing is cut."""
    if length(text) <= usual:
        return [text]
    parts = _END.split(text)
    for part in parts:
        if length(part) > most:
            raise UserError(
                f"a sentence of {length(part)} tokens, and the model reads {most} at most; make "
                f"two of it: {part[:40]}..."
            )
    return parts


# Where a sentence ends: behind a mark, and a quotation mark behind that; "Mr." ends none.
_END = re.compile(
    r"(?:(?<=[.!?])|(?<=[.!?][\"'”’]))(?<!\bmr\.)(?<!\bms\.)(?<!\bdr\.)(?<!\bmrs\.)\s+(?=\S)"
    r"|(?<=[。！？])(?![。！？」』）])\s*(?=\S)",
    re.IGNORECASE,
)
