"""What no library has a reference for, once more in plain NumPy: AlexNet in two columns, the
paper's GoogLeNet with its auxiliary heads, DenseNet without bottlenecks. In float64, without
dropout."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from tests.vision.classification.numpy_nets import Array, State, convolved, normalised, relu


def unit(x: Array, state: State, name: str) -> Array:
    return relu(convolved(x, state[f"{name}.weight"], state[f"{name}.bias"]))


def in_columns(x: Array, state: State, name: str) -> Array:
    """Krizhevsky et al. 2012, figure 2: each half of the maps out reads one half of those in."""
    weights, biases = np.split(state[f"{name}.weight"], 2), np.split(state[f"{name}.bias"], 2)
    halves = zip(np.split(x, 2, axis=1), weights, biases, strict=True)
    return relu(np.concatenate([convolved(*half) for half in halves], axis=1))


def dense(x: Array, state: State, name: str) -> Array:
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def responded(x: Array) -> Array:
    """Section 3.3, channel by channel."""
    out = np.empty_like(x)
    for i in range(x.shape[1]):
        neighbours = x[:, max(0, i - 2) : i + 3]
        out[:, i] = x[:, i] / (2 + 1e-4 * (neighbours**2).sum(axis=1)) ** 0.75
    return out


def windows(x: Array, size: int, stride: int, count: int) -> Array:
    """(B, C, H, W) to (B, C, count, count, size, size); what lies beyond the edge is -inf."""
    beyond = max(0, (count - 1) * stride + size - x.shape[2])
    padded = np.pad(x, ((0, 0), (0, 0), (0, beyond), (0, beyond)), constant_values=-np.inf)
    seen = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(2, 3))
    return seen[:, :, ::stride, ::stride][:, :, :count, :count]


def largest(x: Array, ceil: bool) -> Array:
    """3 x 3, 2 apart."""
    count = (math.ceil if ceil else math.floor)((x.shape[2] - 3) / 2) + 1
    return windows(x, 3, 2, count).max(axis=(4, 5))


def alexnet_in_two_columns(images: Array, state: State) -> Array:
    """With the small stem."""
    pool = partial(largest, ceil=False)
    x = pool(responded(unit(images, state, "layer1.0")))
    x = pool(responded(in_columns(x, state, "layer2.0")))
    x = in_columns(unit(x, state, "layer3.0"), state, "layer4.0")
    x = pool(in_columns(x, state, "layer5.0")).reshape(len(images), -1)
    x = relu(dense(relu(dense(x, state, "layer6.1")), state, "layer7.1"))
    return dense(x, state, "output")


def inception(x: Array, state: State, name: str) -> Array:
    """Szegedy et al. 2015, figure 2b."""
    surrounded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    pooled = windows(surrounded, 3, 1, x.shape[2]).max(axis=(4, 5))
    third = unit(x, state, f"{name}.branch3.0.conv")
    branches = [
        unit(x, state, f"{name}.branch1.conv"),
        unit(unit(x, state, f"{name}.branch2.0.conv"), state, f"{name}.branch2.1.conv"),
        unit(third, state, f"{name}.branch3.1.conv"),
        unit(pooled, state, f"{name}.branch4.1.conv"),
    ]
    assert state[f"{name}.branch3.1.conv.weight"].shape[2:] == (5, 5)
    return np.concatenate(branches, axis=1)


def auxiliary(x: Array, state: State, name: str) -> Array:
    """Section 5, of 14 x 14 maps: the mean of 5 x 5, 3 apart."""
    assert x.shape[2] == 14
    x = unit(windows(x, 5, 3, 4).mean(axis=(4, 5)), state, f"{name}.conv.conv")
    hidden = relu(dense(x.reshape(len(x), -1), state, f"{name}.dense"))
    return dense(hidden, state, f"{name}.output")


def googlenet_of_the_paper(images: Array, state: State) -> tuple[Array, Array, Array]:
    """With the small stem, of images of 56 x 56: logits, and those of both auxiliary heads."""
    pool = partial(largest, ceil=True)
    x = unit(responded(unit(images, state, "stem.conv1.conv")), state, "stem.conv2.conv")
    x = pool(responded(unit(x, state, "stem.conv3.conv")))
    x = pool(inception(inception(x, state, "inceptions.3a"), state, "inceptions.3b"))
    early = inception(x, state, "inceptions.4a")
    middle = early
    for name in ("4b", "4c", "4d"):
        middle = inception(middle, state, f"inceptions.{name}")
    x = pool(inception(middle, state, "inceptions.4e"))
    x = inception(inception(x, state, "inceptions.5a"), state, "inceptions.5b")
    logits = dense(x.mean(axis=(2, 3)), state, "output")
    return logits, auxiliary(early, state, "auxiliary1"), auxiliary(middle, state, "auxiliary2")


def plain_densenet(images: Array, state: State, layers: int) -> Array:
    """Huang et al. 2017 without bottlenecks: three blocks of so many layers each."""

    def convolution(x: Array, name: str) -> Array:
        return convolved(relu(normalised(x, state, f"{name}.norm")), state[f"{name}.conv.weight"])

    x = convolved(images, state["features.stem.conv.weight"])
    for block in (1, 2, 3):
        seen = [x]
        for layer in range(1, layers + 1):
            whole = np.concatenate(seen, axis=1)
            seen.append(convolution(whole, f"features.block{block}.layer{layer}.convolution"))
        x = np.concatenate(seen, axis=1)
        if block < 3:
            x = convolution(x, f"features.transition{block}.convolution")
            x = windows(x, 2, 2, x.shape[2] // 2).mean(axis=(4, 5))
    return dense(relu(normalised(x, state, "norm")).mean(axis=(2, 3)), state, "output")
