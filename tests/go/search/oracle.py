"""What searches are compared with: alpha-beta to the end of the game, and PUCT as plain objects."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from shinso.go.board import Board
from shinso.go.positions import Positions

# Small enough to be solved; who is to play, and komi.
SOLVABLE = {
    "capture": ("X O O\nX . X\n. O .", 1, -0.5),
    "connect": (". X .\nX . X\nO O O", 1, 2.5),
    "attack": (". O .\nX X X\n. O O", 1, 2.5),
    "seki": ("O X . X\nO O X X\n. O X .\nO O X X", 2, 0.5),
    "pass": (". X .\nX . X\nO O O", 2, 2.5),
    "2x2": (". .\n. .", 1, 0.5),
    "2x2 behind": ("X .\n. .", 2, 0.5),
    "2x2 drawn": (". .\n. .", 1, 1.0),
}


def solvable(name: str) -> Board:
    diagram, colour, komi = SOLVABLE[name]
    board = Board.drawn(diagram, komi=komi)
    board.to_play = colour
    return board


# Alpha-beta -------------------------------------------------------------------------------------


def solved(board: Board, low: int = -1, high: int = 1) -> int:
    """1 where who is to play wins, 0 for a draw, -1 for a loss; exact between the bounds.

    Knuth and Moore, An Analysis of Alpha-Beta Pruning, 1975; fail-hard. Passes come first: two of
    them end a game, which makes the bounds narrow early.
    """
    if board.finished:
        return result(board)
    for point in np.flatnonzero(board.legal_moves())[::-1].tolist():
        low = max(low, -solved(after(board, point), -high, -low))
        if low >= high:
            return high
    return low


def best_moves(board: Board) -> set[int]:
    """Those that bring the most that can be had, a pass among them."""
    values = {
        point: -solved(after(board, point))
        for point in np.flatnonzero(board.legal_moves()).tolist()
    }
    return {point for point, value in values.items() if value == max(values.values())}


def after(board: Board, point: int) -> Board:
    board = board.copy()
    board.play(point)
    return board


def result(board: Board) -> int:
    """Of a finished game, for who is to play."""
    sign = int(np.sign(board.area_score()))
    return sign if board.to_play == 1 else -sign


# PUCT -------------------------------------------------------------------------------------------

Evaluate = Callable[[Positions], tuple[np.ndarray, np.ndarray]]


@dataclass
class Node:
    board: Board
    prior: float = 0.0
    visits: int = 0
    total: float = 0.0  # for who is to play
    children: dict[int, Node] = field(default_factory=dict)


def puct(board: Board, evaluate: Evaluate, exploration: float, simulations: int) -> Node:
    """The course's formula, one evaluation at a time; the searched root."""
    root = Node(board)
    for _ in range(simulations):
        path = [root]
        while path[-1].children:
            path.append(chosen(path[-1], exploration))
        leaf = path[-1]
        if leaf.board.finished:
            value = float(result(leaf.board))
        else:
            priors, values = evaluate(Positions.of([leaf.board]))
            value = float(values[0])
            legal = np.flatnonzero(leaf.board.legal_moves()).tolist()
            total = priors[0][legal].sum()
            leaf.children = {p: Node(after(leaf.board, p), priors[0][p] / total) for p in legal}
        for node in reversed(path):
            node.visits += 1
            node.total += value
            value = -value
    return root


def chosen(node: Node, exploration: float) -> Node:
    total = sum(child.visits for child in node.children.values())

    def score(child: Node) -> tuple[float, float]:
        mean = -child.total / child.visits if child.visits else 0.0
        bonus = exploration * child.prior * math.sqrt(total) / (1 + child.visits)
        return mean + bonus, child.prior

    return max(node.children.values(), key=score)


def strange_evaluator(positions: Positions) -> tuple[np.ndarray, np.ndarray]:
    """Any priors and values, decided by the position, who is to play, and the passes."""
    width = positions.size**2 + 1
    priors, values = np.empty((len(positions), width)), np.empty(len(positions))
    for i, board in enumerate(positions.boards):
        seed = [int(board[name]) for name in ("hash", "to_play", "passes")]
        generator = np.random.default_rng(seed)
        priors[i], values[i] = generator.random(width), generator.uniform(-1, 1)
    return priors, values
