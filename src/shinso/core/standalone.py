"""Standalone: what a field tells someone who has a system's graphs and no shinso."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Standalone:
    """Goes into an exported folder as README.md and example.py.

    `program` is the example: it reads the folder it stands in, by numpy, onnxruntime and `needs`
    alone, and takes the `arguments`. `inputs` and `outputs` say in Markdown how to make what goes
    into the graphs, and what comes out.
    """

    program: Path
    arguments: str
    inputs: str
    outputs: str
    needs: tuple[str, ...] = ()
