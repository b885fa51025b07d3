"""Light random playouts of Go, a second and on one core: shinso's, and OpenSpiel's where it is; and
what a move of a rollout by the shipped weights of alphago-rollout takes.

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
from importlib.metadata import version
from importlib.util import find_spec
from time import process_time

import numpy as np
from machine import machine, median_and_interval

from shinso import catalog
from shinso.go.alphago_rollout.predictor import rollouts
from shinso.go.alphago_rollout.rollouts import roll_out
from shinso.go.board import Board
from shinso.go.playout import playouts
from shinso.go.positions import Positions

Play = Callable[[int], int]  # so many playouts; how many moves they had
Rates = tuple[list[float], list[float]]  # playouts a second and moves a second, by block
SIZES = (9, 19)
OPEN_SPIEL = "OpenSpiel"


def shinso(size: int) -> Play:
    record, state = Board(size).record, np.array([size], np.uint64)

    def play(count: int) -> int:
        return playouts(record, state, np.empty(count, np.int64))

    return play


def by_policy(size: int) -> Play:
    empty = Positions.of([Board(size)])
    boards, recent = empty.boards, empty.recent
    policy = rollouts(catalog.open_artifact("alphago-rollout"), komi=7.0, seed=size)

    def play(count: int) -> int:
        return roll_out(
            np.repeat(boards, count),
            np.repeat(recent, count, axis=0),
            policy.factors,
            policy.komi,
            policy.random,
            np.empty(count),
        )

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


def measure(players: dict[str, Play], blocks: int, seconds: float) -> dict[str, Rates]:
    """Playouts a second and moves a second, by block."""
    counts = {name: block_size(play, seconds) for name, play in players.items()}
    rates: dict[str, Rates] = {name: ([], []) for name in players}
    for _ in range(blocks):
        for name, play in players.items():
            took, moves = timed(play, counts[name])
            rates[name][0].append(counts[name] / took)
            rates[name][1].append(moves / took)
    return rates


def report(size: int, rates: dict[str, Rates]) -> None:
    board = f"{size:2}x{size:<2}"
    for name, (playout_rates, move_rates) in rates.items():
        median, low, high = median_and_interval(playout_rates)
        moves = np.median(move_rates) / 1e6
        print(
            f"{board} {name:9} {median:9,.0f} playouts/s [{low:,.0f}, {high:,.0f}]"
            f"   {moves:6.2f} million moves/s, {1 / moves:.2f} us a move"
        )
    if OPEN_SPIEL in rates:
        ours, theirs = rates["shinso"][0], rates[OPEN_SPIEL][0]
        ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
        median, low, high = median_and_interval(ratios)
        print(f"{board} ratio     {median:9.1f} [{low:.1f}, {high:.1f}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=15, help="blocks of each (default: 15)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a block (default: 0.5)")
    given = parser.parse_args()
    print(machine())
    makers = {"shinso": shinso, "by policy": by_policy}
    if find_spec("pyspiel"):
        makers[OPEN_SPIEL] = open_spiel
        print(f"OpenSpiel {version('open-spiel')}")
    else:
        print("OpenSpiel (pyspiel) is not installed: pip install open-spiel")
    print(f"median of {given.blocks} interleaved blocks, with its 95% interval\n")
    for size in SIZES:
        players = {name: make(size) for name, make in makers.items()}
        report(size, measure(players, given.blocks, given.seconds))


if __name__ == "__main__":
    main()
