"""What a depthwise-separable convolution costs: Howard et al. 2017, section 3.1.

    standard     K K M N F F              (equation 2)
    separable    K K M F F + M N F F      (equation 5)
    share        1 / N + 1 / K^2

with kernels of K x K, M channels in, N out and maps of F x F. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shinso.core.exhibits import Table

if TYPE_CHECKING:
    from shinso.core.counting import Layer

KERNEL = 3
DEPTHWISE, POINTWISE = ".depthwise.conv", ".pointwise.conv"  # behind a block's name


def standard(inputs: int, outputs: int, side: int) -> int:
    """Multiply-adds of a convolution that filters and combines at once."""
    return KERNEL**2 * inputs * outputs * side**2


def separable(inputs: int, outputs: int, side: int) -> int:
    """Multiply-adds of a depthwise convolution and the pointwise one behind it."""
    return KERNEL**2 * inputs * side**2 + inputs * outputs * side**2


def tables(networks: Mapping[str, Sequence[Layer]]) -> list[Table]:
    """Both formulas for each block, beside what is counted of it."""
    layers = {layer.name: layer for layer in networks["classifier"]}
    blocks = [name.removesuffix(DEPTHWISE) for name in layers if name.endswith(DEPTHWISE)]
    rows = [_row(name, layers[name + DEPTHWISE], layers[name + POINTWISE]) for name in blocks]
    plain, formula, counted = (sum(row[column] for row in rows) for column in (4, 5, 6))
    return [
        Table(
            "What depthwise-separable convolutions save",
            "Multiply-adds from M channels to N on maps of F x F, by kernels of K x K, K = 3. "
            "Standard: K K M N F F. Separable: K K M F F + M N F F. Counted: both convolutions of "
            "the block. Share: 1/N + 1/K^2 of the standard one's.",
            ("block", "F", "M", "N", "standard", "separable", "counted", "share"),
            [*rows, ("all", None, None, None, plain, formula, counted, counted / plain)],
        )
    ]


def _row(block: str, depthwise: Layer, pointwise: Layer) -> tuple[Any, ...]:
    (_, inputs, side, _), outputs = depthwise.outputs, pointwise.outputs[1]
    return (
        block,
        side,
        inputs,
        outputs,
        standard(inputs, outputs, side),
        separable(inputs, outputs, side),
        depthwise.macs + pointwise.macs,
        1 / outputs + 1 / KERNEL**2,
    )
