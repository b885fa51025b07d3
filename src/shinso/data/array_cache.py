"""Arrays that take long to decode, kept in the user's cache, so that the second time is fast."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shinso.core.errors import UserError
from shinso.core.files import file_digest, read_json, write_json

_log = logging.getLogger("shinso.data")

Arrays = dict[str, np.ndarray[Any, Any]]


def cached_arrays(folder: Path, key: str, build: Callable[[], Arrays]) -> Arrays:
    """What `build` gives, from `folder` where an earlier call left it under the same `key`.

    A damaged cache is built again; one that cannot be written is done without, with a warning,
    since it saves nothing but time.
    """
    kept = _load(folder, key)
    if kept is not None:
        return kept
    arrays = build()
    try:
        _store(folder, key, arrays)
    except (OSError, UserError) as error:
        _log.warning("not cached: %s", error)
    return arrays


def _load(folder: Path, key: str) -> Arrays | None:
    index = folder / f"{key}.json"
    try:
        digests = read_json(index)
        paths = {name: _array_file(folder, key, name) for name in digests}
        if any(file_digest(paths[name]) != digests[name] for name in digests):
            return None
        return {name: np.load(path, allow_pickle=False) for name, path in paths.items()}
    except (OSError, ValueError, UserError):
        return None


def _store(folder: Path, key: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """The index comes last: arrays without one are not looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    digests = {}
    for name, array in arrays.items():
        path = _array_file(folder, key, name)
        _save(path, array)
        digests[name] = file_digest(path)
    write_json(folder / f"{key}.json", digests)


def _save(path: Path, array: np.ndarray[Any, Any]) -> None:
    # A name of its own for each process: two may be decoding the same set.
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, array, allow_pickle=False)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def _array_file(folder: Path, key: str, name: str) -> Path:
    return folder / f"{key}-{name}.npy"
