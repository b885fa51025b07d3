"""A web page that is one file, made of files that are pleasant to read."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources

STYLE, SCRIPT = "<!-- style -->", "<!-- script -->"  # their places in the page


@dataclass(frozen=True)
class Page:
    """`html` needs nothing but what it may call; `policy` says so to the browser, which then runs
    and loads nothing else."""

    html: str
    policy: str  # a Content-Security-Policy


def assemble(package: str, html: str, styles: list[str], scripts: list[str]) -> Page:
    """From a package's files, by name: a page with a place for `STYLE` and one for `SCRIPT`."""

    def joined(names: list[str]) -> str:
        folder = resources.files(package)
        return "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)

    style, script = joined(styles), joined(scripts)
    text = joined([html])
    text = text.replace(STYLE, f"<style>{style}</style>")
    text = text.replace(SCRIPT, f"<script>{script}</script>")
    policy = (
        f"default-src 'none'; connect-src 'self'; style-src {digest(style)}; "
        f"script-src {digest(script)}; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return Page(text, policy)


def digest(text: str) -> str:
    """Of a style or script, as a policy names it."""
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"
