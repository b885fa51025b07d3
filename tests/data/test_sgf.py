from __future__ import annotations

import math
from dataclasses import replace
from string import ascii_letters

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinso.core.errors import UserError
from shinso.data.sgf import BLACK, EMPTY, WHITE, Game, game_of, point_name, read_game, write_game
from shinso.data.sgf_text import parse

KGS = rb"""(;GM[1]
FF[4]
SZ[19]
PW[IA]
WR[7d]
PB[Golois6]
BR[4d]
DT[2017-01-31]
PC[The KGS Go Server at http://www.gokgs.com/]
KM[0.50]
RE[B+Time]
RU[Chinese]
CA[UTF-8]
HA[3]
AB[dd]
[pp]

[pd]
;W[dp];B[jd];W[tt])
"""


def read(text: str) -> Game:
    return read_game(text.encode(), "x.sgf")


def refused(text: str) -> str:
    with pytest.raises(UserError) as caught:
        read(text)
    message = str(caught.value)
    assert "\n" not in message and message.startswith("x.sgf: ") and len(message) < 120
    return message.removeprefix("x.sgf: ")


# --- Whole games -------------------------------------------------------------------------------


def test_a_server_game():
    game = read_game(KGS)
    assert game == Game(
        size=19,
        moves=((WHITE, 15 * 19 + 3), (BLACK, 3 * 19 + 9), (WHITE, 361)),
        setup=((BLACK, 3 * 19 + 3), (BLACK, 3 * 19 + 15), (BLACK, 15 * 19 + 15)),
        first=WHITE,
        komi=0.5,
        handicap=3,
        result="B+Time",
        rules="Chinese",
        black="Golois6",
        white="IA",
        black_rank="4d",
        white_rank="7d",
        date="2017-01-31",
    )


def test_a_record_that_says_nothing():
    game = read("(;)")
    assert game == Game() and game.size == 19 and game.komi is None and game.winner is None


def test_facts_may_stand_after_the_root():
    game = read("(;CA[UTF-8];SZ[9]KM[7];AB[cc];W[dd]RE[W+R];B[ee]RE[B+R])")
    assert (game.size, game.komi, game.result) == (9, 7, "W+R")
    assert game.setup == ((BLACK, 20),)


def test_texts_of_one_line():
    assert read("(;PB[ Go\n Seigen ]PW[a\tb])").black == "Go Seigen"


def test_comments_by_the_moves_before_them():
    game = read("(;C[begin];AB[aa]C[stone];B[bb]C[ 1\nmore ];C[mark];W[cc];B[dd]C[])")
    assert game.comments == {0: "begin\nstone", 1: "1\nmore\nmark"}


def test_another_line_of_the_tree():
    (tree,) = parse("(;SZ[9];B[aa](;W[bb];B[cc])(;W[dd]))")
    assert game_of(tree.main_line()).moves == ((BLACK, 0), (WHITE, 10), (BLACK, 20))
    assert game_of(tree.line_to(4)).moves == ((BLACK, 0), (WHITE, 30))


# --- Points ------------------------------------------------------------------------------------


def test_points_count_from_the_upper_left():
    assert read("(;SZ[9];B[ba];W[ab];B[ii])").moves == ((BLACK, 1), (WHITE, 9), (BLACK, 80))


@pytest.mark.parametrize("size", [2, 9, 19, 26, 27, 52])
def test_every_point_has_a_name(size):
    names = [point_name(point, size) for point in range(size**2)]
    letters = ascii_letters[:size]
    assert names == [column + row for row in letters for column in letters]
    assert read(f"(;SZ[{size}];B[{names[-1]}];W[])").moves == (
        (BLACK, size**2 - 1),
        (WHITE, size**2),
    )


@pytest.mark.parametrize(("size", "point"), [(9, 81), (19, 361), (20, 19 * 20 + 19)])
def test_tt_is_a_pass_up_to_19(size, point):
    assert read(f"(;SZ[{size}];B[tt])").moves == ((BLACK, point),)


def test_rectangles_of_stones():
    game = read("(;SZ[9]AB[aa:cb]AW[ii:hh][ea];AE[ba:bb][ii];PL[B])")
    black, white = ([p for c, p in game.setup if c == colour] for colour in (BLACK, WHITE))
    assert black == [0, 2, 9, 11]
    assert white == [4, 70, 71, 79]
    assert list(game.setup) == sorted(game.setup, key=lambda stone: stone[1])
    assert game.first == BLACK


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("(;AB[aa])", WHITE),
        ("(;)", BLACK),
        ("(;PL[White])", WHITE),
        ("(;PL[W];B[aa])", BLACK),
        ("(;AB[aa];B[bb])", BLACK),
    ],
)
def test_who_plays_first(text, first):
    assert read(text).first == first


# --- Facts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "komi"),
    [
        ("6.5", 6.5),
        ("-9.50", -9.5),
        ("7", 7),
        ("7.", 7),
        ("6,5", 6.5),
        (" 0 ", 0),
        ("", None),
        ("750", 7.5),  # Fox and Tencent count hundredths,
        ("375", 7.5),  # of Chinese stones: 3 3/4,
        ("3.75", 7.5),
        ("2.75", 5.5),
        ("100.0", 100),
        ("6.7", 6.7),
    ],
)
def test_komi(written, komi):
    assert read(f"(;KM[{written}])").komi == komi


