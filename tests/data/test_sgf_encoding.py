from __future__ import annotations

import pytest

from shinso.data.sgf_encoding import decoded


@pytest.mark.parametrize(
    ("players", "encoding"),
    [
        ("Lee Sedol", "ascii"),
        ("Jörg, André and Süß", "latin-1"),
        ("芮廼偉", "utf-8"),
        ("张栩 柯洁", "gb2312"),
        ("聶衛平 常昊 中盘胜", "gbk"),  # the traditional characters are not in GB2312
        ("趙治勲 名人 ヨセ ソシオ", "shift_jis"),
    ],
)
def test_the_bytes_betray_the_encoding(players, encoding):
    record = f"(;GM[1]PB[{players}];B[dd])"
    assert decoded(record.encode(encoding)) == record


@pytest.mark.parametrize("encoding", ["ISO-8859-2", "euc_kr", "big5", "GB18030", "windows-1252"])
def test_a_declared_encoding_is_believed(encoding):
    player = {"ISO-8859-2": "Łukasz", "windows-1252": "O’Neill"}.get(encoding, "常昊")
    player = "이세돌" if encoding == "euc_kr" else player
    record = f"(;CA[{encoding}]PB[{player}];B[dd])"
    assert decoded(record.encode(encoding)) == record


@pytest.mark.parametrize("declared", ["UTF-8", "utf8", "no-such", "utf-16", "hex", "idna", "cp037"])
def test_a_wrong_declaration_is_seen_through(declared):
    """cp037 has other letters where ASCII is, and utf-16 none: neither can hold SGF's marks."""
    record = f"(;CA[{declared}]PB[柯洁]PW[李世石];B[dd])"
    assert decoded(record.encode("gbk")) == record


def test_a_name_cut_inside_a_character_takes_no_bracket_with_it():
    """As a server writes them that counts bytes; the bytes are of a game in the data."""
    record = b"(;CA[UTF-8]PB[\xe5\xb7\xa7\xe8\x8a\xb1\xe5\x8c]BR[9\xe6\xae\xb5];B[dd])"
    assert decoded(record) == "(;CA[UTF-8]PB[巧花\ufffd]BR[9段];B[dd])"


def test_any_bytes_are_text():
    assert len(decoded(bytes(range(256)) * 4)) > 256
    assert decoded(b"") == ""
