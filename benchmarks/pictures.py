"""The pictures of docs/img that are drawn from results/."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from shinso.core.results import checkout_folder

DOTS_PER_INCH = 150

Line = tuple[Sequence[Any], Sequence[float]]  # xs and ys


def lines(name: str, of: Mapping[str, Line], x_label: str, y_label: str, **scales: Any) -> None:
    """A line for each label that has points, dashed for what is plain. `scales` are of
    Axes.set_xscale and set_yscale: x=("log", {"base": 2}), y=("log", {})."""
    there = {label: line for label, line in of.items() if len(line[0])}

    def paint(axes: Any) -> None:
        for label, (xs, ys) in there.items():
            style = "--" if label.startswith("plain") else "-"
            axes.plot(xs, ys, style, label=label, marker="o", markersize=3)
        axes.legend(frameon=False, fontsize=8)

    if there:  # what is not recorded yet is not drawn
        _save(name, paint, x_label, y_label, scales)


def bars(name: str, of: Mapping[str, Mapping[str, float]], y_label: str) -> None:
    """A group for each label, a bar in it for each of its named values."""

    def paint(axes: Any) -> None:
        series = list(dict.fromkeys(value for values in of.values() for value in values))
        for number, one in enumerate(series):
            shift = (number - (len(series) - 1) / 2) * 0.8 / len(series)
            places = [place + shift for place in range(len(of))]
            heights = [values.get(one, 0.0) for values in of.values()]
            axes.bar(places, heights, 0.8 / len(series), label=one)
        axes.set_xticks(range(len(of)), list(of))
        axes.legend(frameon=False, fontsize=8, ncols=len(series), loc=(0, 1))

    if of:
        _save(name, paint, "", y_label, {})


def points(name: str, of: Mapping[str, tuple[float, float]], x_label: str, y_label: str) -> None:
    """Named points over a logarithmic axis, and the best that can be had up to each x."""

    def paint(axes: Any) -> None:
        best: list[tuple[float, float]] = []
        for label, (x, y) in sorted(of.items(), key=lambda item: item[1]):
            axes.plot(x, y, "o", color="tab:blue")
            axes.annotate(label, (x, y), (4, 4), textcoords="offset points", fontsize=8)
            if not best or y > best[-1][1]:
                best.append((x, y))
        axes.margins(x=0.12)
        axes.step(*zip(*best, strict=True), where="post", color="tab:grey", linewidth=0.8, zorder=0)

    _save(name, paint, x_label, y_label, {"x": ("log", {})})


def _save(
    name: str, paint: Callable[[Any], None], x_label: str, y_label: str, scales: Mapping[str, Any]
) -> None:
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for axis, (scale, options) in scales.items():
        getattr(axes, f"set_{axis}scale")(scale, **options)
    paint(axes)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    checkout = checkout_folder()
    assert checkout is not None, "run it in a checkout"
    path = Path(checkout, "docs", "img", f"{name}.png")
    figure.savefig(path, dpi=DOTS_PER_INCH)
    print(f"drawn: {path.relative_to(checkout)}")
