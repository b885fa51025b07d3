"""Value iteration on the 4 x 4 grid of Sutton and Barto, example 4.1: a learner without networks.

V(s) = max_a [-1 + V(s')], swept until nothing changes by more than the tolerance.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from shinso.core.artifact import Artifact
from shinso.core.evaluation import Evaluation
from shinso.core.learner import Learner
from shinso.core.predictor import Prediction, Predictor
from shinso.core.recipe import Preset, Recipe, Spec, option

SIDE = 4
MOVES = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


@dataclass(frozen=True, kw_only=True)
class ProofRecipe(Recipe):
    tolerance: float = option(1e-9, "largest change of a value at which it ends", above=0)
    report_every: int = 1


PRESETS = {"cpu": Preset(Spec()), "quick": Preset(Spec())}


def after(move):
    """(16,) the cell that each cell's move leads to; off the grid it stays."""
    rows, columns = np.divmod(np.arange(SIDE * SIDE), SIDE)
    rows, columns = (
        np.clip(axis + d, 0, SIDE - 1) for axis, d in zip((rows, columns), MOVES[move], strict=True)
    )
    return rows * SIDE + columns


class ProofLearner(Learner):
    def __init__(self, recipe, data, start, run):
        super().__init__(recipe, data, start, run)
        self.values = np.zeros(SIDE * SIDE)
        self.change = np.inf

    def step(self):
        swept = np.max([-1 + self.values[after(move)] for move in MOVES], axis=0)
        swept[[0, -1]] = 0  # the two corners end the walk
        self.change = float(np.abs(swept - self.values).max())
        self.values = swept
        return {"change": self.change}

    @property
    def progress(self):
        return self.run.step, None

    @property
    def finished(self):
        return self.change <= self.recipe.tolerance

    def evaluate(self, split):
        return evaluate(ProofPredictor(self.artifact()), None, split)

    def state(self):
        return {"values": self.values, "change": self.change}

    def restore(self, state):
        self.values, self.change = state["values"], state["change"]

    def artifact(self):
        values = json.dumps(self.values.tolist())
        name = self.run.system.name
        return Artifact(name, self.recipe, Spec(), assets={"values.json": values})


@dataclass(frozen=True)
class Move(Prediction):
    move: str


class ProofPredictor(Predictor):
    def predict(self, inputs: Sequence[int]) -> list[Move]:
        values = np.array(json.loads(self.artifact.assets["values.json"]))
        return [Move(max(MOVES, key=lambda move: values[after(move)[cell]])) for cell in inputs]

    def read(self, argument: str) -> Iterator[tuple[str, int]]:
        yield argument, int(argument)


def evaluate(predictor, data, split):
    """Mean length of the walk from each cell to a corner, at most 50 moves."""
    lengths = []
    for cell in range(1, SIDE * SIDE - 1):
        length = 0
        while cell not in (0, SIDE * SIDE - 1) and length < 50:
            cell = int(after(predictor(cell).move)[cell])
            length += 1
        lengths.append(length)
    return Evaluation({"mean_return": -float(np.mean(lengths))})
