from __future__ import annotations

import dataclasses
import gzip
import lzma
import tracemalloc
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from shinso.core.errors import UserError
from shinso.data import describe, open_data, store
from shinso.data.checksums import content_digest
from shinso.data.entry import SourceFile
from shinso.data.locate import found_files, is_complete
from shinso.data.sets import SETS
from shinso.data.store import entry_of
from shinso.data.text import TextSet
from shinso.data.text_lines import LONGEST_LINE
from tests.data.conftest import image_bytes, write_zip

TEXT = ("text",)


def numbered(count: int, word: str = "line") -> str:
    return "".join(f"{word} {number} of the text\n" for number in range(count))


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def sizes(data: TextSet) -> dict[str, int]:
    return {name: len(split) for name, split in data.splits.items()}


def all_lines(data: TextSet) -> list[str]:
    return [line for split in data.splits.values() for line in split]


# --- Known sets --------------------------------------------------------------------------------


def known(monkeypatch, name: str, *files: SourceFile) -> None:
    """Gives a set of the catalogue small files of its own layout."""
    entry = dataclasses.replace(entry_of(name), files=files)
    monkeypatch.setattr(store, "SETS", (entry,))


def known_zip(monkeypatch, folder: Path, name: str, members: dict[str, bytes]) -> None:
    (file,) = entry_of(name).files
    path = folder / name / file.name
    path.parent.mkdir()
    write_zip(path, members)
    content = content_digest(path, file.members)
    known(monkeypatch, name, dataclasses.replace(file, sha256="", content=content))


def test_ptb_is_three_files_of_one_piece(homes, monkeypatch):
    members = {
        "ptb/README": b"about",
        "ptb/ptb.test.txt": b" c N \n",
        "ptb/ptb.train.txt": b" a <unk> \n b \n",
        "ptb/ptb.valid.txt": b" b \n",
    }
    known_zip(monkeypatch, homes.first, "ptb", members)
    data = open_data("ptb", TEXT)
    assert list(data.splits) == ["train", "valid", "test"]
    assert list(data.split("train")) == [" a <unk>", " b"]
    assert data.split("train").starts == (0,) and data.split("test")[0] == " c N"
    assert data.licence == "LDC text, research only" and not data.may_ship_weights


def test_wikitext_articles_are_pieces_and_blank_lines_count(homes, monkeypatch):
    article = " \n = {} = \n \n Text . \n \n = = Part = = \n \n{} \n"
    table = " {| \n = Played , W = \n |} \n "  # looks like a title
    text = (article.format("Bee", table) + article.format("Ant", " Text .\n")).encode()
    members = {f"wikitext-2/{name}.txt": text for name in ("train", "valid", "test")}
    known_zip(monkeypatch, homes.first, "wikitext2", members)
    train = open_data("wikitext2", TEXT).split("train")
    assert len(train) == text.count(b"\n")
    assert train.sources == ("train: Bee", "train: Ant")
    for start in train.starts:
        assert train[start] == "" and train.source(start + 1).endswith(train[start + 1][3:-2])
    assert train.source(train.starts[1] - 1) == "train: Bee"


def book(title: str, paragraphs: int) -> str:
    words = " word" * 200
    body = "".join(f"{title} paragraph {number}{words}\n\n" for number in range(paragraphs))
    return f"=== {title} ===\n\n{body}"


@pytest.fixture
def books(homes, monkeypatch) -> TextSet:
    """english_text of three books, of 1,000, 500 and 20 paragraphs of 1,000 characters."""
    text = book("A/Long", 1_000) + book("B/Middle", 500) + book("C/Short", 20)
    name = "classic_books_en.txt.xz"
    write(homes.first / "english_text" / name, lzma.compress(text.encode()))
    content = sha256(text.encode()).hexdigest()
    known(monkeypatch, "english_text", SourceFile(name, 1, content=content))
    return open_data("english_text", TEXT)


