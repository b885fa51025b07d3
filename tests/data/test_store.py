from __future__ import annotations

import dataclasses
import json
from hashlib import sha256

import pytest

from shinso.core.errors import UserError
from shinso.data import check, describe, list_sets, open_data, store
from shinso.data.checksums import content_digest, is_right
from shinso.data.entry import SourceFile
from shinso.data.locate import found_files, is_complete
from shinso.data.sets import SETS
from shinso.data.store import entry_of
from tests.data.conftest import write_mnist, write_tar, write_zip


def test_an_unknown_set_names_the_nearest(homes):
    with pytest.raises(UserError, match=r"no data set and no path fashion-mnist; .*fashion_mnist"):
        open_data("fashion-mnist")
    with pytest.raises(UserError, match="no data set and no path zzzzzz; known: digits, mnist"):
        open_data("zzzzzz")
    with pytest.raises(UserError, match=r"known: small_parallel_enja, numerals$"):
        open_data("zzzzzz", kinds=[entry_of("small_parallel_enja").kind])


@pytest.mark.parametrize("path", ["/" + "n" * 5_000, "~nobody_of_that_name/x", "a/\0"])
def test_impossible_paths_are_not_there(homes, path):
    with pytest.raises(UserError, match="is not there"):
        open_data(path)


def test_a_name_that_lasts_opens_the_same_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    mine = str(tmp_path / "mine")
    assert store.lasting_name("mine") == store.lasting_name(tmp_path / "mine") == mine
    assert store.lasting_name("mine:ja-en") == f"{mine}:ja-en"
    assert store.lasting_name("digits") == "digits"
    assert store.lasting_name("./digits") == str(tmp_path / "digits")
    assert store.lasting_name("small_parallel_enja:ja-en") == "small_parallel_enja:ja-en"


def test_a_missing_set_is_one_line_with_the_way_to_get_it(homes):
    with pytest.raises(UserError) as caught:
        open_data("mnist", ("images",))
    assert str(caught.value) == (
        "data set mnist is not here: shinso data get mnist (11.6 MB, CC BY-SA 3.0)"
    )


@pytest.mark.parametrize("name", [e.name for e in SETS if e.files or e.apart])
def test_every_missing_set_says_how_to_get_it(homes, name):
    with pytest.raises(UserError) as caught:
        open_data(name)
    message = str(caught.value)
    assert "\n" not in message and entry_of(name).licence in message
    assert f"shinso data get {name}" in message or f"a folder {name}/" in message


def test_a_set_of_another_kind_is_refused(homes):
    with pytest.raises(UserError, match="digits is of kind images; wanted: text or parallel"):
        open_data("digits", ("text", "parallel"))


def test_a_path_for_a_kind_without_reader_says_so(homes, tmp_path):
    with pytest.raises(UserError, match="no system here reads speech of your own yet"):
        open_data(tmp_path, ("speech",))


def test_a_set_without_reader_says_so(homes, monkeypatch):
    monkeypatch.setattr(store, "SETS", (dataclasses.replace(entry_of("ptb"), reader=""),))
    (homes.first / "ptb").mkdir()
    write_zip(homes.first / "ptb/ptb.zip", {"ptb/ptb.train.txt": b"a"})
    with pytest.raises(UserError, match=r"ptb \(text\) is read by no system here yet"):
        open_data("ptb", ("text",))


def test_the_list_says_where_or_how(homes):
    write_mnist(homes.second / "mnist")
    rows = {row["name"]: row for row in list_sets()}
    assert set(rows) == {entry.name for entry in SETS}
    assert rows["mnist"]["found"] and rows["mnist"]["folders"] == [str(homes.second / "mnist")]
    assert rows["mnist"]["get"] is None
    assert not rows["fashion_mnist"]["found"] and "data get" in rows["fashion_mnist"]["get"]
    assert rows["digits"]["found"] and rows["digits"]["get"] is None
    assert json.loads(json.dumps(list_sets())) == list_sets()


def test_a_set_is_described_with_and_without_its_files(homes):
    without = describe("fashion_mnist")
    assert without["files"][0]["path"] is None and "contents" not in without
    with_ = describe("digits")
    assert with_["contents"]["shape"] == [8, 8] and with_["contents"]["examples"]["valid"] == 180
    assert len(with_["contents"]["classes"]) == 10
    json.dumps([with_, without])
    assert describe("addition")["contents"]["examples"]["test"] == 16_384


