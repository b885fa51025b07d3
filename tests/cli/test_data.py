"""shinso data list, show, get and check."""

from __future__ import annotations

import dataclasses
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shinso.core.files import file_digest
from shinso.data import sets, store
from shinso.data.entry import DataSetEntry, SourceFile
from tests.cli.command import refused, shinso
from tests.data.conftest import write_mnist


@pytest.fixture
def server(tmp_path):
    """A public home on the loopback address; its files are in the folder."""
    folder = tmp_path / "home"
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *arguments) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def small_set(server, tmp_path, monkeypatch) -> DataSetEntry:
    """A set of MNIST's format whose home is `server`, in an otherwise empty catalogue."""
    folder, address = server
    contents = write_mnist(folder)
    files = tuple(
        SourceFile(
            name,
            (folder / name).stat().st_size,
            file_digest(folder / name),
            url=f"{address}/{name}",
        )
        for name in contents
    )
    mnist = next(entry for entry in sets.SETS if entry.name == "mnist")
    entry = dataclasses.replace(mnist, name="small", title="A small set", files=files)
    monkeypatch.setattr(store, "SETS", (entry,))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return entry


def test_list_says_where_a_set_is_or_how_to_get_it():
    done = shinso("data", "list")
    rows = {line.split()[0]: line for line in done.out.splitlines() if line}
    assert rows.keys() >= {entry.name for entry in sets.SETS}
    assert rows["digits"].endswith("comes with shinso")
    assert rows["mnist"].endswith("missing: can be fetched")
    assert rows["bccd"].endswith("missing: put there by hand")


def test_list_as_json():
    rows = {row["name"]: row for row in shinso("data", "list", "--json").json["sets"]}
    assert rows["digits"]["found"] and not rows["mnist"]["found"]
    assert rows["mnist"]["get"].startswith("shinso data get mnist")
    assert rows["mnist"]["licence"] == "CC BY-SA 3.0"


def test_show_a_set_that_is_not_here():
    card = shinso("data", "show", "bccd").out
    for part in ("licence   MIT", "BCCD.zip", "missing: it cannot be fetched", "SHINSO_DATA"):
        assert part in card


def test_show_what_is_in_a_set():
    card = shinso("data", "show", "digits").out
    for part in ("train 1,258, valid 180, test 359", "8 x 8", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"):
        assert part in card
    facts = shinso("data", "show", "digits", "--json").json
    assert facts["contents"]["examples"] == {"train": 1258, "valid": 180, "test": 359}
    assert facts["picture"] is None


def test_show_a_folder_of_your_own_and_draw_it(shapes, tmp_path):
    picture = tmp_path / "shapes.png"
    done = shinso("data", "show", shapes, "--out", picture)
    assert done.code == 0, done.err
    assert "columns, rows" in done.out and str(picture) in done.out
    pixels = np.asarray(Image.open(picture))
    assert pixels.shape == (2 * 68 + 4, 12 * 68 + 4, 3)
    # A row of the sheet is a class: stripes lie in the second and stand in the first.
    columns, rows = pixels[4:68, 4:68, 0], pixels[72:136, 4:68, 0]
    assert columns.mean(axis=0).std() > 3 * columns.mean(axis=1).std()
    assert rows.mean(axis=1).std() > 3 * rows.mean(axis=0).std()


def test_get_fetches_once_and_check_compares(small_set, tmp_path):
    cache = tmp_path / "cache/shinso/data/small"
    done = shinso("data", "get", "small")
    assert done.code == 0, done.err
    assert {Path(line) for line in done.out.splitlines()} == {
        cache / file.name for file in small_set.files
    }
    size = (cache / "train-images-idx3-ubyte.gz").stat().st_size / 1000
    assert f"train-images-idx3-ubyte.gz: {size:.1f} kB of {size:.1f} kB" in done.err

    again = shinso("data", "get", "small", "--json")
    assert again.json == {"set": "small", "fetched": []}
    rows = shinso("data", "check", "--json").json["files"]
    assert {(row["file"], row["status"]) for row in rows} == {
        (file.name, "ok") for file in small_set.files
    }
    assert "train 90, valid 10, test 20" in shinso("data", "show", "small").out

    damaged = cache / "t10k-labels-idx1-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    done = shinso("data", "check", "small")
    assert done.code == 1
    assert f"{damaged}; delete it and shinso data get small" in done.error
    assert [line.split()[2] for line in done.out.splitlines()].count("wrong") == 1


def test_a_wrong_file_at_its_home_is_refused(small_set, server):
    (server[0] / small_set.files[0].name).write_bytes(b"something else")
    done = shinso("data", "get", "small")
    assert done.code == 1
    assert "is not the file that was expected" in done.error


def test_a_built_in_set_needs_nothing():
    assert shinso("data", "get", "digits").out == "digits comes with shinso: nothing to get\n"
    assert shinso("data", "check", "digits").out == "no files of digits to check\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    (
        (["shwo", "digits"], "shinso data has no action 'shwo'; did you mean show?"),
        (["show"], "name the set: shinso data show SET"),
        (["get"], "name the set: shinso data get SET"),
        (["get", "digist"], "no path digist; did you mean digits?"),
        (["get", "bccd"], "data set bccd: it cannot be fetched (7.2 MB, MIT); put BCCD.zip"),
        (["list", "digits"], "shinso data list takes no set"),
        (["check", "digits", "--out", "x.png"], "--out is for shinso data show"),
        (["show", "digits", "--out", "x.jpg"], "the picture is a PNG; name it x.png"),
        (["show", "./nothing"], "nothing is not there"),
    ),
)
def test_what_is_refused(arguments, message, here):
    assert message in refused("data", *arguments)


def test_only_images_are_drawn(here):
    done = shinso("data", "show", "addition", "--out", "x.png")
    assert done.code == 2 and "--out draws sets of images, and addition is none" in done.error
