"""Still pictures of curves, matrices and heat maps, to drop into slides. Needs matplotlib."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from shinso.core.exhibits import Curve, Exhibit, Heatmap, Matrix

DOTS_PER_INCH = 150
MOST_LABELS = 24  # along an axis; more would overlap


def draw(exhibit: Exhibit) -> bytes:
    """A PNG file of a Curve, Matrix or Heatmap."""
    painters: dict[type, Any] = {Curve: _curve, Matrix: _matrix, Heatmap: _heatmap}
    with matplotlib.rc_context({"font.family": _families()}):
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        axes = figure.subplots()
        painters[type(exhibit)](exhibit, figure, axes)
        axes.set_title(_verbatim(exhibit.title), loc="left")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    return buffer.getvalue()


def _curve(curve: Curve, figure: Figure, axes: Any) -> None:
    for label, (xs, ys) in curve.lines.items():
        axes.plot(xs, ys, label=_verbatim(label), marker="o" if len(xs) == 1 else None)
    if curve.log_y:
        axes.set_yscale("log", nonpositive="mask")
    axes.set_xlabel(_verbatim(curve.x_label))
    axes.set_ylabel(_verbatim(curve.y_label))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if curve.lines:
        axes.legend(frameon=False)


def _matrix(matrix: Matrix, figure: Figure, axes: Any) -> None:
    counts = np.asarray(matrix.counts)  # (rows, columns)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure.set_size_inches(7, 6)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _label(axes, matrix.row_labels, matrix.column_labels)
    axes.set_ylabel(_verbatim(matrix.row_title))
    axes.set_xlabel(_verbatim(matrix.column_title))
    if max(counts.shape, default=0) <= 20:
        for (row, column), count in np.ndenumerate(counts):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=8)


def _heatmap(heatmap: Heatmap, figure: Figure, axes: Any) -> None:
    values = np.asarray(heatmap.values)  # (rows, columns)
    norm = None
    if heatmap.log:
        values = np.where(values > 0, values, np.nan)
        norm = LogNorm() if np.isfinite(values).any() else None
    picture = axes.imshow(values, aspect="auto", cmap="viridis", norm=norm, interpolation="nearest")
    _label(axes, heatmap.row_labels, heatmap.column_labels)
    axes.set_ylabel(_verbatim(heatmap.row_title))
    axes.set_xlabel(_verbatim(heatmap.column_title))
    figure.colorbar(picture)


def _label(axes: Any, rows: Any, columns: Any) -> None:
    for labels, axis in ((rows, axes.yaxis), (columns, axes.xaxis)):
        if labels:
            every = -(-len(labels) // MOST_LABELS)
            axis.set_ticks(range(0, len(labels), every), [_verbatim(x) for x in labels[::every]])
    if max((len(label) for label in columns), default=0) > 3:
        axes.tick_params(axis="x", labelrotation=90)


def _verbatim(text: str) -> str:
    """Keeps matplotlib from reading `$` as mathematics."""
    return text.replace("$", r"\$")


def _families() -> list[str]:
    """The Latin font, then a Japanese one for the letters it lacks, where it is installed.

    The font package is found and not imported: its import changes matplotlib's settings for the
    whole process.
    """
    package = importlib.util.find_spec("matplotlib_fontja")
    if package is None or package.origin is None:
        return ["DejaVu Sans"]
    path = Path(package.origin).with_name("fonts") / "ipaexg.ttf"
    if "IPAexGothic" not in font_manager.fontManager.get_font_names():
        font_manager.fontManager.addfont(path)
    return ["DejaVu Sans", "IPAexGothic"]
