"""Compiled functions are kept on disk, and made anew when any file of the package changes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from shinso.go import compiled

TWICE = "from shinso.go.compiled import compiled\n\n@compiled\ndef twice(x):\n    return 2 * x\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """In place of the package: a function, and a file deeper down."""
    (tmp_path / "twice.py").write_text(TWICE)
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper/other.py").write_text("")
    monkeypatch.setattr(compiled, "PACKAGE", tmp_path)
    yield tmp_path
    compiled.sources_digest.cache_clear()


def loaded(folder: Path) -> ModuleType:
    """As a new process would find it."""
    compiled.sources_digest.cache_clear()
    spec = importlib.util.spec_from_file_location("twice", folder / "twice.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def hits_and_misses(module: ModuleType) -> tuple[int, int]:
    assert module.twice(3) == 6
    stats = module.twice.stats
    return sum(stats.cache_hits.values()), sum(stats.cache_misses.values())


def test_what_was_compiled_is_kept_until_a_file_of_the_package_changes(folder):
    assert hits_and_misses(loaded(folder)) == (0, 1)
    assert hits_and_misses(loaded(folder)) == (1, 0)
    (folder / "deeper/other.py").write_text("changed = True\n")
    assert hits_and_misses(loaded(folder)) == (0, 1)
    assert hits_and_misses(loaded(folder)) == (1, 0)


@pytest.fixture
def unwritable(folder):
    """The folder, where numba would write a file in the way; it holds for root too."""
    (folder / "__pycache__").write_text("")
    return folder


def test_where_the_folder_cannot_be_written_the_users_cache_can(unwritable, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert hits_and_misses(loaded(unwritable)) == (0, 1)
    assert hits_and_misses(loaded(unwritable)) == (1, 0)
    assert list((tmp_path / "cache").rglob("*.nbi"))


def test_where_neither_can_be_written_each_process_compiles(unwritable, tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for _ in range(2):
        assert hits_and_misses(loaded(unwritable)) == (0, 1)
    assert not list(tmp_path.rglob("*.nbi"))


def test_compilation_is_told_of_once_and_only_where_it_happens(folder):
    told: list[str] = []
    for _ in range(2):
        with compiled.telling_of_compilation(lambda: told.append("compiling")):
            module = loaded(folder)
            assert module.twice(3) == 6 and module.twice(1.5) == 3
        assert told == ["compiling"], "not where the code was kept"
