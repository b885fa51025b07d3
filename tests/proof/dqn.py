"""DQN on a corridor: environment steps before each update, replay from the ledger, a target net.

The walker starts in the middle of nine cells; the left end pays 0.2, the right end 1.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.evaluation import Evaluation
from shinso.core.predictor import Prediction, Predictor
from shinso.core.recipe import GradientRecipe, Preset, Spec, option
from shinso.core.trainable import Trainable

CELLS = 9
MOST_MOVES = 40


@dataclass(frozen=True, kw_only=True)
class ProofRecipe(GradientRecipe):
    capacity: int = option(300, "steps that replay remembers", minimum=32)
    copy_every: int = option(20, "updates between copies to the target network", minimum=1)
    exploration: float = option(0.3, "share of random moves", minimum=0, maximum=1)
    discount: float = option(0.95, "of future reward", minimum=0, maximum=1)
    steps: int | None = 400
    batch_size: int = 32
    learning_rate: float = 1e-2
    report_every: int = 25
    evaluate_every: int | None = 100


PRESETS = {"cpu": Preset(Spec()), "quick": Preset(Spec(), {"steps": 20})}


class Corridor:
    """Restored by reset and replayed actions."""

    def reset(self, start):
        self.start, self.cell, self.actions = start, start, []
        return self.cell

    def step(self, action):
        self.actions.append(action)
        self.cell += 1 if action else -1
        reward = {0: 0.2, CELLS - 1: 1.0}.get(self.cell, 0.0)
        return self.cell, reward, reward > 0

    @property
    def out_of_time(self):
        return len(self.actions) >= MOST_MOVES


def build(recipe, spec):
    return {"values": nn.Sequential(nn.Linear(CELLS, 32), nn.ReLU(), nn.Linear(32, 2))}


def example_inputs(recipe, spec):
    return {"values": ((torch.zeros(1, CELLS),), {0: {0: "batch"}})}


def one_hot(cells):
    return F.one_hot(torch.as_tensor(cells), CELLS).float()


class ProofLearner(Trainable):
    def __init__(self, recipe, data, start, run):
        super().__init__(recipe, data, start, run, build(recipe, Spec()))
        self.target = copy.deepcopy(self.networks["values"])  # not built: it may be pruned
        fields = {
            "cell": (np.int64, ()),
            "action": (np.int64, ()),
            "reward": (np.float32, ()),
            "after": (np.int64, ()),
            "ended": (np.bool_, ()),
        }
        self.replay = run.ledger("replay", fields, recipe.capacity, segment_rows=64)
        self.environment = Corridor()
        self.environment.reset(CELLS // 2)

    def prepare(self):
        steps = self.recipe.batch_size if self.run.step == 0 else 4
        random = self.run.random.numpy("act", self.run.step)
        for _ in range(steps):
            self.act(random)
        if self.run.step % self.recipe.copy_every == 0:
            self.target.load_state_dict(self.networks["values"].state_dict())

    def act(self, random):
        cell = self.environment.cell
        if random.random() < self.recipe.exploration:
            action = int(random.integers(2))
        else:
            with torch.no_grad():
                action = int(self.networks["values"](one_hot([cell])).argmax())
        after, reward, ended = self.environment.step(action)
        self.replay.append(cell=cell, action=action, reward=reward, after=after, ended=ended)
        if ended or self.environment.out_of_time:
            self.environment.reset(int(random.integers(1, CELLS - 1)))

    def next_batch(self, phase):
        random = self.run.random.numpy("replay", self.run.step)
        chosen = random.integers(self.replay.start, self.replay.end, self.recipe.batch_size)
        return {name: torch.from_numpy(rows) for name, rows in self.replay.rows(chosen).items()}

    def forward(self, phase, batch):
        return {"logits": self.forwards["values"](one_hot(batch["cell"]))}

    def loss(self, phase, batch, outputs):
        chosen = outputs["logits"].gather(1, batch["action"][:, None]).squeeze(1)
        with torch.no_grad():
            best = self.target(one_hot(batch["after"])).max(dim=1).values
            targets = batch["reward"] + self.recipe.discount * best * ~batch["ended"]
        return F.smooth_l1_loss(chosen, targets)

    def evaluate(self, split):
        with self.at_rest():
            return evaluate(ProofPredictor(self.artifact()), None, split)

    def state(self):
        episode = {"start": self.environment.start, "actions": list(self.environment.actions)}
        return {
            **super().state(),
            "target": dict(self.target.state_dict()),
            "replay": self.replay.state(),
            "episode": episode,
        }

    def restore(self, state):
        super().restore(state)
        self.target.load_state_dict(state["target"])
        self.replay.restore(state["replay"])
        self.environment.reset(state["episode"]["start"])
        for action in state["episode"]["actions"]:
            self.environment.step(action)

    def artifact(self):
        return Artifact(self.run.system.name, self.recipe, Spec(), modules=self.networks)


@dataclass(frozen=True)
class Action(Prediction):
    action: int


class ProofPredictor(Predictor):
    def predict(self, inputs: Sequence[int]) -> list[Action]:
        values = self.artifact.network("values")(one_hot(list(inputs)))[0]
        return [Action(action) for action in values.argmax(dim=1).tolist()]

    def read(self, argument: str) -> Iterator[tuple[str, int]]:
        yield argument, int(argument)


def evaluate(predictor, data, split):
    """Mean reward from every inner cell, discounted by time."""
    returns = []
    environment = Corridor()
    for start in range(1, CELLS - 1):
        cell, reward, ended = environment.reset(start), 0.0, False
        while not ended and not environment.out_of_time:
            cell, reward, ended = environment.step(predictor(cell).action)
        returns.append(reward * 0.95 ** len(environment.actions))
    return Evaluation({"mean_return": float(np.mean(returns))})
