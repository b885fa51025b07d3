"""Batch normalisations that in evaluation mode become part of the convolutions before them.

With its statistics fixed, a normalisation multiplies each channel by some g and adds to it, which
the convolution may as well do itself (Jacob et al. 2018, Quantization and training of neural
networks for efficient integer-arithmetic-only inference, section 3.2, equation 14):

    g = weight / sqrt(running variance + epsilon)
    kernel <- g kernel        bias <- g (bias - running mean) + the normalisation's bias
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from typing import Any

from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode with fewer layers and, to rounding, the same outputs.

    A convolution swallows the BatchNorm2d that reads it, where nothing else does. A network without
    batch normalisations, or one that torch.fx cannot trace, comes back as it is.
    """
    if not any(type(module) is nn.BatchNorm2d for module in network.modules()):
        return network
    copied = copy.deepcopy(network).eval()
    try:
        graph = fx.Tracer().trace(copied)
    except Exception:  # a forward pass may do anything to a tensor that has no values yet
        return network
    for conv, norm in list(_pairs(copied, graph)):
        both: Any = copied.get_submodule(conv), copied.get_submodule(norm)
        copied.set_submodule(conv, fuse_conv_bn_eval(*both))
        copied.set_submodule(norm, nn.Identity())
    return copied


def _pairs(network: nn.Module, graph: fx.Graph) -> Iterator[tuple[str, str]]:
    """Names of the convolutions to change, and of the normalisation that each swallows.

    Modules that are called more than once are left alone: what is right after one call is wrong
    after another.
    """
    calls = Counter(node.target for node in graph.nodes if node.op == "call_module")
    once = {
        node: network.get_submodule(node.target)
        for node in graph.nodes
        if calls[node.target] == 1 and node.op == "call_module"
    }
    for node, module in once.items():
        if type(module) is not nn.BatchNorm2d or not module.track_running_stats:
            continue
        (source,) = node.all_input_nodes
        if type(once.get(source)) is nn.Conv2d and len(source.users) == 1:
            yield source.target, node.target
