"""Latency: how long a call of an artifact's networks takes, beside that of others."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from shinso.core.artifact import Artifact
from shinso.core.system import System
from shinso.levers.examples import grown, random_like

WARM_UPS = 3
ROUNDS = 31


def latencies(system: System, artifacts: Mapping[str, Artifact], batch: int) -> dict[str, float]:
    """The median milliseconds in which each artifact of the system has every network called once
    with `batch` examples.

    They take turns, so that what else a machine does slows all of them. Inputs are random numbers.
    """
    calls = {name: _calls(system, artifact, batch) for name, artifact in artifacts.items()}
    seconds: dict[str, list[float]] = {name: [] for name in artifacts}
    for turn in range(WARM_UPS + ROUNDS):
        for name, networks in calls.items():
            began = time.perf_counter()
            for call in networks:
                call()
            if turn >= WARM_UPS:
                seconds[name].append(time.perf_counter() - began)
    return {name: 1000 * statistics.median(measured) for name, measured in seconds.items()}


def _calls(system: System, artifact: Artifact, batch: int) -> list[Callable[[], Any]]:
    generator = torch.Generator().manual_seed(0)
    examples = system.load("example_inputs")(artifact.recipe, artifact.spec)
    calls: list[Callable[[], Any]] = []
    for name, (inputs, dynamic) in examples.items():
        rows = [
            [dimension for dimension, meaning in dynamic.get(i, {}).items() if meaning == "batch"]
            for i in range(len(inputs))
        ]
        wanted = [
            random_like(grown(tensor, rows[i], batch - 1), generator)
            for i, tensor in enumerate(inputs)
        ]
        calls.append(partial(artifact.network(name), *wanted))
    return calls