def test_a_tenth_of_every_book_is_valid(books):
    assert list(books.splits) == ["train", "valid"]
    assert sum(sizes(books).values()) == 1_520  # no titles, no blank lines
    assert len(set(all_lines(books))) == 1_520
    valid = books.split("valid")
    found = Counter(valid.source(index) for index in range(len(valid)))
    assert found["A/Long"] == 100 and found["B/Middle"] == 50
    for split in books.splits.values():
        for index, line in enumerate(split):
            assert line.startswith(split.source(index))


def test_pieces_are_contiguous_and_no_two_of_them_join(books):
    for split in books.splits.values():
        places = [(split.source(i), int(line.split()[2])) for i, line in enumerate(split)]
        for index in range(1, len(places)):
            follows = places[index] == (places[index - 1][0], places[index - 1][1] + 1)
            assert follows == (index not in split.starts)
    # Blocks are of 10,000 characters, so that few sentences are cut off from the one before.
    assert len(books.split("valid").starts) <= len(books.split("valid")) / 10 + 3


def test_books_have_no_test_split(books):
    with pytest.raises(UserError, match="english_text has no split test; it has train, valid"):
        books.split("test")


# --- The user's own ----------------------------------------------------------------------------


def test_a_file(tmp_path):
    data = open_data(write(tmp_path / "mine.txt", numbered(1_000)), TEXT)
    assert data.name == "mine.txt" and data.licence == "the user's own"
    assert sizes(data) == {"train": 900, "valid": 100}
    assert sorted(all_lines(data)) == sorted(numbered(1_000).splitlines())
    with pytest.raises(UserError, match=r"mine.txt has no split test; it has train, valid"):
        data.split("test")


def test_the_split_is_fixed_for_ever(tmp_path):
    """Scores of different versions are to be comparable."""
    valid = open_data(write(tmp_path / "mine.txt", numbered(1_000)), TEXT).split("valid")
    assert [valid[start] for start in valid.starts] == GOLDEN


GOLDEN = ["line 106 of the text", "line 656 of the text"]


def test_a_folder_is_read_with_its_folders_in_order_of_names(tmp_path):
    own = tmp_path / "own"
    write(own / "b.md", numbered(30, "b"))
    write(own / "a.txt", numbered(30, "a"))
    write(own / "c/d.TXT", numbered(30, "d"))
    write(own / "c/e.txt.gz", gzip.compress(numbered(30, "e").encode()))
    write(own / "f.txt.xz", lzma.compress(numbered(30, "f").encode()))
    write(own / "empty.txt", "")
    for other in ("notes.pdf", ".hidden.txt", ".git/x.txt", "__MACOSX/a.txt"):
        write(own / other, "\xff")
    data = open_data(own, TEXT)
    assert sum(sizes(data).values()) == 150
    train = data.split("train")
    order = list(dict.fromkeys(train.sources))
    assert order == ["a.txt", "b.md", "c/d.TXT", "c/e.txt.gz", "f.txt.xz"]
    assert all(train.source(i)[0] == line[0] or line[0] in "de" for i, line in enumerate(train))


def test_neither_the_place_nor_the_packing_changes_the_data(tmp_path):
    texts = {"a.txt": numbered(300), "b.txt": numbered(400, "other")}
    for folder in ("first", "second"):
        for name, text in texts.items():
            write(tmp_path / folder / name, text)
    first = open_data(tmp_path / "first", TEXT)
    assert first.digest() == open_data(tmp_path / "second", TEXT).digest()
    write(tmp_path / "second/a.txt", texts["a.txt"].replace("299", "300"))
    assert first.digest() != open_data(tmp_path / "second", TEXT).digest()


def test_many_small_files_give_up_a_tenth_by_hash_and_not_by_name(tmp_path):
    for number in range(200):
        write(tmp_path / f"{number:03}.txt", f"entry {number}\n")
    valid = open_data(tmp_path, TEXT).split("valid")
    places = [int(source[:3]) for source in valid.sources]
    assert len(places) == 20 and min(places) < 50 and max(places) > 150


