"""The course's first experiment, to the letter: a simple recurrent net learns to add.

Two numbers below 128 are read bit by bit, the least significant first; at each step the net gives
the next bit of their sum, so that what it must carry in its 16 hidden units is the carry. No
biases, sigmoids everywhere, one pair an update, every derivative by hand:

    h_t = sigmoid(W x_t + U h_(t-1))    y_t = sigmoid(V h_t)    L = sum_t 1/2 (y_t - d_t)^2

Run it: python -m shinso.scratch.adder [--seed N] [--initialisation normal|xavier|he]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from shinso.scratch.recurrent import Array, Arrays, RNNCell, Unrolled, sigmoid

WIDTH = 8
LIMIT = 2 ** (WIDTH - 1)  # operands are below it, so that every sum fits
HIDDEN = 16

# The standard deviation of the weights of a unit with n inputs. The course's "Xavier" is
# 1 / sqrt(n); "He" is sqrt(2) times that.
INITIALISATIONS: dict[str, Callable[[int], float]] = {
    "normal": lambda n: 1.0,
    "xavier": lambda n: n**-0.5,
    "he": lambda n: (2 / n) ** 0.5,
}


def bits(numbers: Array, width: int = WIDTH) -> Array:
    """(N,) whole numbers to (N, width) zeros and ones, the least significant bit first."""
    return (np.asarray(numbers)[:, None] >> np.arange(width)) & 1


def number(row: Array) -> int:
    """The inverse of `bits` for one row (width,)."""
    return int(row.astype(int) @ 2 ** np.arange(len(row)))


class Adder:
    """The net: a recurrent layer (W, U) and a readout (V)."""

    def __init__(self, W: Array, U: Array, V: Array):
        """W (H, 2), U (H, H), V (1, H)."""
        self.recurrent = Unrolled(RNNCell(W, U, activation="sigmoid"))
        self.V = V

    @classmethod
    def drawn(cls, initialisation: str, random: np.random.Generator) -> Adder:
        scale = INITIALISATIONS[initialisation]
        shapes = ((HIDDEN, 2), (HIDDEN, HIDDEN), (1, HIDDEN))
        return cls(*(scale(shape[1]) * random.standard_normal(shape) for shape in shapes))

    @property
    def parameters(self) -> Arrays:
        return {**self.recurrent.cell.parameters, "V": self.V}

    def forward(self, inputs: Array) -> Array:
        """(B, T, 2) bits of both numbers to (B, T), how surely each bit of the sum is 1."""
        self._hidden, _ = self.recurrent.forward(inputs)  # (B, T, H)
        return sigmoid(self._hidden @ self.V.T)[..., 0]

    def loss_and_gradients(self, inputs: Array, targets: Array) -> tuple[float, Arrays]:
        """L summed over the batch and the steps, and dL/dparameters.

        The course's digest writes the squared error without its 1/2. What matters is the slope:
        with 1/2 it is y - d, without it twice that, which is this experiment at learning rate 0.2
        and with losses twice as large. We keep 1/2, and with it the course's rate of 0.1.
        """
        y = self.forward(inputs)  # (B, T)
        loss = 0.5 * np.sum((y - targets) ** 2)

        d_v = ((y - targets) * y * (1 - y))[..., None]  # (B, T, 1): y = sigmoid(v), v = V h
        d_V = np.einsum("bto,bth->oh", d_v, self._hidden)
        _, _, gradients = self.recurrent.backward(d_v @ self.V)
        return float(loss), {**gradients, "V": d_V}

    def update(self, inputs: Array, targets: Array, learning_rate: float) -> float:
        """One step of gradient descent; returns the loss before it."""
        loss, gradients = self.loss_and_gradients(inputs, targets)
        for name, parameter in self.parameters.items():
            parameter -= learning_rate * gradients[name]
        return loss

    def add(self, a: Array, b: Array) -> Array:
        """(N,) and (N,) to (N, WIDTH), the bits of the sums as the net sees them."""
        return np.round(self.forward(as_inputs(a, b))).astype(int)


def as_inputs(a: Array, b: Array) -> Array:
    """(N,) and (N,) to (N, WIDTH, 2): at each step one bit of either."""
    return np.stack([bits(a), bits(b)], axis=-1).astype(float)


def accuracy(adder: Adder) -> float:
    """The share of all 16,384 sums that are right in every bit."""
    a, b = (grid.ravel() for grid in np.meshgrid(np.arange(LIMIT), np.arange(LIMIT)))
    return float(np.mean(np.all(adder.add(a, b) == bits(a + b), axis=1)))


@dataclass(frozen=True)
class Report:
    """One update as it is shown; `predicted` (WIDTH,) is the net's answer before the update."""

    update: int
    loss: float
    a: int
    b: int
    predicted: Array

    def __str__(self) -> str:
        true = bits(np.array([self.a + self.b]))[0]
        # On paper the most significant bit comes first.
        return (
            f"update {self.update}\n"
            f"loss   {self.loss:.4f}\n"
            f"pred   {self.predicted[::-1]}\n"
            f"true   {true[::-1]}\n"
            f"{self.a} + {self.b} = {number(self.predicted)}\n"
        )


def train(
    adder: Adder,
    random: np.random.Generator,
    updates: int = 10_000,
    learning_rate: float = 0.1,
    report_every: int = 100,
) -> Iterator[Report]:
    """One random pair an update; yields a report at the first and then every so many."""
    for update in range(updates):
        a, b = random.integers(LIMIT, size=(2, 1))
        reporting = update % report_every == 0
        predicted = adder.add(a, b)[0] if reporting else None
        loss = adder.update(as_inputs(a, b), bits(a + b), learning_rate)
        if predicted is not None:
            yield Report(update, loss, int(a[0]), int(b[0]), predicted)


def main() -> None:
    parser = argparse.ArgumentParser(description="A simple recurrent net learns to add.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--initialisation", choices=tuple(INITIALISATIONS), default="normal")
    parser.add_argument("--updates", type=int, default=10_000)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--report-every", type=int, default=100)
    given = parser.parse_args()

    random = np.random.default_rng(given.seed)
    adder = Adder.drawn(given.initialisation, random)
    for report in train(adder, random, given.updates, given.learning_rate, given.report_every):
        print(report)
    print(f"{accuracy(adder):.1%} of all {LIMIT * LIMIT:,} sums are right")


if __name__ == "__main__":
    main()
