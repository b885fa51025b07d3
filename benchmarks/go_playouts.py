"""Light random playouts of Go, a second and on one core: shinso's, and OpenSpiel's where it is.

    OMP_NUM_THREADS=1 python benchmarks/go_playouts.py [--blocks N] [--seconds S]

From an empty board, uniform over legal moves that fill no own eye, to the end, scored by area.
OpenSpiel's are driven move by move from Python, as its users drive them, uniform over all its
legal moves (it knows no eyes, so its games are longer: moves a second stand beside playouts a
second). Blocks of both take turns, so that whatever disturbs the machine disturbs both. Times are
CPU times; nothing is compiled within them.
"""

import argparse
import random
from collections.abc import Callable
from importlib.util import find_spec
from time import process_time

import numpy as np
from machine import machine, median_and_interval

from shinso.go.board import Board
from shinso.go.playout import playouts

Play = Callable[[int], int]  # so many playouts; how many moves they had
SIZES = (9, 19)


def shinso(size: int) -> Play:
    record, state = Board(size).record, np.array([size], np.uint64)

    def play(count: int) -> int:
        return playouts(record, state, np.empty(count, np.int64))

    return play


def open_spiel(size: int) -> Play:
    import pyspiel

    game = pyspiel.load_game("go", {"board_size": size})
    generator = random.Random(size)

    def play(count: int) -> int:
        moves = 0
        for _ in range(count):
            state = game.new_initial_state()
            while not state.is_terminal():
                state.apply_action(generator.choice(state.legal_actions()))
                moves += 1
            state.returns()
        return moves

    return play


def block_size(play: Play, seconds: float) -> int:
    """How many playouts take about so long."""
    count, took = 1, 0.0
    play(1)  # compiles
    while took < seconds / 4:
        count *= 2
        took = timed(play, count)[0]
    return max(1, round(count * seconds / took))


def timed(play: Play, count: int) -> tuple[float, int]:
    """CPU seconds, and moves."""
    began = process_time()
    moves = play(count)
    return process_time() - began, moves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=15, help="blocks of each (default: 15)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a block (default: 0.5)")
    given = parser.parse_args()
    makers = {"shinso": shinso}
    if find_spec("pyspiel"):
        makers["OpenSpiel"] = open_spiel
    print(f"{machine()}\nmedian of {given.blocks} interleaved blocks, with its 95% interval\n")
    for size in SIZES:
        players = {name: make(size) for name, make in makers.items()}
        counts = {name: block_size(play, given.seconds) for name, play in players.items()}
        rates: dict[str, list[float]] = {name: [] for name in players}
        moves: dict[str, list[float]] = {name: [] for name in players}
        for _ in range(given.blocks):
            for name, play in players.items():
                took, made = timed(play, counts[name])
                rates[name].append(counts[name] / took)
                moves[name].append(made / took)
        for name in players:
            median, low, high = median_and_interval(rates[name])
            print(
                f"{size:2}x{size:<2} {name:9} {median:9,.0f} playouts/s [{low:,.0f}, {high:,.0f}]"
                f"   {np.median(moves[name]) / 1e6:6.2f} million moves/s"
            )
        if len(players) == 2:
            ratios = [ours / theirs for ours, theirs in zip(*rates.values(), strict=True)]
            median, low, high = median_and_interval(ratios)
            print(f"{size:2}x{size:<2} ratio     {median:9.1f} [{low:.1f}, {high:.1f}]")
    if len(makers) == 1:
        print("\nOpenSpiel (pyspiel) is not installed: pip install open-spiel")


if __name__ == "__main__":
    main()
