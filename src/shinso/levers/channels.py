"""Structured pruning: which channels of a network can go, and the edits that take them out.

Channels go in groups: those of a layer, of the layers whose outputs are added to its own, and the
inputs of all that read them (Fang et al. 2023, DepGraph: Towards any structural pruning, section
3; torch-pruning finds the groups). A criterion says what each is worth, a choice which of a group
go: the lowest share of it, or those below a threshold that is the same for all groups.
"""

from __future__ import annotations

import copy
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from shinso.core.edits import Edit, axes, replay, size
from shinso.core.errors import ShinsoError, UserError
from shinso.core.extras import require
from shinso.levers.criteria import Criterion, l1_norm

TRIED_SHARE = 0.5  # of a group's channels, to find out whether it can lose some


@dataclass(frozen=True)
class Group:
    """Channels of the layer at `path` and all that goes with them."""

    path: str
    importance: Tensor  # (C,) what each is worth by the criterion
    root: Any  # torch-pruning's dependency that starts the group

    def least(self, count: int) -> list[int]:
        """So many of the least important channels; one at least stays."""
        count = min(count, len(self.importance) - 1)
        return sorted(self.importance.argsort(stable=True)[:count].tolist())


Choice = Callable[[Group], list[int]]  # the channels of a group that go


def lowest(share: float) -> Choice:
    """That share of each group; one channel of it at least stays."""
    return lambda group: group.least(int(len(group.importance) * share + 1e-9))


def below(threshold: float) -> Choice:
    """Those worth less than that, in any group; one channel of it at least stays."""
    return lambda group: group.least(int((group.importance < threshold).sum()))


class Channels:
    """The groups of channels that a network can lose."""

    def __init__(
        self,
        name: str,
        network: nn.Module,
        inputs: tuple[Tensor, ...],
        criterion: Criterion = l1_norm,
    ) -> None:
        """`inputs` are an example of the network's. Raises UserError for a network that
        torch-pruning cannot follow."""
        require("compress", "torch_pruning")
        self.name = name
        self.criterion = criterion
        self.network = network.eval()
        self.inputs = inputs
        self.paths = {module: path for path, module in network.named_modules()}
        self.graph, dependent = _dependency_graph(name, network, inputs)
        found = map(self._group, dependent)
        self.groups = [group for group in found if group is not None and self._can_lose(group)]

    @property
    def importances(self) -> dict[str, Tensor]:
        """{layer: (C,)} of the groups."""
        return {f"{self.name}.{group.path}": group.importance for group in self.groups}

    def edits(self, choice: Choice) -> tuple[Edit, ...]:
        """What takes the chosen channels out."""
        return self._edits(self.groups, choice)

    def checked_edits(self, choice: Choice) -> tuple[Edit, ...]:
        """Raises ShinsoError where the network then computes something else."""
        edits = self.edits(choice)
        if edits and not computes_the_same(self.network, edits, self.inputs):
            raise ShinsoError(
                f"network {self.name} without the channels chosen is not what it was with "
                "nothing reading them: a fault of shinso"
            )
        return edits

    def widths(self, choice: Choice) -> dict[str, list[int]]:
        """{layer: [channels before, after]} of the groups."""
        return {
            f"{self.name}.{group.path}": [
                len(group.importance),
                len(group.importance) - len(choice(group)),
            ]
            for group in self.groups
        }

    def _group(self, found: Any) -> Group | None:
        """None for channels that cannot be edited, or that are not where they are said to be."""
        try:
            importance = self.criterion(self.graph, found)
        except (
            IndexError,
            RuntimeError,
        ):  # behind a transposition it names channels beyond a layer
            return None
        if importance is None or not all(self._is_editable(dep) for dep, _ in found):
            return None
        root = found[0].dep
        return Group(self.paths[root.target.module], importance.detach(), root)

    def _is_editable(self, dependency: Any) -> bool:
        """Operations (additions, reshapes) have nothing to edit, and bare parameters no side."""
        module = dependency.target.module
        if isinstance(module, nn.Parameter):
            return False
        return module not in self.paths or self._side(dependency) in axes(module)

    def _side(self, dependency: Any) -> str:
        # Where both sides are one (batch normalisation) the handler is of both kinds.
        return "out" if self.graph.is_out_channel_pruning_fn(dependency.handler) else "in"

    def _can_lose(self, group: Group) -> bool:
        edits = self._edits([group], lowest(TRIED_SHARE))
        return bool(edits) and computes_the_same(self.network, edits, self.inputs)

    def _edits(self, groups: Iterable[Group], choice: Choice) -> tuple[Edit, ...]:
        removed: dict[tuple[str, str], set[int]] = defaultdict(set)
        for group in groups:
            chosen = choice(group)
            if not chosen:
                continue
            root = group.root
            for dependency, indices in self.graph.get_pruning_group(
                root.target.module, root.handler, chosen
            ):
                module = dependency.target.module
                if module in self.paths:
                    removed[self.paths[module], self._side(dependency)].update(indices)
        return tuple(self._edit(path, side, gone) for (path, side), gone in removed.items())

    def _edit(self, path: str, side: str, gone: set[int]) -> Edit:
        module = self.network.get_submodule(path)
        count = size(module, axes(module)[side])
        return Edit(path, side, tuple(i for i in range(count) if i not in gone))


