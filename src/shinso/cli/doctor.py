"""shinso doctor"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from typing import Any

from shinso import __version__
from shinso.cli.output import Output
from shinso.data import list_sets

PACKAGES = [
    "torch",
    "torchvision",
    "numpy",
    "numba",
    "scikit-learn",
    "safetensors",
    "pillow",
    "matplotlib",
    "tensorboard",
    "rich",
    "sacrebleu",
    "sentencepiece",
    "onnx",
    "onnxscript",
    "onnxruntime",
    "torch-pruning",
    "gymnasium",
    "sgfmill",
]


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    pass


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    packages = {name: _version(name) for name in PACKAGES}
    machine = {
        "shinso": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "accelerators": _accelerators(),
    }
    sets = list_sets()
    output.table(("machine", ""), [(k, _listed(v)) for k, v in machine.items()])
    output.line()
    output.table(("package", "version"), [(n, v or "missing") for n, v in packages.items()])
    output.line()
    output.table(("data set", "where"), [(s["name"], _where(s)) for s in sets])
    return {
        **machine,
        "packages": packages,
        "missing": [name for name, version in packages.items() if version is None],
        "data": {s["name"]: s["found"] for s in sets},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _accelerators() -> list[str]:
    import torch

    if not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]


def _listed(value: Any) -> Any:
    return (", ".join(value) or "none") if isinstance(value, list) else value


def _where(row: dict[str, Any]) -> str:
    if not row["found"]:
        return f"missing: {row['get']}"
    return ", ".join(row["folders"]) or "comes with the package"
