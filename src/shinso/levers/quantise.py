"""Quantisation: fewer bits for weights, and for what is computed with them.

16 bits are the module's own: float16 has 11 digits and reaches to 65,504, bfloat16 has 8 and
reaches as far as float32. int8 lives in graphs alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.modules.conv import _ConvNd

from shinso.core.artifact import Artifact
from shinso.core.calibration import example_count
from shinso.core.errors import ShinsoError, UserError
from shinso.core.graph import Graph, graph_network
from shinso.core.precision import FLOAT32, INT8, in_precision
from shinso.core.system import System
from shinso.levers import int8
from shinso.levers.examples import grown, random_like
from shinso.levers.export import export
from shinso.levers.settings import ExportSettings, QuantiseSettings

# Ranges of activations change little from a few hundred examples on.
EXAMPLES = 512

Seen = Mapping[str, Sequence[tuple[Tensor, ...]]]  # network -> the inputs of its calls


def quantise(
    system: System, artifact: Artifact, settings: QuantiseSettings, seen: Seen
) -> tuple[Artifact, dict[str, Any]]:
    """The artifact in fewer bits, and what was done. Its scores are not known yet.

    `seen` has the inputs by which to calibrate, of no network where ranges are to be measured at
    each call. Raises UserError for an artifact that is quantised or exported already, for one that
    cannot be a graph, and for weights that the type does not reach.
    """
    check_quantisable(artifact)
    if settings.to == INT8:
        return as_int8(system, artifact, settings, seen)
    for name, network in artifact.modules.items():
        _check_reach(name, in_precision(network, settings.to).state_dict(), settings.to)
    return replace(artifact, precision=settings.to, scores={}), {}


def calibration(artifact: Artifact, settings: QuantiseSettings) -> int:
    """How many examples to calibrate by. Raises UserError for an artifact that cannot be quantised,
    before any data are read."""
    check_quantisable(artifact)
    if settings.to != INT8:
        return 0
    if settings.calibration is not None:
        return settings.calibration
    parts = (part for network in artifact.modules.values() for part in network.modules())
    return EXAMPLES if any(isinstance(part, _ConvNd) for part in parts) else 0


def check_quantisable(artifact: Artifact) -> None:
    """Raises UserError for an artifact that has been quantised or exported."""
    if artifact.precision != FLOAT32:
        raise UserError(
            f"{artifact.path} is {artifact.precision} already; quantise what it was made from"
        )
    if artifact.form == "onnx":
        raise UserError(f"{artifact.path} is in the onnx form; quantise what it was exported from")


def _check_reach(network: str, weights: Mapping[str, Tensor], precision: str) -> None:
    for name, tensor in weights.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            largest = torch.finfo(tensor.dtype).max
            raise UserError(
                f"{network}'s {name} has numbers beyond {largest:,.6g}, the largest of "
                f"{precision}; bfloat16 and int8 reach further"
            )


# int8 ---------------------------------------------------------------------------------------------


def as_int8(
    system: System,
    artifact: Artifact,
    settings: QuantiseSettings,
    seen: Seen,
    ranges: Mapping[str, Mapping[str, int8.Range]] | None = None,
) -> tuple[Artifact, dict[str, Any]]:
    """`quantise` for int8; `ranges` of each network are those that training has learned for what
    its weights, by their names, are multiplied with."""
    if "export" in system.refuses:
        raise UserError(
            f"{system.name} has no graphs, which alone can be int8: {system.refuses['export']}"
        )
    exported, _ = export(system, artifact, ExportSettings())
    examples = system.load("example_inputs")(artifact.recipe, artifact.spec)
    graphs: dict[str, Graph] = {}
    left: Counter[str] = Counter()
    for name, graph in exported.graphs.items():
        assert isinstance(graph, bytes), "it was just made"
        calls = _enough(name, seen[name], settings.calibration) if seen else []
        if calls:
            made = int8.static(name, graph, calls, (ranges or {}).get(name))
        else:
            made = int8.dynamic(name, graph)
        _check_runs(name, made, *examples[name])
        graphs[name] = made
        left += int8.left_in_float(made)
    done = {
        "calibrated_on": max(map(example_count, seen.values()), default=0),
        "left_in_float": dict(left),
    }
    return replace(exported, graphs=graphs, precision=INT8, scores={}), done


def _enough(
    name: str, calls: Sequence[tuple[Tensor, ...]], asked: int | None
) -> Sequence[tuple[Tensor, ...]]:
    """Raises UserError where fewer examples than asked for were seen, or none."""
    count = example_count(calls)
    if not count:
        raise UserError(f"training never calls {name}, so give --calibration 0")
    if count < (asked or 0):
        raise UserError(
            f"--calibration {asked} asks for more than the {count:,} training examples there are"
        )
    return calls


def _check_runs(
    name: str, graph: bytes, inputs: tuple[Tensor, ...], dynamic: Mapping[int, Mapping[int, str]]
) -> None:
    """Raises ShinsoError for a graph that this ONNX Runtime has no kernels for."""
    generator = torch.Generator().manual_seed(0)
    examples = (
        random_like(grown(tensor, dynamic.get(i, {}), 1), generator)
        for i, tensor in enumerate(inputs)
    )
    try:
        outputs = graph_network(graph)(*examples)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise ShinsoError(f"the int8 graph of {name} does not run: {reason}") from error
    if not all(output.isfinite().all() for output in outputs):
        raise ShinsoError(f"the int8 graph of {name} gives no finite numbers")
