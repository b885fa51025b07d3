"""What can go wrong, in words: every error a person may see is one of these.

The command line prints the message as one line, `shinso: error: ...`, and leaves with
`exit_code`; a message names the thing, the place in it and the way out.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ShinsoError(Exception):
    """The work failed: exit 1."""

    exit_code = 1


class UserError(ShinsoError):
    """What the user gave is wrong: exit 2."""

    exit_code = 2


class Interrupted(ShinsoError):
    """A signal asked the run to stop, which can go on from there: exit 128 + signal."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


def nearest(name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Ends an error about an unknown `name`: the nearest known ones; where none is near,
    `otherwise` or all of them."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return otherwise or f"known: {', '.join(known)}"
