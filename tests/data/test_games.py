from __future__ import annotations

import dataclasses
import gzip
import json
import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest

from shinso.core.errors import UserError
from shinso.data import describe, open_data, store
from shinso.data.archives import read_members
from shinso.data.entry import SourceFile
from shinso.data.games import GameSet
from shinso.data.locate import found_files, is_complete
from shinso.data.sgf import BLACK, WHITE, Game, game_of, read_game, write_game
from shinso.data.sgf_encoding import decoded
from shinso.data.sgf_text import parse, write
from shinso.data.store import entry_of
from tests.data.conftest import write_tar, write_zip

GAMES = ("games",)


def record(number: int, size: int = 9, **said: str) -> bytes:
    """A game of two moves, another for each number below `size` ** 2."""
    moves = ((BLACK, number), (3 - BLACK, (number + 1) % size**2))
    return write_game(Game(size, moves, **said)).encode()


def records(count: int, start: int = 0) -> dict[str, bytes]:
    return {f"{number}.sgf": record(number) for number in range(start, start + count)}


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def sizes(data: GameSet) -> dict[str, int]:
    return {name: len(split) for name, split in data.splits.items()}


def moves(data: GameSet) -> dict[str, set[tuple[tuple[int, int], ...]]]:
    return {name: {game.moves for game in split} for name, split in data.splits.items()}


