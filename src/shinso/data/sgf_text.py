"""SGF as text: a collection of game trees, and back. What the properties mean is `sgf`'s.

    collection  ->  tree { tree }
    tree        ->  "(" node { node } { tree } ")"
    node        ->  ";" { property }
    property    ->  name "[" value "]" { "[" value "]" }

Source: SGF FF[4], "SGF file format", https://www.red-bean.com/sgf/sgf4.html. Of FF[1] to FF[3] the
long names are read too (Black for B). Text between games is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from shinso.core.errors import UserError

MOST_NODES = 500_000  # of one tree; dictionaries of openings have some 100,000

Node = dict[str, list[str]]  # a property's name to its values, unescaped


@dataclass
class Tree:
    """The nodes of a game and its variations, each after the one that it follows.

    It is flat, so that a tree of any depth is read, compared and written without recursion.
    """

    nodes: list[Node] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)  # the place of the node before; the root's: -1

    def add(self, node: Node, parent: int) -> int:
        """Lets `node` follow the one at `parent`; returns its place."""
        self.nodes.append(node)
        self.parents.append(parent)
        return len(self.nodes) - 1

    def main_line(self) -> list[Node]:
        """From the root on, where there are variations always the first."""
        line = [self.nodes[0]]
        last = 0
        for place, parent in enumerate(self.parents):
            if parent == last:
                line.append(self.nodes[place])
                last = place
        return line

    def line_to(self, place: int) -> list[Node]:
        """From the root to the node at `place`."""
        line = []
        while place >= 0:
            line.append(self.nodes[place])
            place = self.parents[place]
        return line[::-1]

    def children(self) -> list[list[int]]:
        """For each node the places of those that follow it."""
        found: list[list[int]] = [[] for _ in self.nodes]
        for place, parent in enumerate(self.parents[1:], start=1):
            found[parent].append(place)
        return found


# --- Reading -------------------------------------------------------------------------------------

# Possessive (*+, ++): nothing is tried twice, so that a bracket left open costs one pass.
_CONTENT = r"[^\]\\]*+(?:\\.[^\]\\]*+)*+"
_VALUE = re.compile(rf"\[({_CONTENT})\]", re.DOTALL)
_TOKEN = re.compile(rf"\s*+(?:([;()])|([A-Za-z]++)\s*+((?:\[{_CONTENT}\]\s*+)++))", re.DOTALL)
_START = re.compile(r"\(\s*+;")
_LINE_END = re.compile(r"\n\r|\r\n?")
_ESCAPED = re.compile(r"\\(?:\n|(.))", re.DOTALL)
_NAME = re.compile(r"[A-Za-z]*+\s*+")

# By mark, those that may stand before it; what stands before a property is its node's.
_AFTER = {"(": ";)", ";": "(;", ")": ";)"}


def parse(text: str, name: str = "SGF") -> Iterator[Tree]:
    """The games of a file, one after the other, so that thousands need no room at once.

    Line ends become "\\n". A property that comes twice in a node is one with all values.

    Raises:
        UserError: naming the file `name`, line and column: there is no game, one is cut short or
            no SGF, or has more than `MOST_NODES` nodes.
    """
    text = _LINE_END.sub("\n", text)
    start = _START.search(text)
    if start is None:
        raise UserError(f'{name} holds no game: a record in SGF begins with "(;"')
    while start is not None:
        tree, end = _tree(text, start.start(), name)
        yield tree
        start = _START.search(text, end)


def _tree(text: str, place: int, name: str) -> tuple[Tree, int]:
    """The game that begins at `place`, and where it ends."""
    tree = Tree()
    branches: list[int] = []  # for each open "(", the node that its variation follows
    last, before = -1, ""  # the node that the next one follows; the mark before
    while True:
        token = _TOKEN.match(text, place)
        if token is None:
            raise UserError(_located(_damage(text, place), text, place, name))
        mark, identifier, values = token.groups()
        if before and before not in _AFTER.get(mark, ";"):
            found = f'"{mark or identifier}" is out of place'
            raise UserError(_located(found, text, place, name))
        if mark is None:
            texts = [_unescaped(value) for value in _VALUE.findall(values)]
            tree.nodes[last].setdefault(_short(identifier), []).extend(texts)
        elif mark == ";":
            if len(tree.nodes) == MOST_NODES:
                many = f"more than {MOST_NODES:,} nodes in one game"
                raise UserError(_located(many, text, place, name))
            last = tree.add({}, last)
        elif mark == "(":
            branches.append(last)
        else:
            last = branches.pop()
            if not branches:
                return tree, token.end()
        before = mark or before
        place = token.end()


@lru_cache(maxsize=1024)
def _short(identifier: str) -> str:
    """FF[3] and older: lower-case letters do not count, BlacK is BK. Some write all in them."""
    return re.sub("[a-z]", "", identifier) or identifier.upper()


def _unescaped(value: str) -> str:
    """A backslash takes the meaning from what follows it, and a line end away."""
    return _ESCAPED.sub(lambda escaped: escaped[1] or "", value) if "\\" in value else value


def _damage(text: str, place: int) -> str:
    """What is wrong where no token begins."""
    place = _first_sign(text, place)
    if place == len(text):
        return 'the file ends inside a game; a ")" is missing'
    named = _NAME.match(text, place)
    assert named is not None
    if not text.startswith("[", named.end()):
        what = f"property {named[0].strip()} without a value" if named[0] else repr(text[place])
        return f"{what}; a property is a name and values in brackets, as B[dd]"
    if _VALUE.match(text, named.end()) is None:
        return 'a "[" that is never closed'
    return "a value without a property before it"


def _first_sign(text: str, place: int) -> int:
    return len(text) - len(text[place:].lstrip())


def _located(what: str, text: str, place: int, name: str) -> str:
    place = _first_sign(text, place)
    line = text.count("\n", 0, place) + 1
    column = place - text.rfind("\n", 0, place)
    return f"{name}, line {line}, column {column}: {what}"


# --- Writing -------------------------------------------------------------------------------------

NODES_A_LINE = 10


def write(trees: Iterable[Tree]) -> str:
    """What `parse` reads as the same trees, in FF[4]'s escapes."""
    return "".join(f"{_written(tree)}\n" for tree in trees)


def _written(tree: Tree) -> str:
    children = tree.children()
    parts: list[str] = []
    waiting: list[int | str] = [")", 0, "("]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        following = children[item]
        parts.append(_node_text(tree.nodes[item]))
        if following and item % NODES_A_LINE == 0:
            parts.append("\n")
        if len(following) == 1:
            waiting += following
        else:
            for place in reversed(following):
                waiting += [")", place, "("]
    return "".join(parts)


def _node_text(node: Mapping[str, list[str]]) -> str:
    properties = (f"{name}{''.join(map(_bracketed, values))}" for name, values in node.items())
    return f";{''.join(properties)}"


def _bracketed(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("]", "\\]")
    return f"[{escaped}]"