def _dependency_graph(
    name: str, network: nn.Module, inputs: tuple[Tensor, ...]
) -> tuple[Any, list[Any]]:
    """torch-pruning's graph, and the groups it finds in it."""
    from torch_pruning import DependencyGraph

    try:
        with warnings.catch_warnings(), torch.enable_grad(), _weightless_as_elementwise(network):
            warnings.simplefilter("ignore")  # of parameters outside modules: they are left alone
            graph = DependencyGraph().build_dependency(network, inputs, verbose=False)
            return graph, list(graph.get_all_groups())
    except Exception as error:  # it may stumble over anything that a network does
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"torch-pruning cannot follow the network {name}: {reason}; "
            "--unstructured needs no channels"
        ) from error


@contextmanager
def _weightless_as_elementwise(network: nn.Module) -> Iterator[None]:
    """Layers without weights that keep the shape are followed as if they took each number by
    itself. Most do; for one that looks at neighbours, as local response normalisation does, the
    dependency graph would go from neighbour to neighbour for hours. Channels that it then wrongly
    lets go are found by `computes_the_same`."""
    weightless = [module for module in network.modules() if not module.state_dict()]
    leaves = [module for module in weightless if next(module.children(), None) is None]
    hooks = [module.register_forward_hook(_as_elementwise) for module in leaves]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _as_elementwise(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Tensor | None:
    """In place of the output, where it has the shape of the only input."""
    if len(inputs) == 1 and isinstance(output, Tensor) and output.shape == inputs[0].shape:
        return 1 * inputs[0]
    return None


# Whether channels can go -------------------------------------------------------------------------


def computes_the_same(
    network: nn.Module, edits: tuple[Edit, ...], inputs: tuple[Tensor, ...]
) -> bool:
    """Whether the network without these channels computes what it computes with them there and
    nothing reading them.

    That is what taking channels out means, and it finds out all that the dependency graph cannot
    express: a shortcut padded with zeros for new channels, gates stacked in one layer, a
    normalisation over all channels, outputs whose width is the caller's, and readers that are
    called in training alone, such as auxiliary heads. Tried in float64 with weights drawn anew, so
    that no dead unit hides a mistake.
    """
    full = _with_random_weights(copy.deepcopy(network)).double().eval()
    edited = copy.deepcopy(full)
    _silence(full, edits)
    generator = torch.Generator().manual_seed(0)
    examples = [_random_like(tensor, generator) for tensor in inputs]
    try:
        replay({"": edits}, {"": edited})
        outputs = _outputs(edited, examples)
    except Exception:  # whatever it is, the shapes do not fit
        return False
    if _can_train(full, examples) and not _can_train(edited, examples):
        return False
    return all(
        one.shape == other.shape and torch.allclose(one, other, 1e-6, 1e-6 * _scale(other))
        for one, other in zip(outputs, _outputs(full, examples), strict=True)
    )


def _can_train(network: nn.Module, inputs: list[Tensor]) -> bool:
    """Whether its shapes fit in training mode too; one example may be too few for some networks."""
    trained = copy.deepcopy(network).train()
    try:
        _outputs(trained, inputs)
    except Exception:  # whatever it is, the shapes do not fit
        return False
    return True


@torch.no_grad()
def _silence(network: nn.Module, edits: Iterable[Edit]) -> None:
    """Sets the weights by which the channels that would go are read to 0."""
    for edit in edits:
        if edit.side == "in":
            module = network.get_submodule(edit.module)
            axis = axes(module)["in"]
            gone = torch.tensor(sorted({*range(size(module, axis))} - {*edit.kept}))
            for name, dimension in axis.tensors.items():
                getattr(module, name).index_fill_(dimension, gone, 0)


@torch.no_grad()
def _with_random_weights(network: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    for tensor in (*network.parameters(), *network.buffers()):
        if not tensor.is_floating_point():
            continue
        if tensor.dim() >= 2:
            inputs = max(1, tensor.numel() // tensor.shape[0])
            tensor.normal_(0, inputs**-0.5, generator=generator)
        else:
            tensor.uniform_(0.5, 1.5, generator=generator)
    return network


def _random_like(tensor: Tensor, generator: torch.Generator) -> Tensor:
    """Numbers drawn anew; whole ones as they are, for only the row knows which are allowed."""
    if not tensor.is_floating_point():
        return tensor
    return torch.randn(tensor.shape, generator=generator, dtype=torch.float64)


@torch.no_grad()
def _outputs(network: nn.Module, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    outputs = network(*inputs)
    return outputs if isinstance(outputs, tuple) else (outputs,)


def _scale(tensor: Tensor) -> float:
    return float(tensor.abs().max()) if tensor.numel() else 0.0
