"""A search tree in one flat array, and what every search does with it: grow, back up, move on.

A node is an element of an array of a dtype that begins with `NODE`; each search adds what it
remembers besides. Node 0 is the root, and the children of a node stand side by side, so that to
compare them is to walk along the array. A node stands for the move that leads to it and the game
up to there: positions reached in two ways are two nodes, since superko may allow a move in one of
them and forbid it in the other.

Values are in [-1, 1] and always from the view of who made the move into the node, so that a
player picks among children the one of the largest value: Q = value / visits.

No node holds a board. A descent plays its moves on a copy of the root's, which costs less than
the memory would, and notes the positions it passes behind those of the game, for superko.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinso.go.area import area_score
from shinso.go.board import Board
from shinso.go.compiled import compiled
from shinso.go.rules import (
    BLACK,
    NOWHERE,
    BoardRecord,
    Past,
    cell_of,
    legal_moves,
    note,
    play,
    play_pass,
)

NODE = [
    ("parent", "i4"),
    ("first_child", "i4"),
    ("child_count", "i2"),  # 0: not expanded
    ("point", "i2"),  # of the move into the node, size * size for a pass
    ("cell", "i2"),  # the same, NOWHERE for a pass
    ("visits", "i4"),  # N
    ("value", "f8"),  # W, the sum of the values that were backed up
]
Nodes = NDArray[np.void]
ROOT = 0
MOST_DEPTH = 500  # moves of a descent; a node as deep as this is never expanded
START = 1 << 12  # nodes that a tree first has room for


class Tree:
    """A game to be searched, with what the search has found out so far.

    `nodes` (capacity,) of the search's dtype, of which the first `used[0]` are the tree; `root`
    the record of the position searched, `past` the hashes of the game's positions with room for a
    descent's. A finished game is searched as if it were resumed.
    """

    def __init__(self, board: Board, node: np.dtype[Any]) -> None:
        self.nodes: Nodes = np.zeros(START, node)
        self.used = np.ones(1, np.int64)
        self._stand_at(board)

    def _stand_at(self, board: Board) -> None:
        self.board = board.copy()
        self.root: BoardRecord = self.board.record.copy()
        if board.finished:
            self.root["passes"] = 0
        played = board.past[: self.root["positions"]]
        self.past = np.concatenate([played, np.zeros(MOST_DEPTH, np.uint64)])

    def reserve(self, count: int) -> None:
        """Doubles the array until it has room for so many more nodes."""
        while len(self.nodes) < self.used[0] + count:
            more = np.zeros(len(self.nodes), self.nodes.dtype)
            self.nodes = np.concatenate([self.nodes, more])

    # What was found ----------------------------------------------------------------------------

    @property
    def children(self) -> Nodes:
        """The root's, a view."""
        root = self.nodes[ROOT]
        return self.nodes[root["first_child"] : root["first_child"] + root["child_count"]]

    @property
    def moves(self) -> NDArray[np.int64]:
        """The points of the root's children, size * size for a pass."""
        return self.children["point"].astype(np.int64)

    @property
    def visit_counts(self) -> NDArray[np.int64]:
        """(size * size + 1,): how often each move was searched."""
        return self._by_point(self.children["visits"])

    @property
    def values(self) -> NDArray[np.float64]:
        """(size * size + 1,): Q of each move for who is to play, 0 where none is known."""
        children = self.children
        return self._by_point(children["value"] / np.maximum(children["visits"], 1))

    def line(self, node: int, length: int) -> list[int]:
        """The points of the moves most visited below a node, one after another, `length` of them
        at most."""
        line: list[int] = []
        while len(line) < length:
            first, count = self.nodes[node][["first_child", "child_count"]]
            visits = self.nodes["visits"][first : first + count]
            if not visits.any():
                break
            node = int(first + visits.argmax())
            line.append(int(self.nodes[node]["point"]))
        return line

    def _by_point(self, values: NDArray[Any]) -> NDArray[Any]:
        by_point = np.zeros(self.board.pass_point + 1, np.result_type(values, np.int64))
        by_point[self.moves] = values
        return by_point

    # Moving on ---------------------------------------------------------------------------------

    def follow(self, board: Board) -> None:
        """Makes a board the root. What was searched below it is kept where the board goes on from
        the one that was searched, and else forgotten."""
        node = self._find(board)
        if node != ROOT:
            kept = np.zeros(len(self.nodes), self.nodes.dtype)
            self.used[0] = 1 if node is None else copy_subtree(self.nodes, node, kept)
            self.nodes = kept
        self._stand_at(board)

    def _find(self, board: Board) -> int | None:
        """The node that stands for a board; None where there is none."""
        replayed = self.board.copy()
        other_game = (replayed.size, replayed.komi) != (board.size, board.komi)
        if other_game or replayed.finished or board.finished:
            return None
        node = ROOT
        for colour, point in board.history[len(replayed.history) :]:
            first, count = self.nodes[node][["first_child", "child_count"]]
            (found,) = np.nonzero(self.nodes[first : first + count]["point"] == point)
            if colour != replayed.to_play or not len(found):
                return None
            node = int(first + found[0])
            replayed.play(point)
        return node if _same(replayed, board) else None


