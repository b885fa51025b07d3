"""What the pages show happens as they show it, and what they link to is there."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from shinso.core.tables import pages

CHECKOUT = Path(__file__).parents[1]
PAGES = {str(page.relative_to(CHECKOUT)): page.read_text("utf-8") for page in pages(CHECKOUT)}

SESSION = re.compile(r"^```pycon\n(.*?)^```$", re.S | re.M)
SESSIONS = {
    f"{name}, session {number}": session
    for name, text in PAGES.items()
    for number, session in enumerate(SESSION.findall(text), 1)
}
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")  # a file of ours, a heading of it


@pytest.mark.parametrize("place", SESSIONS)
def test_a_session_says_what_its_page_says(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = doctest.DocTestParser().get_doctest(SESSIONS[place], {}, place, place, 0)
    assert session.examples
    differences: list[str] = []
    doctest.DocTestRunner().run(session, out=differences.append)
    assert not differences, "".join(differences)


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_links_to_is_there(name):
    page = CHECKOUT / name
    for path, heading in LINK.findall(PAGES[name]):
        target = page.parent / path if path else page
        assert target.exists(), path
        if heading:
            assert heading in anchors(target.read_text("utf-8")), f"{path}#{heading}"


def anchors(text: str) -> list[str]:
    """The names that a page's headings have in links, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