@pytest.mark.parametrize("valid", ["valid.txt", "dev.txt", "val.md", "validation.txt.gz"])
def test_given_splits_are_kept(tmp_path, valid):
    write(tmp_path / "train.txt", numbered(30))
    content = numbered(2, "held").encode()
    write(tmp_path / valid, gzip.compress(content) if valid.endswith("gz") else content)
    write(tmp_path / "test.txt", "the test\n")
    write(tmp_path / "README.md", "about the others\n")
    data = open_data(tmp_path, TEXT)
    assert sizes(data) == {"train": 30, "valid": 2, "test": 1}
    assert data.split("valid").source(0) == valid


def test_split_folders_and_a_missing_valid(tmp_path):
    for name in ("train/a.txt", "train/deep/b.txt", "test/c.txt"):
        write(tmp_path / name, numbered(50, name))
    data = open_data(tmp_path, TEXT)
    assert sizes(data) == {"train": 89, "valid": 11, "test": 50}  # whole blocks of 6 lines or 5
    assert set(data.split("train").sources) == {"train/a.txt", "train/deep/b.txt"}


def test_mark_line_ends_and_blanks_are_no_text(tmp_path):
    text = "\N{BOM}first\r\n\r\n  second \t\r\n\r\nthird\x0band\x85more\u2028still\r\n" + "last"
    data = open_data(write(tmp_path / "dos.txt", text), TEXT)
    lines = ["first", "  second", "third\x0band\x85more\u2028still", "last"]
    assert sorted(all_lines(data)) == sorted(lines)


def test_two_lines_can_be_split(tmp_path):
    assert sizes(open_data(write(tmp_path / "x.txt", "a\nb"), TEXT)) == {"train": 1, "valid": 1}


