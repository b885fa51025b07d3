"""A digest of the sources a result depends on: the files that the rows of its system and its
levers name, and the layers and field modules they import. Imports no torch: the files are read,
not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.machinery import PathFinder
from pathlib import Path

from shinso.core.lever import Lever
from shinso.core.system import System

SYSTEM_PARTS = ("recipe", "options", "build", "learner", "predictor", "evaluate", "player")
LEVER_PARTS = ("settings", "apply", "learner", "measure")


def source_files(system: System, *levers: Lever) -> list[Path]:
    """Sorted by module name; `shinso.core` and `shinso.data` are everybody's and left out."""
    places = [getattr(system, part) for part in SYSTEM_PARTS]
    places += [getattr(lever, part) for lever in levers for part in LEVER_PARTS]
    waiting = {place.split(":")[0] for place in places if place}
    found: dict[str, Path] = {}
    while waiting:
        module = waiting.pop()
        path = _module_path(module)
        if module in found or path is None:
            continue
        found[module] = path
        waiting |= {name for name in _imports(path) if _belongs(name)}
    return [found[module] for module in sorted(found)]


def sources_digest(system: System, *levers: Lever) -> str:
    digest = sha256()
    for path in source_files(system, *levers):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _belongs(module: str) -> bool:
    parts = module.split(".")
    return parts[0] == "shinso" and len(parts) > 2 and parts[1] not in ("core", "data")


@cache  # systems share layers, and results are many
def _imports(path: Path) -> frozenset[str]:
    names: set[str] = set()
    for node in _statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import module` names a module too; one that is none has no path.
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """All of them, however deep; ast.walk, which visits expressions too, takes far longer."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for block in ("body", "orelse", "handlers", "finalbody", "cases"):
            waiting += getattr(node, block, ())


def _module_path(module: str) -> Path | None:
    """Unlike importlib.util.find_spec, imports no parent: one that is a module brings torch."""
    places: list[str] | None = None  # sys.path
    spec = None
    for name in module.split("."):
        spec = PathFinder.find_spec(name, places)
        if spec is None:
            return None
        places = [*(spec.submodule_search_locations or ())]
    return Path(spec.origin) if spec is not None and spec.origin else None
