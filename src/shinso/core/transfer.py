"""Starting from weights that exist: an artifact's, or another library's state_dict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import safetensors
import safetensors.torch
from torch import Tensor, nn

from shinso.core.edits import replay
from shinso.core.errors import ShinsoError, UserError, nearest
from shinso.core.learner import ForeignWeights
from shinso.core.recipe import GradientRecipe, Recipe, as_options

if TYPE_CHECKING:
    from shinso.core.artifact import Artifact


def start_from(
    start: Artifact | ForeignWeights,
    networks: Mapping[str, nn.Module],
    keep_head: bool,
    system: str,
    recipe: Recipe,
) -> None:
    """Makes the networks, which `system` built of `recipe`, those of `start`.

    Takes out the channels that `start` lacks, and copies its weights by name. A module that a
    network names as its `head` gets new weights where the shapes differ (other classes); anything
    else that differs is refused.
    """
    if isinstance(start, ForeignWeights):
        state = read_state(start.path)
        for network in networks.values():
            copy_weights(state, network, "what --from names", keep_head)
        return
    states = {name: start.weights(name) for name in networks}
    try:
        replay(start.edits, networks)
        for name, network in networks.items():
            copy_weights(states[name], network, f"{start.system}'s network {name}", keep_head)
    except UserError as error:
        raise UserError(f"{error}; {_way_out(start, system, recipe)}") from None


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


def copy_weights(
    source: Mapping[str, Tensor], network: nn.Module, origin: str, keep_head: bool = True
) -> None:
    """Raises UserError naming the first weight that does not fit and is not in the head."""
    own = network.state_dict()
    fresh = _head_weights(network)
    fitting = {n: t for n, t in source.items() if n in own and t.shape == own[n].shape}
    for name in own:
        if name in fitting or name in fresh:
            continue
        found = f"has shape {tuple(source[name].shape)}" if name in source else "is missing"
        needed = tuple(own[name].shape)
        raise UserError(f"{origin} does not fit: {name} {found}, needs {needed}")
    # A head is either taken whole or made new whole: a kept bias under new weights means nothing.
    if not (keep_head and fresh <= set(fitting)):
        fitting = {name: tensor for name, tensor in fitting.items() if name not in fresh}
    network.load_state_dict(fitting, strict=False)


def _head_weights(network: nn.Module) -> set[str]:
    """Raises ShinsoError where the network's class names a head that it does not have."""
    head = getattr(network, "head", None)
    if not isinstance(head, str):
        return set()
    weights = {name for name in network.state_dict() if name.startswith(f"{head}.")}
    if not weights:
        layers = [name for name, _ in network.named_children()]
        raise ShinsoError(
            f"the head of {type(network).__name__} is {head!r}, which names no layer with weights; "
            f"{nearest(head, layers)}"
        )
    return weights


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name. Raises UserError for one that is none."""
    try:
        return safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(f"{path} is no readable safetensors file: {error}") from None
