from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from shinso.data import locate
from tests.cli.command import shinso


@pytest.fixture(scope="package", autouse=True)
def one_thread():
    """A fork of a process whose OpenMP threads ran hangs; with one thread there are none."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="package", autouse=True)
def nothing_of_this_machine(tmp_path_factory):
    """Data sets are looked for in empty folders."""
    empty = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHINSO_DATA", str(empty / "listed"))
        patch.setenv("XDG_CACHE_HOME", str(empty / "cache"))
        patch.setattr(locate, "SYSTEM_FOLDER", empty / "system")
        yield


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="package")
def adder(tmp_path_factory) -> Path:
    """A run of 60 steps; not to be changed."""
    run = tmp_path_factory.mktemp("trained") / "adder"
    done = shinso("train", "adder", "--steps", 60, "--evaluate-every", 20, "--out", run)
    assert done.code == 0, done.err
    return run


@pytest.fixture(scope="package")
def lenet(tmp_path_factory) -> Path:
    """A run of the preset quick on the handwritten digits; not to be changed."""
    run = tmp_path_factory.mktemp("trained") / "lenet"
    done = shinso("train", "lenet", "--preset", "quick", "--out", run)
    assert done.code == 0, done.err
    return run


@pytest.fixture
def adder_copy(adder, tmp_path) -> Path:
    """A run to change or to damage."""
    return Path(shutil.copytree(adder, tmp_path / "copy"))


@pytest.fixture(scope="package")
def shapes(tmp_path_factory) -> Path:
    """A folder of the user's own: two classes, rows and columns, 12 grey images each."""
    folder = tmp_path_factory.mktemp("own") / "shapes"
    random = np.random.default_rng(0)
    for name in ("columns", "rows"):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            pixels = random.integers(0, 80, (20, 20)).astype(np.uint8)
            line = slice(number, number + 4)
            pixels[line] += 150
            picture = Image.fromarray(pixels if name == "rows" else pixels.T)
            picture.save(folder / name / f"{number:02d}.png")
    return folder
