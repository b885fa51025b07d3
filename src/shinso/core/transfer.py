"""Starting from weights that exist: an artifact's, or another library's state_dict."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import safetensors
import safetensors.torch
from torch import Tensor, nn

from shinso.core.edits import replay
from shinso.core.errors import ShinsoError, UserError, nearest
from shinso.core.learner import ForeignWeights
from shinso.core.recipe import GradientRecipe, Recipe, as_options
from shinso.core.system import Layout, System

if TYPE_CHECKING:
    from shinso.core.artifact import Artifact

UNNEEDED = ".num_batches_tracked"  # old files lack the counter, which plays no part


def start_from(
    start: Artifact | ForeignWeights,
    networks: Mapping[str, nn.Module],
    keep_head: bool,
    system: System,
    recipe: Recipe,
) -> list[str]:
    """Makes the networks, which `system` built of `recipe`, those of `start`.

    Takes out the channels that `start` lacks, and copies its weights by name; another library's go
    by the names of its own layout too, where the system's row knows it. Modules that a network
    names as its `head` get new weights where the shapes differ (other classes); anything else that
    differs is refused. Returns, in words, what starts anew.
    """
    if isinstance(start, ForeignWeights):
        return _start_from_foreign(start.path, networks, keep_head, system)
    states = {name: start.weights(name) for name in networks}
    notes: list[str] = []
    try:
        replay(start.edits, networks)
        for name, network in networks.items():
            origin = f"{start.system}'s network {name}"
            notes += copy_weights(states[name], network, origin, keep_head)
    except UserError as error:
        raise UserError(f"{error}; {_way_out(start, system.name, recipe)}") from None
    return notes


def _start_from_foreign(
    path: Path, networks: Mapping[str, nn.Module], keep_head: bool, system: System
) -> list[str]:
    state, layouts = read_state(path), system.load_layouts()
    notes: list[str] = []
    try:
        for network in networks.values():
            named = in_own_names(state, network, layouts)
            notes += copy_weights(named, network, path.name, keep_head)
    except UserError as error:
        raise UserError(
            f"{error}; it is of another variant of {system.name}, which options choose, or of "
            "another network"
        ) from None
    return notes


def _way_out(start: Artifact, system: str, recipe: Recipe) -> str:
    """Why weights do not fit, as far as recipes tell: by what decides about networks alone."""
    if start.system != system:
        return f"these are {start.system}'s weights, not {system}'s"
    of_training = {field.name for field in GradientRecipe.fields()}
    difference = start.recipe.difference(recipe)
    options = as_options({n: v for n, v in difference.items() if n not in of_training})
    if told := " ".join(options):
        return f"it was made with {told}"
    return "it was made with the same recipe, so of other data or by another shinso: train anew"


def in_own_names(
    state: Mapping[str, Tensor], network: nn.Module, layouts: Sequence[Layout]
) -> Mapping[str, Tensor]:
    """Another library's weights under the network's names: as they are, or by the first of the
    layouts that leaves the fewest names without a partner."""
    own = network.state_dict().keys()
    readings = [state, *({renamed(n, layout): t for n, t in state.items()} for layout in layouts)]
    return min(readings, key=lambda reading: len(own ^ reading.keys()))


def renamed(name: str, layout: Layout) -> str:
    """A name of theirs in ours: all replacements of the layout, one after the other."""
    for pattern, replacement in layout:
        name = re.sub(pattern, replacement, name)
    return name


def copy_weights(
    source: Mapping[str, Tensor], network: nn.Module, origin: str, keep_head: bool = True
) -> list[str]:
    """Returns, in words, which heads start anew.

    Raises UserError naming the first weight that does not fit and is in no head.
    """
    own = network.state_dict()
    heads = _head_weights(network)
    misfits = _misfits(source, own)
    in_heads = tuple(f"{head}." for head in heads)
    for name, problem in misfits.items():
        if not name.startswith(in_heads):
            raise UserError(f"{origin} does not fit: {name} {problem}")
    taken = {n: t.reshape(own[n].shape) for n, t in source.items() if n in own.keys() - misfits}
    notes = []
    # A head is either taken whole or made new whole: a kept bias under new weights means nothing.
    for head, weights in heads.items():
        problems = [f"{name} {misfits[name]}" for name in weights if name in misfits]
        if problems or not keep_head:
            taken = {name: tensor for name, tensor in taken.items() if name not in weights}
            notes.append(f"{head} starts anew: {problems[0] if problems else 'other classes'}")
    network.load_state_dict(taken, strict=False)
    return notes


def _misfits(source: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, str]:
    """What is wrong with a weight, by its name; the network's in its order, then those beyond."""
    problems = {}
    for name, tensor in own.items():
        if name.endswith(UNNEEDED):
            continue
        if name not in source:
            problems[name] = f"is missing, needs {tuple(tensor.shape)}"
        elif _layer_shape(source[name]) != _layer_shape(tensor):
            found, needed = tuple(source[name].shape), tuple(tensor.shape)
            problems[name] = f"has shape {found}, needs {needed}"
    beyond = (name for name in source if name not in own and not name.endswith(UNNEEDED))
    return problems | {n: f"{tuple(source[n].shape)} has no place in it" for n in beyond}


def _layer_shape(tensor: Tensor) -> tuple[int, ...]:
    """A 1 x 1 convolution, (M, C, 1, 1), is a dense layer, (M, C)."""
    shape = tuple(tensor.shape)
    return shape[:2] if len(shape) == 4 and shape[2:] == (1, 1) else shape


def _head_weights(network: nn.Module) -> dict[str, list[str]]:
    """The names of the weights of each head that the network has now.

    Raises ShinsoError where its class names one that is no layer of it, or has no weights.
    """
    named = getattr(network, "head", ())
    if isinstance(named, nn.Module):  # a layer that happens to be called so
        return {}
    heads = {}
    for head in (named,) if isinstance(named, str) else named:
        heads[head] = [name for name in network.state_dict() if name.startswith(f"{head}.")]
        if not heads[head] and getattr(network, head, False) is not None:  # None: built without
            layers = [name for name, _ in network.named_children()]
            raise ShinsoError(
                f"the head of {type(network).__name__} is {head!r}, which names no layer with "
                f"weights; {nearest(head, layers)}"
            )
    return heads


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name. Raises UserError for one that is none."""
    try:
        return safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(f"{path} is no readable safetensors file: {error}") from None
