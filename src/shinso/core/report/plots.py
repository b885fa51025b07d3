"""Line plots and bars as inline SVG. Horizontal places are percentages, vertical ones pixels, so
that a plot is as wide as its frame and its letters keep their size on a phone."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinso.core.exhibits import Curve
from shinso.core.report.markup import Markup, join, tag
from shinso.core.report.words import number

MOST_POINTS = 240  # of a line on the page
MOST_LINES = 12
COLOURS = 8  # of lines, in page.css; then they repeat, dashed
HEIGHT = 220  # pixels
LINE_HEIGHT = 14  # pixels that a label needs
LETTER = 7  # pixels that a letter of a label is wide
NARROWEST = 300  # pixels: a plot on a phone
LARGEST = 1e200  # ticks beyond it are numbers yet; what diverged may have a larger perplexity


@dataclass(frozen=True)
class Axis:
    """Maps values to [0, 1], and says where the ticks are."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    @classmethod
    def over(cls, values: NDArray[Any], log: bool = False, padded: bool = False) -> Axis:
        """An axis that holds all finite values; `padded` ends it on ticks."""
        values = values[np.isfinite(values)].clip(-LARGEST, LARGEST)
        if log:
            values = np.log10(values[values > 0])
        if not values.size:
            return cls(0.0, 1.0, (0.0, 1.0))
        low, high = float(values.min()), float(values.max())
        if low == high:
            room = max(0.5, 1e-6 * abs(low))  # of huge values a half is lost to rounding
            low, high = low - room, high + room
        step = round_step((high - low) / 5.5)
        if log:
            step = max(1.0, round(step))
        if padded:
            low, high = math.floor(low / step) * step, math.ceil(high / step) * step
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        ticks = tuple(i * step for i in range(first, last + 1))
        return cls(low, high, tuple(10.0**tick for tick in ticks) if log else ticks, log)

    def place(self, values: Any) -> NDArray[np.float64]:
        values = np.asarray(values, dtype=float)
        if self.log:
            values = np.log10(np.where(values > 0, values, np.nan))
        places: NDArray[np.float64] = (values - self.low) / (self.high - self.low)
        return places


def line_plot(curve: Curve, references: Mapping[str, float] | None = None) -> Markup:
    """A plot with legend; `references` are horizontal lines to measure the curves by.

    The legend shows the last values, and those under the pointer while there is one.
    """
    lines = {label: thinned(*line) for label, line in list(curve.lines.items())[:MOST_LINES]}
    xs = np.concatenate([xs for xs, _ in lines.values()] or [np.empty(0)])
    ys = np.concatenate([ys for _, ys in lines.values()] or [np.empty(0)])
    log = curve.log_y and bool((ys > 0).any())
    references = _near(references or {}, ys)
    across = Axis.over(xs)
    up = Axis.over(np.append(ys, list(references.values())), log=log, padded=True)
    drawn = [_Line(label, *line, across, up) for label, line in lines.items()]
    picture = tag(
        "div",
        _left_labels(up),
        tag(
            "svg",
            _grid(across, up),
            _references(references, up),
            _paths(drawn),
            tag("line", class_="guide", y1=0, y2=HEIGHT, x1="0%", x2="0%", visibility="hidden"),
            class_="field",
            role="img",
            tabindex=0,
            aria_label=_described(curve, drawn),
        ),
        class_="plot",
        data_lines=json.dumps([line.points() for line in drawn], ensure_ascii=False),
        data_x=curve.x_label,
    )
    axes = f"{curve.y_label}{', log scale' if log else ''}".lstrip(", ")
    return tag(
        "div",
        tag("p", axes, class_="axis") if axes else None,
        picture,
        tag("p", tag("span", curve.x_label, class_="where"), class_="axis x", aria_live="polite"),
        _legend(drawn),
        class_="chart",
    )


def bars(values: Mapping[str, float], chosen: Set[str], written: Mapping[str, str]) -> Markup:
    """Horizontal bars from 0, the chosen in colour, with their values as `written`."""
    low, high = min(0.0, *values.values()), max(0.0, *values.values())
    scale = 100 / (high - low or 1.0)
    rows = []
    for name, value in values.items():
        start, length = (min(value, 0.0) - low) * scale, abs(value) * scale
        bar = tag("rect", x=f"{start:.2f}%", width=f"{max(length, 0.4):.2f}%", height=12, rx=3)
        kind = "bar chosen" if name in chosen else "bar"
        cells = (
            tag("th", name, scope="row"),
            tag("td", tag("svg", bar, height=12, aria_hidden="true"), class_="track"),
            tag("td", written[name], class_="value"),
        )
        rows.append(tag("tr", *cells, class_=kind))
    return tag("table", *rows, class_="bars")


