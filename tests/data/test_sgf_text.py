from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinso.core.errors import UserError
from shinso.data import sgf_text
from shinso.data.sgf_text import Node, Tree, parse, write


def only(text: str) -> Tree:
    (tree,) = parse(text)
    return tree


def refused(text: str) -> str:
    with pytest.raises(UserError) as caught:
        list(parse(text, "x.sgf"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- Trees -------------------------------------------------------------------------------------


def test_nodes_and_properties():
    tree = only("(;SZ[9]KM[6.5];B[dd];W[]C[pass])")
    assert tree.nodes == [{"SZ": ["9"], "KM": ["6.5"]}, {"B": ["dd"]}, {"W": [""], "C": ["pass"]}]
    assert tree.parents == [-1, 0, 1]
    assert tree.main_line() == tree.nodes


def test_variations_follow_the_node_before_them():
    """The specification's own example, "SGF basics": a main line and variations inside each."""
    tree = only("(;A[r](;B[aa](;W[bb];B[cc])(;W[dd]))(;B[ee]))")
    names = [next(iter(node.values()))[0] for node in tree.nodes]
    assert names == ["r", "aa", "bb", "cc", "dd", "ee"]
    assert tree.parents == [-1, 0, 1, 2, 1, 0]
    assert tree.children() == [[1, 5], [2, 4], [3], [], [], []]
    assert [node.get("B") for node in tree.main_line()] == [None, ["aa"], None, ["cc"]]
    assert tree.line_to(4) == [{"A": ["r"]}, {"B": ["aa"]}, {"W": ["dd"]}]


def test_a_variation_may_be_added_before_the_main_line_goes_on():
    tree = Tree()
    root = tree.add({}, -1)
    first = tree.add({"B": ["aa"]}, root)
    tree.add({"B": ["bb"]}, root)
    tree.add({"W": ["cc"]}, first)
    assert tree.main_line() == [{}, {"B": ["aa"]}, {"W": ["cc"]}]
    assert write([tree]) == "(;\n(;B[aa];W[cc])(;B[bb]))\n"


def test_several_games_and_what_stands_around_them():
    text = "From: a friend (by mail)\n\n( ;B[aa]) and :-) (\n;B[bb])\nbye"
    assert [tree.nodes for tree in parse(text)] == [[{"B": ["aa"]}], [{"B": ["bb"]}]]


def test_a_property_that_comes_twice_is_one():
    assert only("(;AB[aa]AW[bb]AB[cc][dd])").nodes == [{"AB": ["aa", "cc", "dd"], "AW": ["bb"]}]


@pytest.mark.parametrize(
    ("given", "name"),
    [("B", "B"), ("Black", "B"), ("PlayerBlack", "PB"), ("GaMe", "GM"), ("b", "B"), ("sz", "SZ")],
)
def test_long_names_of_old_versions(given, name):
    assert only(f"(;{given}[dd])").nodes == [{name: ["dd"]}]


def test_blanks_may_stand_between_all_marks():
    assert only(" ( \n ;\tAB [aa] \r\n [bb]\n W[cc]\n;B\n[dd] ) ").nodes == [
        {"AB": ["aa", "bb"], "W": ["cc"]},
        {"B": ["dd"]},
    ]


# --- Texts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a\]b", "a]b"),
        (r"a\\", "a\\"),
        (r"1\:0 \a", "1:0 a"),
        ("soft \\\nbreak", "soft break"),
        ("soft \\\r\nbreak", "soft break"),
        ("hard\r\nbreak\rand\nmore", "hard\nbreak\nand\nmore"),
        ("(;B[dd", "(;B[dd"),
    ],
)
def test_escapes_and_line_ends(written, meant):
    assert only(f"(;C[{written}])").nodes == [{"C": [meant]}]


def test_brackets_and_backslashes_are_escaped():
    assert write([only(r"(;C[\[a\]\\])")]) == "(;C[[a\\]\\\\])\n"


# --- Round trip --------------------------------------------------------------------------------

NAMES = st.text("ABCW", min_size=1, max_size=2)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=8)
NODES = st.dictionaries(NAMES, st.lists(TEXTS, min_size=1, max_size=3), max_size=3)


