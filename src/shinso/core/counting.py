"""Parameters and multiply-accumulates, of networks and of each of their layers, counted on the
meta device at batch 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from shinso.core.edits import Edits, replay
from shinso.core.recipe import Recipe, Spec
from shinso.core.system import System

if TYPE_CHECKING:
    from torch.utils.flop_counter import FlopCounterMode

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Cost:
    """Of one network: parameters are unique tensors' elements, MACs are flop_counter's / 2."""

    parameters: int
    macs: int


@dataclass(frozen=True)
class Layer:
    """What one module of a network has and costs, without the modules inside it.

    The shapes are those of the first tensor in and out, at the module's first call; empty for one
    that evaluation does not call, such as an auxiliary head. A tensor that several layers share
    counts in the first of them, and calls of one layer add up.
    """

    name: str
    kind: str
    inputs: Shape
    outputs: Shape
    parameters: int
    macs: int


def costs(
    system: System, recipe: Recipe, spec: Spec, edits: Edits | None = None
) -> dict[str, Cost]:
    """{network: cost}, after these edits; empty for a system without networks."""
    found = layers(system, recipe, spec, edits)
    return {name: total(of_network) for name, of_network in found.items()}


def total(layers: Iterable[Layer]) -> Cost:
    layers = list(layers)
    return Cost(sum(layer.parameters for layer in layers), sum(layer.macs for layer in layers))


def layers(
    system: System, recipe: Recipe, spec: Spec, edits: Edits | None = None
) -> dict[str, list[Layer]]:
    """{network: all its modules, in the order in which they are called}, after these edits.

    On the meta device, because fused recurrent and attention kernels read as 0 on the CPU.
    """
    with torch.device("meta"):
        networks = system.networks(recipe, spec)
        replay(edits or {}, networks)
        examples = system.load("example_inputs")(recipe, spec)
    return {name: _layers(network, examples[name][0]) for name, network in networks.items()}


def parameter_count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


class _Meter:
    """Follows the calls of a network's modules, and what each costs by itself."""

    def __init__(self, network: nn.Module, counter: FlopCounterMode) -> None:
        self.counter = counter
        self.shapes: dict[nn.Module, tuple[Shape, Shape]] = {}  # by module, in order of call
        self.macs: dict[nn.Module, int] = {}
        self.begun: list[int] = []  # MACs before each call that is not over, the innermost last
        self.inside = [0]  # and what the calls within it have cost
        for module in network.modules():
            module.register_forward_pre_hook(self._enter, with_kwargs=True)
            module.register_forward_hook(self._leave, with_kwargs=True)

    @property
    def _total(self) -> int:
        return int(self.counter.get_total_flops()) // 2

    def _enter(self, module: nn.Module, inputs: Any, named: Any) -> None:
        self.shapes.setdefault(module, (_shape((inputs, named)), ()))
        self.begun.append(self._total)
        self.inside.append(0)

    def _leave(self, module: nn.Module, inputs: Any, named: Any, outputs: Any) -> None:
        before, after = self.shapes[module]
        self.shapes[module] = before, after or _shape(outputs)
        spent = self._total - self.begun.pop()
        self.macs[module] = self.macs.get(module, 0) + spent - self.inside.pop()
        self.inside[-1] += spent


def _layers(network: nn.Module, inputs: tuple[torch.Tensor, ...]) -> list[Layer]:
    from torch.utils.flop_counter import FlopCounterMode  # here, since it imports all of triton

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        meter = _Meter(network.eval(), counter)
        network(*(tensor.to("meta") for tensor in inputs))
    names = {module: name for name, module in network.named_modules()}
    parameters = _own_parameters(network)
    return [
        Layer(
            names[module],
            _kind(module),
            *meter.shapes.get(module, ((), ())),
            parameters[module],
            meter.macs.get(module, 0),
        )
        for module in dict.fromkeys((*meter.shapes, *names))  # those that are not called come last
    ]


def _own_parameters(network: nn.Module) -> Mapping[nn.Module, int]:
    """Those of no module inside, each counted once."""
    counted: set[nn.Parameter] = set()
    own = {}
    for module in network.modules():
        new = set(module.parameters(recurse=False)) - counted
        counted |= new
        own[module] = sum(parameter.numel() for parameter in new)
    return own


def _kind(module: nn.Module) -> str:
    """Its class, of a window with sides, stride and groups: Conv2d 3x3/2, 64 groups."""
    name = type(module).__name__
    if (window := getattr(module, "kernel_size", None)) is None:
        return name
    stride = _sides(getattr(module, "stride", 1))
    groups = getattr(module, "groups", 1)
    name = f"{name} {_sides(window)}" + (f"/{stride}" if stride != "1" else "")
    return f"{name}, {groups} groups" if groups > 1 else name


def _sides(window: int | Shape) -> str:
    """3x5, and 3 for one that is 3x3; a stride likewise."""
    sides = (window,) if isinstance(window, int) else window
    return "x".join(map(str, sides if len(set(sides)) > 1 else sides[:1]))


def _shape(value: Any) -> Shape:
    """Of the first tensor in a nest of them."""
    match value:
        case torch.Tensor():
            return tuple(value.shape)
        case Mapping():
            return _shape(tuple(value.values()))
        case tuple() | list():
            return next((shape for item in value if (shape := _shape(item))), ())
    return ()
