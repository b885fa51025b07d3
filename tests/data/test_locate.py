from __future__ import annotations

from pathlib import Path

import pytest

from shinso.core.errors import UserError
from shinso.data.entry import DataSetEntry, SourceFile
from shinso.data.locate import (
    cache_folder,
    find_file,
    found_files,
    is_path,
    needed_files,
    set_folders,
)
from tests.data.conftest import write_tar, write_zip

ENTRY = DataSetEntry(
    "shapes",
    "images",
    "shapes",
    "MIT",
    True,
    "train",
    home="https://example.org",
    files=(
        SourceFile("a.gz", 1_000_000, url="https://example.org/a"),
        SourceFile("b.gz", 500_000, url="https://example.org/b"),
        SourceFile("extra", 5, optional=True),
    ),
    package="dataset-shape-images",
)


def put(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(str(folder))


def test_the_order_is_shinso_data_then_system_then_cache(homes):
    folders = [
        homes.first / "shapes",
        homes.second / "shapes",
        homes.system / "shape-images",
        homes.cache / "shapes",
    ]
    for folder in reversed(folders):
        put(folder, "a.gz")
        assert found_files(ENTRY) == {"a.gz": folder / "a.gz"}
    assert set_folders(ENTRY) == tuple(folders)


def test_a_sets_files_may_be_spread(homes):
    put(homes.second / "shapes", "b.gz")
    put(homes.cache / "shapes", "a.gz", "b.gz")
    assert needed_files(ENTRY) == {
        "a.gz": homes.cache / "shapes/a.gz",
        "b.gz": homes.second / "shapes/b.gz",
    }


def test_a_missing_set_says_how_to_get_it_with_size_and_licence(homes):
    with pytest.raises(UserError) as caught:
        needed_files(ENTRY)
    assert str(caught.value) == (
        "data set shapes is not here: shinso data get shapes, or apt install "
        "dataset-shape-images (1.5 MB, MIT)"
    )
    put(homes.first / "shapes", "a.gz")
    with pytest.raises(UserError, match=r"data set shapes lacks b\.gz: shinso data get"):
        needed_files(ENTRY)


def test_a_set_that_cannot_be_fetched_says_so(homes):
    by_hand = DataSetEntry(
        "ptb", "text", "", "research only", False, "", "https://x.org", (SourceFile("p.zip", 2000),)
    )
    with pytest.raises(UserError) as caught:
        needed_files(by_hand)
    message = str(caught.value)
    assert "cannot be fetched (2.0 kB, research only)" in message
    assert "put p.zip into a folder ptb/ of a folder listed in SHINSO_DATA" in message
    assert "https://x.org" in message and "\n" not in message


def test_the_cache_follows_xdg(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "shinso/data"
    for unset in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
        monkeypatch.setenv("HOME", str(tmp_path / "me"))
        assert cache_folder() == tmp_path / "me/.cache/shinso/data"


def test_empty_parts_and_missing_folders_of_shinso_data_are_passed_over(homes, monkeypatch):
    put(homes.second / "shapes", "a.gz")
    monkeypatch.setenv("SHINSO_DATA", f":/nowhere/at/all::{homes.second}:")
    assert found_files(ENTRY) == {"a.gz": homes.second / "shapes/a.gz"}


def test_official_files_kept_apart_are_found_loose(homes):
    put(homes.first / "shapes", "a.gz")
    put(homes.second / "shapes/lists", "test.txt")
    located = find_file(ENTRY, ["lists/test.txt"])
    assert located is not None
    assert located.read() == str(homes.second / "shapes/lists").encode()
    assert find_file(ENTRY, ["test.txt", "other.txt"]) is None


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_official_files_kept_apart_are_found_in_an_archive(homes, kind):
    put(homes.first / "shapes", "a.gz")
    folder = homes.second / "shapes"
    folder.mkdir()
    write = write_zip if kind == "zip" else write_tar
    write(folder / f"all.{kind}", {"Shapes/lists/train.txt": b"1", "Shapes/lists/test.txt": b"2"})
    located = find_file(ENTRY, ["lists/none.txt", "lists/test.txt"])
    assert located is not None and located.read() == b"2"
    assert str(located).endswith(f"all.{kind}:Shapes/lists/test.txt")
    assert find_file(ENTRY, ["sts/test.txt"]) is None  # whole names only


def test_an_archive_that_changes_is_looked_at_again(homes):
    folder = homes.first / "shapes"
    folder.mkdir()
    write_zip(folder / "all.zip", {"train.txt": b"1"})
    assert find_file(ENTRY, ["test.txt"]) is None
    write_zip(folder / "all.zip", {"train.txt": b"1", "test.txt": b"2"})
    assert find_file(ENTRY, ["test.txt"]) is not None


def test_what_is_a_path_and_what_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mine", "shapes"):
        Path(name).mkdir()
    assert is_path("mine", ["shapes"])
    assert not is_path("shapes", ["shapes"])  # the set wins over a folder of its name
    assert is_path("./shapes", ["shapes"])
    assert is_path("not/there", ["shapes"])
    assert not is_path("not_there", ["shapes"])
    assert not is_path("n" * 5_000, ["shapes"])  # too long for any file system
