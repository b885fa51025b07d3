"""From an image to what the network sees: the same steps in training and at test time."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from shinso.data.images import ImageSplit
from shinso.vision.classification.recipe import ImageSpec

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


def fitted_split(split: ImageSplit, channels: int, size: int) -> Pixels:
    """All of a split's images, (N, size, size, channels)."""
    images = split.images
    if images is not None and images.shape[1:3] == (size, size):
        whole = images.reshape(len(images), size, size, -1)
        if whole.shape[3] == channels:
            return whole
    out = np.empty((len(split), size, size, channels), dtype=np.uint8)
    for index in range(len(split)):
        out[index] = fitted(split.image(index), channels, size)
    return out


def statistics(pixels: Pixels) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of (N, H, W, C), on the scale 0 to 1."""
    counts = [np.bincount(channel.ravel(), minlength=256) for channel in np.moveaxis(pixels, -1, 0)]
    levels = np.arange(256) / 255
    means = [float(np.average(levels, weights=count)) for count in counts]
    variances = [
        float(np.average((levels - mean) ** 2, weights=count))
        for count, mean in zip(counts, means, strict=True)
    ]
    # A channel that never varies carries nothing, and must not be divided by 0.
    stds = tuple(round(max(v, 1e-8) ** 0.5, 6) for v in variances)
    return tuple(round(mean, 6) for mean in means), stds


def normalised(pixels: Tensor, spec: ImageSpec) -> Tensor:
    """uint8 (B, H, W, C) to float32 (B, C, H, W) with mean 0 and deviation 1 in training."""
    mean = torch.tensor(spec.mean, device=pixels.device) * 255
    std = torch.tensor(spec.std, device=pixels.device) * 255
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)


def augmented(pixels: Pixels, shift: int, flip: bool, random: np.random.Generator) -> Pixels:
    """Each image of (B, H, W, C) shifted over an edge of its own border pixels, and mirrored."""
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
