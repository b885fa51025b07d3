"""artifact.json, read and checked before anything is made of it. Imports no torch, so that
`--help` and lists can say what an artifact is at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shinso.core.errors import UserError
from shinso.core.files import read_json

FORMAT = 1
KINDS: dict[str, tuple[type, ...]] = {
    "system": (str,),
    "form": (str,),
    "recipe": (dict,),
    "spec": (dict,),
    "options": (dict, type(None)),
    "assets": (list,),
    "parts": (list,),
    "ties": (dict,),
    "files": (dict,),
    "scores": (dict,),
    "provenance": (dict,),
}


def read_about(folder: Path) -> dict[str, Any]:
    """Raises UserError for a folder that is no artifact, a newer format or a damaged file."""
    if not (folder / "artifact.json").is_file():
        raise UserError(f"{folder} is no artifact: it has no artifact.json")
    about = read_json(folder / "artifact.json")
    number = about.get("format")
    if not isinstance(number, int):
        raise UserError(f"{folder}/artifact.json is damaged: it names no format")
    if number > FORMAT:
        raise UserError(
            f"{folder} has artifact format {number}, this shinso reads up to {FORMAT}; "
            "use a newer shinso"
        )
    for key, kinds in KINDS.items():
        if key not in about or not isinstance(about[key], kinds):
            problem = "is of another type" if key in about else "is missing"
            raise UserError(f"{folder}/artifact.json is damaged: {key} {problem}")
    return about


def stored_bytes(folder: Path) -> int:
    """Of an artifact with its parts, without what stands there for people alone."""
    about = read_about(folder)
    files: list[str] = ["artifact.json", *about["files"]]
    parts: list[str] = about["parts"]
    own = sum((folder / name).stat().st_size for name in files)
    return own + sum(stored_bytes(folder / "parts" / name) for name in parts)
