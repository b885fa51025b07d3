"""Where a run computes: its device, its place among the processes of torchrun, determinism."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist

from shinso.core.errors import UserError

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt's names for them, malloc.h


@dataclass(frozen=True)
class Processes:
    """This process's place in the group that trains together; alone by default."""

    rank: int = 0
    world_size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """This process's part of a global batch of `count` examples."""
        return slice(
            self.rank * count // self.world_size, (self.rank + 1) * count // self.world_size
        )

    def mean(self, tensors: Iterable[torch.Tensor | None], weight: float = 1.0) -> None:
        """Averages the tensors over all processes, in place, in one message. The weights that the
        processes give theirs add up to their number."""
        present = [tensor for tensor in tensors if tensor is not None]
        if self.world_size == 1 or not present:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in present])
        flat *= weight
        dist.all_reduce(flat)
        flat /= self.world_size
        parts = torch.split(flat, [tensor.numel() for tensor in present])
        for tensor, part in zip(present, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def mean_scores(self, scores: dict[str, float]) -> dict[str, float]:
        if self.world_size == 1:
            return scores
        values = torch.tensor(list(scores.values()), dtype=torch.float64)
        dist.all_reduce(values)
        return dict(zip(scores, (values / self.world_size).tolist(), strict=True))

    def from_first(self, value: Any) -> Any:
        """The first process's JSON-like `value`, in all of them."""
        if self.world_size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process, so that all stop together."""
        if self.world_size == 1:
            return flag
        count = torch.tensor(int(flag))
        dist.all_reduce(count)
        return bool(count.item())


def choose_device(name: str | None) -> torch.device:
    """The named device, or the first accelerator, or the CPU. Raises UserError if absent."""
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"--device {name} cannot be used: {reason}; try --device cpu") from None
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", device.index or 0)))
        torch.cuda.set_device(device)
    return device


@contextmanager
def processes() -> Iterator[Processes]:
    """Joins the group that torchrun started, if it did, and leaves it at the end."""
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    if world_size == 1:
        yield Processes()
        return
    # Both backends, because scores and flags stay on the CPU whatever the device.
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Processes(dist.get_rank(), world_size)
    finally:
        dist.destroy_process_group()


def keep_freed_memory() -> None:
    """Has glibc's malloc keep what a step frees for the next one, up to 512 MB. By its defaults
    large blocks go back to the system and are faulted in again, page by page, at every step: a
    third of the CPU time of a small convolutional net. Other C libraries are left as they are.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_TRIM_THRESHOLD, 512 << 20)
        libc.mallopt(_MMAP_THRESHOLD, 32 << 20)  # the largest it takes


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Deterministic algorithms, strict on the CPU; on a GPU some have none, so it warns there."""
    memory: Any = torch.utils.deterministic
    before = torch.get_deterministic_debug_mode()
    fill = memory.fill_uninitialized_memory
    benchmark = torch.backends.cudnn.benchmark
    # Not use_deterministic_algorithms: that imports the whole compiler, 2 seconds.
    torch.set_deterministic_debug_mode("error" if device.type == "cpu" else "warn")
    memory.fill_uninitialized_memory = False  # finds bugs, costs every step
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)
        memory.fill_uninitialized_memory = fill
        torch.backends.cudnn.benchmark = benchmark
