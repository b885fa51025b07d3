"""Parameters and multiply-accumulates, counted on the meta device at batch 1."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from shinso.core.edits import Edits, replay
from shinso.core.recipe import Recipe, Spec
from shinso.core.system import System


@dataclass(frozen=True)
class Cost:
    """Of one network: parameters are unique tensors' elements, MACs are flop_counter's / 2."""

    parameters: int
    macs: int


def costs(
    system: System, recipe: Recipe, spec: Spec, edits: Edits | None = None
) -> dict[str, Cost]:
    """{network: cost}, after these edits; empty for a system without networks.

    On the meta device, because fused recurrent and attention kernels read as 0 on the CPU.
    """
    with torch.device("meta"):
        networks = system.networks(recipe, spec)
        replay(edits or {}, networks)
        examples = system.load("example_inputs")(recipe, spec)
    return {
        name: Cost(parameter_count(network), _macs(network, examples[name][0]))
        for name, network in networks.items()
    }


def parameter_count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _macs(network: nn.Module, inputs: tuple[torch.Tensor, ...]) -> int:
    from torch.utils.flop_counter import FlopCounterMode  # here, since it imports all of triton

    network.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(*(tensor.to("meta") for tensor in inputs))
    return int(counter.get_total_flops()) // 2
