"""shinso gtp [ARTIFACT|SYSTEM]"""

from __future__ import annotations

import argparse
import os
import select
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from shinso.cli.output import Output
from shinso.cli.players import add_player, given_player, telling_of_compilation
from shinso.core.errors import UserError

MOST_AT_ONCE = 1 << 16  # bytes of input


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    add_player(parser, given)


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    if output.as_json:
        raise UserError("stdout of shinso gtp is the protocol's; leave --json away")
    from shinso.go.gtp_session import Session

    with telling_of_compilation():
        player = given_player(parsed)
        lines = Lines(sys.stdin.fileno())
        session = Session(player, lines.waiting)
        for line in lines:
            for text in session.answer(line):
                print(text, end="", flush=True)
            if session.finished:
                break
    return {}


class Lines:
    """Lines of text from a file descriptor, read without a buffer that would hide from `waiting`
    what has already come."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pending = b""

    def __iter__(self) -> Iterator[str]:
        while True:
            line, newline, rest = self._pending.partition(b"\n")
            if newline:
                self._pending = rest
                yield line.decode(errors="replace")
            elif more := os.read(self._descriptor, MOST_AT_ONCE):
                self._pending += more
            else:
                yield line.decode(errors="replace")
                return

    def waiting(self) -> bool:
        """Whether there is more to read, the end included."""
        if b"\n" in self._pending:
            return True
        readable, _, _ = select.select([self._descriptor], [], [], 0)
        return bool(readable)
