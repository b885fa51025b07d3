"""Tree search of Go, a second and on one core, and whether it finds what is solved.

    OMP_NUM_THREADS=1 python benchmarks/go_search.py [--only uct|puct] [--blocks N] [--seconds S]
    OMP_NUM_THREADS=1 python benchmarks/go_search.py --picture docs/img/go-search-solved.png

`uct`: simulations from an empty board, a new tree each block, beside OpenSpiel's MCTSBot in C++
with its RandomRolloutEvaluator of one rollout, where it is installed. Its rollouts know no eyes, so
they are longer than ours; that is part of why it is slower.

`puct`: network evaluations a second of batched PUCT, planes and all, beside the same network alone
on planes that are there already, in batches of the same size. Networks are residual convolutions
with random weights, policy and value heads; positions those of random games, so that trees differ.

Blocks of both sides take turns, so that whatever disturbs the machine disturbs both. Times are CPU
times; nothing is compiled within them.

`--picture` draws the share of visits that the one best move of a solved position has: the centre
of an empty 3x3 board, which wins by 9, any other first move by 3 at the most.
"""

import argparse
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from machine import machine
from rates import Work, interleaved, rate, report
from torch import Tensor, nn

from shinso.core.exhibits import Curve
from shinso.core.report.stills import draw
from shinso.go.board import Board
from shinso.go.features import ZERO_PLANES, alphago_zero_planes
from shinso.go.positions import Positions
from shinso.go.search.puct import PUCT
from shinso.go.search.rollouts import RandomEvaluator
from shinso.go.search.tree import Tree
from shinso.go.search.uct import UCT
from shinso.go.uct.recipe import UCTOptions

# From a board and a seed to a tree and what makes so many more simulations in it.
Growing = Callable[[Board, int], tuple[Tree, Callable[[int], None]]]
BATCH = 64
NETWORKS = {"4 x 32": (4, 32), "6 x 96": (6, 96)}  # residual blocks x channels
GAMES = (1, 8, 64)  # searched together, of BATCH / games leaves each
OPTIONS = UCTOptions()


# UCT --------------------------------------------------------------------------------------------


def shinso_uct(size: int, simulations: int) -> Work:
    search = UCT(OPTIONS.exploration, OPTIONS.equivalence, OPTIONS.expand_after)
    random = np.array([size], np.uint64)

    def work() -> int:
        search.search(search.tree(Board(size)), simulations, random)
        return simulations

    return work


def open_spiel_uct(size: int, simulations: int) -> Work:
    import pyspiel

    game = pyspiel.load_game("go", {"board_size": size})
    evaluator = pyspiel.RandomRolloutEvaluator(1, size)
    bot = pyspiel.MCTSBot(game, evaluator, 1.4, simulations, 1000, False, size, False)

    def work() -> int:
        bot.step(game.new_initial_state())
        return simulations

    return work


def measure_uct(blocks: int, seconds: float) -> None:
    for size in (9, 19):
        sides = {"shinso": shinso_uct(size, round(seconds * (80_000 if size == 9 else 20_000)))}
        if find_spec("pyspiel"):
            count = round(seconds * (8_000 if size == 9 else 1_000))
            sides[f"OpenSpiel {version('open-spiel')}"] = open_spiel_uct(size, count)
        report(f"{size}x{size}", "simulations/s", interleaved(sides, blocks))


# PUCT -------------------------------------------------------------------------------------------


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(torch.relu(self.first(x))))