@st.composite
def trees(draw) -> Tree:
    tree = Tree()
    for place in range(draw(st.integers(1, 12))):
        tree.add(draw(NODES), draw(st.integers(0, place - 1)) if place else -1)
    return tree


def leaf_lines(tree: Tree) -> list[list[Node]]:
    lines = [tree.line_to(at) for at, after in enumerate(tree.children()) if not after]
    return sorted(lines, key=repr)


@given(st.lists(trees(), min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_again(made):
    back = list(parse(write(made)))
    assert [tree.main_line() for tree in back] == [tree.main_line() for tree in made]
    assert [leaf_lines(tree) for tree in back] == [leaf_lines(tree) for tree in made]
    assert list(parse(write(back))) == back


@given(st.text("(;)[]\\:ABab \n\r", max_size=40).map(lambda text: f"(;{text}"))
@settings(max_examples=400, deadline=None)
def test_nonsense_is_refused_or_read(text):
    try:
        read = list(parse(text))
    except UserError as error:
        assert re.fullmatch(r"SGF, line \d+, column \d+: [^\n]+", str(error))
    else:
        assert list(parse(write(read))) == read


# --- Damage ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("(;B[aa]\n;W[bb]", "line 2, column 7", 'inside a game; a ")" is missing'),
        ("(;B[aa]\n ;W[bb", "line 2, column 3", 'a "[" that is never closed'),
        ("(;AB[aa][bb\\]", "line 1, column 9", 'a "[" that is never closed'),
        ("(;B[aa];W)", "line 1, column 9", "property W without a value"),
        ("(;[aa])", "line 1, column 3", "a value without a property"),
        ("(;B[aa]\n?)", "line 2, column 1", "'?'"),
        ("(;B[aa];;W[bb]C(;", "line 1, column 15", "property C without a value"),
        ("(;B[aa](B[bb]))", "line 1, column 9", '"B" is out of place'),
        ("(;B[aa](;W[bb]);B[cc])", "line 1, column 16", '";" is out of place'),
        ("(;B[aa]())", "line 1, column 9", '")" is out of place'),
        ("(;B[aa]((;W[bb])))", "line 1, column 9", '"(" is out of place'),
    ],
)
def test_damage_is_located(text, place, what):
    message = refused(text)
    assert message.startswith(f"x.sgf, {place}: ") and what in message


@pytest.mark.parametrize("text", ["", "no game", "(B[aa])", "\0\0", "((((", "[(]"])
def test_a_file_without_a_game(text):
    assert refused(text) == 'x.sgf holds no game: a record in SGF begins with "(;"'


def test_games_before_the_damage_are_read():
    games = parse("(;B[aa])(;B[bb", "x.sgf")
    assert next(games).nodes == [{"B": ["aa"]}]
    with pytest.raises(UserError, match=r"x\.sgf, line 1, column 11: "):
        next(games)


# --- Size --------------------------------------------------------------------------------------


def test_a_million_brackets():
    million = 1_000_000
    assert "holds no game" in refused("(" * million)
    assert refused("(;" + "(" * million).startswith('x.sgf, line 1, column 4: "(" is out of')
    assert "more than 500,000 nodes in one game" in refused("(;" * million)
    assert "is never closed" in refused("(;C[" + "\\]" * million)
    assert "inside a game" in refused("(;B[aa]" + " " * million)
    assert len(only("(;AB" + "[aa]" * million + ")").nodes[0]["AB"]) == million


def test_the_number_of_nodes_is_bounded(monkeypatch):
    monkeypatch.setattr(sgf_text, "MOST_NODES", 3)
    assert len(only("(;;;)").nodes) == 3
    assert refused("(;;;\n;)") == "x.sgf, line 2, column 1: more than 3 nodes in one game"


def test_variations_as_deep_as_the_file_is_long():
    deep = 10_000
    text = "".join(f"(;B[a{at % 9}](;W[bb])" for at in range(deep)) + ")" * deep
    tree = only(text)
    assert len(tree.main_line()) == 2  # the first variation of the root ends
    assert len(tree.line_to(len(tree.nodes) - 1)) == deep + 1
    assert only(write([tree])) == tree


def test_games_are_read_one_by_one():
    endless = parse("(;B[aa])" * 100_000)
    assert [tree.nodes for tree in itertools.islice(endless, 2)] == [[{"B": ["aa"]}]] * 2
