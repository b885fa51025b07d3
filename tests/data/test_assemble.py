"""Files made of others that lie at their home, which here is a folder served on the loopback."""

from __future__ import annotations

import lzma
import re
import threading
from dataclasses import replace
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from shinso.core.errors import ShinsoError
from shinso.data.checksums import is_right
from shinso.data.download import get
from shinso.data.entry import DataSetEntry, SourceFile
from shinso.data.locate import found_files
from shinso.data.store import entry_of

# Read before any test changes the environment.
ENGLISH = found_files(entry_of("english_text")).get("classic_books_en.txt.xz")

BOOKS = {
    "Jules Verne/Around the Moon": "# Title: Around the Moon\n\nDuring 186-- \n\n",
    "Mary Kingsley/Travels": "\n# Title: Travels\n\n£5\n",
}
JOINED = """=== Jules Verne/Around the Moon ===

# Title: Around the Moon

During 186--

=== Mary Kingsley/Travels ===

# Title: Travels

£5

"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments) -> None:
        pass


@pytest.fixture
def home(tmp_path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def address(home):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=home))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def put(home: Path, name: str, text: str) -> Path:
    path = home / f"{name}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def books(homes, home, address) -> DataSetEntry:
    for name, text in BOOKS.items():
        put(home, name, text)
    file = SourceFile(
        "books.txt.xz",
        1_000,
        content=sha256(JOINED.encode()).hexdigest(),
        parts=tuple(f"{address}/{quote(name)}.md" for name in BOOKS),
        made_by="shinso.data.text:join_books",
    )
    return DataSetEntry("books", "text", "t", "l", True, "train", files=(file,))


def test_a_file_is_made_of_its_parts(books, home):
    assert books.fetchable
    (path,) = get(books)
    assert lzma.decompress(path.read_bytes()).decode() == JOINED
    assert [path] == list(path.parent.iterdir()), "the parts are gone"
    put(home, "Mary Kingsley/Travels", "another edition")
    assert get(books) == [], "it is here already"


def test_parts_that_are_here_are_not_fetched_again(books, home):
    last = home / "Mary Kingsley/Travels.md"
    last.unlink()
    with pytest.raises(ShinsoError, match=r"Travels\.md: the server answered 404"):
        get(books)
    put(home, "Mary Kingsley/Travels", BOOKS["Mary Kingsley/Travels"])
    put(home, "Jules Verne/Around the Moon", "another edition")
    assert len(get(books)) == 1


@pytest.mark.parametrize("other", (b"# Title: another edition\n", b"\xff\xfe"))
def test_parts_that_make_something_else_are_refused(other, books, home, homes):
    (home / "Mary Kingsley/Travels.md").write_bytes(other)
    with pytest.raises(ShinsoError, match=r"and 1 others do not make the books\.txt\.xz"):
        get(books)
    assert not list((homes.cache / "books").iterdir()), "so that all is fetched anew"


@pytest.mark.slow
@pytest.mark.skipif(ENGLISH is None, reason="not in SHINSO_DATA: english_text")
def test_english_text_is_made_of_its_books(homes, home, address):
    """Its own content cut into books again, and served as its home serves them."""
    entry = entry_of("english_text")
    text = lzma.decompress(ENGLISH.read_bytes()).decode()
    _, *cut = re.split(r"^=== (.+) ===\n", text, flags=re.MULTILINE)
    for name, book in zip(cut[::2], cut[1::2], strict=True):
        put(home, name, f"{book.strip()} \n\n")
    (file,) = entry.required
    parts = (f"{address}/{'/'.join(url.split('/')[-2:])}" for url in file.parts)
    (path,) = get(replace(entry, files=(replace(file, parts=tuple(parts)),)))
    assert is_right(path, file)
