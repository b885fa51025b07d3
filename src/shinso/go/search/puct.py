"""PUCT: a tree that grows where a network expects good moves and its values confirm them.

Priors say where to look first, values judge what was found (Silver et al., Mastering the game of
Go with deep neural networks and tree search, 2016; and without human knowledge, 2017). A search
goes in rounds. In each, `select` walks down every tree several times, and leaves a virtual loss on
the nodes of each walk, so that the next goes elsewhere; the leaves of all trees are evaluated
together, which is what makes networks fast; `settle` gives each leaf's children their priors, and
backs its value up in place of the virtual loss.

APV, the search of AlphaGo, besides: a leaf is played to its end as well as evaluated, and its
children are opened to the search only past a number of visits. Until then further visits add
playouts to the same evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shinso.go.board import Board
from shinso.go.compiled import compiled
from shinso.go.positions import Positions
from shinso.go.recent import remember
from shinso.go.rules import BOARD, CELLS, BoardRecord, Past
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

PUCT_NODE = np.dtype(
    [
        *NODE,
        ("pending", "i4"),  # walks of this round through the node, which count as lost
        ("prior", "f4"),  # P
        ("evaluation", "f4"),  # of the node's position, for who moved there
    ],
    align=True,
)
Floats = NDArray[np.floating]
# N positions to priors (N, size * size + 1), a pass last, and values (N,) in [-1, 1] for who is to
# play. Priors need not be 0 at illegal moves, nor sum to 1.
Evaluator = Callable[[Positions], tuple[Floats, Floats]]
# N positions to the results (N,) of playing them out, for who is to play.
Rollout = Callable[[Positions], Floats]


@dataclass(frozen=True)
class PUCT:
    """How to search.

    exploration    c of PUCT
    batch          walks down each tree in a round
    expand_after   visits of a node before its children are opened
    rollout        plays leaves out, or None for values alone
    rollout_weight lambda of APV: how much of a leaf's value is the rollout's
    """

    evaluate: Evaluator
    exploration: float
    batch: int = 1
    expand_after: int = 1
    rollout: Rollout | None = None
    rollout_weight: float = 0.0

    def tree(self, board: Board) -> Tree:
        """Of a game, with nothing searched."""
        return Tree(board, PUCT_NODE)

    def search(self, trees: Sequence[Tree], simulations: int) -> None:
        """So many more simulations in each of the trees, which are of one size. Raises ValueError
        where the evaluator answers with other shapes, or with numbers that are not finite."""
        left = [simulations] * len(trees)
        while any(left):
            leaves = _Leaves(trees, self.batch)
            for i, tree in enumerate(trees):
                left[i] -= leaves.collect(tree, left[i], self)
            if leaves.count:
                self._settle(leaves)

    def _settle(self, leaves: _Leaves) -> None:
        positions, fresh = leaves.positions, leaves.fresh
        values = np.zeros(len(positions), np.float32)
        priors = np.zeros((len(positions), positions.size**2 + 1), np.float32)
        if fresh.all():
            priors, values = self._evaluated(positions)
        elif fresh.any():
            priors[fresh], values[fresh] = self._evaluated(positions[np.flatnonzero(fresh)])
        results = self.rollout(positions) if self.rollout else np.zeros_like(values)
        for tree, rows in leaves.of_trees:
            settle(
                tree.nodes,
                leaves.nodes[rows],
                np.asarray(priors[rows], np.float32),
                np.asarray(values[rows], np.float64),
                np.asarray(results[rows], np.float64),
                self.rollout_weight,
            )

    def _evaluated(self, positions: Positions) -> tuple[Floats, Floats]:
        priors, values = self.evaluate(positions)
        shapes = (len(positions), positions.size**2 + 1), (len(positions),)
        if (priors.shape, values.shape) != shapes:
            raise ValueError(
                f"an evaluator gave priors {priors.shape} and values {values.shape} for "
                f"{len(positions)} positions of size {positions.size}; they are {shapes[0]} and "
                f"{shapes[1]}"
            )
        if not (np.isfinite(priors).all() and np.isfinite(values).all()):
            raise ValueError("an evaluator gave priors or values that are not finite")
        return priors, values


class _Leaves:
    """The leaves of one round, those of a tree side by side."""

    def __init__(self, trees: Sequence[Tree], batch: int) -> None:
        most = batch * len(trees)
        recent = trees[0].board.recent
        longest = max(len(tree.past) for tree in trees)
        self.batch, self.count = batch, 0
        self.of_trees: list[tuple[Tree, slice]] = []
        self.nodes = np.empty(most, np.int64)
        self._fresh = np.empty(most, np.bool_)
        self._boards = np.empty(most, BOARD)
        self._recent = np.empty((most, *recent.shape), recent.dtype)
        self._past = np.empty((most, longest), np.uint64)

    def collect(self, tree: Tree, simulations: int, how: PUCT) -> int:
        """Those of a tree, in so many simulations at most; how many were made."""
        tree.reserve(self.batch * (tree.board.pass_point + 1))
        rows = slice(self.count, self.count + self.batch)
        found, made = collect(
            tree.nodes,
            tree.used,
            tree.root,
            tree.board.recent,
            tree.past,
            tree.board.komi,
            how.exploration,
            how.expand_after,
            simulations,
            self.nodes[rows],
            self._fresh[rows],
            self._boards[rows],
            self._recent[rows],
            self._past[rows],
        )
        self.of_trees.append((tree, slice(self.count, self.count + found)))
        self.count += found
        return made

    @property
    def positions(self) -> Positions:
        n = self.count
        return Positions(self._boards[:n], self._recent[:n], self._past[:n])

    @property
    def fresh(self) -> NDArray[np.bool_]:
        """(count,): which have no evaluation yet."""
        return self._fresh[: self.count]


@compiled
def collect(
    nodes: Nodes,
    used: NDArray[np.int64],
    root: BoardRecord,
    root_recent: NDArray[np.int8],
    root_past: Past,
    komi: float,
    exploration: float,
    expand_after: int,
    simulations: int,
    leaves: NDArray[np.int64],
    fresh: NDArray[np.bool_],
    boards: NDArray[np.void],
    recent: NDArray[np.int8],
    past: NDArray[np.uint64],
) -> tuple[int, int]:
    """Walks down a tree, and writes the leaves to be evaluated with their positions, one a row of
    each of the last five arrays. It ends when the rows are full, the simulations made, or a walk
    comes to a leaf that another has come to. A walk to the end of a game is settled at once.

    How many leaves there are, and how many simulations they and the ends of games make.
    """
    legal = np.empty(widest(root), np.bool_)
    reached = np.empty(CELLS, np.int8)
    count = 0
    for made in range(simulations):
        if count == leaves.size:
            return count, made
        board = boards[count]
        boards[count] = root
        recent[count] = root_recent
        past[count, : root.positions] = root_past[: root.positions]
        leaf, depth = select(nodes, board, recent[count], past[count], exploration, expand_after)
        if board.passes >= 2:
            back_up(nodes, leaf, outcome(board, komi, 3 - board.to_play, reached))
            continue
        if nodes[leaf].pending > 0:
            return count, made
        if nodes[leaf].child_count == 0 and depth < MOST_DEPTH:
            add_children(nodes, used, leaf, board, past[count], legal)
        add_virtual_loss(nodes, leaf, 1)
        leaves[count] = leaf
        fresh[count] = nodes[leaf].visits == 0
        count += 1
    return count, simulations


@compiled
def select(
    nodes: Nodes,
    board: BoardRecord,
    recent: NDArray[np.int8],
    past: Past,
    exploration: float,
    expand_after: int,
) -> tuple[int, int]:
    """Walks from the root to a node whose children are not open, or that has none, and plays its
    moves on a copy of the root's board; the node, and how many moves it was."""
    node = ROOT
    depth = 0
    while nodes[node].child_count > 0 and nodes[node].visits >= expand_after:
        node = best_child(nodes, node, exploration)
        step(board, past, nodes[node].cell)
        remember(recent, board)
        depth += 1
    return node, depth


