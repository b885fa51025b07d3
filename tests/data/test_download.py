"""Against a real server on the loopback address that breaks down in all the usual ways."""

from __future__ import annotations

import contextlib
import re
import threading
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shinso.core.errors import ShinsoError, UserError
from shinso.core.files import file_digest
from shinso.data import download
from shinso.data.download import fetch, get
from shinso.data.entry import DataSetEntry, SourceFile
from tests.data.conftest import write_zip

CONTENT = bytes(range(256)) * 4_000  # 1 MB


class Server(ThreadingHTTPServer):
    """Serves `content` at every path; the other fields are its faults."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.ranges = True  # whether it honours Range
        self.cut_after: int | None = None  # bytes of a response after which it hangs up
        self.dies_after = 10**6  # requests after which it only says 503
        self.declares = True  # whether it sends Content-Length
        self.status: list[int] = []  # answers to give first
        self.wrong_start = False  # whether a partial response begins elsewhere
        self.location: str | None = None  # where /moved leads
        self.asked: list[str | None] = []  # the Range of every request

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        server.asked.append(self.headers["Range"])
        if len(server.asked) > server.dies_after:
            return self.send_error(503)
        if server.status:
            return self.send_error(server.status.pop(0))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", server.location or "")
            return self.end_headers()
        start = self._start()
        if start >= len(server.content) > 0:
            return self.send_error(416)
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            first = start + 1 if server.wrong_start else start
            last = len(server.content) - 1
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(server.content)}")
        if server.declares:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client had enough
            self.wfile.write(body[: server.cut_after])

    def _start(self) -> int:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        return int(match[1]) if match and self.server.ranges else 0

    def log_message(self, *arguments) -> None:
        pass


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def file(server, tmp_path) -> SourceFile:
    (tmp_path / "original").write_bytes(CONTENT)
    digest = file_digest(tmp_path / "original")
    return SourceFile("set.bin", len(CONTENT), digest, url=f"{server.url}/set.bin")


@pytest.fixture
def target(tmp_path) -> Path:
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache/set.bin"


def part_of(target: Path) -> Path:
    return target.with_name("set.bin.part")


def assert_whole(target: Path) -> None:
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["set.bin"]


def test_a_file_is_fetched_with_progress(server, file, target):
    seen = []
    assert fetch(file, target, lambda *now: seen.append(now)) == target
    assert_whole(target)
    assert seen[-1] == ("set.bin", len(CONTENT), len(CONTENT))
    done = [bytes_ for _, bytes_, _ in seen]
    assert done == sorted(done) and len(done) > 1
    assert server.asked == [None]


def test_a_half_download_goes_on_where_it_stopped(server, file, target):
    part_of(target).write_bytes(CONTENT[:300_000])
    fetch(file, target)
    assert_whole(target)
    assert server.asked == ["bytes=300000-"]


def test_cut_connections_are_taken_up_again(server, file, target):
    server.cut_after = 200_000
    fetch(file, target, pause=0)
    assert_whole(target)
    starts = [int(asked[6:-1]) for asked in server.asked if asked]
    assert len(server.asked) == 6 and starts == [i * 200_000 for i in range(1, 6)]


def test_a_server_that_keeps_failing_is_given_up_and_the_part_kept(server, file, target):
    server.cut_after, server.dies_after = 200_000, 1
    with pytest.raises(ShinsoError, match=r"set.bin: .*200 kB are here, and the same command"):
        fetch(file, target, pause=0)
    assert part_of(target).stat().st_size == 200_000 and not target.exists()


def test_a_whole_part_needs_no_connection(server, file, target):
    part_of(target).write_bytes(CONTENT)
    fetch(file, target)
    assert_whole(target)
    assert server.asked == []


def test_a_server_that_ignores_range_sends_it_all_again(server, file, target):
    server.ranges = False
    part_of(target).write_bytes(CONTENT[:300_000])
    fetch(file, target)
    assert_whole(target)
    assert server.asked == ["bytes=300000-"]


def test_a_server_that_ignores_range_and_cuts_is_given_up(server, file, target):
    server.ranges, server.cut_after = False, 200_000
    with pytest.raises(ShinsoError, match="the connection was cut after 200 kB"):
        fetch(file, target, pause=0)
    assert len(server.asked) == 1 + download.TRIES


def test_a_server_that_sends_another_part_is_not_believed(server, file, target):
    server.wrong_start = True
    part_of(target).write_bytes(CONTENT[:300_000])
    fetch(file, target, pause=0)
    assert_whole(target)
    assert server.asked == ["bytes=300000-", None]


def test_a_part_of_something_else_is_fetched_anew(server, file, target):
    part_of(target).write_bytes(b"x" * 300_000)
    fetch(file, target)
    assert_whole(target)
    assert server.asked == ["bytes=300000-", None]


def test_a_part_that_is_too_long_is_fetched_anew(server, file, target):
    part_of(target).write_bytes(CONTENT + b"more")
    fetch(file, target)
    assert_whole(target)
    assert server.asked == [None]


def test_a_missing_length_is_no_matter(server, file, target):
    server.declares = False
    totals = set()
    fetch(file, target, lambda name, done, total: totals.add(total))
    assert_whole(target)
    assert totals == {None}


def test_wrong_content_is_refused_and_removed(server, file, target):
    server.content = CONTENT[:-1] + b"!"
    with pytest.raises(ShinsoError, match=r"set.bin is not the file that was expected"):
        fetch(file, target)
    assert list(target.parent.iterdir()) == []
    assert len(server.asked) == 1


def test_a_page_in_place_of_the_file_is_refused(server, file, target):
    server.content = b"<html>Please log in</html>"
    with pytest.raises(ShinsoError, match="not the file that was expected"):
        fetch(file, target)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("declares", [True, False])
def test_more_than_expected_is_not_written(server, file, target, declares):
    server.content, server.declares = CONTENT * 3, declares
    with pytest.raises(ShinsoError, match=r"larger than the 1.0 MB that were expected"):
        fetch(file, target)
    assert list(target.parent.iterdir()) == []


def test_a_busy_server_is_asked_again(server, file, target):
    server.status = [503, 429]
    fetch(file, target, pause=0)
    assert_whole(target)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_is_not_repeated(server, file, target, status):
    server.status = [status]
    with pytest.raises(ShinsoError, match=rf"{server.url}/set.bin: the server answered {status}"):
        fetch(file, target)
    assert len(server.asked) == 1


def test_no_server_at_all_is_one_line(server, file, target):
    server.shutdown()
    server.server_close()
    with pytest.raises(ShinsoError, match=r"set.bin: connection refused|Connection refused"):
        fetch(file, target, pause=0)


def test_a_redirection_is_followed_with_its_range(server, file, target):
    server.location = f"{server.url}/set.bin"
    moved = SourceFile(file.name, file.bytes, file.sha256, url=f"{server.url}/moved")
    part_of(target).write_bytes(CONTENT[:300_000])
    fetch(moved, target)
    assert_whole(target)
    assert server.asked == ["bytes=300000-"] * 2


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/set.bin"])
def test_a_redirection_to_another_scheme_is_not_followed(server, file, target, location):
    server.location = location
    moved = SourceFile(file.name, file.bytes, file.sha256, url=f"{server.url}/moved")
    with pytest.raises(ShinsoError, match="moved: "):
        fetch(moved, target, pause=0)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "x"])
def test_only_http_is_fetched(target, url):
    with pytest.raises(UserError, match="only http and https"):
        fetch(SourceFile("x", 1, "0" * 64, url=url), target)


def test_room_on_the_disk_is_looked_at_beforehand(server, file, target, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: usage(10**9, 10**9, 500_000))
    with pytest.raises(ShinsoError, match=r"1.0 MB are needed and 500 kB are free .* make room"):
        fetch(file, target)
    assert not part_of(target).exists()


def test_content_decides_where_the_archive_is_packed_at_will(server, target, tmp_path):
    members = {f"top/recordings/{i}.txt": bytes([i]) * 50 for i in range(9)}
    server.content = write_zip(tmp_path / "home.zip", members).read_bytes()
    from shinso.data.checksums import content_digest

    pattern = r"recordings/\d\.txt$"
    right = content_digest(tmp_path / "home.zip", pattern)
    known = SourceFile("set.bin", 500, content=right, members=pattern, url=f"{server.url}/x")
    fetch(known, target)
    assert target.read_bytes() == server.content
    target.unlink()
    wrong = SourceFile("set.bin", 500, content="0" * 64, members=pattern, url=f"{server.url}/x")
    with pytest.raises(ShinsoError, match="not the file that was expected"):
        fetch(wrong, target)


# --- A whole set ---------------------------------------------------------------------------------


def entry_with(*files: SourceFile) -> DataSetEntry:
    return DataSetEntry("shapes", "images", "shapes", "MIT", True, "", "https://x.org", files)


def test_a_set_is_got_into_the_cache_and_what_is_here_stays(homes, server, file):
    extra = SourceFile(
        "extra.bin", file.bytes, file.sha256, url=f"{server.url}/extra", optional=True
    )
    (homes.second / "shapes").mkdir()
    (homes.second / "shapes/extra.bin").write_bytes(CONTENT)
    fetched = get(entry_with(file, extra))
    assert fetched == [homes.cache / "shapes/set.bin"]
    assert fetched[0].read_bytes() == CONTENT
    assert get(entry_with(file, extra)) == []
    assert len(server.asked) == 1


def test_a_set_goes_into_the_folder_that_is_named(homes, server, file, tmp_path):
    assert get(entry_with(file), tmp_path / "mine") == [tmp_path / "mine/set.bin"]


def test_a_set_that_cannot_be_fetched_says_so(homes, server, file):
    by_hand = SourceFile("secret.zip", 5, "0" * 64)
    with pytest.raises(UserError, match=r"shapes: it cannot be fetched .* put set.bin, secret.zip"):
        get(entry_with(file, by_hand))
    assert server.asked == []


def test_a_cache_that_cannot_be_made_is_one_line(homes, file, tmp_path):
    (tmp_path / "in the way").write_text("")
    with pytest.raises(UserError, match="in the way"):
        get(entry_with(file), tmp_path / "in the way/shapes")
