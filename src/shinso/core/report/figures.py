"""Every kind of exhibit as a figure of the page: title, note, and the thing itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shinso.core.exhibits import (
    Cell,
    Curve,
    Exhibit,
    Gallery,
    Heatmap,
    Matrix,
    Picture,
    Sound,
    Table,
    Text,
)
from shinso.core.report.grids import heatmap_body, matrix_body
from shinso.core.report.images import data_address, picture_address
from shinso.core.report.markup import Markup, join, tag
from shinso.core.report.plots import MOST_LINES, line_plot
from shinso.core.report.words import number

MOST_PICTURES = 40
MOST_ROWS = 300
MOST_TEXT_LINES = 200
MOST_SECONDS = 15.0  # of a sound
SMALL_PICTURE = 96  # pixels: up to here single pixels are shown as such


class Shown(NamedTuple):
    """A table cell that reads one way and sorts by its value."""

    text: str
    value: float


def figure(exhibit: Exhibit) -> Markup:
    """One exhibit as HTML; what is too long for a page is cut, and the note says so."""
    body, cut = _BODIES[type(exhibit)](exhibit)
    caption = tag(
        "figcaption",
        tag("h3", exhibit.title),
        tag("p", exhibit.note) if exhibit.note else None,
        tag("p", f"{cut}; all are in the run folder.", class_="cut") if cut else None,
    )
    return tag("figure", caption, body, class_=f"card {exhibit.kind}{_width(exhibit)}")


def _width(exhibit: Exhibit) -> str:
    """What needs the whole width of a wide screen."""
    long = isinstance(exhibit, Text) and any(len(line) > 60 for line in exhibit.lines)
    return " wide" if long or isinstance(exhibit, (Gallery, Heatmap, Table)) else ""


def figures(exhibits: Sequence[Exhibit]) -> Markup:
    return tag("div", *(figure(exhibit) for exhibit in exhibits), class_="figures")


def sortable(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Markup:
    """A table that a click on a column's head sorts; cells may be text, numbers or Markup."""
    numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(columns))]
    head = [
        tag(
            "th",
            tag("button", name, type="button"),
            scope="col",
            class_="number" if numeric[i] and rows else None,
        )
        for i, name in enumerate(columns)
    ]
    body = [tag("tr", *(_cell(value) for value in row)) for row in rows]
    table = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body), class_="sortable")
    return tag("div", table, class_="scroll", tabindex=0)


def _cell(value: Cell | Markup | Shown) -> Markup:
    if isinstance(value, Shown):
        return tag("td", value.text, class_="number", data_value=repr(value.value))
    if isinstance(value, (int, float)):
        return tag("td", number(value), class_="number", data_value=repr(float(value)))
    return tag("td", "–" if value is None else value, class_="number" if value is None else None)


def _is_number(value: object) -> bool:
    return value is None or isinstance(value, (int, float, Shown))


def _curve(curve: Curve) -> tuple[Markup, str]:
    hidden = len(curve.lines) - MOST_LINES
    return line_plot(curve), f"{MOST_LINES} of {len(curve.lines)} lines" if hidden > 0 else ""


def _table(table: Table) -> tuple[Markup, str]:
    rows = [tuple(row) for row in table.rows]
    cut = f"The first {MOST_ROWS} of {len(rows):,} rows" if len(rows) > MOST_ROWS else ""
    return sortable(tuple(table.columns), rows[:MOST_ROWS]), cut


def _text(text: Text) -> tuple[Markup, str]:
    lines, most = text.lines, MOST_TEXT_LINES
    cut = f"The first {most} of {len(lines):,} lines" if len(lines) > most else ""
    return tag("pre", "\n".join(lines[:most]), tabindex=0), cut


def _sound(sound: Sound) -> tuple[Markup, str]:
    samples = np.asarray(sound.samples)
    seconds = len(samples) / sound.rate
    cut = f"The first {MOST_SECONDS:.0f} of {seconds:.0f} seconds"
    wav = data_address(sound.wav(MOST_SECONDS), "audio/wav")
    player = tag("audio", controls=True, src=wav, aria_label=sound.title)
    shown = samples[: int(MOST_SECONDS * sound.rate)]
    return join(_waveform(shown), player), cut if seconds > MOST_SECONDS else ""


def _waveform(samples: NDArray[Any], columns: int = 300) -> Markup:
    """The loudest and softest sample of each stretch, as one shape."""
    stretches = [part for part in np.array_split(samples, columns) if part.size]
    tops = [f"{i} {50 - 48 * part.max():.1f}" for i, part in enumerate(stretches)]
    bottoms = [f"{i} {50.6 - 48 * part.min():.1f}" for i, part in enumerate(stretches)]
    shape = tag("path", d="M" + "L".join([*tops, *reversed(bottoms)]) + "Z")
    box = f"0 0 {columns} 100"
    return tag(
        "svg",
        shape if stretches else None,
        viewBox=box,
        preserveAspectRatio="none",
        class_="waveform",
        aria_hidden="true",
    )


def _gallery(gallery: Gallery) -> tuple[Markup, str]:
    pictures = gallery.pictures
    tiles = [_tile(picture) for picture in pictures[:MOST_PICTURES]]
    cut = f"The first {MOST_PICTURES} of {len(pictures):,} pictures"
    small = all(max(picture.pixels.shape) <= SMALL_PICTURE for picture in pictures)
    kind = "tiles small" if small else "tiles"
    return tag("ul", *tiles, class_=kind), cut if len(pictures) > MOST_PICTURES else ""


def _tile(picture: Picture) -> Markup:
    verdict = {"good": "right", "bad": "wrong", "none": ""}[picture.flag]
    mark = {"good": "✓", "bad": "✗", "none": ""}[picture.flag]
    height, width = picture.pixels.shape[:2]
    image = tag(
        "img",
        src=picture_address(picture.pixels),
        alt=", ".join(part for part in (picture.caption or "no caption", verdict) if part),
        class_="pixels" if max(height, width) <= SMALL_PICTURE else None,
        width=width,
        height=height,
        loading="lazy",
    )
    sign = tag("span", mark, class_="mark", title=verdict, aria_hidden="true") if mark else None
    caption = tag("p", sign, picture.caption) if picture.caption or mark else None
    return tag("li", image, caption, class_=picture.flag)


_BODIES: dict[type[Exhibit], Callable[[Any], tuple[Markup, str]]] = {
    Curve: _curve,
    Table: _table,
    Matrix: matrix_body,
    Heatmap: heatmap_body,
    Gallery: _gallery,
    Text: _text,
    Sound: _sound,
}
