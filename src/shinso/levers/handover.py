"""What stands in an exported folder for people: how to use its graphs without shinso."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import shinso
from shinso.core.artifact import Artifact
from shinso.core.graph import Graph
from shinso.core.standalone import Standalone
from shinso.core.system import System

EXAMPLE = "example.py"


def notes(system: System, artifact: Artifact, graphs: Mapping[str, Graph]) -> dict[str, str]:
    """{file: text}; none of a system whose row has no `standalone`."""
    if system.standalone is None:
        return {}
    told: Standalone = system.load("standalone")(artifact)
    return {
        "README.md": _readme(system, artifact, told, graphs),
        EXAMPLE: told.program.read_text(encoding="utf-8"),
    }


def _readme(
    system: System, artifact: Artifact, told: Standalone, graphs: Mapping[str, Graph]
) -> str:
    data = artifact.provenance.get("data") or {}
    licence = f" (licence: {data['licence']})" if "licence" in data else ""
    learned = f" Learned from {Path(data['name']).name}{licence}." if data else ""
    packages = " ".join(("numpy", "onnxruntime", *told.needs))
    rows = "\n".join(row for name, graph in graphs.items() for row in _rows(name, graph))
    return f"""# {system.name}: {system.task}

{system.summary}

{system.paper}.{learned} Exported by shinso {shinso.__version__}, which is not needed to run it:

    pip install {packages}
    python {EXAMPLE} {told.arguments}

## What goes in

{told.inputs}

## What comes out

{told.outputs}

## The graphs

| graph | | name | type | shape |
|---|---|---|---|---|
{rows}

`artifact.json` has the settings, the scores, where all of it comes from, and checksums of the
files.
"""


def _rows(name: str, graph: Graph) -> Iterator[str]:
    import onnx

    model = onnx.load_from_string(graph) if isinstance(graph, bytes) else onnx.load(graph)
    for side, values in (("in", model.graph.input), ("out", model.graph.output)):
        for value in values:
            kind = onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
            yield f"| {name}.onnx | {side} | {value.name} | {kind} | {_shape(value)} |"


def _shape(value: Any) -> str:
    sizes = (dim.dim_param or str(dim.dim_value) for dim in value.type.tensor_type.shape.dim)
    return " x ".join(sizes)
