"""A program that speaks GTP, over pipes, and whatever it may do instead.

Source: G. Farnebäck, Specification of the Go Text Protocol, version 2, draft 2, 2002, section 2.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

from shinso.core.errors import ShinsoError, UserError

# What an engine is charged with.
DIED, LATE, NONSENSE, REFUSAL = "died", "late", "nonsense", "refusal"

MOST_ANSWER = 1 << 16  # bytes
MOST_AT_ONCE = 1 << 16  # bytes read
KEPT = 1 << 11  # bytes of what it says on stderr
SHOWN = 200  # characters of what it said
LEAVING = 1.0  # seconds that it has to end in

_ANSWER = re.compile(r"([=?])(\d*)[ \t]*(.*)", re.S)


class EngineFault(ShinsoError):
    """What an engine did wrong: `kind` is one of DIED, LATE, NONSENSE and REFUSAL."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Engine:
    """A running program. One that has `failed` no longer answers, or not to what it was asked."""

    def __init__(self, command: Sequence[str]) -> None:
        """Raises UserError where the program cannot be started."""
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                command, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UserError(f"{command[0]} cannot be started: {reason}") from None
        self.failed = False
        self._number = 0
        self._pending = self._complaints = b""

    def ask(self, command: str, seconds: float) -> str:
        """The text of the answer. Raises EngineFault where it is a refusal, or none comes."""
        self._number += 1
        try:
            self._send(f"{self._number} {command}\n")
            mark, text = self._understood(self._received(monotonic() + seconds, seconds))
        except EngineFault:
            self.failed = True
            raise
        if mark == "?":
            raise EngineFault(REFUSAL, shown(text) or "without a reason")
        return text

    def close(self) -> None:
        """Asks it to leave; kills it, and all that it started, if it does not."""
        if not self.failed:
            with suppress(EngineFault, subprocess.TimeoutExpired):
                self.ask("quit", LEAVING)
                self._process.wait(LEAVING)
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode())
        except BrokenPipeError:
            raise self._death() from None

    def _received(self, deadline: float, seconds: float) -> str:
        """Up to the empty line that ends an answer (section 2.5). What comes on stderr is read
        beside it, for a program whose pipe is full stands still."""
        assert self._process.stdout is not None and self._process.stderr is not None
        pipes = [self._process.stdout, self._process.stderr]
        while b"\n\n" not in self._pending:
            if len(self._pending) > MOST_ANSWER:
                raise EngineFault(NONSENSE, f"more than {MOST_ANSWER} bytes without an end")
            left = deadline - monotonic()
            readable, _, _ = select.select(pipes, [], [], max(left, 0))
            if left <= 0 or not readable:
                raise EngineFault(LATE, f"no answer within {seconds:g} seconds")
            for pipe in readable:
                content = os.read(pipe.fileno(), MOST_AT_ONCE)
                if pipe is self._process.stdout:
                    if not content:
                        raise self._death()
                    self._pending = (self._pending + content.replace(b"\r", b"")).lstrip(b"\n")
                elif content:
                    self._complaints = (self._complaints + content)[-KEPT:]
                else:
                    pipes.remove(pipe)
        answer, _, self._pending = self._pending.partition(b"\n\n")
        return answer.decode(errors="replace")

    def _understood(self, answer: str) -> tuple[str, str]:
        """Its mark and its text."""
        match = _ANSWER.fullmatch(answer)
        if match is None or match[2] != str(self._number):
            raise EngineFault(NONSENSE, f"its answer is {shown(answer)!r}")
        return match[1], match[3].strip()

    def _death(self) -> EngineFault:
        """What it left with, and the last line of what it said."""
        assert self._process.stderr is not None
        try:
            code = self._process.wait(LEAVING)
        except subprocess.TimeoutExpired:
            return EngineFault(DIED, "closed its output")
        os.set_blocking(self._process.stderr.fileno(), False)
        with suppress(BlockingIOError):
            while content := os.read(self._process.stderr.fileno(), MOST_AT_ONCE):
                self._complaints = (self._complaints + content)[-KEPT:]
        lines = self._complaints.decode(errors="replace").strip().splitlines()
        how = f"exit {code}" if code >= 0 else signal.Signals(-code).name
        return EngineFault(DIED, f"{how}, {shown(lines[-1])}" if lines else how)


def shown(text: str) -> str:
    """What a program said, on one line and not too long."""
    text = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
