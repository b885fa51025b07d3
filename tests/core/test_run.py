"""The run folder appears whole, is one process's at a time, and is known for what it is."""

import json
import os

import pytest

from shinso.core import run
from shinso.core.errors import UserError
from shinso.core.run import create_run_folder, first_free, locked, read_description

DESCRIPTION = {"format": 1, "system": "lenet", "seed": 3}


def test_the_folder_appears_with_its_recipe_and_inputs(tmp_path):
    (tmp_path / "teacher").mkdir()
    (tmp_path / "teacher" / "artifact.json").write_text("{}")
    (tmp_path / "start.safetensors").write_bytes(b"x")
    copies = {"inputs/teacher": tmp_path / "teacher", "start": tmp_path / "start.safetensors"}
    folder = tmp_path / "runs" / "one"
    create_run_folder(folder, DESCRIPTION, copies)
    assert read_description(folder) == DESCRIPTION
    assert (folder / "inputs" / "teacher" / "artifact.json").read_text() == "{}"
    assert (folder / "start").read_bytes() == b"x"
    assert os.listdir(folder.parent) == ["one"]


def test_a_folder_that_exists_is_left_alone(tmp_path):
    with pytest.raises(UserError, match=r"exists; go on with train --resume .* or choose --out"):
        create_run_folder(tmp_path, DESCRIPTION, {})
    assert os.listdir(tmp_path) == []


def test_killed_before_it_appears_the_same_command_works(tmp_path, monkeypatch):
    monkeypatch.setattr(run.os, "getpid", lambda: 2**22 + 1)  # above every process number
    monkeypatch.setattr(run, "write_json", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        create_run_folder(tmp_path / "one", DESCRIPTION, {})
    assert not (tmp_path / "one").exists() and os.listdir(tmp_path)
    monkeypatch.undo()
    create_run_folder(tmp_path / "one", DESCRIPTION, {})
    assert os.listdir(tmp_path) == ["one"]


def test_another_makers_half_made_folder_is_left_alone(tmp_path):
    (tmp_path / f".one.{os.getppid()}.partial").mkdir()
    create_run_folder(tmp_path / "one", DESCRIPTION, {})
    assert len(os.listdir(tmp_path)) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "is no run folder: it has no recipe.json"),
        ("{", "recipe.json is damaged"),
        (json.dumps({"format": 99}), "was made by a newer shinso"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path, text, words):
    if text is not None:
        (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(UserError, match=words):
        read_description(tmp_path)


def test_one_process_at_a_time(tmp_path):
    refused = pytest.raises(UserError, match="is being trained by another process")
    with locked(tmp_path), refused, locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_a_killed_processes_lock_is_gone(tmp_path):
    pid = os.fork()
    if not pid:
        with locked(tmp_path):
            os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)
    with locked(tmp_path):
        pass


def test_the_first_free_name(tmp_path):
    names = []
    for _ in range(3):
        free = first_free(tmp_path / "lenet")
        free.mkdir()
        names.append(free.name)
    assert names == ["lenet", "lenet-2", "lenet-3"]
