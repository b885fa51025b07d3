from __future__ import annotations

import dataclasses
import gzip
import lzma
from hashlib import sha256
from pathlib import Path

import pytest

from shinso.core.errors import UserError
from shinso.data import describe, open_data, store
from shinso.data.entry import SourceFile
from shinso.data.locate import found_files, is_complete
from shinso.data.parallel import ParallelSet, ParallelSplit
from shinso.data.store import entry_of

PAIRS = ("parallel",)


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def lines(count: int, word: str) -> str:
    return "".join(f"{word} {number} .\n" for number in range(count))


def write_pair(folder: Path, stem: str, count: int = 20, languages=("en", "ja")) -> Path:
    for language in languages:
        write(folder / f"{stem}.{language}", lines(count, f"{stem} in {language}"))
    return folder


def sizes(data: ParallelSet) -> dict[str, int]:
    return {name: len(split) for name, split in data.splits.items()}


def refused(path: Path | str, **given) -> str:
    with pytest.raises(UserError) as caught:
        open_data(path, PAIRS, **given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- A split -----------------------------------------------------------------------------------


def test_a_split_is_a_sequence_of_pairs():
    split = ParallelSplit(("a", "b", "c"), ("x", "y", "z"))
    assert len(split) == 3 and split[1] == ("b", "y") and split[-1] == ("c", "z")
    assert split[1:] == (("b", "y"), ("c", "z")) and list(split) == list(split[:])
    assert ("a", "x") in split and ("a", "y") not in split


def test_the_digest_tells_sides_and_lines_apart():
    digests = {
        ParallelSplit(sources, targets).digest()
        for sources in (("a", "b"), ("ab",), ("b", "a"))
        for targets in (("x", "y"), ("a", "b"))
    }
    assert len(digests) == 6


# --- The known set -----------------------------------------------------------------------------


@pytest.fixture
def corpus(homes, monkeypatch) -> Path:
    """small_parallel_enja with few lines; where it is."""
    folder = homes.first / "small_parallel_enja"
    for stem, count in (("train", 20), ("dev", 3)):
        write_pair(folder, stem, count)
    files = tuple(
        SourceFile(path.name, path.stat().st_size, sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.iterdir())
    )
    entry = dataclasses.replace(entry_of("small_parallel_enja"), files=files)
    monkeypatch.setattr(store, "SETS", (entry,))
    return folder


def test_the_corpus(corpus):
    data = open_data("small_parallel_enja", PAIRS)
    assert sizes(data) == {"train": 20, "valid": 3}
    assert data.languages == ("en", "ja") and data.tokenised and data.may_ship_weights
    assert data.split("valid")[2] == ("dev in en 2 .", "dev in ja 2 .")
    with pytest.raises(UserError, match="small_parallel_enja has no split test; it has train, v"):
        data.split("test")


@pytest.mark.parametrize("place", ["beside", "apart"])
def test_the_official_test_is_taken_where_it_is_found(corpus, homes, place):
    without = open_data("small_parallel_enja", PAIRS)
    homes.second.joinpath("small_parallel_enja").mkdir()
    write_pair(corpus if place == "beside" else homes.second / "small_parallel_enja", "test", 5)
    data = open_data("small_parallel_enja", PAIRS)
    assert data.split("test")[4] == ("test in en 4 .", "test in ja 4 .")
    assert data.digest() == without.digest()  # a run that began without it can go on


def test_half_a_test_is_no_test(corpus):
    write_pair(corpus, "test", 5, ("en",))
    assert "test.en is here but test.ja is not" in refused("small_parallel_enja")


def test_the_corpus_the_other_way(corpus, homes):
    data = open_data("small_parallel_enja:ja-en", PAIRS)
    assert data.split("valid")[0] == ("dev in ja 0 .", "dev in en 0 .")
    assert data.languages == ("ja", "en") and data.tokenised
    assert data.name == "small_parallel_enja:ja-en"  # as a run looks for it when it is resumed
    assert data.digest() != open_data("small_parallel_enja", PAIRS).digest()
    copied = open_data(f"{corpus}:ja-en", PAIRS)
    assert copied.digest() == data.digest() and copied.may_ship_weights
    message = refused("small_parallel_enja:en-fr")
    assert message == "small_parallel_enja has no en-fr; its languages are en and ja"


def test_only_parallel_text_has_a_direction(homes):
    assert "digits is of kind images; wanted: parallel" in refused("digits:ja-en")
    with pytest.raises(UserError, match="there is no data set and no path digits:ja-en"):
        open_data("digits:ja-en", ("images",))


# --- The user's own ----------------------------------------------------------------------------


@pytest.mark.parametrize("valid", ["valid", "dev", "val", "validation"])
def test_given_splits_are_kept(tmp_path, valid):
    for stem, count in (("train", 20), (valid, 3), ("test", 2)):
        write_pair(tmp_path / "own", stem, count)
    write_pair(tmp_path / "own", "vocab", 9)
    write(tmp_path / "own/README.md", "about the others")
    write(tmp_path / "own/train.en.vocab.4k", "a")
    data = open_data(tmp_path / "own", PAIRS)
    assert sizes(data) == {"train": 20, "valid": 3, "test": 2}
    assert data.split("valid")[1] == (f"{valid} in en 1 .", f"{valid} in ja 1 .")
    assert data.name == "own" and data.licence == "the user's own" and not data.tokenised


def test_packed_files_are_the_same_data(tmp_path):
    plain = open_data(write_pair(tmp_path / "plain", "train"), PAIRS)
    english, japanese = (lines(20, f"train in {language}").encode() for language in ("en", "ja"))
    write(tmp_path / "packed/train.en.gz", gzip.compress(english))
    write(tmp_path / "packed/train.ja.xz", lzma.compress(japanese))
    assert open_data(tmp_path / "packed", PAIRS).digest() == plain.digest()


def test_a_missing_valid_is_a_tenth_that_is_fixed_for_ever(tmp_path):
    data = open_data(write_pair(tmp_path, "news", 50), PAIRS)
    assert sizes(data) == {"train": 45, "valid": 5}
    assert {*data.split("train"), *data.split("valid")} == {
        (f"news in en {number} .", f"news in ja {number} .") for number in range(50)
    }
    assert [source.split()[3] for source in data.split("valid").sources] == GOLDEN
    with pytest.raises(UserError, match="has no split test"):
        data.split("test")


GOLDEN = ["14", "16", "18", "24", "28"]


def test_translations_of_one_sentence_stay_together(tmp_path):
    write(tmp_path / "train.en", "".join(f"sentence {number % 13}\n" for number in range(100)))
    write(tmp_path / "train.ja", lines(100, "ja"))
    data = open_data(tmp_path, PAIRS)
    assert sum(sizes(data).values()) == 100
    assert set(data.split("train").sources).isdisjoint(data.split("valid").sources)


def test_marks_blanks_and_control_characters(tmp_path):
    write(tmp_path / "train.en", "\N{BOM}one\r\n\r\n  two \t\r\nthree\x0band\x85more\u2028still")
    write(tmp_path / "train.ja", "一\n \n二\u3000\n三\x1b[1m\x07つ\n")
    data = open_data(tmp_path, PAIRS)
    pairs = {*data.split("train"), *data.split("valid")}
    assert pairs == {("one", "一"), ("two", "二"), ("three and more still", "三 [1m つ")}


def test_pairs_of_empty_lines_are_left_out_with_a_count(tmp_path, caplog):
    for language in ("en", "ja"):
        write(tmp_path / f"train.{language}", lines(30, language).replace("\n", "\n\n"))
    assert sizes(open_data(tmp_path, PAIRS)) == {"train": 27, "valid": 3}
    assert "left out 30 pairs of empty lines in" in caplog.text


# --- Which way ---------------------------------------------------------------------------------


def test_english_is_translated_where_nothing_says_otherwise_and_that_is_said(tmp_path, caplog):
    write_pair(tmp_path, "train", languages=("de", "en-GB"))
    assert open_data(tmp_path, PAIRS).languages == ("en-GB", "de")
    assert f"from en-GB to de; for the other direction give {tmp_path}:de-en-GB" in caplog.text


@pytest.mark.parametrize(
    ("names", "direction"),
    [
        (("src", "tgt"), ("src", "tgt")),
        (("trg", "src"), ("src", "trg")),
        (("target", "source"), ("source", "target")),
    ],
)
def test_names_can_say_it(tmp_path, caplog, names, direction):
    write_pair(tmp_path, "train", languages=names)
    assert open_data(tmp_path, PAIRS).languages == direction and not caplog.text


def test_the_command_can_say_it(tmp_path, caplog, monkeypatch):
    write_pair(tmp_path / "own", "train", languages=("en", "ja", "pt-BR"))
    for direction in ("ja-en", "pt-BR-ja", "en-pt-BR"):
        data = open_data(f"{tmp_path}/own:{direction}", PAIRS)
        assert "-".join(data.languages) == direction
        assert data.split("train")[0][0].startswith(f"train in {data.languages[0]} ")
    monkeypatch.chdir(tmp_path)
    assert open_data("own:ja-en", PAIRS).languages == ("ja", "en")
    assert open_data("own/train.en:ja-en", PAIRS).languages == ("ja", "en")
    assert not caplog.text
    assert refused("own:ja-fr") == "own has no ja-fr; its languages are en, ja and pt-BR"


def test_a_folder_may_be_called_so(tmp_path):
    write_pair(tmp_path / "own:en-ja", "train", languages=("en", "fr"))
    assert open_data(tmp_path / "own:en-ja", PAIRS).languages == ("en", "fr")


def test_a_file_is_translated_by_the_other_of_its_stem(tmp_path, caplog):
    for stem in ("news", "weather"):
        write_pair(tmp_path, stem)
    data = open_data(tmp_path / "news.ja", PAIRS)
    assert data.languages == ("ja", "en") and not caplog.text
    assert data.split("train")[0][1].startswith("news in en")


def test_three_languages_need_a_choice(tmp_path):
    write_pair(tmp_path, "train", languages=("fr", "en", "ja"))
    assert refused(tmp_path) == (
        f"{tmp_path} has text in 3 languages, en, fr and ja; say from which to which, as "
        f"{tmp_path}:en-fr"
    )
    assert "has text in 3 languages" in refused(tmp_path / "train.ja")


def test_two_languages_without_english_need_a_direction(tmp_path):
    write_pair(tmp_path, "train", languages=("ja", "de"))
    message = refused(tmp_path)
    assert f"does not say what to translate from; give {tmp_path}:de-ja, or {tmp_path}:j" in message


# --- Faults ------------------------------------------------------------------------------------


def test_unequal_lengths(tmp_path):
    write(tmp_path / "train.en", lines(1_200, "en"))
    write(tmp_path / "train.ja", lines(1, "ja"))
    for skip_bad in (False, True):  # which lines belong together, nobody knows
        message = refused(tmp_path, skip_bad=skip_bad)
        assert f"{tmp_path}/train.en has 1,200 lines and {tmp_path}/train.ja has 1;" in message


@pytest.mark.parametrize(("side", "other"), [("en", "ja"), ("ja", "en")])
def test_a_sentence_without_translation(tmp_path, side, other):
    write_pair(tmp_path, "train")
    write(tmp_path / f"train.{side}", lines(6, side) + " \n" + lines(13, side))
    message = refused(tmp_path)
    assert f"train.{side}, line 7 is empty, and" in message and "--skip-bad" in message
    assert f"train.{other} has a sentence there" in message


BAD = {
    "no UTF-8": ("café\n".encode("latin-1"), "line 4, byte 4: 0xe9 is no UTF-8"),
    "zero": ("日\0本\n".encode(), "line 4, byte 4: a zero byte"),
    "empty": (b"\n", "line 4 is empty"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("side", ["en", "ja"])
def test_a_bad_line_is_named_or_left_out(tmp_path, name, side, caplog):
    content, message = BAD[name]
    write_pair(tmp_path, "train", languages=("en", "ja"))
    good = lines(20, side).encode().splitlines(keepends=True)
    path = write(tmp_path / f"train.{side}", b"".join([*good[:3], content, *good[4:]]))
    assert f"{path}, {message}" in refused(tmp_path)
    data = open_data(tmp_path, PAIRS, skip_bad=True)
    assert sizes(data) == {"train": 17, "valid": 2}
    assert data.skipped == (f"{tmp_path}/train.en, line 4",)
    assert "left out 1 damaged pair of lines, the first is" in caplog.text
    for source, target in (*data.split("train"), *data.split("valid")):
        assert source.split()[-2] == target.split()[-2] != "3"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\n"])
def test_nothing_is_left(tmp_path, content):
    for language in ("en", "ja"):
        write(tmp_path / f"train.{language}", content)
    message = refused(tmp_path, skip_bad=True)
    assert "train.en and" in message and "hold no pair of sentences that can be read" in message


def test_a_file_cut_short(tmp_path):
    write_pair(tmp_path, "train", languages=("en",))
    write(tmp_path / "train.ja.gz", gzip.compress(lines(20, "ja").encode())[:-20])
    assert "train.ja.gz is damaged" in refused(tmp_path)


def test_one_sentence_is_too_little_to_split(tmp_path):
    assert "one sentence is too little to split" in refused(write_pair(tmp_path, "train", 1))
    write(tmp_path / "train.en", "same\n" * 20)
    write(tmp_path / "train.ja", lines(20, "ja"))
    assert "one sentence is too little to split" in refused(tmp_path)


def test_one_file_only(tmp_path):
    write_pair(tmp_path, "train", languages=("en",))
    assert "has text in one language only, en; put its translation" in refused(tmp_path)
    assert "has text in one language only, en" in refused(tmp_path / "train.en")
    write_pair(tmp_path, "train", languages=("ja",))
    write_pair(tmp_path, "dev", languages=("en",))
    message = refused(tmp_path)
    assert message == f"{tmp_path}/dev.en is there, but not the same text in ja; put it beside"


def test_no_files_of_the_kind(tmp_path):
    write(tmp_path / "train.txt", lines(9, "a"))
    write(tmp_path / "notes.en", "alone\n")
    assert "has no two files of one stem" in refused(tmp_path)
    assert "give a folder, or a file named by its language" in refused(tmp_path / "train.txt")
    assert "give a folder, or a file named by its language" in refused(Path("/dev/null"))


def test_several_texts(tmp_path):
    for stem in ("news", "weather"):
        write_pair(tmp_path, stem)
    message = refused(tmp_path)
    assert "has several texts, news and weather; name one of them train" in message
    assert str(tmp_path / "news.en") in message


def test_test_without_train_and_two_valids(tmp_path):
    write_pair(tmp_path / "a", "test")
    assert "has files test but none of train" in refused(tmp_path / "a")
    for stem in ("train", "dev", "valid"):
        write_pair(tmp_path / "b", stem)
    assert "has files dev and valid, all for valid; keep one" in refused(tmp_path / "b")


# --- What a path means -------------------------------------------------------------------------


def test_data_show_tells_parallel_text_from_other_data(tmp_path):
    own = write_pair(tmp_path / "own", "train")
    write(own / "README.md", "about the others")
    for place in (own, f"{own}:ja-en", own / "train.ja"):
        facts = describe(place)
        assert facts["examples"] == {"train": 18, "valid": 2} and facts["skipped"] == 0
        assert facts["languages"] == (["en", "ja"] if place == own else ["ja", "en"])
    write(tmp_path / "text/a.txt", lines(30, "a"))
    write(tmp_path / "text/a.md", lines(30, "a"))
    assert "words" in describe(tmp_path / "text") and "words" in describe(tmp_path / "text/a.txt")


# --- The real set ------------------------------------------------------------------------------

# Read before any test changes the environment.
REAL = is_complete(entry_of("small_parallel_enja"), found_files(entry_of("small_parallel_enja")))


@pytest.mark.skipif(not REAL, reason="not in SHINSO_DATA: small_parallel_enja")
def test_the_real_corpus():
    data = open_data("small_parallel_enja", PAIRS)
    assert sizes(data) | {"test": 500} == {"train": 50_000, "valid": 500, "test": 500}
    train = data.split("train")
    tokens = [sum(len(line.split()) for line in side) for side in (train.sources, train.targets)]
    assert tokens == [391_047, 565_618]  # the source's own table
    known = set(train.sources)
    assert len(known) == 46_171 and sum(s in known for s in data.split("valid").sources) == 77
