"""From an image to what the network sees: the same steps in training and at test time."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from shinso.data.images import ImageSplit
from shinso.vision.classification.recipe import ImageSpec

MOST_BYTES = 1 << 30  # a split that would take more is decoded anew whenever it is asked for
STATISTICS_IMAGES = 10_000  # of such a split, how many its statistics are taken from
CHUNK = 256  # images whose pixels are counted at once

Pixels = NDArray[np.uint8]  # (H, W) or (H, W, 3), or N of them


def fitted(image: Pixels, channels: int, size: int) -> Pixels:
    """(size, size, channels): grey or colour as asked, the shorter side scaled to `size`, the
    middle of the longer one kept."""
    picture = Image.fromarray(image).convert("L" if channels == 1 else "RGB")
    width, height = picture.size
    if (width, height) != (size, size):
        scale = size / min(width, height)
        wide, high = max(size, round(width * scale)), max(size, round(height * scale))
        left, top = (wide - size) / 2 / scale, (high - size) / 2 / scale
        box = (left, top, min(width, left + size / scale), min(height, top + size / scale))
        picture = picture.resize((size, size), Image.Resampling.BILINEAR, box=box)
    return np.asarray(picture).reshape(size, size, channels)


class LazyPixels:
    """A split too large for memory, read like the array (N, size, size, channels) that it stands
    for: the images that an index, a slice or an array of indices picks are decoded then."""

    def __init__(self, split: ImageSplit, channels: int, size: int) -> None:
        self.split = split
        self.shape = (len(split), size, size, channels)
        self.indices = np.arange(len(split))

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, which: int | slice | NDArray[np.int64]) -> Pixels:
        chosen = self.indices[which]
        _, size, _, channels = self.shape
        out = np.empty((*chosen.shape, size, size, channels), dtype=np.uint8)
        for place, index in np.ndenumerate(chosen):
            out[place] = fitted(self.split.image(int(index)), channels, size)
        return out


SplitPixels = Pixels | LazyPixels


@lru_cache(maxsize=3)  # train, valid and test: learner, baselines and evaluations share them
def fitted_split(split: ImageSplit, channels: int, size: int) -> SplitPixels:
    """All of a split's images, (N, size, size, channels); not to be written to."""
    images = split.images
    if images is not None and images.shape[1:3] == (size, size):
        whole = images.reshape(len(images), size, size, -1)
        if whole.shape[3] == channels:
            return whole
    lazy = LazyPixels(split, channels, size)
    return lazy if math.prod(lazy.shape) > MOST_BYTES else lazy[:]


def statistics(pixels: SplitPixels) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of (N, H, W, C), on the scale 0 to 1."""
    most = STATISTICS_IMAGES if isinstance(pixels, LazyPixels) else len(pixels)
    chosen = spread(len(pixels), most)
    chunks = (pixels[chosen[first : first + CHUNK]] for first in range(0, len(chosen), CHUNK))
    counts = np.sum([_level_counts(chunk) for chunk in chunks], axis=0)  # (C, 256)
    levels = np.arange(256) / 255
    means = [float(np.average(levels, weights=count)) for count in counts]
    variances = [
        float(np.average((levels - mean) ** 2, weights=count))
        for count, mean in zip(counts, means, strict=True)
    ]
    # A channel that never varies carries nothing, and must not be divided by 0.
    stds = tuple(round(max(v, 1e-8) ** 0.5, 6) for v in variances)
    return tuple(round(mean, 6) for mean in means), stds


def spread(count: int, most: int) -> NDArray[np.int64]:
    """At most so many of `count` indices, evenly spread, since folders come class by class."""
    chosen = min(count, most)
    return np.arange(chosen) * count // chosen


def _level_counts(pixels: Pixels) -> NDArray[np.int64]:
    """(C, 256): how often each channel of (N, H, W, C) has each level."""
    channels = np.moveaxis(pixels, -1, 0)
    return np.stack([np.bincount(channel.ravel(), minlength=256) for channel in channels])


def normalised(pixels: Tensor, spec: ImageSpec) -> Tensor:
    """uint8 (B, H, W, C) to float32 (B, C, H, W) with mean 0 and deviation 1 in training."""
    mean = torch.tensor(spec.mean, device=pixels.device) * 255
    std = torch.tensor(spec.std, device=pixels.device) * 255
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)


def augmented(pixels: Pixels, shift: int, flip: bool, random: np.random.Generator) -> Pixels:
    """Each image of (B, H, W, C) shifted over a black edge, and half of them mirrored."""
    count, height, width, _ = pixels.shape
    if shift:
        padding: Any = ((0, 0), (shift, shift), (shift, shift), (0, 0))
        padded = np.pad(pixels, padding)
        tops, lefts = random.integers(0, 2 * shift + 1, (2, count))
        rows = tops[:, None] + np.arange(height)  # (B, H)
        columns = lefts[:, None] + np.arange(width)  # (B, W)
        pixels = padded[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    if flip:
        mirrored = random.integers(0, 2, (count, 1, 1, 1), dtype=np.bool_)
        pixels = np.where(mirrored, pixels[:, :, ::-1], pixels)
    return pixels


def erased(pixels: Pixels, share: float, random: np.random.Generator) -> Pixels:
    """A share of the images (B, H, W, C), each drawn or not, has noise in a rectangle of 2 to 40%
    of its area, up to 3.3 times as wide as high or as high as wide (Zhong et al. 2017, "Random
    erasing data augmentation", algorithm 1; what would leave the image is cut off, not drawn
    anew)."""
    count, height, width, channels = pixels.shape
    chosen = np.flatnonzero(random.random(count) < share)
    areas = random.uniform(0.02, 0.4, len(chosen)) * height * width
    shapes = np.exp(random.uniform(-np.log(3.3), np.log(3.3), len(chosen)))  # height / width
    highs = np.clip(np.rint(np.sqrt(areas * shapes)), 1, height).astype(np.int64)
    wides = np.clip(np.rint(np.sqrt(areas / shapes)), 1, width).astype(np.int64)
    tops = random.integers(0, height - highs + 1)
    lefts = random.integers(0, width - wides + 1)
    out = pixels.copy()
    for image, top, left, high, wide in zip(chosen, tops, lefts, highs, wides, strict=True):
        noise = random.integers(0, 256, (high, wide, channels), dtype=np.uint8)
        out[image, top : top + high, left : left + wide] = noise
    return out
