"""shinso doctor"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import re
from collections.abc import Sequence
from typing import Any

from shinso import __version__
from shinso.cli.output import Output
from shinso.data import list_sets
from shinso.data.entry import format_bytes
from shinso.data.locate import cache_folder, listed_folders

HOW_TO_GET = "shinso data get SET fetches a set, shinso data show SET says more about it"


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    pass


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    packages = [_package(name, extra) for name, extra in _requirements()]
    machine = {
        "shinso": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "accelerators": _accelerators(),
        "data_folders": [str(folder) for folder in (*listed_folders(), cache_folder())],
    }
    sets = list_sets()
    output.table(("machine", ""), [_machine_cells(*item) for item in machine.items()])
    output.line()
    output.table(("package", "version"), [(row["name"], _state(row)) for row in packages])
    output.line()
    output.table(("data set", "where"), [(row["name"], where(row)) for row in sets])
    output.line(f"\n{HOW_TO_GET}")
    return {
        **machine,
        "packages": {row["name"]: row["version"] for row in packages},
        "missing": [row["name"] for row in packages if row["version"] is None],
        "data": {row["name"]: row["found"] for row in sets},
    }


def where(row: dict[str, Any]) -> str:
    """Where a set of `list_sets` is."""
    if row["found"]:
        return ", ".join(row["folders"]) or "comes with shinso"
    return "missing: can be fetched" if row["fetchable"] else "missing: put there by hand"


def _requirements() -> list[tuple[str, str | None]]:
    """Every package that shinso can use, and the extra that brings it."""
    found = []
    for requirement in importlib.metadata.requires("shinso") or ():
        name = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"extra == ['\"](\w+)['\"]", requirement)
        if name and not (extra and extra[1] == "dev"):
            found.append((name[0], extra[1] if extra else None))
    return found


def _package(name: str, extra: str | None) -> dict[str, Any]:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        version = None
    return {"name": name, "extra": extra, "version": version}


def _state(package: dict[str, Any]) -> str:
    if package["version"] is not None:
        return str(package["version"])
    extra = f"[{package['extra']}]" if package["extra"] else ""
    return f"missing: pip install 'shinso{extra}'"


def _accelerators() -> list[str]:
    import torch

    if not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]


def _machine_cells(name: str, value: Any) -> tuple[str, Any]:
    if name == "memory_bytes":
        return "memory", format_bytes(value)
    return name.replace("_", " "), value if value != [] else "none"
