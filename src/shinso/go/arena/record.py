"""A match in a folder: match.json with its terms, games.jsonl with a line a game, and each game's
SGF. A game is there once its line is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shinso.core.errors import UserError
from shinso.core.files import read_json, read_lines, told, write_atomic, write_json

FORMAT = 1


class MatchFolder:
    """`games` are the lines, in order."""

    def __init__(self, path: Path, terms: Mapping[str, Any]) -> None:
        """The folder is made with the first game. Raises UserError where it holds something else,
        or a match on other terms."""
        self.path = path
        self._terms = {"format": FORMAT, **terms}
        self._about = path / "match.json"
        self._lines = path / "games.jsonl"
        self._check()
        with told("reading", self._lines):
            self.games = read_lines(self._lines)

    def _check(self) -> None:
        if not self._about.exists():
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise UserError(f"{self.path} exists and holds no match; choose another --out")
            return
        known = read_json(self._about)
        for name, ours in self._terms.items():
            if known.get(name) != ours:
                raise UserError(
                    f"{self.path} holds another match: its {name} is {known.get(name)!r}, not "
                    f"{ours!r}; choose another --out"
                )

    def add(self, game: Mapping[str, Any], sgf: str) -> None:
        """One more. Raises ShinsoError when the disk is full, UserError where another process has
        added to them."""
        if len(read_lines(self._lines)) != len(self.games):
            raise UserError(f"{self.path} is being played by another process too; see its games")
        if not self._about.exists():
            with told("making folder", self.path):
                self.path.mkdir(parents=True, exist_ok=True)
            write_json(self._about, self._terms)
        with told("making folder", self.path):
            (self.path / "games").mkdir(exist_ok=True)
        write_atomic(self.path / "games" / f"{game['game']:04}.sgf", sgf)
        lines = [json.dumps(each) + "\n" for each in (*self.games, game)]
        write_atomic(self._lines, "".join(lines))
        self.games.append(dict(game))
