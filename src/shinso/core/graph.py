"""The other form of a network: an ONNX graph, run by ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from shinso.core.errors import UserError
from shinso.core.extras import require

Graph = Path | bytes


def graph_network(graph: Graph) -> Callable[..., tuple[Tensor, ...]]:
    """The graph as a callable from positional CPU tensors to a tuple of CPU tensors.

    Raises UserError where ONNX Runtime is missing or cannot read the graph.
    """
    session = open_session(graph)
    names = [argument.name for argument in session.get_inputs()]

    def call(*inputs: Tensor) -> tuple[Tensor, ...]:
        feed = dict(zip(names, (tensor.numpy() for tensor in inputs), strict=True))
        return tuple(torch.from_numpy(output) for output in session.run(None, feed))

    return call


def open_session(graph: Graph) -> Any:
    """An onnxruntime.InferenceSession with as many threads as torch has."""
    require("export", "onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; what it warns of (shapes it infers) helps nobody
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no class of their own
        name = graph if isinstance(graph, Path) else "the graph"
        reason = str(error).splitlines()[0]
        raise UserError(f"{name} is no graph that ONNX Runtime can run: {reason}") from None
