"""Networks for which no library has a reference, once more in plain NumPy, from their papers: the
forward pass in evaluation mode, from a state of arrays by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
State = Mapping[str, Array]


def convolved(x: Array, weight: Array, bias: Array | None = None, stride: int = 1) -> Array:
    """(B, C, H, W) by (M, C, k, k) to (B, M, H / stride, W / stride), edges padded with zeros."""
    edge = weight.shape[2] // 2
    padded = np.pad(x, ((0, 0), (0, 0), (edge, edge), (edge, edge)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(2, 3))
    out = np.einsum("bchwij,mcij->bmhw", windows[:, :, ::stride, ::stride], weight)
    return out if bias is None else out + bias[:, None, None]


def normalised(x: Array, state: State, name: str) -> Array:
    """By running statistics."""
    mean, variance, weight, bias = (
        state[f"{name}.{part}"][:, None, None]
        for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / np.sqrt(variance + 1e-5) * weight + bias


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def classified(x: Array, state: State) -> Array:
    """The mean of each map through the dense layer, (B, classes)."""
    return (
        relu(normalised(x, state, "norm")).mean(axis=(2, 3)) @ state["output.weight"].T
        + (state["output.bias"])
    )


def blocks_of(state: State, parts: int) -> list[str]:
    """The names of the blocks, in order: what comes before .conv1.weight."""
    ending = ".conv1.weight"
    found = [name.removesuffix(ending) for name in state if name.endswith(ending)]
    return sorted(found, key=lambda name: [int(number) for number in name.split(".")[-parts:]])


def pre_activation_network(images: Array, state: State, convolutions: int) -> Array:
    """He et al. 2016b with 2 or 3 convolutions a block, and so Zagoruyko and Komodakis 2016."""
    x = convolved(images, state["stem.weight"])
    for block in blocks_of(state, parts=2):
        stage, number = block.split(".")[-2:]
        stride = 2 if number == "0" and stage != "0" else 1
        active = relu(normalised(x, state, f"{block}.norm1"))
        if f"{block}.shortcut.weight" in state:
            x = convolved(active, state[f"{block}.shortcut.weight"], stride=stride)
        residual = active
        for i in range(1, convolutions + 1):
            if i > 1:
                residual = relu(normalised(residual, state, f"{block}.norm{i}"))
            weight = state[f"{block}.conv{i}.weight"]
            first_of_3_x_3 = weight.shape[2] == 3 and (convolutions == 3 or i == 1)
            residual = convolved(residual, weight, stride=stride if first_of_3_x_3 else 1)
        x = x + residual
    return classified(x, state)


def pyramid_network(images: Array, state: State) -> Array:
    """Han et al. 2017; the maps are halved at a third and at two thirds of the blocks."""
    x = normalised(convolved(images, state["stem.0.weight"]), state, "stem.1")
    blocks = blocks_of(state, parts=1)
    for number, block in enumerate(blocks):
        halves = number in (len(blocks) // 3, 2 * len(blocks) // 3)
        residual = normalised(x, state, f"{block}.norm1")
        residual = convolved(residual, state[f"{block}.conv1.weight"], stride=1 + halves)
        residual = relu(normalised(residual, state, f"{block}.norm2"))
        residual = normalised(
            convolved(residual, state[f"{block}.conv2.weight"]), state, f"{block}.norm3"
        )
        if halves:
            x = (
                x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]
            ) / 4
        known = x.shape[1]
        residual[:, :known] += x  # what is beyond has zeros for a shortcut
        x = residual
    return classified(x, state)