@pytest.mark.parametrize(
    ("result", "winner"),
    [
        ("B+3.5", BLACK),
        ("W+Resign", WHITE),
        ("w+r", WHITE),
        ("Black+T", BLACK),
        ("B", BLACK),
        ("Draw", EMPTY),
        ("0", EMPTY),
        ("Void", None),
        ("?", None),
        ("", None),
        ("White resigns", None),
        ("Both", None),
    ],
)
def test_the_winner(result, winner):
    assert read(f"(;RE[{result}])").winner == winner


def test_copies_have_one_fingerprint():
    game = read("(;SZ[9]KM[7]PB[a];B[aa];W[bb])")
    copy = read("(;SZ[9]RE[B+R]C[another];B[aa];W[bb];B[];W[tt])")
    assert game != copy and game.fingerprint() == copy.fingerprint()
    others = ("(;SZ[13];B[aa];W[bb])", "(;SZ[9];W[aa];B[bb])", "(;SZ[9]AB[cc];B[aa];W[bb])")
    texts = (*others, "(;SZ[9];B[aa];W[];W[bb])", "(;SZ[9];B[aa])")
    assert len({read(text).fingerprint() for text in texts} | {game.fingerprint()}) == 6


# --- Refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(;GM[2])", "GM[2] is another game"),
        ("(;SZ[0])", "SZ[0] is no square board of 2 to 52"),
        ("(;SZ[53])", "SZ[53] is no square board"),
        ("(;SZ[19:13])", "SZ[19:13] is no square board"),
        ("(;SZ[९])", "SZ["),  # a nine, in Devanagari
        ("(;SZ[9\n\n99999999999999999999999999999999999])", r"SZ[9\n\n9"),
        ("(;KM[nan])", "komi KM[nan] is no number"),
        ("(;KM[1e999])", "komi KM[1e999] is no number"),
        ("(;KM[inf])", "komi KM[inf] is no number"),
        ("(;HA[7.5])", "handicap HA[7.5] is no number of stones"),
        ("(;SZ[9];B[aj])", "node 2: B[aj] is no point of a board of 9 lines"),
        ("(;SZ[9];B[aa];W[jj])", "node 3: W[jj] is no point"),
        ("(;SZ[9];B[D4])", "node 2: B[D4] is no point"),
        ("(;SZ[9];B[a])", "node 2: B[a] is no point"),
        ("(;SZ[9]AB[aj])", "node 1: AB[aj] is no point"),
        ("(;SZ[9]AB[])", "node 1: AB[] is no point"),
        ("(;SZ[9]AW[aa:bb:cc])", "node 1: AW[aa:bb:cc] is no point"),
        ("(;SZ[9];AB[aa]AW[aa])", "node 2: point aa is set up in two ways"),
        ("(;SZ[9];B[aa];AW[bb])", "node 3 changes stones after the first move"),
        ("(;SZ[9];B[aa]W[bb])", "node 2 has 2 moves"),
        ("(;SZ[9];B[aa][bb])", "node 2 has 2 moves"),
    ],
)
def test_what_is_no_game_of_go(text, why):
    assert refused(text).startswith(why)


def test_only_the_line_that_is_asked_for_must_be_right():
    assert read("(;SZ[9];B[aa](;W[bb])(;W[zz]))").moves == ((BLACK, 0), (WHITE, 10))


# --- Writing -----------------------------------------------------------------------------------


def test_a_record_as_it_is_written():
    game = Game(9, ((WHITE, 81), (BLACK, 40)), ((BLACK, 20), (WHITE, 21)), WHITE, 6.5, 2, "B+R")
    game = replace(game, black="a]b", comments={0: "start", 2: "the middle"})
    assert write_game(game) == (
        "(;FF[4]GM[1]CA[UTF-8]AP[shinso]SZ[9]KM[6.5]HA[2]AB[cc]AW[dc]RE[B+R]PB[a\\]b]C[start]\n"
        ";W[];B[ee]C[the middle])\n"
    )


LINE = st.text("Aé]\\[:段 ", max_size=5).map(lambda text: " ".join(text.split()))
COMMENT = st.text("a]\\\n段", min_size=1, max_size=6).map(str.strip).filter(bool)


@st.composite
def games(draw) -> Game:
    size = draw(st.sampled_from([2, 9, 19, 20, 52]))
    colours = st.sampled_from([BLACK, WHITE])
    moves = tuple(draw(st.lists(st.tuples(colours, st.integers(0, size**2)), max_size=9)))
    stones = draw(st.dictionaries(st.integers(0, size**2 - 1), colours, max_size=4))
    return Game(
        size=size,
        moves=moves,
        setup=tuple((colour, point) for point, colour in sorted(stones.items())),
        first=moves[0][0] if moves else draw(colours),
        komi=draw(st.none() | st.integers(-800, 800).map(lambda halves: halves / 2)),
        handicap=draw(st.integers(0, 9)),
        result=draw(st.sampled_from(["", "B+R", "W+0.5"])),
        rules=draw(LINE),
        black=draw(LINE),
        white=draw(LINE),
        black_rank=draw(LINE),
        white_rank=draw(LINE),
        date=draw(LINE),
        comments=draw(st.dictionaries(st.integers(0, len(moves)), COMMENT, max_size=3)),
    )


@given(games())
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_again(game):
    back = read_game(write_game(game).encode())
    assert back == game
    assert back.komi is None or math.isfinite(back.komi)
