"""HTML made from Python calls: what is not Markup already is escaped when it becomes part of it."""

from __future__ import annotations

from html import escape

VOID = frozenset({"br", "img", "link", "meta"})  # elements without an end tag


class Markup(str):
    """Finished HTML."""

    __slots__ = ()


Child = object  # Markup goes in as it is, None is left out, anything else is text


def tag(name: str, /, *children: Child, **attributes: object) -> Markup:
    """One element.

    Attribute names are written with `_` for `-`, a last `_` is dropped (`class_`); True gives a
    bare attribute, None and False give none, and floats are rounded to 5 digits.
    """
    opening = name + "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{opening}>")
    return Markup(f"<{opening}>{join(*children)}</{name}>")


def join(*children: Child) -> Markup:
    """Several pieces, one after the other."""
    return Markup("".join(_text(child) for child in children))


def _attribute(key: str, value: object) -> str:
    key = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {key}"
    return f' {key}="{escape(f"{value:.5g}" if isinstance(value, float) else str(value))}"'


def _text(child: Child) -> str:
    if child is None:
        return ""
    return child if isinstance(child, Markup) else escape(str(child))
