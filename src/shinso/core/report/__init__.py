"""Reports: one self-contained HTML page made from run folders alone, without data set or torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shinso.core.files import write_atomic
from shinso.core.report import parts
from shinso.core.report.figures import figure, figures
from shinso.core.report.joint import joint_opening, joint_sections
from shinso.core.report.page import Section, render_page
from shinso.core.report.record import RunRecord

__all__ = [
    "Section",
    "figure",
    "figures",
    "render_page",
    "write_joint_report",
    "write_report",
]


def write_report(run_folder: Path) -> Path:
    """Makes `report.html` in the run folder, of a finished run or one in progress.

    Raises UserError where recipe.json is missing or a file is damaged.
    """
    run = RunRecord.read(run_folder)
    shown = parts.remaining(run)
    sections = (
        parts.curves(run),
        Section("A closer look", figures(shown)) if shown else None,
        parts.score_table(run),
        parts.settings(run),
        parts.environment(run),
    )
    title = f"{run.system} on {run.data}" if run.data else run.system
    kept = [section for section in sections if section is not None]
    path = run_folder / "report.html"
    write_atomic(path, render_page(title, kept, parts.opening(run)))
    return path


def write_joint_report(
    run_folders: Sequence[Path], path: Path, title: str, intro: str = ""
) -> Path:
    """One page about several runs: one table, common plots, then each run by itself."""
    runs = [RunRecord.read(folder) for folder in run_folders]
    page = render_page(title, joint_sections(runs), joint_opening(runs, title, intro))
    write_atomic(path, page)
    return path
