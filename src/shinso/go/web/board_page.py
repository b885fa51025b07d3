"""The page, as one file."""

from __future__ import annotations

from shinso.core.web.page import Page, assemble

STYLES = ["page.css", "board.css"]
SCRIPTS = ["board.js", "opinion.js", "page.js"]


def board_page() -> Page:
    return assemble(__package__, "page.html", STYLES, SCRIPTS)
