"""The page: one HTML file that needs nothing else, no network and no other file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from shinso.core.report.markup import Markup, join, tag
from shinso.core.web.page import digest


@dataclass(frozen=True)
class Section:
    """A part of the page with a title of its own; `folded` ones open on a click."""

    title: str
    body: Markup
    note: str = ""
    folded: bool = False
    anchor: str = ""  # where links lead; part-1, part-2, ... without one


def render_page(title: str, sections: Sequence[Section], opening: Markup | None = None) -> str:
    """A whole HTML page; `opening` is its first screen and holds the `h1`."""
    style, script = _template("page.css"), _template("page.js")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} – shinso"),
        tag("link", rel="icon", href="data:,"),
        tag("style", style),
    )
    body = tag(
        "body",
        tag("a", "Skip to content", href="#content", class_="skip"),
        _bar(sections),
        tag(
            "main",
            tag("div", opening or tag("h1", title), class_="opening"),
            *(_section(number, section) for number, section in enumerate(sections, start=1)),
            id="content",
        ),
        tag("footer", tag("p", "Made by shinso from the run folder alone.")),
        tag("script", script),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _bar(sections: Sequence[Section]) -> Markup:
    links = [
        tag("a", section.title, href=f"#{_anchor(number, section)}")
        for number, section in enumerate(sections, start=1)
    ]
    toggle = tag(
        "button", "Theme", type="button", class_="theme", hidden=True, title="Light or dark"
    )
    brand = tag("a", _layers(), tag("b", "shinso"), " ", tag("span", "深層", lang="ja"), href="#")
    return tag(
        "header",
        tag("div", brand, class_="brand"),
        tag("nav", *links, aria_label="Parts of the page"),
        toggle,
    )


def _layers() -> Markup:
    """The mark: layers that get darker with depth."""
    bars = [
        tag("rect", x=i, y=2 + 5 * i, width=20 - 2 * i, height=3.2, rx=1.6, class_=f"layer{i}")
        for i in range(4)
    ]
    return tag("svg", *bars, width=22, height=22, viewBox="0 0 22 22", aria_hidden="true")


def _section(number: int, section: Section) -> Markup:
    note = tag("p", section.note, class_="note") if section.note else None
    if section.folded:
        summary = tag("summary", tag("h2", section.title))
        body = tag("details", summary, note, section.body, class_="card")
    else:
        body = join(tag("h2", section.title), note, section.body)
    kind = "folded" if section.folded else None
    return tag("section", body, id=_anchor(number, section), class_=kind)


def _anchor(number: int, section: Section) -> str:
    return section.anchor or f"part-{number}"


def _template(name: str) -> Markup:
    return Markup(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _policy(style: str, script: str) -> str:
    """Only this page's own style and script, by digest; pictures and sounds from inside it."""
    return (
        f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)}; "
        "img-src data:; media-src data:; base-uri 'none'; form-action 'none'"
    )