def thinned(
    xs: Any, ys: Any, limit: int = MOST_POINTS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most `limit` points, (N,) to (M,): the lowest and highest of each stretch, the first and
    the last, so that no spike is lost."""
    xs, ys = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
    order = np.argsort(xs, kind="stable")
    xs, ys = xs[order], ys[order]
    if len(xs) <= limit:
        return xs, ys
    kept = {0, len(xs) - 1}
    for stretch in np.array_split(np.arange(len(xs)), (limit - 2) // 2):
        heights = ys[stretch]
        if np.isfinite(heights).any():
            kept |= {int(stretch[np.nanargmin(heights)]), int(stretch[np.nanargmax(heights)])}
    chosen = sorted(kept)
    return xs[chosen], ys[chosen]


class _Line:
    """A line in its place: percentages from the left, pixels from the top."""

    def __init__(self, label: str, xs: Any, ys: Any, across: Axis, up: Axis) -> None:
        self.label, self.xs, self.ys = label, xs, ys
        self.left = np.round(100 * across.place(xs), 2)
        self.top = np.round(HEIGHT * (1 - up.place(ys)), 1)

    @property
    def last(self) -> str:
        finite = self.ys[np.isfinite(self.ys)]
        return number(float(finite[-1])) if len(finite) else "–"

    def points(self) -> list[list[Any]]:
        """For the read-out: left, top, x and y as written."""
        return [
            [float(left), float(top), number(float(x)), number(float(y))]
            for left, top, x, y in zip(self.left, self.top, self.xs, self.ys, strict=True)
            if math.isfinite(top)
        ]

    def path(self) -> str:
        """SVG path data; a gap lifts the pen."""
        data, pen_down = [], False
        for left, top in zip(self.left, self.top, strict=True):
            if math.isfinite(top):
                data.append(f"{'L' if pen_down else 'M'}{left:g} {top:g}")
            pen_down = math.isfinite(top)
        return "".join(data)


def _paths(lines: Sequence[_Line]) -> Markup:
    """Lines stretch with the frame, dots stay round: hence two coordinate systems."""
    paths = [
        tag("path", d=line.path(), class_=f"line {_colour(i)}") for i, line in enumerate(lines)
    ]
    dots = [
        tag("circle", cx=f"{point[0]}%", cy=point[1], r=3, class_=f"dot {_colour(i)}")
        for i, line in enumerate(lines)
        for point in line.points()
        if len(line.xs) <= 16
    ]
    stretched = tag(
        "svg",
        *paths,
        viewBox=f"0 0 100 {HEIGHT}",
        preserveAspectRatio="none",
        width="100%",
        height=HEIGHT,
    )
    return join(stretched, *dots)


def _grid(across: Axis, up: Axis) -> Markup:
    horizontal = [
        tag("line", x1="0%", x2="100%", y1=float(y), y2=float(y), class_="grid")
        for y in HEIGHT * (1 - up.place(up.ticks))
    ]
    vertical = []
    free = 0.0  # where the next label may begin, in percent
    for tick, place in zip(across.ticks, 100 * across.place(across.ticks), strict=True):
        anchor, share = ("start", 0) if place < 3 else ("end", 1) if place > 97 else ("middle", 0.5)
        width = 100 * LETTER * len(number(tick)) / NARROWEST
        if place - share * width < free:
            continue
        free = place + (1 - share) * width
        label = tag("text", number(tick), x=f"{place:.2f}%", y=HEIGHT + 17, text_anchor=anchor)
        vertical.append(label)
    return join(*horizontal, *vertical)


def _left_labels(up: Axis) -> Markup:
    labels = [
        tag("text", number(tick), x="100%", y=float(y) + 4, text_anchor="end")
        for tick, y in zip(up.ticks, HEIGHT * (1 - up.place(up.ticks)), strict=True)
    ]
    width = 10 + LETTER * max(len(number(tick)) for tick in up.ticks)
    return tag("svg", *labels, class_="scale", width=width, aria_hidden="true")


def _references(references: Mapping[str, float], up: Axis) -> Markup:
    """Dashed lines; of labels that would cover each other the upper one stays."""
    pieces, lowest = [], -math.inf
    for label, value in sorted(references.items(), key=lambda item: -item[1]):
        top = HEIGHT * (1 - float(up.place(value)))
        pieces.append(tag("line", x1="0%", x2="100%", y1=top, y2=top, class_="reference"))
        if top - lowest >= LINE_HEIGHT:
            pieces.append(
                tag("text", label, x="100%", y=top - 4, text_anchor="end", class_="reference")
            )
            lowest = top
    return join(*pieces)


def _near(references: Mapping[str, float], ys: NDArray[Any]) -> dict[str, float]:
    """Those that leave the curves at least a third of the height."""
    ys = ys[np.isfinite(ys)]
    if not ys.size:
        return {}
    low, high = float(ys.min()), float(ys.max())
    room = 3 * max(high - low, 1e-12)
    return {
        label: value
        for label, value in references.items()
        if max(high, value) - min(low, value) <= room
    }


def _legend(lines: Sequence[_Line]) -> Markup:
    entries = []
    for i, line in enumerate(lines):
        swatch = tag(
            "svg",
            tag("line", x1=0, x2=18, y1=6, y2=6, class_=f"line {_colour(i)}"),
            width=18,
            height=12,
            aria_hidden="true",
        )
        entries.append(tag("li", swatch, line.label, " ", tag("output", line.last)))
    return tag("ul", *entries, class_="legend")


def _colour(index: int) -> str:
    dashed = " dashed" if index >= COLOURS else ""
    return f"c{index % COLOURS}{dashed}"


def _described(curve: Curve, lines: Sequence[_Line]) -> str:
    ends = "; ".join(f"{line.label} ends at {line.last}" for line in lines)
    return f"{curve.title}, over {curve.x_label}: {ends or 'no points yet'}"


def round_step(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power: float = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= step * (1 - 1e-9))