def _same(one: Board, other: Board) -> bool:
    """Whether two games of one size and komi have come to the same place in the same way."""
    fields = ["hash", "suicide", "superko", "to_play", "passes", "ko", "positions"]
    count = one.record["positions"]
    return (
        one.history == other.history
        and one.record[fields] == other.record[fields]
        and bool((one.past[:count] == other.past[:count]).all())
    )


@compiled
def widest(board: BoardRecord) -> int:
    """How many children a node may have."""
    return board.size * board.size + 1


@compiled
def step(board: BoardRecord, past: Past, cell: int) -> None:
    """A move of a descent by who is to play, NOWHERE for a pass."""
    if cell == NOWHERE:
        play_pass(board, board.to_play)
    else:
        play(board, cell, board.to_play)
        note(board, past)


@compiled
def add_children(
    nodes: Nodes,
    used: NDArray[np.int64],
    node: int,
    board: BoardRecord,
    past: Past,
    legal: NDArray[np.bool_],
) -> None:
    """Gives a node a child for each legal move at its position, in the order of points, a pass
    last. There must be room for `widest`; `legal` (widest,) is overwritten."""
    legal_moves(board, board.to_play, past, legal)
    first = used[0]
    count = 0
    for point in range(legal.size):
        if legal[point]:
            child = first + count
            nodes[child].parent = node
            nodes[child].point = point
            nodes[child].cell = cell_of(board, point) if point < legal.size - 1 else NOWHERE
            count += 1
    nodes[node].first_child = first
    nodes[node].child_count = count
    used[0] = first + count


@compiled
def back_up(nodes: Nodes, leaf: int, value: float) -> None:
    """Adds a value, that of the leaf for who moved there, to all nodes up to the root:

    N(s, a) += 1, W(s, a) += v, with v's sign changing from player to player."""
    node = leaf
    while True:
        nodes[node].visits += 1
        nodes[node].value += value
        value = -value
        if node == ROOT:
            return
        node = nodes[node].parent


@compiled
def outcome(board: BoardRecord, komi: float, colour: int, reached: NDArray[np.int8]) -> float:
    """1 where a colour has won by area, -1 where it has lost, 0 for a draw. `reached` (CELLS,) is
    overwritten."""
    lead = area_score(board, reached) - komi
    return np.sign(lead) if colour == BLACK else -np.sign(lead)


@compiled
def copy_subtree(nodes: Nodes, root: int, kept: Nodes) -> int:
    """Copies a node and all below it into an empty array of the same length, level by level, the
    node as its root; how many they are."""
    kept[ROOT] = nodes[root]
    kept[ROOT].parent = ROOT
    count = 1
    node = 0
    while node < count:
        first = kept[node].first_child
        kept[node].first_child = count
        for child in range(first, first + kept[node].child_count):
            kept[count] = nodes[child]
            kept[count].parent = node
            count += 1
        node += 1
    return count
