"""Compiling with numba, and keeping on disk what was compiled.

numba keeps a function's machine code in the `__pycache__` beside its file, or in the user's cache
where that cannot be written, or in NUMBA_CACHE_DIR if that is set. It takes it for fresh while
the function's own file is unchanged, although it holds whatever the function calls in other files
too. Here all files of this package must be unchanged.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import event

PACKAGE = Path(__file__).parent
Function = TypeVar("Function", bound=Callable)


def compiled(function: Function) -> Function:
    """Machine code made at the first call with each kind of arguments, and kept; where no place
    for it can be written, it is made anew by each process. Compiled functions become part of those
    that call them: a playout is a fifth faster than with LLVM's own choice of which to inline.
    """
    dispatcher: Any = numba.njit(error_model="numpy", forceinline=True)(function)
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # numba found no folder that it can write
        return dispatcher
    file = dispatcher._cache._cache_file
    file._source_stamp = file._source_stamp, sources_digest()
    return dispatcher


@functools.cache
def sources_digest() -> str:
    """Of the names and contents of the package's Python files."""
    digest = sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(PACKAGE)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@contextmanager
def telling_of_compilation(tell: Callable[[], object]) -> Iterator[None]:
    """Calls `tell` when something is first compiled, before it is; never where all is kept."""
    with event.install_listener("numba:compile", _Teller(tell)):
        yield


class _Teller(event.Listener):
    def __init__(self, tell: Callable[[], object]) -> None:
        self._tell = tell
        self._told = False

    def on_start(self, event: event.Event) -> None:
        if not self._told:
            self._told = True
            self._tell()

    def on_end(self, event: event.Event) -> None:
        pass
