"""Weights that go from another library's network into ours and back."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from shinso import catalog
from shinso.core.learner import ForeignWeights
from shinso.core.transfer import in_own_names, start_from

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def assert_exchangeable(
    name: str, ours: nn.Module, theirs: nn.Module, folder: Path, size: int
) -> None:
    """Their weights make our network theirs, and ours make theirs ours: the same outputs in both
    modes, and the same running statistics after a batch. `name` is the system's."""
    torch.manual_seed(1)
    images = torch.randn(2, 3, size, size)
    assert taken(name, ours, saved(randomised(theirs), folder)) == []
    assert_same(ours, theirs, images)

    state = randomised(ours).state_dict()
    shapes = {their: tensor.shape for their, tensor in theirs.state_dict().items()}
    named = partners(name, ours, theirs)
    theirs.load_state_dict({named[n]: t.reshape(shapes[named[n]]) for n, t in state.items()})
    assert_same(ours, theirs, images)


def saved(network: nn.Module, folder: Path) -> ForeignWeights:
    path = folder / "theirs.safetensors"
    safetensors.torch.save_file(network.state_dict(), path)
    return ForeignWeights(path)


def taken(name: str, network: nn.Module, start: ForeignWeights) -> list[str]:
    """What starts anew."""
    system = catalog.find(name)
    return start_from(start, {"classifier": network}, True, system, system.make_recipe())


def partners(name: str, ours: nn.Module, theirs: nn.Module) -> dict[str, str]:
    """Our name of each weight to theirs."""
    numbered = {their: torch.tensor(i) for i, their in enumerate(theirs.state_dict())}
    their_names = [*numbered]
    named = in_own_names(numbered, ours, catalog.find(name).load_layouts())
    return {our: their_names[int(number)] for our, number in named.items()}


def assert_same(ours: nn.Module, theirs: nn.Module, images: Tensor) -> None:
    for mode in (False, True):  # training mode last, for it changes the statistics
        ours.train(mode), theirs.train(mode)
        with torch.no_grad():
            torch.testing.assert_close(ours(images), theirs(images), **TOLERANCE)
    for one, other in zip(statistics(ours), statistics(theirs), strict=True):
        torch.testing.assert_close(one, other, **TOLERANCE)


def statistics(network: nn.Module) -> list[Tensor]:
    """Sorted, for two libraries may list their layers in another order."""
    found = [t for n, t in network.state_dict().items() if "running" in n]
    if not found:
        return []
    return [torch.cat([t.sort().values for t in sorted(found, key=lambda t: (len(t), t.sum()))])]


def randomised(network: nn.Module) -> nn.Module:
    """With statistics and scales that are not the neutral ones of the beginning."""
    random = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, _NormBase):
                for values in (module.weight, module.bias, module.running_mean):
                    values.copy_(torch.randn(values.shape, generator=random) * 0.2 + 0.5)
                module.running_var.uniform_(0.5, 2.0, generator=random)
    return network
