"""The player `uct`: thinks with `shinso.go.search.uct`, and keeps its tree from move to move."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from shinso.go.board import Board
from shinso.go.engine import Candidate, Choice, Limits
from shinso.go.search.moves import is_lost
from shinso.go.search.tree import ROOT, Tree
from shinso.go.search.uct import UCT
from shinso.go.uct.recipe import UCTOptions

SLICE = 500  # simulations between looks at the clock: 10 ms on 9x9, 40 on 19x19
INTERVAL = 0.2  # seconds between the reports of an analysis
MOST_SIMULATIONS = 5_000_000  # of one move, however long the time: some hundred MB of tree
LINE = 10  # moves of a candidate's line


class UCTPlayer:
    """A `shinso.go.engine.Player`. The seed, the options and the boards it was shown, in turn,
    decide its moves where no time does."""

    name = "uct"
    sizes = None

    def __init__(self, options: UCTOptions | None = None, seed: int = 0) -> None:
        self.options = options or UCTOptions()
        self.seed = seed
        self.search = UCT(
            self.options.exploration, self.options.equivalence, self.options.expand_after
        )
        self.tree: Tree | None = None

    def choose(self, board: Board, colour: int, limits: Limits) -> Choice:
        """The move most visited. Of a player who resigns it is that, too."""
        tree = self._tree_of(board, colour)
        for _ in self._think(tree, limits):
            pass
        candidates = _candidates(tree)
        best = candidates[0]
        return Choice(
            best.point,
            best.win_rate,
            int(tree.nodes[ROOT]["visits"]),
            tuple(candidates),
            is_lost(tree, 2 * self.options.resign_below - 1),
        )

    def analyse(self, board: Board, colour: int, limits: Limits) -> Iterator[list[Candidate]]:
        """Without limits it goes on until memory sets one."""
        tree = self._tree_of(board, colour)
        if limits == Limits():
            limits = Limits(visits=MOST_SIMULATIONS)
        reported = monotonic()
        for _ in self._think(tree, limits):
            if monotonic() - reported > INTERVAL:
                reported = monotonic()
                yield _candidates(tree)
        yield _candidates(tree)

    def _tree_of(self, board: Board, colour: int) -> Tree:
        board = board.copy()
        board.to_play = colour
        if self.tree is None:
            self.tree = self.search.tree(board)
        self.tree.follow(board)
        return self.tree

    def _think(self, tree: Tree, limits: Limits) -> Iterator[None]:
        """Simulates, a slice at a time, until a limit is reached; enough to look at one move, even
        where there is no time."""
        began = monotonic()
        left = self._simulations(limits)
        random = self._random(tree.board)
        while left > 0:
            count = min(left, SLICE)
            self.search.search(tree, count, random)
            left -= count
            yield
            if limits.seconds is not None and monotonic() - began >= limits.seconds:
                break

    def _simulations(self, limits: Limits) -> int:
        if limits.visits is None:
            most = self.options.simulations if limits.seconds is None else MOST_SIMULATIONS
        else:
            most = min(limits.visits, MOST_SIMULATIONS)
        return max(most, self.options.expand_after + 1)

    def _random(self, board: Board) -> NDArray[np.uint64]:
        """The generator's state for a move: a function of the seed and the move's number."""
        seeds = np.random.SeedSequence((self.seed, len(board.history)))
        return np.asarray(seeds.generate_state(1, np.uint64), np.uint64)


def player(artifact: None, options: UCTOptions) -> UCTPlayer:
    """The row's: nothing was learned."""
    return UCTPlayer(options)


def _candidates(tree: Tree) -> list[Candidate]:
    """The moves that were visited, the most visited first."""
    first = int(tree.nodes[ROOT]["first_child"])
    children = tree.children
    order = np.argsort(-children["visits"], kind="stable")
    return [
        Candidate(
            int(child["point"]),
            int(child["visits"]),
            float(1 + child["value"] / child["visits"]) / 2,
            line=(int(child["point"]), *tree.line(first + int(i), LINE - 1)),
        )
        for i, child in zip(order, children[order], strict=True)
        if child["visits"]
    ]
