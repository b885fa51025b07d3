"""Makes the data set `uct_7x7`: games that the player `uct` plays against itself.

    python scripts/uct_games.py > src/shinso/data/uct_7x7.sgf

Each game begins with random moves of a seed of its own, so that no two are alike.
"""

from __future__ import annotations

import numpy as np

from shinso.data.sgf import Game, write_game
from shinso.go.board import Board
from shinso.go.engine import Limits
from shinso.go.status import final_score
from shinso.go.uct.player import UCTPlayer
from shinso.go.uct.recipe import UCTOptions

GAMES = 120
SIZE, KOMI = 7, 9.0  # points by which Black wins if both play perfectly
OPENING = 2  # random moves
SIMULATIONS = 200
LONGEST = SIZE**2  # moves; what comes after fills territory


def main() -> None:
    for number in range(GAMES):
        print(write_game(game(number)).strip())


def game(number: int) -> Game:
    """The game of that number, and its result as random play to the end judges it."""
    board = Board(SIZE, KOMI)
    generator = np.random.default_rng(number)
    for _ in range(OPENING):
        board.play(int(generator.choice(np.flatnonzero(board.legal_moves()[:-1]))))
    player = UCTPlayer(UCTOptions(simulations=SIMULATIONS, resign_below=0.0), number)
    while not board.finished and len(board.history) < LONGEST:
        board.play(player.choose(board, board.to_play, Limits()).point)
    margin = final_score(board)
    result = f"{'B' if margin > 0 else 'W'}+{abs(margin):g}" if margin else "Draw"
    return Game(SIZE, tuple(board.history), komi=KOMI, result=result, black="uct", white="uct")


if __name__ == "__main__":
    main()
