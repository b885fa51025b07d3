"""How often UCT chooses the move that was played, and what AMAF and exploration do to that.

    OMP_NUM_THREADS=1 python benchmarks/go_moves.py [--games N] [--simulations N]

One position, drawn at random, of each of the first validation games of go_9x9.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from machine import machine

from shinso.data.sgf import Game
from shinso.data.store import open_data
from shinso.go.board import Board
from shinso.go.replay import replay
from shinso.go.search.uct import UCT
from shinso.go.uct.recipe import UCTOptions

DATA, SIZE = "go_9x9", 9
OPTIONS = UCTOptions()
SETTINGS = {  # equivalence, exploration
    "AMAF, as uct has it": (OPTIONS.equivalence, OPTIONS.exploration),
    "AMAF, exploration 0.3": (OPTIONS.equivalence, 0.3),
    "no AMAF, exploration 0.5": (0.0, 0.5),
    "no AMAF, exploration 1": (0.0, 1.0),
}


def questions(games: Sequence[Game]) -> Iterator[tuple[Board, int]]:
    """A position of each game, and the point that was played there."""
    generator = np.random.default_rng(0)
    for game in games:
        played = [n for n, (_, point) in enumerate(game.moves) if point < game.size**2]
        if game.size == SIZE and played:
            number = int(generator.choice(played))
            yield replay(game, moves=number), game.moves[number][1]


def order(search: UCT, board: Board, simulations: int) -> list[int]:
    """Points, the most visited first."""
    tree = search.tree(board)
    search.search(tree, simulations, np.array([0], np.uint64))
    return np.argsort(-tree.visit_counts, kind="stable").tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", type=int, default=1000, help="default: 1,000")
    parser.add_argument("--simulations", type=int, default=4000, help="a move (default: 4,000)")
    given = parser.parse_args()
    asked = list(islice(questions(open_data(DATA).split("valid")), given.games))
    print(machine())
    print(f"{len(asked)} positions, {given.simulations:,} simulations each\n")
    for name, (equivalence, exploration) in SETTINGS.items():
        search = UCT(exploration, equivalence, OPTIONS.expand_after)
        ranks = np.array(
            [order(search, board, given.simulations).index(point) for board, point in asked]
        )
        print(f"{name:26} first {np.mean(ranks < 1):.1%}  among three {np.mean(ranks < 3):.1%}")


if __name__ == "__main__":
    main()
