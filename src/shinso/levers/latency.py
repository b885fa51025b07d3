"""Latency: how long a call of an artifact's networks takes, beside that of others."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from shinso.core.artifact import Artifact
from shinso.core.system import System
from shinso.levers.examples import grown, random_like

WARM_UPS = 3
ROUNDS = 61


class Latency(NamedTuple):
    """Milliseconds."""

    median: float
    p95: float  # 19 calls of 20 take no longer


def latencies(artifacts: Mapping[str, tuple[System, Artifact]], batch: int) -> dict[str, Latency]:
    """How long it takes to have every network of each artifact, given with its system, called once
    with `batch` examples.

    They take turns, so that what else a machine does slows all of them. Inputs are random numbers.
    """
    calls = {name: _calls(*artifact, batch) for name, artifact in artifacts.items()}
    seconds: dict[str, list[float]] = {name: [] for name in artifacts}
    for turn in range(WARM_UPS + ROUNDS):
        for name, networks in calls.items():
            began = time.perf_counter()
            for call in networks:
                call()
            if turn >= WARM_UPS:
                seconds[name].append(time.perf_counter() - began)
    return {
        name: Latency(*(1000 * np.quantile(measured, (0.5, 0.95))).tolist())
        for name, measured in seconds.items()
    }


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
