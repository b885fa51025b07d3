"""ExampleInputs: inputs that a network takes, made without data, so that its multiply-adds can be
counted and that it can be pruned and exported."""

from __future__ import annotations

from torch import Tensor

DynamicSizes = dict[int, dict[int, str]]  # input -> its dimensions of any size -> their names
ExampleInputs = dict[str, tuple[tuple[Tensor, ...], DynamicSizes]]  # network -> inputs of batch 1
