"""A state tree (tensors, arrays, JSON scalars, in dicts, lists and tuples) as one safetensors file.

safetensors refuses tensors that share memory or are not contiguous, so the structure beside
the tensors says which names are tied and in which memory format a tensor was.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch

Tree = Any
_SCALARS = (str, int, float, bool, type(None))


def pack(tree: Tree) -> bytes:
    """Raises TypeError for a leaf that is neither tensor, numeric array nor JSON scalar."""
    tensors: dict[str, torch.Tensor] = {}
    structure = _Packer(tensors).node(tree)
    return safetensors.torch.save(tensors, metadata={"tree": json.dumps(structure)})


def unpack(content: bytes) -> Tree:
    """The tree in fresh tensors that alias nothing but each other, as they did when packed."""
    header_length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + header_length])
    structure = json.loads(header["__metadata__"]["tree"])
    return _Unpacker(safetensors.torch.load(content)).node(structure)


class _Packer:
    def __init__(self, tensors: dict[str, torch.Tensor]) -> None:
        self.tensors = tensors
        self.names: dict[tuple[Any, ...], str] = {}
        self.alive: list[torch.Tensor] = []  # an address names a tensor only while it lives

    def node(self, tree: Tree) -> Any:
        if isinstance(tree, torch.Tensor):
            return {"tensor": self.tensor(tree.detach()), "format": _memory_format(tree)}
        if isinstance(tree, np.ndarray):
            # A copy, because 0-d arrays and read-only ones cannot be shared with torch.
            return {"array": self.tensor(torch.from_numpy(np.array(tree, order="C")))}
        if isinstance(tree, dict):
            return {"dict": [[_scalar(key), self.node(value)] for key, value in tree.items()]}
        if type(tree) in (list, tuple):  # a named tuple would come back as something else
            return {type(tree).__name__: [self.node(item) for item in tree]}
        return {"value": _scalar(tree)}

    def tensor(self, tensor: torch.Tensor) -> str:
        place = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
        if tensor.numel() and place in self.names:
            return self.names[place]
        name = str(len(self.tensors))
        self.names[place] = name
        self.alive.append(tensor)
        self.tensors[name] = tensor.cpu().contiguous().clone()
        return name


class _Unpacker:
    def __init__(self, tensors: dict[str, torch.Tensor]) -> None:
        self.tensors = tensors

    def node(self, structure: Any) -> Tree:
        match structure:
            case {"tensor": name, "format": memory_format}:
                # Written back, so that every tie gets the tensor in its one memory format.
                self.tensors[name] = self.tensors[name].to(
                    memory_format=getattr(torch, memory_format)
                )
                return self.tensors[name]
            case {"array": name}:
                return self.tensors[name].numpy()
            case {"dict": items}:
                return {key: self.node(value) for key, value in items}
            case {"list": items}:
                return [self.node(item) for item in items]
            case {"tuple": items}:
                return tuple(self.node(item) for item in items)
        return structure["value"]


def _memory_format(tensor: torch.Tensor) -> str:
    """By the strides, since a tensor of one channel counts as contiguous in both formats."""
    if tensor.dim() == 4:
        _, channels, height, width = tensor.shape
        if tensor.stride() == (channels * height * width, 1, channels * width, channels):
            return "channels_last"
    return "contiguous_format"


def _scalar(value: Any) -> Any:
    if isinstance(value, _SCALARS):
        return value
    raise TypeError(f"a state holds tensors, numeric arrays and JSON scalars, not {type(value)}")
