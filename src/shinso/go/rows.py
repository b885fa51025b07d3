"""The rows of Go in the catalogue. Imports no torch."""

from __future__ import annotations

from shinso.core.system import Deviation, System

ROWS = (
    System(
        name="uct",
        field="go",
        task="playing Go",
        summary=(
            "Tree search that learns nothing: each simulation walks down the tree to the move that "
            "looks best or is least known, plays the game from there to its end at random, and "
            "adds who won to all positions it came through."
        ),
        paper="Kocsis and Szepesvári 2006, Bandit based Monte-Carlo planning",
        section="day 4, AlphaGo: Monte Carlo tree search",
        equations=(
            "a = argmax_a (1 - beta) W(a) / N(a) + beta W~(a) / N~(a) + c sqrt(log N / N(a))",
            "beta = N~(a) / (N(a) + N~(a) + N(a) N~(a) / k)",
        ),
        options="shinso.go.uct.recipe:UCTOptions",
        player="shinso.go.uct.player:player",
        deviations=(
            Deviation(
                "N~ and W~ count every simulation that plays a at any later time (AMAF)",
                "Gelly and Silver 2007: a move is judged before it was tried often",
                "4,000 simulations find a professional's move 36 times of 160, 32 without",
            ),
        ),
    ),
    System(
        name="go-random",
        field="go",
        task="playing Go",
        summary="Any legal move that fills no eye of its own: the least that ends a game of Go.",
        paper="Brügmann 1993, Monte Carlo Go",
        section="day 4, AlphaGo: the rollout of Monte Carlo tree search",
        player="shinso.go.random_player:player",
    ),
)
