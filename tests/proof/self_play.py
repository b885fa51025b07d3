"""Self-play in two actor processes: each round starts them, collects their games and ends them.

What is in flight at a kill is lost and the processes' games arrive in any order, so resuming is
statistical.
"""

import json
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np

from shinso.core.artifact import Artifact
from shinso.core.evaluation import Evaluation
from shinso.core.learner import Learner
from shinso.core.predictor import Prediction, Predictor
from shinso.core.recipe import Preset, Recipe, Spec, option
from tests.proof import nim

ACTORS = 2


@dataclass(frozen=True, kw_only=True)
class ProofRecipe(Recipe):
    rounds: int = option(6, "rounds of self-play and learning", minimum=1)
    games: int = option(400, "games a round and actor", minimum=1)
    noise: float = option(0.4, "share of random moves in self-play", minimum=0, maximum=1)
    rate: float = option(0.02, "step of a value towards an outcome", above=0)
    report_every: int = 1
    evaluate_every: int | None = 1


PRESETS = {"cpu": Preset(Spec()), "quick": Preset(Spec(), {"rounds": 1})}


class ProofLearner(Learner):
    def __init__(self, recipe, data, start, run):
        super().__init__(recipe, data, start, run)
        self.values = np.full((nim.MOST + 1, len(nim.TAKES)), 0.5)

    def step(self):
        moves = self.prepare()
        error = 0.0
        for pile, take, won in moves:
            gap = won - self.values[pile, take - 1]
            self.values[pile, take - 1] += self.recipe.rate * gap
            error += gap**2
        return {"loss": error / len(moves)}

    def prepare(self):
        context = multiprocessing.get_context("forkserver")  # clean of torch's threads
        with ProcessPoolExecutor(ACTORS, mp_context=context) as pool:
            bits = [
                self.run.random.bits(f"actor {actor}", self.run.step) for actor in range(ACTORS)
            ]
            rounds = [
                pool.submit(nim.play, self.values, self.recipe.games, seed, self.recipe.noise)
                for seed in bits
            ]
            return [move for done in as_completed(rounds) for move in done.result()]

    @property
    def progress(self):
        return self.run.step, self.recipe.rounds

    @property
    def selection(self):
        return "accuracy", "max"

    def evaluate(self, split):
        return evaluate(ProofPredictor(self.artifact()), None, split)

    def state(self):
        return {"values": self.values}

    def restore(self, state):
        self.values = state["values"]

    def artifact(self):
        values = json.dumps(self.values.tolist())
        name = self.run.system.name
        return Artifact(name, self.recipe, Spec(), assets={"values.json": values})


@dataclass(frozen=True)
class Take(Prediction):
    take: int


class ProofPredictor(Predictor):
    def predict(self, inputs: Sequence[int]) -> list[Take]:
        values = np.array(json.loads(self.artifact.assets["values.json"]))
        return [Take(nim.best(values, pile)) for pile in inputs]

    def read(self, argument: str) -> Iterator[tuple[str, int]]:
        yield argument, int(argument)


def evaluate(predictor, data, split):
    """Share of the piles that can be won in which it takes the winning number, pile mod 4."""
    winnable = [pile for pile in range(1, nim.MOST + 1) if pile % 4]
    right = [predictor(pile).take == pile % 4 for pile in winnable]
    return Evaluation({"accuracy": float(np.mean(right))}, {"chance": {"accuracy": 1 / 3}})
