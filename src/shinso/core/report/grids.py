"""Matrices of counts as shaded tables, heat maps as stretched pictures between their labels."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinso.core.exhibits import Heatmap, Matrix, png
from shinso.core.report.images import DIVERGING, SEQUENTIAL, Colours, coloured, data_address
from shinso.core.report.markup import Markup, join, tag
from shinso.core.report.plots import round_step
from shinso.core.report.words import counted, number

MOST_COUNTED_CLASSES = 30  # a larger matrix is drawn as a heat map
MOST_CELLS = 160  # along a side of a heat map; larger ones are averaged


def matrix_body(matrix: Matrix) -> tuple[Markup, str]:
    counts = np.asarray(matrix.counts)  # (rows, columns)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    square = tuple(matrix.row_labels) == tuple(matrix.column_labels)
    if max(counts.shape, default=0) > MOST_COUNTED_CLASSES:
        grid = _heat(shares, matrix, spoken="share of the row")
    else:
        grid = _counted_grid(matrix, counts, shares, square)
    return join(grid, _confusions(matrix, counts) if square else None), ""


def _counted_grid(
    matrix: Matrix, counts: NDArray[Any], shares: NDArray[Any], square: bool
) -> Markup:
    """A table whose cells are shaded by their share of the row; off the diagonal of a square one
    even a small share is an error, hence the square root."""
    axes = tag("caption", f"{matrix.row_title} ↓ {matrix.column_title} →")
    tall = " tall" if max((len(label) for label in matrix.column_labels), default=0) > 3 else ""
    heads = [tag("th", tag("span", x), scope="col", class_=tall) for x in matrix.column_labels]
    rows = []
    for row, label in enumerate(matrix.row_labels):
        cells = [tag("th", label, scope="row")]
        for column, count in enumerate(counts[row]):
            miss = square and row != column
            share = float(shares[row, column])
            level = np.ceil(10 * (share**0.5 if miss else share)).astype(int)
            told = f"{matrix.row_title} {label}, {matrix.column_title} "
            told += f"{matrix.column_labels[column]}: {count:,} ({100 * share:.0f}%)"
            kind = f"{'miss' if miss else 'hit'} l{level}"
            cells.append(tag("td", f"{count:,}" if count else "", class_=kind, title=told))
        rows.append(tag("tr", *cells))
    table = tag("table", axes, tag("tr", tag("td"), *heads), *rows, class_="confusion")
    return tag("div", table, class_="scroll", tabindex=0)


def _confusions(matrix: Matrix, counts: NDArray[Any], most: int = 5) -> Markup:
    """How much lies on the diagonal, and the cells off it that hold most."""
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    places = [divmod(int(place), counts.shape[1]) for place in order]
    entries = [
        tag(
            "li",
            tag("b", matrix.row_labels[row]),
            " taken for ",
            tag("b", matrix.column_labels[column]),
            f": {counted(int(wrong[row, column]), 'time')}",
        )
        for row, column in places
        if wrong[row, column]
    ]
    total = f"{int(np.trace(counts)):,} of {int(counts.sum()):,} on the diagonal."
    worst = tag("ul", *entries, class_="confusions") if entries else None
    return tag("div", tag("p", total), worst, class_="aside")


def heatmap_body(heatmap: Heatmap) -> tuple[Markup, str]:
    return _heat(np.asarray(heatmap.values), heatmap, log=heatmap.log), ""


def _heat(
    values: NDArray[Any], labelled: Heatmap | Matrix, log: bool = False, spoken: str = "value"
) -> Markup:
    """A picture with one pixel a cell, stretched, between its labels; JavaScript reads it out."""
    rows = _labels(labelled.row_labels, values.shape[0])
    columns = _labels(labelled.column_labels, values.shape[1])
    values, rows, columns = _pooled(values, rows, columns)
    heights, low, high, colours = _heights(values, log)
    row_height = max(3, min(24, 340 // max(len(rows), 1)))
    height = row_height * len(rows)
    image = tag(
        "image",
        href=data_address(png(coloured(heights, colours))),
        width="100%",
        height=height,
        preserveAspectRatio="none",
    )
    field = tag(
        "svg",
        image,
        _column_labels(columns, height),
        tag("rect", class_="cell", visibility="hidden", height=row_height),
        class_="field",
        height=height,
        role="img",
        tabindex=0,
        aria_label=f"{labelled.title}: {len(rows)} rows, {len(columns)} columns, {spoken} from "
        f"{number(low)} to {number(high)}",
    )
    cells = [[None if np.isnan(v) else float(f"{v:.3g}") for v in row] for row in values]
    names = {"rows": rows, "columns": columns, "cells": cells, "rowHeight": row_height}
    titles = {"row": labelled.row_title or "row", "column": labelled.column_title or "column"}
    return tag(
        "div",
        tag("p", labelled.row_title, class_="axis") if labelled.row_title else None,
        tag(
            "div",
            _row_labels(rows, row_height),
            field,
            class_="heat",
            data_heat=json.dumps({**names, **titles}, ensure_ascii=False),
        ),
        tag("p", tag("output", labelled.column_title), class_="axis x", aria_live="polite"),
        _scale(low, high, colours, log),
        class_="chart",
    )


def _labels(labels: Any, size: int) -> list[str]:
    return list(labels) or [str(i) for i in range(size)]


def _pooled(
    values: NDArray[Any], rows: list[str], columns: list[str]
) -> tuple[NDArray[Any], list[str], list[str]]:
    """Averages neighbours until no side is longer than MOST_CELLS."""
    for axis, labels in enumerate((rows, columns)):
        size = -(-len(labels) // MOST_CELLS) if labels else 1
        if size > 1:
            starts = np.arange(0, len(labels), size)
            sums = np.add.reduceat(np.nan_to_num(values), starts, axis=axis)
            known = np.add.reduceat((~np.isnan(values)).astype(float), starts, axis=axis)
            values = np.where(known > 0, sums / np.maximum(known, 1), np.nan)
            labels[:] = labels[::size]
    return values, rows, columns


def _heights(values: NDArray[Any], log: bool) -> tuple[NDArray[Any], float, float, Colours]:
    """Cells in [0, 1], the ends of the scale, and the colours: diverging around 0 if it is
    crossed."""
    if log:
        values = np.log10(np.where(values > 0, values, np.nan))
    known = values[~np.isnan(values)]
    if not known.size:
        return np.full(values.shape, np.nan), 0.0, 0.0, SEQUENTIAL
    low, high = float(known.min()), float(known.max())
    colours = SEQUENTIAL
    if not log and low < 0 < high:
        high = max(-low, high)
        low, colours = -high, DIVERGING
    heights = (values - low) / ((high - low) or 1.0)
    return (heights, 10**low, 10**high, colours) if log else (heights, low, high, colours)


def _row_labels(rows: list[str], row_height: int) -> Markup:
    short = [label if len(label) <= 18 else f"{label[:8]}…{label[-9:]}" for label in rows]
    every = int(round_step(16 / row_height)) if row_height < 14 else 1
    texts = [
        tag("text", short[i], x="100%", y=i * row_height + row_height / 2 + 4, text_anchor="end")
        for i in range(0, len(rows), every)
    ]
    width = 12 + max((_width(label) for label in short), default=0)
    return tag("svg", *texts, class_="scale", width=width, aria_hidden="true")


def _column_labels(columns: list[str], height: int) -> Markup:
    """As many as have room on a phone."""
    longest = max((_width(label) for label in columns), default=1)
    every = int(round_step(max(1.0, len(columns) * (longest + 10) / 230)))
    return join(
        *(
            tag(
                "text",
                columns[i],
                x=f"{100 * (i + 0.5) / len(columns):.2f}%",
                y=height + 17,
                text_anchor="middle",
            )
            for i in range(0, len(columns), every)
        )
    )


def _scale(low: float, high: float, colours: Colours, log: bool) -> Markup:
    """The colours and what their ends mean."""
    strip = coloured(np.linspace(0, 1, 64)[None], colours)  # (1, 64, 3)
    image = tag("img", src=data_address(png(strip)), alt="colours from low to high")
    told = (number(low), " ", image, " ", number(high), " (log scale)" if log else None)
    return tag("p", *told, class_="colours")


def _width(label: str) -> int:
    """Pixels, roughly: Chinese and Japanese letters are twice as wide."""
    return sum(12 if ord(letter) > 0x2E80 else 7 for letter in label)
