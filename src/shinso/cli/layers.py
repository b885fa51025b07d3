"""The layers of a network as a table: each by itself, or folded into the modules that hold them
until it fits on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shinso.cli.output import Output

MOST_ROWS = 30

Layer = Mapping[str, Any]  # as the card has it: name, kind, inputs, outputs, parameters, macs


def print_layers(network: str, layers: Sequence[Layer], output: Output) -> None:
    """`layers` are all modules of the network, in the order in which they are called."""
    rows = [
        (
            layer["name"] or network,
            layer["kind"],
            " x ".join(map(str, layer["outputs"])) or "not called",
            layer["parameters"],
            layer["macs"],
        )
        for layer in folded(layers)
    ]
    output.table((network, "kind", "output", "parameters", "MACs"), rows)


def folded(layers: Sequence[Layer], most: int = MOST_ROWS) -> list[Layer]:
    """Layers with parameters, multiply-adds or another shape behind them, so deep in the network
    that they are at most so many, or only as its outermost modules."""
    modules = {layer["name"]: layer for layer in layers}
    holders = {_ancestor(name, depth) for name in modules for depth in range(name.count(".") + 1)}
    matter = [
        layer
        for layer in layers
        if layer["parameters"]
        or layer["macs"]
        or (layer["name"] not in holders and layer["inputs"] != layer["outputs"])
    ]
    for depth in range(max((layer["name"].count(".") for layer in matter), default=0) + 1, 0, -1):
        groups: dict[str, list[Layer]] = {}
        for layer in matter:
            groups.setdefault(_ancestor(layer["name"], depth), []).append(layer)
        if len(groups) <= most:
            break
    return [_together(modules[name], group) for name, group in groups.items()]


def _together(module: Layer, layers: Sequence[Layer]) -> Layer:
    """One row for the layers inside a module."""
    if len(layers) == 1:
        return layers[0]
    return {
        "name": module["name"],
        "kind": f"{module['kind']}, {len(layers)} layers",
        "outputs": module["outputs"] or layers[-1]["outputs"],
        "parameters": sum(layer["parameters"] for layer in layers),
        "macs": sum(layer["macs"] for layer in layers),
    }


def _ancestor(name: str, depth: int) -> str:
    """The first `depth` parts of a module's path; all of a shorter one."""
    return ".".join(name.split(".")[:depth])
