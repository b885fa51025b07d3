"""shinso data list | show SET | get SET | check [SET]"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from shinso.cli.doctor import HOW_TO_GET, where
from shinso.cli.output import Output
from shinso.core.errors import ShinsoError, UserError, nearest
from shinso.data import store
from shinso.data.entry import format_bytes

MEANINGS = {
    "list": "every set: kind, size, licence, and where it is or how to get it",
    "show": "one set, or a folder of your own: splits, classes, files; --out draws samples",
    "get": "fetch a set from its public home into the cache",
    "check": "compare the files here with their checksums, of one set or of all",
}


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    lines = "\n".join(f"  {action:6} {meaning}" for action, meaning in MEANINGS.items())
    parser.epilog = f"actions:\n{lines}"
    parser.add_argument("action", metavar="list|show|get|check")
    parser.add_argument("set", metavar="SET|PATH", nargs="?")
    parser.add_argument("--out", metavar="PICTURE.png", type=Path, help="of show: draw samples")


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    actions: dict[str, Callable[[argparse.Namespace, Output], dict[str, Any]]] = {
        "list": _list,
        "show": _show,
        "get": _get,
        "check": _check,
    }
    if parsed.action not in actions:
        raise UserError(
            f"shinso data has no action {parsed.action!r}; {nearest(parsed.action, actions)}"
        )
    if parsed.set is None and parsed.action in ("show", "get"):
        raise UserError(f"name the set: shinso data {parsed.action} SET; shinso data list has all")
    if parsed.out is not None and parsed.action != "show":
        raise UserError(f"--out is for shinso data show, not {parsed.action}")
    return actions[parsed.action](parsed, output)


# list ---------------------------------------------------------------------------------------------


def _list(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    if parsed.set is not None:
        raise UserError(f"shinso data list takes no set; shinso data show {parsed.set}?")
    sets = store.list_sets()
    output.table(
        ("name", "kind", "size", "licence", "where"),
        [(s["name"], s["kind"], _size(s["bytes"]), s["licence"], where(s)) for s in sets],
    )
    output.line(f"\n{HOW_TO_GET}")
    return {"sets": sets}


def _size(count: int) -> str | None:
    # A number stays with its unit when a table is too wide.
    return format_bytes(count).replace(" ", "\N{NO-BREAK SPACE}") if count else None


# show ---------------------------------------------------------------------------------------------


def _show(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    if parsed.out is not None and parsed.out.suffix.lower() != ".png":
        name = parsed.out.with_suffix(".png")
        raise UserError(f"--out {parsed.out}: the picture is a PNG; name it {name}")
    facts = store.describe(parsed.set)
    if "files" in facts:
        _print_entry(facts, output)
    contents = facts.get("contents") if "files" in facts else facts
    if contents is not None:
        _print_contents(contents, output)
    if parsed.out is not None:
        _draw(parsed.set, parsed.out)
        output.line(f"\nsamples, a row a class: {parsed.out}")
    return {**facts, "picture": str(parsed.out) if parsed.out else None}


def _print_entry(facts: dict[str, Any], output: Output) -> None:
    output.line(f"{facts['name']}: {facts['title']}\n")
    rows = {
        "kind": facts["kind"],
        "licence": facts["licence"],
        "weights": "may be passed on" if facts["may_ship_weights"] else "may not be passed on",
        "splits": facts["splits"],
        "home": facts["home"],
        "credit": facts["attribution"],
        "note": facts["note"],
        "where": ", ".join(facts["folders"]) if facts["found"] else f"missing: {facts['get']}",
    }
    for name, value in rows.items():
        if value:
            output.paragraph(f"{name:10}{value}", indent=" " * 10)
    if facts["files"]:
        output.line()
        cells = [(f["name"], _size(f["bytes"]), f["path"] or "missing") for f in facts["files"]]
        output.table(("file", "size", "where"), cells)


def _print_contents(contents: dict[str, Any], output: Output) -> None:
    output.line()
    words = contents.get("words")
    rows = {
        "set": contents["name"],
        "lines" if words else "examples": _counts(contents["examples"]),
        "words": _counts(words or {}),
        "moves": _counts(contents.get("moves") or {}),
        "boards": _counts(contents.get("boards") or {}),
        "classes": ", ".join(contents.get("classes") or ()),
        "shape": " x ".join(map(str, contents.get("shape") or ())),
        "left out": f"{contents['skipped']} damaged" if contents.get("skipped") else "",
        "digest": contents["digest"],
    }
    for name, value in rows.items():
        if value:
            output.paragraph(f"{name:10}{value}", indent=" " * 10)


def _counts(by_split: dict[str, int]) -> str:
    return ", ".join(f"{split} {count:,}" for split, count in by_split.items())


def _draw(name: str, path: Path) -> None:
    from shinso.core.exhibits import png
    from shinso.core.files import write_atomic
    from shinso.data.sheet import contact_sheet

    data = store.open_data(name)
    if getattr(data, "kind", None) != "images":
        raise UserError(f"--out draws sets of images, and {name} is none")
    write_atomic(path, png(contact_sheet(data.split("train"), len(data.classes))))


# get ----------------------------------------------------------------------------------------------


def _get(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    from shinso.cli.downloads import downloads
    from shinso.data.download import get

    entry = store.entry_of(parsed.set)
    if entry.built_in:
        output.line(f"{entry.name} comes with shinso: nothing to get")
        return {"set": entry.name, "fetched": []}
    with downloads() as show:
        fetched = get(entry, progress=show)
    for path in fetched:
        output.line(str(path))
    if not fetched:
        output.line(f"{entry.name} is here already; shinso data check {entry.name} checks it")
    return {"set": entry.name, "fetched": [str(path) for path in fetched]}


# check --------------------------------------------------------------------------------------------


def _check(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    rows = store.check(parsed.set)
    if not rows:
        output.line(f"no files of {parsed.set or 'any set'} to check")
        return {"files": rows}
    cells = [(r["set"], r["file"], _status(r), r["path"]) for r in rows]
    output.table(("set", "file", "status", "where"), cells)
    bad = [row for row in rows if row["status"] in ("wrong", "damaged")]
    if bad:
        names = ", ".join(row["path"] for row in bad)
        way_out = f"delete it and shinso data get {bad[0]['set']}"
        raise ShinsoError(f"not what the set's checksum says: {names}; {way_out}")
    return {"files": rows}


def _status(row: dict[str, Any]) -> str:
    return (
        f"{row['status']} (optional)"
        if row["status"] != "ok" and row["optional"]
        else row["status"]
    )