def test_one_huge_line_is_broken_at_spaces(tmp_path):
    """text8 is one line of 100 MB."""
    words = 2_000_000
    path = write(tmp_path / "text8", "word " * words)
    tracemalloc.start()
    data = open_data(path, TEXT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    lines = all_lines(data)
    assert max(map(len, lines)) <= LONGEST_LINE and min(len(data.split(s)) for s in sizes(data))
    assert sum(len(line.split()) for line in lines) == words
    assert {word for line in lines for word in line.split()} == {"word"}
    assert peak < 6 * path.stat().st_size


def test_a_huge_line_without_spaces_is_broken_anywhere(tmp_path):
    text = "深層学習" * 20_000
    data = open_data(write(tmp_path / "x.txt", text), TEXT)
    assert sizes(data) == {"train": 3, "valid": 1} and sum(map(len, all_lines(data))) == len(text)


# --- Faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["", "\n\n \r\n", "\N{BOM}"])
def test_an_empty_file(tmp_path, content):
    with pytest.raises(UserError, match=r"x\.txt holds no text$"):
        open_data(write(tmp_path / "x.txt", content), TEXT)


def test_an_empty_split(tmp_path):
    write(tmp_path / "train.txt", numbered(30))
    write(tmp_path / "test.txt", "\n")
    with pytest.raises(UserError, match=r": test\.txt holds no text$"):
        open_data(tmp_path, TEXT)


def test_one_word_is_too_little_to_split(tmp_path):
    with pytest.raises(UserError, match=r"x\.txt: one line of text is too little.* train\.txt"):
        open_data(write(tmp_path / "x.txt", "word"), TEXT)


def test_a_folder_without_text(tmp_path):
    write(tmp_path / "notes.pdf", "x")
    with pytest.raises(UserError, match=r"has no text files \(\.txt \.md, or these packed\)"):
        open_data(tmp_path, TEXT)


def test_test_without_train(tmp_path):
    write(tmp_path / "test.txt", numbered(30))
    with pytest.raises(UserError, match=r"has test\.txt but no train\.txt or folder train"):
        open_data(tmp_path, TEXT)


def test_neither_file_nor_folder():
    with pytest.raises(UserError, match="/dev/null is neither a file nor a folder"):
        open_data(Path("/dev/null"), TEXT)


BAD = {
    "latin.txt": ("first\r\ncafé".encode("latin-1"), "line 2, byte 4: 0xe9 is no UTF-8"),
    "utf16.txt": ("text".encode("utf-16"), "line 1, byte 1: 0xff is no UTF-8"),
    "marked.txt": (b"\xef\xbb\xbfab\xff", "line 1, byte 6: 0xff is no UTF-8"),
    "zero.txt": ("é\nab\0".encode(), "line 2, byte 3: a zero byte"),
    "cut.txt.gz": (gzip.compress(numbered(50).encode())[:-20], "is damaged"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_with_the_place_in_it(tmp_path, name):
    content, message = BAD[name]
    write(tmp_path / "good.txt", numbered(30))
    path = write(tmp_path / name, content)
    with pytest.raises(UserError) as refused:
        open_data(tmp_path, TEXT)
    assert str(path) in str(refused.value) and message in str(refused.value)


def test_bad_files_can_be_left_out_with_a_count(tmp_path, caplog):
    write(tmp_path / "good.txt", numbered(30))
    for name, (content, _) in BAD.items():
        write(tmp_path / name, content)
    data = open_data(tmp_path, TEXT, skip_bad=True)
    assert sorted(data.skipped) == sorted(BAD) and sum(sizes(data).values()) == 30
    assert "left out 5 damaged text files, the first is cut.txt.gz" in caplog.text


def test_nothing_is_left_when_all_are_bad(tmp_path):
    path = write(tmp_path / "latin.txt", BAD["latin.txt"][0])
    with pytest.raises(UserError, match=r"latin\.txt holds no text that can be read"):
        open_data(path, TEXT, skip_bad=True)


# --- What a path means -------------------------------------------------------------------------


def test_data_show_tells_text_from_images(tmp_path):
    write(tmp_path / "texts/a.txt", numbered(30))
    facts = describe(tmp_path / "texts")
    assert facts["examples"] == {"train": 26, "valid": 4}
    assert facts["words"] == {"train": 26 * 5, "valid": 4 * 5} and facts["skipped"] == 0
    for name in ("cat", "dog"):
        for number in range(10):
            write(tmp_path / "images" / name / f"{number}.png", image_bytes((number, 0, 0)))
    write(tmp_path / "images/README.txt", "about the images")
    assert describe(tmp_path / "images")["classes"] == ["cat", "dog"]
    assert describe(tmp_path / "texts/a.txt")["words"]["train"] == 26 * 5


def test_a_set_of_another_kind_is_refused(homes):
    with pytest.raises(UserError, match="data set digits is of kind images; wanted: text"):
        open_data("digits", TEXT)


# --- The real sets -----------------------------------------------------------------------------

# Read before any test changes the environment.
REAL = {entry.name for entry in SETS if entry.files and is_complete(entry, found_files(entry))}

PUBLISHED = {
    "ptb": {"train": 929_589, "valid": 73_760, "test": 82_430},
    "wikitext2": {"train": 2_088_628, "valid": 217_646, "test": 245_569},
}


def real(name: str):
    return pytest.mark.skipif(name not in REAL, reason=f"not in SHINSO_DATA: {name}")


@pytest.mark.parametrize("name", [pytest.param(name, marks=real(name)) for name in PUBLISHED])
def test_published_token_counts(name):
    """With one <eos> a line, as in the papers."""
    data = open_data(name, TEXT)
    counts = {
        split: sum(len(line.split()) + 1 for line in lines) for split, lines in data.splits.items()
    }
    assert counts == PUBLISHED[name]


@real("wikitext2")
def test_published_article_counts():
    """Merity et al. 2016, table 1."""
    splits = open_data("wikitext2", TEXT).splits
    assert [len(split.starts) for split in splits.values()] == [600, 60, 60]


@real("english_text")
def test_all_of_the_36_books_is_there():
    data = open_data("english_text", TEXT)
    assert len(set(data.split("train").sources)) == 36
    characters = {name: sum(map(len, split)) for name, split in data.splits.items()}
    share = characters["valid"] / sum(characters.values())
    assert 0.095 < share < 0.105
