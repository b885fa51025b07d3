"""Export: each network as one ONNX graph, which ONNX Runtime and many others run without torch."""

from __future__ import annotations

import inspect
import io
import logging
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from shinso.core.artifact import Artifact
from shinso.core.errors import ShinsoError, UserError
from shinso.core.extras import require
from shinso.core.graph import Graph, graph_network
from shinso.core.precision import FLOAT32
from shinso.core.recipe import Settings
from shinso.core.system import System
from shinso.levers.examples import grown, random_like
from shinso.levers.handover import EXAMPLE, notes

TOLERANCE = 1e-5  # of the largest output: how far a graph's may be from its module's
GROWTHS = (0, 1, 6)  # added to each dynamic dimension in turn: batches of 1, 2 and 7
MOST_BYTES = 2**31 - 1  # of one protobuf message

Dynamic = Mapping[int, Mapping[int, str]]  # input -> dimension -> name


def export(
    system: System, artifact: Artifact, settings: Settings
) -> tuple[Artifact, dict[str, Any]]:
    """The artifact in the onnx form: the same answers, so the same scores; and what was measured.
    Weights of another precision stay rounded, and are computed with in float32.

    Raises UserError for an artifact that has this form, ShinsoError for a network that cannot be
    written as a graph, or whose graph answers otherwise.
    """
    if artifact.form == "onnx":
        raise UserError(f"{artifact.path} is in the onnx form already")
    require("export", "onnx", "onnxscript", "onnxruntime")
    examples = system.load("example_inputs")(artifact.recipe, artifact.spec)
    graphs: dict[str, Graph] = {}
    done: dict[str, Any] = {"opset": None, "largest_difference": 0.0, "example": None}
    for name, module in artifact.modules.items():
        inputs, dynamic = examples[name]
        graph, done["opset"] = _graph(name, module.eval(), inputs, dynamic)
        difference = _check(name, module, graph, inputs, dynamic)
        graphs[name] = graph
        done["largest_difference"] = max(done["largest_difference"], difference)
    # Graphs compute in float32: scores of another precision are not theirs.
    scores = artifact.scores if artifact.precision == FLOAT32 else {}
    graphs_alone = replace(artifact, modules={}, graphs=graphs, precision=FLOAT32, scores=scores)
    graphs_alone.notes = notes(system, artifact, graphs)
    if EXAMPLE in graphs_alone.notes:
        done["example"] = EXAMPLE
    return graphs_alone, done


# Writing ------------------------------------------------------------------------------------------


def _graph(
    name: str, module: nn.Module, inputs: tuple[Tensor, ...], dynamic: Dynamic
) -> tuple[bytes, int]:
    """The network as one ONNX file's content, and its operator set's version."""
    import onnx

    # Dynamic dimensions of 1 would be taken for fixed ones.
    inputs = tuple(grown(tensor, dynamic.get(i, {}), 1) for i, tensor in enumerate(inputs))
    try:
        with quiet():
            program = torch.onnx.export(
                module,
                inputs,
                dynamo=True,
                dynamic_shapes=_dynamic_shapes(module, len(inputs), dynamic),
                verbose=False,
            )
        assert program is not None
        model = program.model_proto
        forget_sources(model)
        if model.ByteSize() > MOST_BYTES:
            raise ShinsoError("it is larger than the 2 GB that one ONNX file may have")
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # what an exporter cannot do comes in many classes
        reason = " ".join(str(error).split())[:300]
        raise ShinsoError(f"network {name} cannot be written as a graph: {reason}") from error
    return model.SerializeToString(deterministic=True), model.opset_import[0].version


def _dynamic_shapes(module: nn.Module, count: int, dynamic: Dynamic) -> tuple[Any, ...]:
    """By parameter of `forward`, one that takes all further inputs having a tuple of them."""
    by_input = (dynamic.get(i) for i in range(count))
    return tuple(inspect.signature(module.forward).bind(*by_input).arguments.values())


def forget_sources(model: Any) -> None:
    """Removes the stack traces that the exporter leaves, with all the paths of this machine."""
    graphs = [model.graph]
    holders: list[Any] = [model, *model.functions]
    for function in model.functions:
        holders += function.node
    while graphs:
        graph = graphs.pop()
        holders += [graph, *graph.input, *graph.output, *graph.value_info, *graph.initializer]
        holders += graph.node
        for attribute in (attribute for node in graph.node for attribute in node.attribute):
            graphs += [attribute.g] if attribute.HasField("g") else attribute.graphs
    for holder in holders:
        holder.ClearField("doc_string")
        holder.ClearField("metadata_props")


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps the exporter's advice to its own developers from the user's screen."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


# Checking -----------------------------------------------------------------------------------------


def _check(
    name: str, module: nn.Module, graph: bytes, inputs: tuple[Tensor, ...], dynamic: Dynamic
) -> float:
    """The largest difference between graph and module on random inputs of several sizes, as a
    share of the largest output. Raises ShinsoError where it is too much."""
    run = graph_network(graph)
    generator = torch.Generator().manual_seed(0)
    largest = 0.0
    for growth in GROWTHS:
        examples = tuple(
            random_like(grown(tensor, dynamic.get(i, {}), growth), generator)
            for i, tensor in enumerate(inputs)
        )
        with torch.no_grad():
            outputs = module(*examples)
        expected = outputs if isinstance(outputs, tuple) else (outputs,)
        try:
            found = run(*examples)
        except Exception as error:
            shapes = ", ".join(str(tuple(example.shape)) for example in examples)
            reason = str(error).splitlines()[0]
            raise ShinsoError(f"the graph of {name} fails on inputs {shapes}: {reason}") from error
        pairs = zip(found, expected, strict=True)
        largest = max(largest, *(_difference(*pair) for pair in pairs))
    if not largest <= TOLERANCE:
        raise ShinsoError(
            f"the graph of {name} differs from the network by {largest:.1e} of its largest "
            f"output, more than {TOLERANCE:g}: not exported"
        )
    return largest


def _difference(found: Tensor, expected: Tensor) -> float:
    """As a share of the largest expected value; infinite for another shape or type, or NaN."""
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return math.inf
    if torch.equal(found, expected):
        return 0.0
    difference = (found.double() - expected.double()).abs().max() / expected.double().abs().max()
    return difference.item() if difference.isfinite() else math.inf