class Network(nn.Module):
    """AlphaGo Zero's shape, its normalisation folded into the convolutions."""

    def __init__(self, blocks: int, channels: int, points: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(ZERO_PLANES, channels, 3, padding=1),
            nn.ReLU(),
            *(Block(channels) for _ in range(blocks)),
        )
        self.policy = nn.Sequential(
            nn.Conv2d(channels, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(2 * points, points + 1)
        )
        self.value = nn.Sequential(
            nn.Conv2d(channels, 1, 1), nn.ReLU(), nn.Flatten(), nn.Linear(points, 1), nn.Tanh()
        )

    def forward(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        features = self.trunk(planes)
        return self.policy(features).softmax(1), self.value(features)[:, 0]


class Evaluator:
    """The network on the positions' planes; counts them."""

    def __init__(self, network: Network) -> None:
        self.network, self.count = network, 0

    @torch.inference_mode()
    def __call__(self, positions: Positions) -> tuple[np.ndarray, np.ndarray]:
        self.count += len(positions)
        planes = torch.from_numpy(alphago_zero_planes(positions, np.float32))
        priors, values = self.network(planes)
        return priors.numpy(), values.numpy()


def random_positions(size: int, count: int) -> list[Board]:
    """After 0, 1, 2, ... random moves."""
    generator, boards = np.random.default_rng(0), []
    for moves in range(count):
        board = Board(size)
        for _ in range(moves):
            board.play(int(generator.choice(np.flatnonzero(board.legal_moves()[:-1]))))
        boards.append(board)
    return boards


def searched(network: Network, games: int, simulations: int) -> Work:
    """Fresh trees of so many games; evaluations."""
    boards = random_positions(9, games)

    def work() -> int:
        evaluator = Evaluator(network)
        search = PUCT(evaluator, exploration=1.5, batch=BATCH // games)
        search.search([search.tree(board) for board in boards], simulations)
        return evaluator.count

    return work


def bare(network: Network, batches: int) -> Work:
    planes = (torch.rand(BATCH, ZERO_PLANES, 9, 9) < 0.3).float()

    @torch.inference_mode()
    def work() -> int:
        for _ in range(batches):
            network(planes)
        return batches * BATCH

    return work


def measure_puct(blocks: int, seconds: float) -> None:
    for name, (depth, channels) in NETWORKS.items():
        torch.manual_seed(0)
        network = Network(depth, channels, 81).eval()
        batches = max(1, round(seconds * rate(bare(network, 4)) / BATCH))
        for games in GAMES:
            sides = {
                f"PUCT {games} x {BATCH // games}": searched(
                    network, games, max(2, batches * BATCH // games)
                ),
                "network": bare(network, batches),
            }
            report(f"9x9 {name}", "evaluations/s", interleaved(sides, blocks))


# The picture ------------------------------------------------------------------------------------


def uct(equivalence: float, exploration: float) -> Growing:
    search = UCT(exploration, equivalence)

    def begin(board: Board, seed: int) -> tuple[Tree, Callable[[int], None]]:
        tree, random = search.tree(board), np.array([seed], np.uint64)
        return tree, lambda count: search.search(tree, count, random)

    return begin


def puct(board: Board, seed: int) -> tuple[Tree, Callable[[int], None]]:
    search = PUCT(RandomEvaluator(board.komi, seed), exploration=2.0)
    tree = search.tree(board)
    return tree, lambda count: search.search([tree], count)


def shares(begin: Growing, board: Board, best: int, visits: list[int], seeds: int) -> np.ndarray:
    """(len(visits),): of so many visits those that the best move has, the mean over seeds."""
    found = np.empty((seeds, len(visits)))
    for seed in range(seeds):
        tree, search = begin(board, seed)
        for i, more in enumerate(np.diff(visits, prepend=0).tolist()):
            search(more)
            found[seed, i] = tree.visit_counts[best] / visits[i]
    return found.mean(axis=0)


def picture(path: Path) -> None:
    visits = [round(10 * 2 ** (i / 2)) for i in range(23)]  # 10 to 20,480
    searches = {
        "UCT": uct(0, 1.0),
        "UCT with AMAF": uct(OPTIONS.equivalence, OPTIONS.exploration),
        "PUCT, equal priors, playouts": puct,
    }
    lines = {}
    for name, begin in searches.items():
        found = shares(begin, Board(3, komi=5.5), 4, visits, seeds=20)
        lines[name] = np.log2(visits), found
        print(f"{name:30} " + " ".join(f"{share:.2f}" for share in found[::4]))
    curve = Curve(
        title="Visits of the solved move, the centre of 3x3",
        note="",
        lines=lines,
        x_label="simulations, log2",
        y_label="share of visits, mean of 20 seeds",
    )
    path.write_bytes(draw(curve))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("uct", "puct"), help="one of the two")
    parser.add_argument("--blocks", type=int, default=15, help="blocks of each (default: 15)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a block (default: 0.5)")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw, and measure nothing")
    given = parser.parse_args()
    if given.picture:
        picture(given.picture)
        return
    print(machine())
    print(f"median of {given.blocks} interleaved blocks, with its 95% interval\n")
    for name, measure in {"uct": measure_uct, "puct": measure_puct}.items():
        if given.only in (None, name):
            measure(given.blocks, given.seconds)


if __name__ == "__main__":
    main()
