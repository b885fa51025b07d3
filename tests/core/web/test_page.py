"""Pages that are one file, and the policy that keeps them to it."""

from __future__ import annotations

import base64
import hashlib
import re

from shinso.core.web.page import assemble
from shinso.go.web.board_page import board_page


def test_it_is_made_of_its_parts(tmp_path, monkeypatch):
    package = tmp_path / "apage"
    package.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    parts = {
        "__init__.py": "", "page.html": "<p>深<!-- style --><!-- script --></p>",
        "a.css": "p {}", "a.js": "const a = 1;", "b.js": "const b = '<p>';",
    }  # fmt: skip
    for name, text in parts.items():
        (package / name).write_text(text, "utf-8")
    page = assemble("apage", "page.html", ["a.css"], ["a.js", "b.js"])
    script = "const a = 1;\nconst b = '<p>';"
    assert page.html == f"<p>深<style>p {{}}</style><script>{script}</script></p>"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page.policy


def test_the_board_loads_nothing_else():
    page = board_page()
    addresses = re.findall(r"(?:https?:)?//[\w.]+|(?:src|href)=\"[^\"]*\"", page.html)
    assert {each for each in addresses if "w3.org" not in each} == {'href="data:,"'}
    assert "default-src 'none'" in page.policy
    assert "style=" not in page.html and "onclick" not in page.html
