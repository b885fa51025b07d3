"""Starting from weights that exist: an artifact's, or another library's state_dict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import safetensors
import safetensors.torch
from torch import Tensor, nn

from shinso.core.errors import UserError
from shinso.core.learner import ForeignWeights

if TYPE_CHECKING:
    from shinso.core.artifact import Artifact


def start_from(
    start: Artifact | ForeignWeights, networks: Mapping[str, nn.Module], keep_head: bool
) -> None:
    """Copies weights by name. A module that a network names as its `head` gets new weights
    where the shapes differ (other classes); anything else that differs is refused.
    """
    for name, network in networks.items():
        if isinstance(start, ForeignWeights):
            copy_weights(read_state(start.path), network, "what --from names", keep_head)
        else:
            origin = f"{start.system}'s network {name}"
            copy_weights(start.weights(name), network, origin, keep_head)


def copy_weights(
    source: Mapping[str, Tensor], network: nn.Module, origin: str, keep_head: bool = True
) -> None:
    """Raises UserError naming the first weight that does not fit and is not in the head."""
    own = network.state_dict()
    head = getattr(network, "head", None)
    fresh = {name for name in own if head is not None and name.startswith(f"{head}.")}
    fitting = {n: t for n, t in source.items() if n in own and t.shape == own[n].shape}
    for name in own:
        if name in fitting or name in fresh:
            continue
        found = f"has shape {tuple(source[name].shape)}" if name in source else "is missing"
        raise UserError(
            f"{origin} does not fit: {name} {found}, needs {tuple(own[name].shape)}; "
            "train with the recipe it was made with"
        )
    # A head is either taken whole or made new whole: a kept bias under new weights means nothing.
    if not (keep_head and fresh <= set(fitting)):
        fitting = {name: tensor for name, tensor in fitting.items() if name not in fresh}
    network.load_state_dict(fitting, strict=False)


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name. Raises UserError for one that is none."""
    try:
        return safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(f"{path} is no readable safetensors file: {error}") from None
