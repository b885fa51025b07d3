"""The rows of Go in the catalogue. Imports no torch."""

from __future__ import annotations

from shinso.core.system import Deviation, System

PAPER = (
    "Silver et al. 2016, Mastering the game of Go with deep neural networks and tree search, "
    "Nature 529"
)
SECTION = "day 4, AlphaGo"
TASK = "next move in Go"

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
                "4,000 simulations choose what was played in 20.0% of positions, 15.3% without",
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
    System(
        name="alphago-policy",
        field="go",
        task=TASK,
        summary=(
            "A convolutional network looks at a position of Go and says where a strong player "
            "would move; it plays by itself, and tells a search where to look first."
        ),
        paper=PAPER,
        section=SECTION,
        equations=(
            "h_1 = relu(W_1 * x + b_1), 5 x 5;  h_l = relu(W_l * h_(l-1) + b_l), 3 x 3",
            "p(a | s) = softmax over points of (w . h_(L-1)[a] + b_a)",
            "loss = -log p(a | s), of the moves that were made",
        ),
        recipe="shinso.go.alphago_policy.recipe:AlphaGoPolicyRecipe",
        options="shinso.go.policy.recipe:PolicyOptions",
        build="shinso.go.alphago_policy.model:build",
        example_inputs="shinso.go.alphago_policy.model:example_inputs",
        learner="shinso.go.alphago_policy.learner:AlphaGoPolicyLearner",
        predictor="shinso.go.alphago_policy.predictor:AlphaGoPolicyPredictor",
        player="shinso.go.alphago_policy.predictor:player",
        evaluate="shinso.go.policy.evaluation:evaluate",
        data="go_9x9",
        data_kinds=("games",),
        deviations=(
            Deviation(
                "6 layers of 64 filters on 9 x 9 by default, Adam, a cosine and bfloat16; "
                "--preset paper has 13 layers of 192 on 19 x 19 and plain descent",
                "twenty minutes on two cores, where the paper took three weeks on 50 GPUs",
            ),
            Deviation(
                "updates are synchronous",
                "the paper's 50 workers overwrite each other, which no run could repeat",
            ),
            Deviation(
                "held-out games, not held-out positions; games and not the first million moves",
                "positions of one game are alike, so who saw one knows of the others",
            ),
            Deviation(
                "weights start by He's rule, the last layer at 0",
                "the paper does not say; so all points are equally likely at first",
            ),
            Deviation(
                "the player passes where only its own eyes are left to fill, or when the other "
                "has passed and random play to the end gives it the game",
                "as in the paper, passes are not learned and no answer of the network",
            ),
        ),
    ),
    System(
        name="alphago-rollout",
        field="go",
        task=TASK,
        summary=(
            "A linear softmax over patterns of a few cells: worse than the network at finding a "
            "move, and so fast that a search can play games to their end by it."
        ),
        paper=PAPER,
        section=SECTION,
        equations=(
            "p(a | s) = softmax over legal moves of sum_f w_f x_f(s, a),  x_f = 0 or 1",
            "loss = -log p(a | s), of the moves that were made",
        ),
        recipe="shinso.go.alphago_rollout.recipe:AlphaGoRolloutRecipe",
        options="shinso.go.policy.recipe:PolicyOptions",
        build="shinso.go.alphago_rollout.networks:build",
        example_inputs="shinso.go.alphago_rollout.networks:example_inputs",
        learner="shinso.go.alphago_rollout.learner:AlphaGoRolloutLearner",
        predictor="shinso.go.alphago_rollout.predictor:AlphaGoRolloutPredictor",
        player="shinso.go.alphago_rollout.predictor:player",
        evaluate="shinso.go.policy.evaluation:evaluate",
        data="go_9x9",
        data_kinds=("games",),
        deviations=(
            Deviation(
                "patterns are sent to 65,536 rows around a move and as many of responses by a "
                "hash; the paper keeps the 69,338 and 32,207 that are frequent",
                "no pass over the data to count them, and rare ones that share a row weigh little",
            ),
            Deviation(
                "a pattern turned or mirrored is the same, so of eight places beside the last "
                "move two are left, and 20 features tell of holes for nakade, not 8,192",
                "the stones taken and how many lie beside a move name its vital points",
            ),
            Deviation(
                "trained on the games of the policy network, by Adam",
                "the paper's 8 million positions of the Tygem server are not free",
            ),
        ),
    ),
)