def refused(path: Path | str, **given) -> str:
    with pytest.raises(UserError) as caught:
        open_data(path, GAMES, **given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- The known sets ----------------------------------------------------------------------------


@pytest.fixture
def known(homes, monkeypatch) -> Path:
    """go_9x9 of few games; where it is. Its second archive has two games of the first."""
    folder = homes.first / "go_9x9"
    folder.mkdir()
    archives = {
        "cgos_9x9.tar.xz": write_tar(folder / "cgos_9x9.tar.xz", records(40), "w:xz"),
        "selfplay_9x9.tgz": write_tar(
            folder / "selfplay_9x9.tgz",
            {f"9x9/{name}": content for name, content in records(32, start=38).items()}
            | {"9x9/odd.sgf": b"(;SZ[9];B[zz])", "9x9/about.html": b"(;", "9x9/none.sgf": b"(;)"},
            "w:gz",
        ),
    }
    files = tuple(
        SourceFile(
            name,
            path.stat().st_size,
            sha256(path.read_bytes()).hexdigest(),
            optional=name == "selfplay_9x9.tgz",
        )
        for name, path in archives.items()
    )
    entry = dataclasses.replace(entry_of("go_9x9"), files=files)
    monkeypatch.setattr(store, "SETS", (entry,))
    return folder


def test_each_archive_is_dealt_out_by_itself(known):
    data = open_data("go_9x9", GAMES)
    assert sizes(data) == {"train": 62, "valid": 4, "test": 4}
    archives = [source.partition("/")[0] for source in data.split("test").sources]
    assert archives == ["cgos_9x9.tar.xz"] * 2 + ["selfplay_9x9.tgz"] * 2
    assert data.skipped == ("selfplay_9x9.tgz/9x9/odd.sgf",)
    assert data.licence == "MIT" and data.may_ship_weights
    (known / "selfplay_9x9.tgz").unlink()
    alone = open_data("go_9x9", GAMES)
    assert sizes(alone) == {"train": 36, "valid": 2, "test": 2}
    assert all(moves(alone)[name] < moves(data)[name] for name in data.splits)


def test_a_split_is_a_sequence_of_games(known):
    split = open_data("go_9x9", GAMES).split("train")
    assert split[0].moves[0][0] == BLACK and split[-1:] == (split[len(split) - 1],)
    assert list(split) == list(split.games) and split[3] in split
    assert split.sources[0] == f"cgos_9x9.tar.xz/{split[0].moves[0][1]}.sgf"
    with pytest.raises(UserError, match="go_9x9 has no split dev; it has train, valid, test"):
        open_data("go_9x9", GAMES).split("dev")


def test_a_set_that_is_not_here_says_how_to_get_it(homes):
    message = refused("go_19x19")
    assert message.startswith("data set go_19x19 is not here: ")
    assert "shinso data get go_19x19" in message or "put KGS-2015" in message


def test_other_kinds_are_told_apart(known):
    with pytest.raises(UserError, match="go_9x9 is of kind games; wanted: images"):
        open_data("go_9x9", ("images",))


def test_what_data_show_says(known, tmp_path):
    contents = describe("go_9x9")["contents"]
    assert contents["examples"] == {"train": 62, "valid": 4, "test": 4}
    assert contents["moves"] == {"train": 124, "valid": 8, "test": 8}
    assert contents["boards"] == {"9 x 9": 70} and contents["skipped"] == 1
    own = write_files(tmp_path / "own", {**records(20), "large.sgf": record(3, 19)})
    assert describe(own)["boards"] == {"9 x 9": 20, "19 x 19": 1}


def test_data_show_prints_moves_and_boards(tmp_path):
    own = write_files(tmp_path / "own", records(20))
    command = [sys.executable, "-m", "shinso", "data", "show", str(own)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "examples  train 18, valid 1, test 1" in done.stdout
    assert "moves     train 36, valid 2, test 2" in done.stdout
    assert "boards    9 x 9 20" in done.stdout


# --- The user's own: where records may lie -----------------------------------------------------


def places(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "own"
    files = records(20)
    joined = b"\n".join(files.values())
    lines = "\n\n".join(json.dumps({"sgf": c.decode()}) for c in files.values())
    texts = "\n".join(json.dumps(content.decode()) for content in files.values())
    folder.mkdir()
    return {
        "folder": write_files(folder / "loose", files),
        "deep": write_files(folder / "deep", {f"a/{n}/b.SGF": c for n, c in files.items()}),
        "file": write_files(folder, {"all.sgf": joined}) / "all.sgf",
        "packed": write_files(folder, {"all.sgf.gz": gzip.compress(joined)}) / "all.sgf.gz",
        "text": write_files(folder, {"all.txt": joined}) / "all.txt",
        "lines": write_files(folder, {"all.jsonl": lines.encode()}) / "all.jsonl",
        "texts": write_files(folder, {"texts.jsonl": texts.encode()}) / "texts.jsonl",
        "zip": write_zip(folder / "all.zip", {f"x/{n}": c for n, c in files.items()}),
        "tar": write_tar(folder / "all.tar.gz", files, "w:gz"),
        "lines in a zip": write_zip(folder / "in.zip", {"all.jsonl": lines.encode()}),
    }


def test_all_ways_to_keep_games_are_one_set(tmp_path):
    found = {name: open_data(path, GAMES) for name, path in places(tmp_path).items()}
    assert {len(data.split("train")) for data in found.values()} == {18}
    assert len({frozenset(moves(data)["test"]) for data in found.values()}) == 1


def test_sources_name_the_place(tmp_path):
    own = write_files(tmp_path / "own", {"a/b.sgf": record(1) + record(2), "c.txt": b"(;)"})
    line = json.dumps({"sgf": record(4).decode()})
    write_zip(own / "d.zip", {"e.sgf": record(3), "__MACOSX/._e.sgf": b"\0\5", ".f.sgf": b"\0"})
    write_files(own, {"g.jsonl": f"\n{line}\n".encode(), ".git/h.sgf": b"?"})
    data = open_data(own, GAMES)
    found = sorted(source for split in data.splits.values() for source in split.sources)
    assert found == ["a/b.sgf", "a/b.sgf, game 2", "d.zip/e.sgf", "g.jsonl, line 2"]
    assert data.name == "own" and data.licence == "the user's own"


def test_games_are_told_from_other_data(tmp_path):
    """Where all kinds will do, names of files decide: the .sgf would pass for a language."""
    own = write_files(tmp_path / "own", {**records(20), "1.en": b"text", "readme.txt": b"text"})
    assert open_data(own).kind == "games"
    assert open_data(write_zip(tmp_path / "all.zip", records(20))).kind == "games"
    text = write_files(tmp_path / "text", {"a.txt": b"one\ntwo\nthree\n"})
    assert open_data(text, ("games", "text")).kind == "text"


# --- The user's own: splits --------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["folders", "files", "zip", "in a folder of a zip"])
def test_given_splits_are_kept(tmp_path, layout):
    parts = {"train": records(8), "dev": records(3, 20), "test": records(2, 40)}
    if layout == "files":
        joined = {f"{split}.sgf": b"".join(files.values()) for split, files in parts.items()}
        own = write_files(tmp_path / "own", joined)
    else:
        above = "all/" if layout.startswith("in") else ""
        files = {f"{above}{s}/{n}": c for s, part in parts.items() for n, c in part.items()}
        files |= {f"{above}readme.sgf": record(60)} if layout == "folders" else {}
        own = (
            write_files(tmp_path / "own", files)
            if layout == "folders"
            else write_zip(tmp_path / "test.zip", files)
        )
    data = open_data(own, GAMES)
    assert sizes(data) == {"train": 8, "valid": 3, "test": 2}
    assert {game.moves[0][1] for game in data.split("valid")} == {20, 21, 22}


def test_a_missing_valid_is_a_tenth_of_train(tmp_path):
    own = write_files(tmp_path / "own", {f"train/{n}": c for n, c in records(20).items()})
    assert sizes(open_data(own, GAMES)) == {"train": 18, "valid": 2}


def test_copies_are_on_one_side(tmp_path, caplog):
    copies = {f"copy-{n}.sgf": record(n, result="W+R", black="copy") for n in range(20)}
    own = write_files(tmp_path / "own", records(40) | copies)
    with caplog.at_level(logging.WARNING):
        data = open_data(own, GAMES)
    assert sizes(data) == {"train": 36, "valid": 2, "test": 2}
    assert len(set().union(*moves(data).values())) == 40
    assert "left out 20 games: copies of others" in caplog.text


def test_train_loses_what_test_has(tmp_path):
    parts = {"train": records(8), "valid": records(4, 6), "test": records(4, 8)}
    files = {f"{split}/{n}": c for split, part in parts.items() for n, c in part.items()}
    data = open_data(write_files(tmp_path / "own", files), GAMES)
    assert sizes(data) == {"train": 6, "valid": 2, "test": 4}
    files = {f"{split}/1.sgf": record(1) for split in ("train", "test")}
    message = refused(write_files(tmp_path / "same", files))
    assert message.endswith("same: all games of train are in other splits; add some")


def test_names_of_files_move_no_game(tmp_path):
    first = write_files(tmp_path / "first", records(40))
    named = {f"{99 - int(name[:-4])}.sgf": content for name, content in records(40).items()}
    second = write_files(tmp_path / "second", named)
    assert moves(open_data(first, GAMES)) == moves(open_data(second, GAMES))


def test_the_digest_is_of_what_is_learned_from(tmp_path):
    def digest(change: dict[str, bytes]) -> str:
        files = {f"train/{n}": c for n, c in records(9).items()} | {"valid/20.sgf": record(20)}
        folder = tmp_path / sha256(repr(change).encode()).hexdigest()[:8]
        return open_data(write_files(folder, files | change), GAMES).digest()

    same = digest({})
    assert digest({"test/30.sgf": record(30)}) == same  # it may come later
    assert digest({"train/1.sgf": record(1, date="2017", black="a")}) == same
    changes = [{"train/1.sgf": record(40)}, {"valid/20.sgf": record(21)}]
    changes += [{"train/1.sgf": record(1, komi=6.5)}, {"train/1.sgf": record(1, result="B+R")}]
    assert len({same, *map(digest, changes)}) == 5


# --- The user's own: refusals ------------------------------------------------------------------


BAD = {
    "cut.sgf": (b"(;SZ[9];B[aa]\n;W[", "cut.sgf, line 2, column 2: "),
    "odd.sgf": (b"(;SZ[9];B[zz])", "odd.sgf: node 2: B[zz] is no point"),
    "second.sgf": (record(70) + b"(;SZ[9];B[zz])", "second.sgf, game 2: node 2: B[zz]"),
    "text.sgf": (b"\0", "text.sgf holds no game"),
    "x.jsonl": (b'{"sgf": 3}', "x.jsonl, line 1 holds no game"),
    "y.jsonl": (b"[" * 100_000, "y.jsonl, line 1 holds no game"),
    "z.jsonl": (b'{"sgf": "(;B[\\ud800])"}', "z.jsonl, line 1: node 1: B[?] is no point"),
    "bytes.jsonl": (b"\xff", "bytes.jsonl, line 1, byte 1: 0xff is no UTF-8"),
    "half.zip": (b"PK\3\4", "half.zip is damaged"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_is_refused_or_left_out(tmp_path, caplog, name):
    content, why = BAD[name]
    own = write_files(tmp_path / "own", {**records(20), name: content})
    message = refused(own)
    assert f"{own}/{why}" in message and message.endswith("leave such out with --skip-bad")
    with caplog.at_level(logging.WARNING):
        data = open_data(own, GAMES, skip_bad=True)
    (skipped,) = data.skipped
    assert skipped.startswith(name) and sum(sizes(data).values()) == 20 + (name == "second.sgf")
    assert f"left out 1 damaged record, the first is {skipped}" in caplog.text


def test_games_without_moves_are_left_out(tmp_path):
    own = write_files(tmp_path / "own", {**records(20), "none.sgf": b"(;SZ[9]AB[aa])"})
    assert sum(sizes(open_data(own, GAMES)).values()) == 20


def test_what_holds_no_games(tmp_path):
    own = write_files(tmp_path / "own", {"a.txt": b"(;B[aa])"})
    assert "own has no game records (.sgf, .jsonl, or archives of these)" in refused(own)
    empty = write_files(tmp_path / "empty", {"a.sgf": b"(;SZ[9])"})
    assert refused(empty).endswith("empty holds no game with moves")
    bad = write_files(tmp_path / "bad", {"a.sgf": b"?"})
    assert "bad holds no game that can be read" in refused(bad, skip_bad=True)
    few = refused(write_files(tmp_path / "few", records(2)))
    assert "few: 2 games with moves, too few to split into train, valid and test" in few
    test = write_files(tmp_path / "t", {f"test/{n}": c for n, c in records(9).items()})
    assert refused(test).endswith("has games for test but none for train")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everywhere")
def test_a_folder_that_may_not_be_read(tmp_path):
    own = write_files(tmp_path / "own", {**records(20), "closed/a.sgf": record(1)})
    (own / "closed").chmod(0)
    try:
        assert "own/closed: permission denied" in refused(own)
    finally:
        (own / "closed").chmod(0o700)


def test_a_folder_that_holds_itself(tmp_path):
    own = write_files(tmp_path / "own", records(20))
    (own / "loop").symlink_to(own)
    assert sum(sizes(open_data(own, GAMES)).values()) == 20


# --- The real sets -----------------------------------------------------------------------------


def real(name: str) -> object:
    entry = entry_of(name)
    missing = not is_complete(entry, found_files(entry))
    return pytest.param(
        name, marks=pytest.mark.skipif(missing, reason=f"not in SHINSO_DATA: {name}")
    )


def real_texts(name: str) -> Iterator[tuple[str, bytes]]:
    for path in found_files(entry_of(name)).values():
        yield from read_members(path, lambda member: member.lower().endswith(".sgf"))


COUNTS = {"go_9x9": 10_268 + 2_412, "go_19x19": 12_778 + 7_259}  # all archives
REFUSED = {"go_9x9": [], "go_19x19": ["handicap HA[7.5] is no number of stones"]}


@pytest.mark.slow
@pytest.mark.parametrize("name", [real("go_9x9"), real("go_19x19")])
def test_every_real_record_is_read_or_refused_with_a_reason(name):
    sizes, refusals = Counter(), []
    for member, content in real_texts(name):
        trees = list(parse(decoded(content), member))
        assert list(parse(write(trees))) == trees
        assert len(trees) == 1
        try:
            sizes[game_of(trees[0].main_line()).size] += 1
        except UserError as error:
            refusals.append(str(error).removeprefix("SGF: "))
    assert refusals == REFUSED[name]
    assert sizes == {int(name.rpartition("x")[2]): COUNTS[name] - len(refusals)}


@pytest.mark.slow
@pytest.mark.parametrize("name", [real("go_9x9"), real("go_19x19")])
def test_sgfmill_reads_the_same(name):
    """The oracle is another library; it counts rows from below and refuses some odd records."""
    sgf = pytest.importorskip("sgfmill.sgf")
    compared = 0
    for member, content in islice(real_texts(name), 0, None, 40):
        try:
            theirs = sgf.Sgf_game.from_bytes(content)
            komi, moves = theirs.get_komi(), [n.get_move() for n in theirs.get_main_sequence()]
        except ValueError:
            continue
        ours = read_game(content, member)
        points = [
            ({"b": BLACK, "w": WHITE}[colour], ours.size**2 if at is None else _point(at, ours))
            for colour, at in moves
            if colour
        ]
        assert list(ours.moves) == points, member
        assert ours.winner == {"b": BLACK, "w": WHITE}.get(theirs.get_winner(), ours.winner)
        assert ours.komi in (komi, komi / 100, komi / 50, None), member
        compared += 1
    assert compared > COUNTS[name] // 41


def _point(at: tuple[int, int], game: Game) -> int:
    row, column = at
    return (game.size - 1 - row) * game.size + column
