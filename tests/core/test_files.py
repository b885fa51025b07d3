"""Atomic files and folders: the old one or the new one, whenever it is cut short."""

import os
import resource
from pathlib import Path

import pytest

from shinso.core import files
from shinso.core.errors import ShinsoError, UserError
from shinso.core.files import (
    LineFile,
    folder_digest,
    read_json,
    read_lines,
    replaced_folder,
    settle_folder,
    write_atomic,
)


class Killed(BaseException):
    """Stands for SIGKILL: nothing but the test catches it."""


@pytest.fixture
def full_disk():
    """Files cannot grow past 1,000 bytes; Python ignores SIGXFSZ, so writing fails with EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_appears_whole(tmp_path):
    write_atomic(tmp_path / "a", "学習")
    write_atomic(tmp_path / "a", b"\x00\xff")
    assert (tmp_path / "a").read_bytes() == b"\x00\xff"
    assert os.listdir(tmp_path) == ["a"]


def test_a_full_disk_leaves_the_old_file_and_says_so_in_one_line(tmp_path, full_disk):
    path = tmp_path / "checkpoint"
    write_atomic(path, "old")
    with pytest.raises(ShinsoError, match=r"writing .*checkpoint: file too large; make room") as e:
        write_atomic(path, b"x" * 5000)
    assert e.value.exit_code == 1 and "\n" not in str(e.value)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["checkpoint"]


def test_a_full_disk_stops_lines_and_folders_too(tmp_path, full_disk):
    with pytest.raises(ShinsoError, match="make room"):
        LineFile(tmp_path / "rows").append({"a": "x" * 5000})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()
    with pytest.raises(ShinsoError, match="make room"), replaced_folder(tmp_path / "out") as new:
        (new / "big").write_bytes(b"x" * 5000)
    assert os.listdir(tmp_path / "out") == ["old"]


def test_a_place_that_cannot_be_written_is_the_users_error(tmp_path):
    with pytest.raises(UserError, match=r"writing .*: no such file or directory"):
        write_atomic(tmp_path / "nowhere" / "a", "x")


def test_killed_before_the_rename_the_old_file_stands(tmp_path, monkeypatch):
    write_atomic(tmp_path / "a", "old")
    monkeypatch.setattr(Path, "replace", deadly(1))
    with pytest.raises(Killed):
        write_atomic(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    monkeypatch.undo()
    write_atomic(tmp_path / "a", "newer")
    assert os.listdir(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "newer"


def deadly(call, original=None):
    """A method that dies at its n-th call, before doing anything."""
    left = iter(range(1, call))

    def method(self, *arguments, **named):
        if next(left, None) is None:
            raise Killed
        return original(self, *arguments, **named)

    return method


def replace(folder, text):
    with replaced_folder(folder) as new:
        (new / "a").write_text(text)
        (new / "b").mkdir()
        (new / "b" / "c").write_text(text)


def test_a_folder_is_replaced_at_once(tmp_path):
    replace(tmp_path / "out", "old")
    with replaced_folder(tmp_path / "out") as new:
        (new / "only").touch()
        assert (tmp_path / "out" / "a").read_text() == "old"
    assert os.listdir(tmp_path / "out") == ["only"]
    assert os.listdir(tmp_path) == ["out"]


def test_a_block_that_fails_leaves_the_old_folder(tmp_path):
    replace(tmp_path / "out", "old")
    with pytest.raises(ValueError, match="half-way"), replaced_folder(tmp_path / "out") as new:
        (new / "a").write_text("new")
        raise ValueError("half-way")
    settle_folder(tmp_path / "out")
    assert (tmp_path / "out" / "a").read_text() == "old" and os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("kept", ["old", None])
@pytest.mark.parametrize(
    ("kill", "expected"),
    {
        "in the block": "old",
        "before the old steps aside": "old",
        "between the renames": "old",
        "before the old is removed": "new",
    }.items(),
)
def test_a_kill_leaves_a_whole_folder_that_settles(tmp_path, monkeypatch, kill, expected, kept):
    """`kept` None: there was no folder before, so there is no first rename."""
    folder = tmp_path / "out"
    if kept:
        replace(folder, kept)
    call = {"before the old steps aside": 1, "between the renames": 2 if kept else 1}.get(kill)
    if call:
        monkeypatch.setattr(Path, "rename", deadly(call, Path.rename))
    if kill == "in the block":
        monkeypatch.setattr(files, "sync", lambda path: (_ for _ in ()).throw(Killed))
    if kill == "before the old is removed":
        monkeypatch.setattr(files.shutil, "rmtree", deadly(1))
    with pytest.raises(Killed):
        replace(folder, "new")
    monkeypatch.undo()
    settle_folder(folder)
    whole = expected if kept or expected == "new" else None
    assert os.listdir(tmp_path) == (["out"] if whole else [])
    if whole:
        assert (folder / "a").read_text() == (folder / "b" / "c").read_text() == whole
    replace(folder, "newer")
    assert (folder / "a").read_text() == "newer" and os.listdir(tmp_path) == ["out"]


def test_lines_come_back_without_one_cut_short(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [{"step": 1, "loss": 0.5}, {"step": 2, "name": "学習"}]
    file = LineFile(path)
    for row in rows:
        file.append(row)
    assert len(path.read_text().splitlines()) == 2  # before it is closed
    file.close()
    assert read_lines(path) == rows
    whole = path.read_bytes()
    for cut in range(1, 20):
        path.write_bytes(whole[:-cut])
        assert read_lines(path) == (rows if cut == 1 else rows[:1])
    assert read_lines(tmp_path / "none") == []


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff"])
def test_json_that_is_none_is_named(tmp_path, text):
    (tmp_path / "a.json").write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match=r"a.json is damaged"):
        read_json(tmp_path / "a.json")


def test_missing_json_is_named(tmp_path):
    with pytest.raises(UserError, match=r"reading .*a.json: no such file"):
        read_json(tmp_path / "a.json")


def test_a_folders_digest_knows_names_and_contents(tmp_path):
    def digest(**named):
        folder = tmp_path / "folder"
        with replaced_folder(folder) as new:
            for name, text in named.items():
                (new / "sub" / name).parent.mkdir(exist_ok=True)
                (new / "sub" / name).write_text(text)
        return folder_digest(folder)

    assert digest(a="1", b="2") == digest(b="2", a="1")
    assert len({digest(a="1"), digest(a="2"), digest(b="1"), digest(a="1", b="1")}) == 4