@compiled
def best_child(nodes: Nodes, node: int, exploration: float) -> int:
    """The child of the largest

        Q(s, a) + c P(s, a) sqrt(sum_b N(s, b)) / (1 + N(s, a))

    with Q = W / N, 0 without visits, and of equals the one of the largest prior. A walk that is
    not settled yet counts as a visit that lost: N + 1, W - 1."""
    first = nodes[node].first_child
    end = first + nodes[node].child_count
    total = 0
    for child in range(first, end):
        total += nodes[child].visits + nodes[child].pending
    scale = exploration * np.sqrt(total)
    best, highest = first, -np.inf
    for child in range(first, end):
        visits = nodes[child].visits + nodes[child].pending
        value = (nodes[child].value - nodes[child].pending) / max(visits, 1)
        score = value + scale * nodes[child].prior / (1 + visits)
        if score > highest or (score == highest and nodes[child].prior > nodes[best].prior):
            best, highest = child, score
    return best


@compiled
def add_virtual_loss(nodes: Nodes, leaf: int, count: int) -> None:
    """To all nodes of a walk; with a count of -1 it is taken away."""
    node = leaf
    while True:
        nodes[node].pending += count
        if node == ROOT:
            return
        node = nodes[node].parent


@compiled
def settle(
    nodes: Nodes,
    leaves: NDArray[np.int64],
    priors: NDArray[np.float32],
    values: NDArray[np.float64],
    results: NDArray[np.float64],
    rollout_weight: float,
) -> None:
    """Gives the leaves that are new their priors and evaluations, and backs up the value of each,
    of evaluation v and rollout's result z:

        (1 - lambda) v + lambda z

    Since each visit adds both, W / N of a node is then (1 - lambda) Wv / N + lambda Wr / N."""
    for i in range(leaves.size):
        leaf = leaves[i]
        if nodes[leaf].visits == 0:
            give_priors(nodes, leaf, priors[i])
            nodes[leaf].evaluation = -values[i]
        mixed = (1 - rollout_weight) * nodes[leaf].evaluation - rollout_weight * results[i]
        add_virtual_loss(nodes, leaf, -1)
        back_up(nodes, leaf, mixed)


@compiled
def give_priors(nodes: Nodes, node: int, priors: NDArray[np.float32]) -> None:
    """Makes `priors` (widest,) sum to 1 over a node's children; equal where they are all 0."""
    first = nodes[node].first_child
    end = first + nodes[node].child_count
    total = np.float32(0)
    for child in range(first, end):
        total += priors[nodes[child].point]
    for child in range(first, end):
        even = np.float32(1 / (end - first))
        nodes[child].prior = priors[nodes[child].point] / total if total > 0 else even