def test_check_tells_right_wrong_damaged_and_missing(homes, monkeypatch):
    contents = write_mnist(homes.first / "mnist")
    files = [SourceFile(n, 1, content=sha256(c).hexdigest()) for n, c in contents.items()]
    entry = dataclasses.replace(entry_of("mnist"), files=tuple(files))
    monkeypatch.setattr(store, "SETS", (entry,))
    assert [row["status"] for row in check("mnist")] == ["ok"] * 4
    first, second, third, _ = (homes.first / "mnist" / file.name for file in files)
    first.unlink()
    second.write_bytes(third.read_bytes())
    third.write_bytes(third.read_bytes()[:50])
    assert [row["status"] for row in check()] == ["missing", "wrong", "damaged", "ok"]
    for file in files:
        (homes.first / "mnist" / file.name).unlink(missing_ok=True)
    assert check() == []  # nothing is here, so nothing is wrong
    with pytest.raises(UserError, match="did you mean mnist"):
        check("mnits")


# --- Checksums ---------------------------------------------------------------------------------


def test_content_is_the_same_in_every_packing(tmp_path):
    members = {"train/a.txt": b"1", "test/b.txt": b"2"}
    reverse = dict(reversed(members.items()))
    below = {f"top-1.0/{name}": content for name, content in members.items()}
    pattern = r"(train|test)/\w+\.txt$"
    digests = {
        content_digest(write_zip(tmp_path / "a.zip", members), pattern),
        content_digest(write_tar(tmp_path / "a.tar.xz", reverse, "w:xz"), pattern),
        content_digest(
            write_tar(tmp_path / "b.tgz", below | {"top-1.0/LICENSE": b"x"}, "w:gz"), pattern
        ),
    }
    lines = "".join(
        f"{name} {sha256(members[name]).hexdigest()}\n" for name in ("test/b.txt", "train/a.txt")
    )
    assert digests == {sha256(lines.encode()).hexdigest()}
    other = write_zip(tmp_path / "c.zip", members | {"train/a.txt": b"0"})
    assert content_digest(other, pattern) not in digests


def test_a_file_is_right_by_its_bytes_or_its_content(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a.txt": b"1"})
    sum_ = sha256(path.read_bytes()).hexdigest()
    content = content_digest(path, "a.txt")
    assert is_right(path, SourceFile("a.zip", path.stat().st_size, sum_))
    assert is_right(path, SourceFile("a.zip", 7, "0" * 64, content, "a.txt"))
    assert not is_right(path, SourceFile("a.zip", path.stat().st_size, "0" * 64))
    assert not is_right(path, SourceFile("a.zip", 7, "0" * 64, "0" * 64, "a.txt"))


# --- The real sets -------------------------------------------------------------------------------

# Read before any test changes the environment.
REAL = {entry.name: found_files(entry) for entry in SETS if entry.files}


def real(*names: str):
    missing = [name for name in names if not is_complete(entry_of(name), REAL[name])]
    reason = f"not in SHINSO_DATA: {', '.join(missing)}"
    return pytest.mark.skipif(bool(missing), reason=reason)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=real(name)) for name in REAL], ids=list(REAL)
)
def test_real_files_match_the_catalogue(name):
    for row in check(name):
        assert row["status"] == "ok" or (row["status"] == "missing" and row["optional"])


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=real(n)) for n in ("mnist", "fashion_mnist")]
)
def test_real_idx_sets(name):
    data = open_data(name)
    assert {n: len(split) for n, split in data.splits.items()} == {
        "train": 54_000,
        "valid": 6_000,
        "test": 10_000,
    }
    assert data.shape == (28, 28)


@real("cifar10_jpeg")
@pytest.mark.slow
def test_real_cifar10_jpeg(homes, monkeypatch):
    (path,) = REAL["cifar10_jpeg"].values()
    monkeypatch.setenv("SHINSO_DATA", str(path.parent.parent))
    data = open_data("cifar10_jpeg")
    assert {n: len(split) for n, split in data.splits.items()} == {
        "train": 45_000,
        "valid": 5_000,
        "test": 10_000,
    }
    assert data.shape == (32, 32, 3)
