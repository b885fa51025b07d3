"""What the one loop costs: LeNet trained by it and by a bare torch loop, step by step in turn.

    OMP_NUM_THREADS=1 python benchmarks/loop.py

Both have the same model, weights, optimiser, batches and check of the loss. The real loop runs
untouched; its learner's `step` makes the bare loop's step too, before or after its own in turn, so
that whatever disturbs the machine disturbs both. Times are CPU times.
"""

import argparse
import dataclasses
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import torch
from machine import machine, median_and_interval
from rows import with_learner
from torch import nn

from shinso import api, catalog
from shinso.core.recipe import Recipe
from shinso.core.run import Run
from shinso.vision.classification.learner import ClassifierLearner
from shinso.vision.classification.lenet.recipe import LeNetRecipe

WARM_UP = 100  # steps before the first block


@dataclasses.dataclass
class Clock:
    """CPU seconds of one block of steps."""

    shinso: float = 0.0
    bare: float = 0.0
    own: float = 0.0  # of shinso's, those that the loop spent outside the learner's step


def bare_step(learner: "Interleaved") -> Callable[[int], None]:
    """The step of a loop as one writes it by hand."""
    model = learner.run.system.load("build")(learner.recipe, learner.spec)["classifier"]
    model.load_state_dict(learner.networks["classifier"].state_dict())
    optimiser = torch.optim.Adam(model.parameters(), learner.recipe.learning_rate)
    criterion = nn.CrossEntropyLoss()
    # (N, C, H, W): one channel read as NHWC would pass for channels-last, which is faster.
    all_labels = torch.from_numpy(learner.labels)
    pixels = torch.from_numpy(learner.pixels.transpose(0, 3, 1, 2).copy())
    mean, std = (
        255 * torch.tensor(v).view(-1, 1, 1) for v in (learner.spec.mean, learner.spec.std)
    )

    def step(number: int) -> None:
        indices = torch.from_numpy(learner.batch_indices())
        images = (pixels[indices].float() - mean) / std
        labels = all_labels[indices]
        rate = learner.recipe.learning_rate
        rate *= (1 + math.cos(math.pi * number / learner.total_steps)) / 2
        for group in optimiser.param_groups:
            group["lr"] = rate
        logits = model(images)
        loss = criterion(logits, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        accuracy = (logits.argmax(dim=1) == labels).float().mean().item()
        if not math.isfinite(loss.item() + accuracy):
            raise RuntimeError(f"loss at step {number} is not finite")

    step.model = model
    return step


class Interleaved(ClassifierLearner):
    """Takes the time of its own steps, of the loop around them and of the bare loop's."""

    block = 200
    warm_up = WARM_UP

    def __init__(self, recipe: Recipe, data: Any, start: Any, run: Run) -> None:
        super().__init__(recipe, data, start, run)
        self.bare_step = self.make_bare_step()
        self.clocks: list[Clock] = []
        self.left_at: float | None = None

    def step(self) -> dict[str, float]:
        entered = process_time()
        if self.left_at is not None and self.clocks:
            self.clocks[-1].own += entered - self.left_at
            self.clocks[-1].shinso += entered - self.left_at
        if self.run.step >= self.warm_up and (self.run.step - self.warm_up) % self.block == 0:
            self.clocks.append(Clock())
        clock = self.clocks[-1] if self.clocks else Clock()
        bare_first = self.run.step % 2 == 0
        if bare_first:
            self._bare(clock)
        began = process_time()
        scores = super().step()
        clock.shinso += process_time() - began
        if not bare_first:
            self._bare(clock)
        self.left_at = process_time()
        return scores

    def make_bare_step(self) -> Callable[[int], None]:
        return bare_step(self)

    def _bare(self, clock: Clock) -> None:
        began = process_time()
        self.bare_step(self.run.step)
        clock.bare += process_time() - began


def measure(recipe: Recipe, block: int, learner: type[Interleaved] = Interleaved) -> Interleaved:
    learner.block = block
    name = catalog.of_recipe(recipe).name
    with tempfile.TemporaryDirectory() as folder, with_learner(name, learner) as made:
        api.train(recipe, out=Path(folder) / "run", threads=1)
    return made[-1]


def same_weights(learner: Interleaved) -> bool:
    """Whether both loops did the same work: they end with the same weights, to rounding."""
    ours = learner.networks["classifier"].state_dict()
    theirs = learner.bare_step.model.state_dict()
    return all(torch.allclose(ours[name], theirs[name], atol=1e-3) for name in ours)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--block", type=int, default=200, help="steps of a block (default: 200)")
    parser.add_argument("--blocks", type=int, default=21, help="pairs of blocks (default: 21)")
    parser.add_argument("--batch-size", type=int, default=64)
    given = parser.parse_args()
    steps = WARM_UP + given.block * given.blocks
    recipe = LeNetRecipe(steps=steps, epochs=None, batch_size=given.batch_size, shift=0)
    learner = measure(recipe.changed(evaluate_every=steps), given.block)
    clocks, micro = learner.clocks, 1e6 / given.block
    print(f"{machine()}\nLeNet, {given.batch_size} images of 28 x 28 a step; CPU time; median of")
    print(f"{len(clocks)} interleaved pairs of {given.block} steps each, with its 95% interval")
    print(f"same weights at the end: {'yes' if same_weights(learner) else 'NO'}\n")
    rows = {
        "shinso, microseconds a step": [clock.shinso * micro for clock in clocks],
        "bare loop, microseconds a step": [clock.bare * micro for clock in clocks],
        "difference, microseconds a step": [(c.shinso - c.bare) * micro for c in clocks],
        "the loop's own, microseconds a step": [clock.own * micro for clock in clocks],
        "rate of shinso / rate of bare loop": [clock.bare / clock.shinso for clock in clocks],
    }
    for name, values in rows.items():
        median, low, high = median_and_interval(values)
        digits = 3 if "rate" in name else 1
        print(f"{name:37} {median:8.{digits}f}   [{low:.{digits}f}, {high:.{digits}f}]")


if __name__ == "__main__":
    main()
