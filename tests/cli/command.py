"""Command lines, run in this process or in a fork of it, and what they said."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shinso.cli import main


@dataclass(frozen=True)
class Done:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """stdout, which is one JSON object and nothing else."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    @property
    def error(self) -> str:
        """The one line of an error, without its beginning."""
        lines = [line for line in self.err.splitlines() if line.startswith("shinso: error: ")]
        assert len(lines) == 1, self.err
        assert self.err.endswith(lines[0] + "\n"), "something was said after the error"
        assert "Traceback" not in self.err
        return lines[0].removeprefix("shinso: error: ")


def shinso(*arguments: object, stdin: str = "") -> Done:
    """Runs one command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.stdin, warnings.showwarning
    sys.stdin = io.StringIO(stdin)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([str(argument) for argument in arguments])
    finally:
        sys.stdin, warnings.showwarning = before
    return Done(code, out.getvalue(), err.getvalue())


def refused(*arguments: object, code: int = 2, stdin: str = "") -> str:
    """The error of a command line that says nothing but one line, and nothing on stdout."""
    done = shinso(*arguments, stdin=stdin)
    assert done.code == code, done
    assert done.out == ""
    return done.error


def forked(folder: Path, *arguments: object, prepare: Callable[[], object] = lambda: None) -> Done:
    """Runs one command line in a fork, where signals and limits harm nobody else; `prepare` runs
    in it first. `folder` takes its output for the time."""
    out, err = folder / "stdout", folder / "stderr"
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            for path, stream in ((out, sys.stdout), (err, sys.stderr)):
                number = 1 if stream is sys.stdout else 2
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            sys.stdout = os.fdopen(1, "w", closefd=False)
            sys.stderr = os.fdopen(2, "w", closefd=False)
            prepare()
            code = main([str(argument) for argument in arguments])
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    done = Done(code, out.read_text(), err.read_text())
    out.unlink()
    err.unlink()
    return done
