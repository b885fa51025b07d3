"""The toy game and its actor: take 1 to 3 from a pile, who takes the last one wins.

NumPy alone, so that an actor process starts quickly.
"""

import numpy as np

MOST = 12  # objects in the pile at the start, at most
TAKES = (1, 2, 3)


def play(values, games, bits, noise):
    """Self-play: [(pile, take, won)] of all moves. `values` (MOST + 1, 3) guide the moves."""
    random = np.random.default_rng(bits)
    moves = []
    for _ in range(games):
        pile, game = int(random.integers(1, MOST + 1)), []
        while pile:
            legal = [take for take in TAKES if take <= pile]
            explore = random.random() < noise
            take = int(random.choice(legal)) if explore else best(values, pile)
            game.append((pile, take))
            pile -= take
        # The last mover won, so did every second one before.
        moves += [(p, t, (len(game) - 1 - i) % 2 == 0) for i, (p, t) in enumerate(game)]
    return moves


def best(values, pile):
    return max((take for take in TAKES if take <= pile), key=lambda take: values[pile, take - 1])
