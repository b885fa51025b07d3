"""Which single weights can go: those of the least magnitude (Han et al. 2015, Learning both weights
and connections for efficient neural networks, section 3), or those that their layers miss least,
over all layers together.

Weights and masks are dictionaries by name, NETWORK.PARAMETER; a mask is true where a weight stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from shinso.core.errors import UserError

Layers = Mapping[str, Tensor]  # what each weight, or each channel, of a layer is worth
Masks = dict[str, Tensor]
TABLE_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)  # of what can go below one threshold or another


def prunable(networks: Mapping[str, nn.Module]) -> dict[str, nn.Parameter]:
    """Kernels, matrices and tables; not biases and scales, which are few and matter much. A
    parameter that several modules share comes once."""
    parameters = {
        id(parameter): (f"{network}.{name}", parameter)
        for network, module in networks.items()
        for name, parameter in module.named_parameters()
        if parameter.dim() >= 2
    }
    return dict(parameters.values())


@torch.no_grad()
def lamp(weight: Tensor) -> Tensor:
    """What each weight is worth in its layer: its square, as a share of the squares of all that are
    no smaller. The largest of every layer is worth 1, so none is emptied for another (Lee et al.
    2021, Layer-adaptive sparsity for the magnitude-based pruning, equation 4)."""
    squares, order = weight.detach().double().square().flatten().sort()
    left = squares.flip(0).cumsum(0).flip(0).clamp_min(torch.finfo(torch.float64).tiny)
    return torch.empty_like(squares).scatter_(0, order, squares / left).view_as(weight)


WORTHS: dict[str, Callable[[Tensor], Tensor]] = {"l1": torch.abs, "lamp": lamp}  # by criterion


@torch.no_grad()
def smallest_gone(
    weights: Mapping[str, Tensor], share: float, criterion: str = "l1", kept: Masks | None = None
) -> Masks:
    """Masks without that share of all weights together, those worth least; those that `kept` lacks
    go first."""
    worth = torch.cat([WORTHS[criterion](weight).flatten() for weight in weights.values()])
    if kept is not None:
        worth[~torch.cat([kept[name].flatten() for name in weights])] = -1
    lowest = worth.topk(round(len(worth) * share), largest=False).indices
    stays = torch.ones_like(worth, dtype=torch.bool).index_fill_(0, lowest, False)
    parts = stays.split([weight.numel() for weight in weights.values()])
    return {
        name: part.view_as(weight)
        for (name, weight), part in zip(weights.items(), parts, strict=True)
    }


@torch.no_grad()
def small_gone(weights: Mapping[str, Tensor], threshold: float) -> Masks:
    """Masks without the weights of a magnitude below the threshold."""
    return {name: weight.abs() >= threshold for name, weight in weights.items()}


@torch.no_grad()
def apply_masks(weights: Mapping[str, Tensor], masks: Masks) -> None:
    for name, weight in weights.items():
        weight.mul_(masks[name])


@torch.no_grad()
def refuse_emptied(weights: Mapping[str, Tensor], masks: Masks, asked: str) -> None:
    """Raises UserError where a layer that has weights would keep none of them; `asked` is what the
    user gave."""
    for name, weight in weights.items():
        if weight.any() and not (weight * masks[name]).any():
            raise UserError(
                f"{asked} would set all of {name} to 0, the largest of which is "
                f"{float(weight.abs().max()):.4g}: less has to go"
            )


def table_thresholds(layers: Layers) -> list[float]:
    """Ascending thresholds below which a tenth to nine tenths go of all that a threshold can take
    without emptying a layer. Empty where it can take nothing."""
    live = [values[values > 0] for values in layers.values() if bool((values > 0).any())]
    if not live:
        return []
    most = torch.stack([values.max() for values in live]).min()
    every = torch.cat([values.flatten() for values in live])
    ordered = every[every < most].sort().values
    if not len(ordered):
        return []
    ordered = torch.cat([ordered, most[None]])
    picks = [max(1, int((len(ordered) - 1) * share)) for share in TABLE_SHARES]
    return list(dict.fromkeys(ordered[picks].tolist()))
