"""UCT: a tree of moves that grows where moves win, with random playouts as the judge of positions
(Kocsis and Szepesvari, Bandit Based Monte-Carlo Planning, 2006; Coulom 2006).

A simulation goes four steps, each a function: `select` walks from the root to a leaf, each time
to the child of the largest upper confidence bound; `add_children` expands a leaf that has been
visited before; `finish` plays the game to its end at random; `back_up` adds the result to the
nodes of the walk. All of them are one compiled loop.

Moves share what playouts tell of them (RAVE: Gelly and Silver, Combining Online and Offline
Knowledge in UCT, 2007): a playout in which a player plays a point at any later time counts for
that point as the player's next move too (all moves as first, AMAF). Such values are there after a
few playouts, but wrong as often as order matters, so that they weigh less the more visits a move
has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shinso.go.board import Board
from shinso.go.compiled import compiled
from shinso.go.playout import MOST_MOVES, draw, play_random
from shinso.go.rules import BOARD, CELLS, EMPTY, NOWHERE, BoardRecord, Past
from shinso.go.search.tree import (
    MOST_DEPTH,
    NODE,
    ROOT,
    Nodes,
    Tree,
    add_children,
    back_up,
    outcome,
    step,
    widest,
)

UCT_NODE = np.dtype([*NODE, ("amaf_visits", "i4"), ("amaf_value", "f8")], align=True)


@dataclass(frozen=True)
class UCT:
    """How to search.

    exploration   c of the upper confidence bound, in values of -1 to 1
    equivalence   visits of which a move's own mean weighs as much as its AMAF mean; 0: no AMAF
    expand_after  visits of a leaf before it is given children
    """

    exploration: float
    equivalence: float
    expand_after: int = 1

    def tree(self, board: Board) -> Tree:
        """Of a game, with nothing searched."""
        return Tree(board, UCT_NODE)

    def search(self, tree: Tree, simulations: int, random: NDArray[np.uint64]) -> None:
        """So many more simulations. `random` (1,) is the state of the generator, and goes on; the
        same state, tree and numbers give the same tree."""
        while simulations > 0:
            tree.reserve(tree.board.pass_point + 1)
            simulations -= simulate(
                tree.nodes,
                tree.used,
                tree.root,
                tree.past,
                tree.board.komi,
                self.exploration,
                self.equivalence,
                self.expand_after,
                simulations,
                random,
            )


@compiled
def simulate(
    nodes: Nodes,
    used: NDArray[np.int64],
    root: BoardRecord,
    past: Past,
    komi: float,
    exploration: float,
    equivalence: float,
    expand_after: int,
    simulations: int,
    random: NDArray[np.uint64],
) -> int:
    """Simulations in a tree, until they are made or it has no room left; how many were made."""
    boards = np.empty(1, BOARD)
    board = boards[0]
    legal = np.empty(widest(root), np.bool_)
    reached, first = np.empty(CELLS, np.int8), np.empty(CELLS, np.int8)
    for made in range(simulations):
        if used[0] + widest(root) > nodes.size:
            return made
        boards[0] = root
        leaf, depth = select(nodes, board, past, exploration, equivalence, random)
        may_grow = board.passes < 2 and depth < MOST_DEPTH
        if may_grow and nodes[leaf].visits >= expand_after:
            add_children(nodes, used, leaf, board, past, legal)
            leaf = best_child(nodes, leaf, exploration, equivalence, random)
            step(board, past, nodes[leaf].cell)
        mover = 3 - board.to_play
        finish(board, first, random)
        value = outcome(board, komi, mover, reached)
        back_up(nodes, leaf, value)
        if equivalence > 0:
            back_up_amaf(nodes, leaf, value, mover, first)
    return simulations


@compiled
def select(
    nodes: Nodes,
    board: BoardRecord,
    past: Past,
    exploration: float,
    equivalence: float,
    random: NDArray[np.uint64],
) -> tuple[int, int]:
    """Walks from the root to a node without children, and plays its moves on a copy of the root's
    board; the node, and how many moves it was."""
    node = ROOT
    depth = 0
    while nodes[node].child_count > 0:
        node = best_child(nodes, node, exploration, equivalence, random)
        step(board, past, nodes[node].cell)
        depth += 1
    return node, depth


@compiled
def best_child(
    nodes: Nodes,
    node: int,
    exploration: float,
    equivalence: float,
    random: NDArray[np.uint64],
) -> int:
    """The child of the largest upper confidence bound, one at random of those of which nothing is
    known while there are any. UCB1 (Auer, Cesa-Bianchi and Fischer, 2002) over mixed means:

        (1 - beta) W / N + beta W~ / N~ + c sqrt(log N(s) / N)
        beta = N~ / (N + N~ + N N~ / k)

    N and W are the child's visits and value, N~ and W~ those of AMAF, k the equivalence: beta is 1
    where AMAF alone knows the child, which explores as if visited once, and tends to k / (N + k).
    Without AMAF this is UCB1 itself, each child once and then by the bound.
    """
    first = nodes[node].first_child
    count = nodes[node].child_count
    start = draw(random, count)
    log_visits = np.log(max(nodes[node].visits, 1))
    best, highest = first, -np.inf
    for i in range(count):
        child = first + (start + i) % count
        visits = nodes[child].visits
        amaf_visits = nodes[child].amaf_visits
        if visits + amaf_visits == 0:
            return child
        mean = nodes[child].value / max(visits, 1)
        if amaf_visits > 0:
            beta = amaf_visits / (visits + amaf_visits + visits * amaf_visits / equivalence)
            mean += beta * (nodes[child].amaf_value / amaf_visits - mean)
        bound = mean + exploration * np.sqrt(log_visits / max(visits, 1))
        if bound > highest:
            best, highest = child, bound
    return best


@compiled
def finish(board: BoardRecord, first: NDArray[np.int8], random: NDArray[np.uint64]) -> None:
    """Plays a game to its end at random, as `shinso.go.playout` says; one that is over stays as
    it is. Fills `first` (CELLS,) with who was the first to play each cell, EMPTY for nobody."""
    first[:] = EMPTY
    most = MOST_MOVES * board.size * board.size
    moves = 0
    while board.passes < 2 and moves < most:
        colour = board.to_play
        cell = play_random(board, random)
        if first[cell] == EMPTY:
            first[cell] = colour
        moves += 1
    first[NOWHERE] = EMPTY  # a playout passes where it has to, which tells nothing of passing


@compiled
def back_up_amaf(
    nodes: Nodes, leaf: int, value: float, mover: int, first: NDArray[np.int8]
) -> None:
    """Adds a simulation's value, that for the `mover` into the leaf, to all nodes whose move their
    player made first of both at that point from the node's parent on, in the tree or after it:

    N~(s, a) += 1, W~(s, a) += v."""
    node = leaf
    while True:
        begin = nodes[node].first_child
        for child in range(begin, begin + nodes[node].child_count):
            if first[nodes[child].cell] == 3 - mover:
                nodes[child].amaf_visits += 1
                nodes[child].amaf_value -= value
        if node == ROOT:
            return
        if nodes[node].cell != NOWHERE:
            first[nodes[node].cell] = mover
        mover = 3 - mover
        value = -value
        node = nodes[node].parent
