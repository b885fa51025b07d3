"""Plays what a policy finds likeliest, without any search."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from shinso.go.board import Board
from shinso.go.engine import Candidate, Choice, Limits
from shinso.go.policy.predictor import PolicyPredictor
from shinso.go.random_player import moves_of
from shinso.go.rules import BLACK
from shinso.go.status import final_score


class PolicyPlayer:
    """A `shinso.go.engine.Player`. Among legal moves that fill no eye of its own it plays the
    likeliest, or draws one at a temperature.

    The policy has no word for a pass: it passes where there is no such move, and where the other
    has passed and random play to the end gives it the game.
    """

    def __init__(self, predictor: PolicyPredictor) -> None:
        self.name = predictor.artifact.system
        self.sizes = predictor.sizes
        self.seed = predictor.options.seed
        self.predictor = predictor

    @property
    def seed(self) -> int:
        return self._seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self._seed, self._random = seed, np.random.default_rng(seed)

    def choose(self, board: Board, colour: int, limits: Limits) -> Choice:
        candidates = tuple(self._candidates(board, colour))
        if _may_end(board, colour):
            return Choice(board.pass_point, candidates=candidates)
        return Choice(self._chosen(board, colour, candidates), candidates=candidates)

    def analyse(self, board: Board, colour: int, limits: Limits) -> Iterator[list[Candidate]]:
        yield self._candidates(board, colour)

    def _candidates(self, board: Board, colour: int) -> list[Candidate]:
        """All moves that it would make, the likeliest first."""
        points = moves_of(board, colour)
        if points == [board.pass_point]:
            return [Candidate(board.pass_point, prior=1.0, line=(board.pass_point,))]
        asked = board.copy()
        asked.to_play = colour
        priors = self.predictor.probabilities(asked, points)
        order = np.argsort(-priors, kind="stable")
        return [Candidate(points[i], prior=float(priors[i]), line=(points[i],)) for i in order]

    def _chosen(self, board: Board, colour: int, candidates: tuple[Candidate, ...]) -> int:
        temperature = self.predictor.options.temperature
        if temperature == 0:
            return candidates[0].point
        logits = np.log([max(candidate.prior, 1e-300) for candidate in candidates]) / temperature
        powers = np.exp(logits - logits.max())
        return candidates[int(self._random.choice(len(powers), p=powers / powers.sum()))].point


def _may_end(board: Board, colour: int) -> bool:
    """Whether a pass would end the game, with more points for the colour than for the other."""
    if not board.record["passes"]:
        return False
    margin = final_score(board)
    return margin > 0 if colour == BLACK else margin < 0
