"""Trainable: what learners with networks offer besides, and all that levers and parallel
strategies use. A step is one or more phases (a GAN has two), each taken apart into the next
batch, the forward pass, the loss, the gradients and their application."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from shinso.core.edits import Edits
from shinso.core.evaluation import Scores
from shinso.core.learner import ForeignWeights, Learner
from shinso.core.optimise import Updater
from shinso.core.recipe import GradientRecipe
from shinso.core.transfer import start_from

if TYPE_CHECKING:
    from shinso.core.artifact import Artifact
    from shinso.core.run import Run
    from shinso.core.tree import Tree

Batch = Any  # what next_batch returns and forward and loss read
Outputs = dict[str, Tensor]  # names its "logits" and "features" where it has them
Gradients = list[Tensor | None]


class Trainable(Learner):
    """Learns networks by gradients.

    `phases` maps each phase of a step to the networks it updates; each phase has an optimiser
    of its own, and a later phase sees the earlier one's update.
    """

    recipe: GradientRecipe

    def __init__(
        self,
        recipe: GradientRecipe,
        data: Any,
        start: Artifact | ForeignWeights | None,
        run: Run,
        networks: Mapping[str, nn.Module],
        phases: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(recipe, data, start, run)
        self.networks = dict(networks)
        self.phases = dict(phases or {"update": list(self.networks)})
        if start is not None:
            for note in start_from(start, self.networks, self.keeps_head, run.system, recipe):
                if run.processes.first:
                    print(note, file=sys.stderr)
        self.adopt(self.networks)

    def adopt(self, networks: Mapping[str, nn.Module]) -> None:
        """Learns these from the first update on, in place of those of the same names."""
        self.networks = dict(networks)
        for network in self.networks.values():
            network.to(self.run.device).to(memory_format=getattr(torch, self._memory_format))
        self.forwards = dict(self.networks)
        if self.recipe.compile:
            self.forwards = {name: _compiled(network) for name, network in self.networks.items()}
        self.updaters = {
            phase: Updater(self.recipe, self.parameters(phase), self.total_steps)
            for phase in self.phases
        }

    @property
    def edits(self) -> Edits:
        """Those of the artifact it starts from: what was pruned stays so."""
        if self.start is None or isinstance(self.start, ForeignWeights):
            return {}
        return self.start.edits

    @property
    def keeps_head(self) -> bool:
        """Whether a head that fits is taken over from `start`: not when its classes are others."""
        return True

    @cached_property
    def total_steps(self) -> int:
        """Learners that count in epochs know how long one is and override this."""
        assert self.recipe.steps is not None
        return self.recipe.steps

    @property
    def progress(self) -> tuple[int, int | None]:
        return self.run.step, self.total_steps

    def parameters(self, phase: str) -> list[nn.Parameter]:
        networks = [self.networks[name] for name in self.phases[phase]]
        return [p for network in networks for p in network.parameters() if p.requires_grad]

    # One step, phase by phase -------------------------------------------------------------

    def step(self) -> Scores:
        self.prepare()
        scores: Scores = {}
        for phase in self.phases:
            batch = self.next_batch(phase)
            gradients, phase_scores = self.gradients(phase, batch)
            self.run.processes.mean(gradients, self.share_weight)
            self.apply(phase, gradients)
            scores |= phase_scores
            if self.recipe.clip_norm is not None:  # reports then tell the share of such steps
                scores[self._score(phase, "clipped")] = float(self.updaters[phase].clipped)
        return scores

    @property
    def share_weight(self) -> float:
        """What this process's batch counts for in the mean over all; 1 where all are as large."""
        return 1.0

    def prepare(self) -> None:
        """What a step needs before its first phase: environment steps, self-play."""

    @abstractmethod
    def next_batch(self, phase: str) -> Batch: ...

    @abstractmethod
    def forward(self, phase: str, batch: Batch) -> Outputs: ...

    @abstractmethod
    def loss(self, phase: str, batch: Batch, outputs: Outputs) -> Tensor: ...

    def scores(self, phase: str, batch: Batch, outputs: Outputs, loss: Tensor) -> Scores:
        """The scores of a step; "loss" alone where there is one phase."""
        return {self._score(phase, "loss"): loss.item()}

    def gradients(self, phase: str, batch: Batch) -> tuple[Gradients, Scores]:
        """Of the phase's loss by its parameters; None where the loss does not depend on one."""
        with self._autocast():
            outputs = self.forward(phase, batch)
            loss = self.loss(phase, batch, outputs)
        gradients = torch.autograd.grad(loss, self.parameters(phase), allow_unused=True)
        return list(gradients), self.scores(phase, batch, outputs, loss.detach())

    def apply(self, phase: str, gradients: Gradients) -> None:
        self.updaters[phase].update(gradients, self.run.step)

    # State ---------------------------------------------------------------------------------

    def state(self) -> Tree:
        return {
            "networks": {name: dict(net.state_dict()) for name, net in self.networks.items()},
            "optimisers": {name: u.optimiser.state_dict() for name, u in self.updaters.items()},
        }

    def restore(self, state: Tree) -> None:
        for name, network in self.networks.items():
            network.load_state_dict(state["networks"][name])
        for phase, updater in self.updaters.items():
            updater.optimiser.load_state_dict(state["optimisers"][phase])

    # For subclasses ------------------------------------------------------------------------

    def place(self, tensor: Tensor) -> Tensor:
        """The tensor on the run's device, images in the recipe's memory format."""
        if tensor.dim() == 4:
            memory_format = getattr(torch, self._memory_format)
            return tensor.to(self.run.device, memory_format=memory_format)
        return tensor.to(self.run.device)

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Networks in evaluation mode, without gradients; for `evaluate`."""
        for network in self.networks.values():
            network.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            for network in self.networks.values():
                network.train()

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.recipe.precision == "float32":
            return nullcontext()
        return torch.autocast(self.run.device.type, getattr(torch, self.recipe.precision))

    def _score(self, phase: str, name: str) -> str:
        return name if len(self.phases) == 1 else f"{phase}_{name}"

    @property
    def _memory_format(self) -> str:
        contiguous = self.recipe.memory_format == "contiguous"
        return "contiguous_format" if contiguous else self.recipe.memory_format


def _compiled(network: nn.Module) -> Any:
    from torch._inductor import config

    config.deterministic = True  # what use_deterministic_algorithms tells the compiler
    return torch.compile(network)


class Supervised(Trainable):
    """Learns from `example_count` examples in shuffled epochs; the order is a pure function of
    seed and epoch, so there is no loader whose position would have to be saved.

    Subclasses give `example_count` before they call this constructor, and `examples`.
    """

    example_count: int

    @cached_property
    def epoch_steps(self) -> int:
        """Updates an epoch. The last batch may be smaller, but one example that would be alone in
        it joins the batch before: batch normalisation finds no variance in one."""
        size = self.recipe.batch_size
        alone = self.example_count % size == 1 and self.example_count > size > 1
        return -(-self.example_count // size) - alone

    @cached_property
    def total_steps(self) -> int:
        if self.recipe.steps is not None:
            return self.recipe.steps
        assert self.recipe.epochs is not None
        return self.recipe.epochs * self.epoch_steps

    @property
    def evaluate_every(self) -> int | None:
        return self.recipe.evaluate_every or self.epoch_steps

    def next_batch(self, phase: str) -> Batch:
        return self.examples(self.batch_indices())

    @abstractmethod
    def examples(self, indices: NDArray[np.int64]) -> Batch:
        """The batch of these examples, on the run's device."""

    def batch_indices(self) -> NDArray[np.int64]:
        """This process's share of the examples of step `run.step`. Never empty: where there are
        more processes than examples, some have one that weighs nothing."""
        whole = self._whole_batch()
        return whole[self.run.processes.share(len(whole))] if self.share_weight else whole[:1]

    @property
    def share_weight(self) -> float:
        whole = len(self._whole_batch())
        share = self.run.processes.share(whole)
        part: int = share.stop - share.start
        return part * self.run.processes.world_size / whole

    def batch_name(self) -> str:
        epoch, position = divmod(self.run.step, self.epoch_steps)
        indices = ", ".join(map(str, self.batch_indices()[:8]))
        return f"epoch {epoch + 1}, batch {position + 1} (examples {indices}, ...)"

    def _whole_batch(self) -> NDArray[np.int64]:
        """The examples of step `run.step`, over all processes."""
        epoch, position = divmod(self.run.step, self.epoch_steps)
        start = position * self.recipe.batch_size
        last = position == self.epoch_steps - 1
        return self._order(epoch)[start : None if last else start + self.recipe.batch_size]

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if getattr(self, "_ordered_epoch", None) != epoch:
            self._ordered_epoch = epoch
            self._epoch_order = self.run.random.numpy("order", epoch).permutation(
                self.example_count
            )
        return self._epoch_order
