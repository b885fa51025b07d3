"""The parts of a page that tell of one run: what was learned, against what, how, and with what."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.core.exhibits import Curve, Exhibit, Gallery, Heatmap, Matrix, Sound, Text
from shinso.core.report.figures import figure, sortable
from shinso.core.report.markup import Markup, join, tag
from shinso.core.report.page import Section
from shinso.core.report.plots import bars, line_plot
from shinso.core.report.record import RunRecord, Series
from shinso.core.report.words import counted, duration, listed, meaning, setting, spoken

MOST_CARDS = 6
SHOWPIECES = (Gallery, Heatmap, Sound, Matrix, Text)  # the prettiest first
SPLITS = {"train": "training", "valid": "validation", "test": "test"}


def opening(run: RunRecord, titled: bool = True) -> Markup:
    """The first screen: what was learned in a line, the score against its baselines, its curve,
    and the prettiest exhibit."""
    title = tag("h1", tag("span", run.system), f" on {run.data}" if run.data else None)
    left = (
        tag("p", _origin(run), class_="eyebrow"),
        title if titled else None,
        tag("p", learned(run), class_="lead"),
        _headline(run),
    )
    curve = _headline_curve(run)
    shown = showpiece(run)
    return join(
        tag("div", tag("div", *left), curve, class_="hero" if curve else "hero alone"),
        _cards(run),
        figure(shown) if shown else None,
    )


def learned(run: RunRecord) -> Markup:
    """One sentence: the score, what it beats and what beats it."""
    score = run.headline
    if score is None:
        return join(f"{counted(run.step, 'step')} made and no score yet.")
    known, value = meaning(score), run.scores[score]
    told = [known.title, " of ", tag("b", known.write(value)), f" on {split_name(run)} data"]
    if not run.evaluation:
        told.append(" so far")
    for verb, names in _compared(run, score):
        told.append(f"; {verb} {listed(names)}")
    return join(*told, ".")


def showpiece(run: RunRecord) -> Exhibit | None:
    """The exhibit for the first screen."""
    for kind in SHOWPIECES:
        for exhibit in run.exhibits:
            if isinstance(exhibit, kind):
                return exhibit
    return None


def remaining(run: RunRecord) -> list[Exhibit]:
    """All exhibits but the showpiece."""
    shown = showpiece(run)
    return [exhibit for exhibit in run.exhibits if exhibit is not shown]


def curves(run: RunRecord) -> Section | None:
    """Every score over the steps, and the speed."""
    plots = [_score_curve(score, lines) for score, lines in run.series().items()]
    timed = [row for row in run.timing if "rate" in row]
    if len(timed) > 1:
        steps, rates = [row["step"] for row in timed], [row["rate"] for row in timed]
        lines = {"steps a second": (steps, rates)}
        plots.append(Curve("Speed", "How fast training went.", lines))
    if not plots:
        return None
    body = tag("div", *(figure(plot) for plot in plots), class_="figures")
    return Section("Learning curves", body, "Point at a curve to read it, or use the arrow keys.")


def score_table(run: RunRecord) -> Section | None:
    """Every score beside every baseline."""
    if not run.scores:
        return None
    rows: list[tuple[Any, ...]] = []
    for score, value in run.scores.items():
        known = meaning(score)
        others = (known.write(scores.get(score)) for scores in run.baselines.values())
        says = "; ".join(part for part in (known.says, _direction(known.better)) if part)
        rows.append((known.title, tag("b", known.write(value)), *others, says))
    columns = ("score", run.system, *map(spoken, run.baselines), "what it means")
    table = tag("div", sortable(columns, rows), class_="card")
    return Section("Scores", table, f"On {split_name(run)} data.")


def settings(run: RunRecord) -> Section | None:
    """The recipe; fields that `changed` of recipe.json names are marked. Then what the data
    decided about the networks, and how large they are."""
    if not run.settings:
        return None
    changed = set(run.recipe.get("changed") or ())
    rows: list[tuple[Any, ...]] = [
        (
            tag("code", name),
            setting(value),
            tag("b", "changed", class_="badge") if name in changed else "default",
        )
        for name, value in run.settings.items()
    ]
    decided = {**run.spec, "parameters": run.parameters}
    rows += [(f"network {name}", setting(value), "of the data") for name, value in decided.items()]
    columns = ("setting", "value", "against the default")
    if not changed:
        columns, rows = columns[:2], [row[:2] for row in rows]  # type: ignore[assignment]
    note = f"{counted(len(changed), 'value')} changed from the default." if changed else ""
    return Section("Settings", sortable(columns, rows), note, folded=True)


def environment(run: RunRecord) -> Section:
    """Everything else that a repetition needs."""
    told = {key: value for key, value in run.recipe.items() if key not in ("recipe", "changed")}
    if told.get("data"):
        told["data"] = {**told["data"], "name": run.data}
    told |= {"start": run.start, "lever": run.lever, "run folder": run.folder.name}
    if run.seconds is not None:
        told["time"] = duration(run.seconds)
    rows: list[tuple[Any, ...]] = []
    for key, value in told.items():
        parts = value if isinstance(value, dict) and value else {"": value}
        rows += [(f"{spoken(key)} {name}".strip(), setting(part)) for name, part in parts.items()]
    note = "What it takes to repeat this run."
    return Section("Environment", sortable(("thing", "value"), rows), note, folded=True)


def _origin(run: RunRecord) -> str:
    """Steps, time and place, and what came before."""
    told = [counted(run.step, "step")]
    if run.seconds is not None:
        told.append(duration(run.seconds))
    if run.recipe.get("device"):
        told.append(str(run.recipe["device"]))
    told += [run.lever] if run.lever else []
    told += [f"from {run.start}"] if run.start else []
    if not run.evaluation:
        told.append("in progress")
    return " · ".join(told)


def _headline(run: RunRecord) -> Markup | None:
    """The chief score in large figures, and as a bar among its baselines."""
    score = run.headline
    if score is None:
        return None
    known, value = meaning(score), run.scores[score]
    says = "; ".join(part for part in (known.says, _direction(known.better)) if part)
    figures = tag(
        "p",
        tag("b", known.write(value), class_="big"),
        tag("span", tag("b", known.title), tag("br"), says),
        class_="headline",
    )
    beside = rivals(run, score)
    if not beside:
        return figures
    values = {run.system: value, **beside}
    ordered = dict(
        sorted(values.items(), key=lambda item: item[1], reverse=known.better != "lower")
    )
    written = {name: known.write(value) for name, value in ordered.items()}
    return join(figures, bars(ordered, {run.system}, written))


def _headline_curve(run: RunRecord) -> Markup | None:
    """The chief score over the steps, or else the loss, with the baselines as dashed lines."""
    series = run.series()
    score = next(
        (
            name
            for name in (run.headline, "loss", *series)
            if name in series and _long(series[name])
        ),
        None,
    )
    if score is None:
        return None
    curve = _score_curve(score, series[score])
    # The baselines are those of one split, and belong beside curves of the same.
    references = rivals(run, score) if run.split == "valid" else {}
    note = tag("p", _while_it_learned(run), class_="note")
    plot = line_plot(curve, references)
    return tag("figure", tag("figcaption", tag("h3", curve.title), note), plot, class_="card")


def _while_it_learned(run: RunRecord) -> str:
    if run.kept_step == run.step:
        return "while it learned"
    return (
        f"while it learned; the scores are of step {run.kept_step:,}, the best, and below stands "
        "where each line ends"
    )


def _cards(run: RunRecord) -> Markup | None:
    """The other scores, each beside its baselines."""
    others = [score for score in run.scores if score != run.headline][:MOST_CARDS]
    cards = []
    for score in others:
        known = meaning(score)
        beside = [
            tag("li", f"{name} ", tag("b", known.write(value)))
            for name, value in rivals(run, score).items()
        ]
        cards.append(
            tag(
                "li",
                tag("h3", known.title, " ", tag("b", known.write(run.scores[score]))),
                tag("p", known.says) if known.says else None,
                tag("ul", *beside) if beside else None,
                class_="card",
            )
        )
    return tag("ul", *cards, class_="cards") if cards else None


def _score_curve(score: str, lines: dict[str, Series]) -> Curve:
    known = meaning(score)
    named = {SPLITS.get(split, split): line for split, line in lines.items()}
    return Curve(known.title, known.says, named, log_y=_wide(lines))


def _wide(lines: dict[str, Series]) -> bool:
    """Whether values, but for a few, span so much that a log scale shows more."""
    values = [value for _, ys in lines.values() for value in ys]
    low, high = np.quantile(values, (0.05, 0.95))
    return bool(min(values) > 0 and high > 30 * low)


def _long(lines: dict[str, Series]) -> bool:
    return any(len(steps) > 1 for steps, _ in lines.values())


def rivals(run: RunRecord, score: str) -> dict[str, float]:
    """The baselines that have this score."""
    found = {spoken(name): scores.get(score) for name, scores in run.baselines.items()}
    return {name: value for name, value in found.items() if value is not None}


def _compared(run: RunRecord, score: str) -> list[tuple[str, list[str]]]:
    """Which baselines it is ahead of, level with, and behind, with their values."""
    known, value = meaning(score), run.scores[score]
    if not known.better:
        return []
    groups: dict[str, list[str]] = {"ahead of": [], "level with": [], "behind": []}
    for name, other in rivals(run, score).items():
        ahead, behind = known.beats(value, other), known.beats(other, value)
        verb = "ahead of" if ahead else "behind" if behind else "level with"
        groups[verb].append(f"{name} ({known.write(other)})")
    return [(verb, names) for verb, names in groups.items() if names]


def _direction(better: str) -> str:
    return f"{better} is better" if better else ""


def split_name(run: RunRecord) -> str:
    return SPLITS.get(run.split, run.split)
