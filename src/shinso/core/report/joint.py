"""Several runs on one page: who scored what, the curves of those that can be compared, and what
each was set to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shinso.core.exhibits import Curve
from shinso.core.report import parts
from shinso.core.report.figures import Shown, figures, sortable
from shinso.core.report.markup import Markup, join, tag
from shinso.core.report.page import Section
from shinso.core.report.plots import MOST_LINES, bars
from shinso.core.report.record import RunRecord, shared_baselines
from shinso.core.report.words import duration, meaning, setting, spoken

MOST_SCORES = 6  # columns of the table


def joint_opening(runs: Sequence[RunRecord], title: str, intro: str) -> Markup:
    """Title, intro, the table of all runs, and bars where runs can be compared."""
    names = _names(runs)
    races = [_race(score, group) for score, group in _races(runs, names)]
    return join(
        tag("h1", title),
        tag("p", intro, class_="lead") if intro else None,
        tag("div", *races, class_="races") if races else None,
        tag("div", _board(runs, names), class_="card"),
    )


def joint_sections(runs: Sequence[RunRecord]) -> list[Section]:
    """Common curves, then each run, then the settings that differ."""
    names = _names(runs)
    plots = _common_curves(runs, names)
    sections = [Section("Curves together", figures(plots))] if plots else []
    for number, (run, name) in enumerate(zip(runs, names, strict=True), start=1):
        shown = parts.remaining(run)
        more = tag("details", tag("summary", "More of this run"), figures(shown), class_="card")
        body = join(parts.opening(run, titled=False), more if shown else None)
        sections.append(Section(name, body, anchor=f"run-{number}"))
    differing = _differing_settings(runs, names)
    return [*sections, differing] if differing else sections


def _names(runs: Sequence[RunRecord]) -> list[str]:
    """What tells the runs apart: the system, or else the folder."""
    systems = [run.system for run in runs]
    return [
        run.system if systems.count(run.system) == 1 else run.folder.resolve().name for run in runs
    ]


def _races(
    runs: Sequence[RunRecord], names: Sequence[str]
) -> list[tuple[str, list[tuple[RunRecord, str]]]]:
    """Runs with the same chief score on the same data and split, two or more at a time."""
    groups: dict[tuple[Any, ...], list[tuple[RunRecord, str]]] = {}
    for run, name in zip(runs, names, strict=True):
        if run.headline is not None:
            groups.setdefault((run.headline, run.ground), []).append((run, name))
    return [(key[0], group) for key, group in groups.items() if len(group) > 1]


def _race(score: str, group: list[tuple[RunRecord, str]]) -> Markup:
    known = meaning(score)
    runs, names = zip(*group, strict=True)
    values = {name: run.scores[score] for run, name in group}
    for baseline, scores in shared_baselines(runs, names).items():
        if score in scores:
            values[spoken(baseline)] = scores[score]
    reverse = known.better != "lower"
    ordered = dict(sorted(values.items(), key=lambda item: item[1], reverse=reverse))
    written = {name: known.write(value) for name, value in ordered.items()}
    run = runs[0]
    says = f"{known.title} on {run.data}, {parts.split_name(run)} data"
    return tag(
        "figure",
        tag("figcaption", tag("h3", says), tag("p", known.says, class_="note")),
        bars(ordered, set(names), written),
        class_="card",
    )


def _board(runs: Sequence[RunRecord], names: Sequence[str]) -> Markup:
    """One row a run; the head of a column sorts."""
    scores = list(dict.fromkeys(score for run in runs for score in run.scores))[:MOST_SCORES]
    rows: list[tuple[Any, ...]] = []
    for number, (run, name) in enumerate(zip(runs, names, strict=True), start=1):
        link = tag("a", name, href=f"#run-{number}")
        values = (_shown(score, run.scores.get(score)) for score in scores)
        time = None if run.seconds is None else Shown(duration(run.seconds), run.seconds)
        split = parts.split_name(run) if run.scores else "–"
        rows.append((link, run.data, split, *values, run.step, time))
    columns = ("run", "data", "split", *(meaning(score).title for score in scores), "steps", "time")
    return sortable(columns, rows)


def _shown(score: str, value: float | None) -> Shown | None:
    return None if value is None else Shown(meaning(score).write(value), value)


def _common_curves(runs: Sequence[RunRecord], names: Sequence[str]) -> list[Curve]:
    """A plot for each data set and score that at least two runs were validated by."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for run, name in zip(runs, names, strict=True):
        for score, lines in run.series().items():
            if len(lines.get("valid", ((), ()))[0]) > 1:
                found.setdefault((run.ground, score), {})[name] = lines["valid"]
    note = "Validation data; below stands where each ends."
    if any(run.kept_step != run.step for run in runs):
        note += " The table has the scores of the step that was kept, the best."
    return [
        Curve(f"{meaning(score).title} on {ground[0]}", note, lines)
        for (ground, score), lines in found.items()
        if 1 < len(lines) <= MOST_LINES
    ]


def _differing_settings(runs: Sequence[RunRecord], names: Sequence[str]) -> Section | None:
    """All that is not the same for every run, but for what was measured."""
    facts = [run.facts for run in runs]
    rows: list[tuple[Any, ...]] = []
    for fact in dict.fromkeys(name for each in facts for name in each):
        values = [setting(each[fact]) if fact in each else "–" for each in facts]
        if len(set(values)) > 1:
            rows.append((tag("code", fact), *values))
    if not rows:
        return None
    return Section("Settings that differ", sortable(("setting", *names), rows), folded=True)
