"""Extras: packages that only some verbs need."""

from __future__ import annotations

from importlib.util import find_spec

from shinso.core.errors import UserError


def require(extra: str, *modules: str) -> None:
    """Raises UserError with what to install where one of the modules cannot be imported."""
    for module in modules:
        if find_spec(module) is None:
            raise UserError(f"{module} is not installed: pip install 'shinso[{extra}]'")
