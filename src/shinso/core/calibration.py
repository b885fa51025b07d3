"""Calibration: what networks are given while training batches go through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from torch import Tensor, nn

from shinso.core.trainable import Supervised, Trainable

Inputs = tuple[Tensor, ...]  # of one call, as they are on the CPU


def seen_inputs(learner: Trainable, most: int) -> dict[str, list[Inputs]]:
    """The inputs of each network in forward passes of the learner's first training batches, at
    rest: whole batches until there are `most` examples, or all of one epoch.

    Empty for a network that training never calls. The learner is at its first step before and
    after.
    """
    seen: dict[str, list[Inputs]] = {name: [] for name in learner.networks}
    own, learner.forwards = learner.forwards, dict(learner.networks)  # compiled ones have no hooks
    batches = learner.epoch_steps if isinstance(learner, Supervised) else most
    with ExitStack() as stack:
        for name, network in learner.networks.items():
            stack.enter_context(network.register_forward_pre_hook(_keeping(seen[name])))
        stack.enter_context(learner.at_rest())
        for learner.run.step in range(batches):
            learner.prepare()
            for phase in learner.phases:
                learner.forward(phase, learner.next_batch(phase))
            if all(example_count(calls) >= most for calls in seen.values()):
                break
    learner.forwards, learner.run.step = own, 0
    return seen


def example_count(calls: Sequence[Inputs]) -> int:
    """The rows of all calls together; a network's first input has one for each example."""
    return sum(len(inputs[0]) for inputs in calls)


def _keeping(calls: list[Inputs]) -> Callable[[nn.Module, tuple[Any, ...]], None]:
    def keep(network: nn.Module, inputs: tuple[Any, ...]) -> None:
        # A copy: what a network works on in place would change.
        copies = (tensor.detach().cpu().contiguous().clone() for tensor in inputs)
        calls.append(tuple(copies))

    return keep
