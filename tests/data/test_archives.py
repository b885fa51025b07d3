from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile

import pytest

from shinso.core.errors import UserError
from shinso.data.archives import Limits, decompressed, member_names, read_member, read_members
from tests.data.conftest import write_tar, write_zip

CONTENT = {"set/a.txt": b"alpha", "set/深/b.txt": b"beta" * 1000, "set/empty": b""}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz", "zip"])
def test_every_packing_reads_alike_whatever_its_name(tmp_path, mode):
    path = tmp_path / "archive"
    write_zip(path, CONTENT) if mode == "zip" else write_tar(path, CONTENT, mode)
    assert dict(read_members(path)) == CONTENT
    assert member_names(path) == tuple(CONTENT)
    assert read_member(path, "set/a.txt") == b"alpha"
    assert [name for name, _ in read_members(path, lambda name: "深" in name)] == ["set/深/b.txt"]
    with pytest.raises(UserError, match="no member set/c"):
        read_member(path, "set/c")


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress, bytes])
def test_single_files_unpack(tmp_path, pack):
    path = tmp_path / "file"
    path.write_bytes(pack(b"some text" * 500))
    assert decompressed(path) == b"some text" * 500


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w:bz2", "zip"])
def test_a_cut_archive_is_damaged(tmp_path, mode):
    path = tmp_path / "archive"
    content = {f"{i}.bin": bytes(range(256)) * 40 for i in range(20)}
    write_zip(path, content) if mode == "zip" else write_tar(path, content, mode)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=r"archive.*damaged"):
        list(read_members(path))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
@pytest.mark.parametrize("fault", ["cut", "flipped"])
def test_a_damaged_single_file_is_refused(tmp_path, pack, fault):
    packed = bytearray(pack(bytes(range(256)) * 100))
    if fault == "cut":
        del packed[len(packed) // 2 :]
    else:
        packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "file.gz"
    path.write_bytes(packed)
    with pytest.raises(UserError, match=r"file.gz.*damaged"):
        decompressed(path)


def test_a_text_file_is_no_archive(tmp_path):
    path = tmp_path / "page.tar"
    path.write_text("<html>not found</html>" * 100)
    with pytest.raises(UserError, match=r"page.tar is damaged"):
        list(read_members(path))


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/out", "C:\\out", "a\\..\\out"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_names_that_lead_out_are_refused(tmp_path, name, kind):
    path = tmp_path / f"bad.{kind}"
    (write_tar if kind == "tar" else write_zip)(path, {"good": b"1", name: b"2"})
    with pytest.raises(UserError, match=r"bad\..*out.* leads out of its folder"):
        list(read_members(path))


def tar_of(path, *members: tarfile.TarInfo):
    with tarfile.open(path, "w") as archive:
        for member in members:
            archive.addfile(member)
    return path


def tar_member(name, kind, link="") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_out_of_a_tar_are_refused_and_links_inside_passed_over(tmp_path, kind):
    outs = ["/etc/passwd", "../../secret"]
    for out in outs:
        path = tar_of(tmp_path / "links.tar", tar_member("set/link", kind, out))
        with pytest.raises(UserError, match=r"set/link is a link out"):
            list(read_members(path))
    inside = "b" if kind == tarfile.SYMTYPE else "set/b"
    path = tar_of(tmp_path / "inside.tar", tar_member("set/link", kind, inside))
    assert list(read_members(path)) == []


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_in_a_tar_are_refused(tmp_path, kind):
    path = tar_of(tmp_path / "dev.tar", tar_member("set/null", kind))
    with pytest.raises(UserError, match=r"set/null is a device"):
        list(read_members(path))


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, mode):
    path = tmp_path / "links.zip"
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("link")
        member.external_attr = (mode | 0o644) << 16
        archive.writestr(member, "/etc/passwd")
    with pytest.raises(UserError, match=r"member link is a link or a device"):
        list(read_members(path))


def test_an_encrypted_zip_says_so(tmp_path):
    path = write_zip(tmp_path / "secret.zip", {"a": b"text"})
    packed = bytearray(path.read_bytes())
    packed[6] |= 1  # the flag, in the local header
    packed[packed.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    path.write_bytes(packed)
    with pytest.raises(UserError, match="member a is encrypted"):
        list(read_members(path))


# --- Bombs -------------------------------------------------------------------------------------

TIGHT = Limits(total=3 << 20, member=2 << 20, members=50, ratio=50, ratio_from=1 << 20)


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w:bz2", "zip"])
def test_a_bomb_is_refused_by_its_ratio(tmp_path, mode):
    path = tmp_path / "bomb"
    content = {f"{i}": bytes(1 << 20) for i in range(2)}
    write_zip(path, content) if mode == "zip" else write_tar(path, content, mode)
    with pytest.raises(UserError, match=r"bomb unpacks to more than 50 times its size"):
        list(read_members(path, limits=TIGHT))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_a_single_file_bomb_is_refused(tmp_path, pack):
    path = tmp_path / "bomb.gz"
    path.write_bytes(pack(bytes(2 << 20)))
    with pytest.raises(UserError, match=r"bomb.gz unpacks to more than"):
        decompressed(path, TIGHT)


def noise(size: int) -> bytes:
    import random

    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_the_limits_on_total_member_and_count_hold(tmp_path, kind):
    write = write_tar if kind == "tar" else write_zip
    cases = [
        ({f"{i}": noise(1 << 20) for i in range(4)}, "unpacks to more than 3.1 MB"),
        ({"big": noise((2 << 20) + 1)}, "member big is larger than 2.1 MB"),
        ({f"{i}": b"" for i in range(51)}, "more than 50 members"),
    ]
    for content, message in cases:
        path = write(tmp_path / "large", content)
        with pytest.raises(UserError, match=message):
            list(read_members(path, limits=TIGHT))


def test_a_tar_header_that_declares_a_huge_size_is_refused(tmp_path):
    member = tarfile.TarInfo("huge")
    member.size = 1 << 50
    path = tmp_path / "huge.tar"
    path.write_bytes(member.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(UserError, match="member huge is larger"):
        list(read_members(path))


def test_a_zip_that_lies_about_a_size_yields_no_more_than_it_declares(tmp_path):
    path = write_zip(tmp_path / "liar.zip", {"a": bytes(1 << 20)})
    packed = bytearray(path.read_bytes())
    directory = packed.index(b"PK\x01\x02")
    packed[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    path.write_bytes(packed)
    with pytest.raises(UserError, match=r"liar.zip is damaged"):
        list(read_members(path))


def test_an_ordinary_text_passes_the_default_limits(tmp_path):
    out = io.BytesIO(b"the same line again\n" * 100_000)
    path = tmp_path / "text.xz"
    path.write_bytes(lzma.compress(out.getvalue()))  # packs 1,000 times, but is small
    assert decompressed(path) == out.getvalue()
