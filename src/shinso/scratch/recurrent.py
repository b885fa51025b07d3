"""Recurrent cells in plain NumPy, each beside its equations and their derivatives by hand.

A cell keeps its weights in `parameters`. `forward` makes one step and returns what `backward`
will need; `backward` takes the derivatives of the loss L by the new state, adds those by the
weights to `gradients`, and returns those by the input and by the state before: backward through
time is no more than calling it from the last step to the first (`Unrolled`).

Names: x input (B, D), h hidden state (B, H), c cell state (B, H); a dash, h', marks the step
before; `d_v` is dL/dv. A state is the tuple (h,) or (h, c).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = dict[str, Array]
State = tuple[Array, ...]


def sigmoid(a: Array) -> Array:
    # The same function as 1 / (1 + exp(-a)), which overflows for large negative a.
    return 0.5 * (1 + np.tanh(0.5 * a))


def relu(a: Array) -> Array:
    return np.maximum(a, 0)


# Each function and its slope, written in terms of its own value y.
Function = Callable[[Array], Array]
ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "sigmoid": (sigmoid, lambda y: y * (1 - y)),
    "tanh": (np.tanh, lambda y: 1 - y**2),
    "relu": (relu, lambda y: (y > 0).astype(y.dtype)),
}


class Cell(Protocol):
    """What `Unrolled` needs of a cell."""

    parameters: Arrays
    state_arrays: int
    hidden_size: int

    def forward(self, x: Array, state: State) -> tuple[State, Any]:
        """One step: the new state, and what `backward` needs."""

    def backward(self, kept: Any, d_state: State, gradients: Arrays) -> tuple[Array, State]:
        """dL/dx and dL/dstate'; adds dL/dweights to `gradients`."""


def linear(parameters: Arrays, x: Array, h: Array) -> Array:
    """a = W x + U h + b for each row of the batch; b is 0 where there is none."""
    return x @ parameters["W"].T + h @ parameters["U"].T + parameters.get("b", 0)


def linear_backward(
    parameters: Arrays, x: Array, h: Array, d_a: Array, gradients: Arrays
) -> tuple[Array, Array]:
    """dL/dx and dL/dh of a = W x + U h + b; adds dL/dW, dL/dU and dL/db to `gradients`."""
    gradients["W"] += d_a.T @ x
    gradients["U"] += d_a.T @ h
    if "b" in parameters:
        gradients["b"] += d_a.sum(axis=0)
    return d_a @ parameters["W"], d_a @ parameters["U"]


class RNNCell:
    """h = f(W x + U h' + b).

    W (H, D), U (H, H), b (H,) or None.
    """

    state_arrays = 1

    def __init__(self, W: Array, U: Array, b: Array | None = None, activation: str = "tanh"):
        self.parameters = _present(W=W, U=U, b=b)
        self.hidden_size = U.shape[1]
        self.activation, self.slope = ACTIVATIONS[activation]

    def forward(self, x: Array, state: State) -> tuple[State, Any]:
        (previous,) = state
        h = self.activation(linear(self.parameters, x, previous))
        return (h,), (x, previous, h)

    def backward(self, kept: Any, d_state: State, gradients: Arrays) -> tuple[Array, State]:
        x, previous, h = kept
        (d_h,) = d_state
        d_a = d_h * self.slope(h)  # h = f(a)
        d_x, d_previous = linear_backward(self.parameters, x, previous, d_a, gradients)
        return d_x, (d_previous,)


class LSTMCell:
    """f, i = sigmoid(a_f + P_f c'), sigmoid(a_i + P_i c')    g = tanh(a_g)
    c = f c' + i g                                          o = sigmoid(a_o + Q c)
    h = o tanh(c)                                           a = W x + U h' + b

    W (4H, D), U (4H, H), b (4H,) or None, rows stacked f, g, i, o; peepholes P (2H, H), rows
    stacked f, i, and Q (H, H), both or none.
    """

    state_arrays = 2

    def __init__(
        self,
        W: Array,
        U: Array,
        b: Array | None = None,
        P: Array | None = None,
        Q: Array | None = None,
    ):
        self.parameters = _present(W=W, U=U, b=b, P=P, Q=Q)
        self.hidden_size = U.shape[1]

    def forward(self, x: Array, state: State) -> tuple[State, Any]:
        h_before, c_before = state
        a_f, a_g, a_i, a_o = np.split(linear(self.parameters, x, h_before), 4, axis=1)
        if "P" in self.parameters:
            seen_f, seen_i = np.split(c_before @ self.parameters["P"].T, 2, axis=1)
            a_f, a_i = a_f + seen_f, a_i + seen_i
        f, g, i = sigmoid(a_f), np.tanh(a_g), sigmoid(a_i)
        c = f * c_before + i * g
        if "Q" in self.parameters:
            a_o = a_o + c @ self.parameters["Q"].T
        o = sigmoid(a_o)
        h = o * np.tanh(c)
        return (h, c), (x, h_before, c_before, f, g, i, o, c)

    def backward(self, kept: Any, d_state: State, gradients: Arrays) -> tuple[Array, State]:
        x, h_before, c_before, f, g, i, o, c = kept
        d_h, d_c = d_state  # d_c: by way of the later steps alone

        d_a_o = d_h * np.tanh(c) * o * (1 - o)  # h = o tanh(c)
        d_c = d_c + d_h * o * (1 - np.tanh(c) ** 2)
        if "Q" in self.parameters:  # a_o = ... + Q c
            gradients["Q"] += d_a_o.T @ c
            d_c = d_c + d_a_o @ self.parameters["Q"]

        d_a_f = d_c * c_before * f * (1 - f)  # c = f c' + i g
        d_a_g = d_c * i * (1 - g**2)
        d_a_i = d_c * g * i * (1 - i)
        d_c_before = d_c * f
        if "P" in self.parameters:  # a_f, a_i = ... + P c'
            d_seen = np.concatenate([d_a_f, d_a_i], axis=1)
            gradients["P"] += d_seen.T @ c_before
            d_c_before = d_c_before + d_seen @ self.parameters["P"]

        d_a = np.concatenate([d_a_f, d_a_g, d_a_i, d_a_o], axis=1)
        d_x, d_h_before = linear_backward(self.parameters, x, h_before, d_a, gradients)
        return d_x, (d_h_before, d_c_before)


class GRUCell:
    """r, z = sigmoid(W_r x + U_r h' + b_r), sigmoid(W_z x + U_z h' + b_z)
    h~ = tanh(W_n x + V (r h') + b_n)          h = z h' + (1 - z) h~

    That is with `reset_before`; without, h~ = tanh(W_n x + r (V h' + v) + b_n).

    W (3H, D), b (3H,) or None, rows stacked r, z, n; U (2H, H), rows stacked r, z; V (H, H);
    v (H,) or None, for the reset gate after the product alone.
    """

    state_arrays = 1

    def __init__(
        self,
        W: Array,
        U: Array,
        V: Array,
        b: Array | None = None,
        v: Array | None = None,
        reset_before: bool = True,
    ):
        if reset_before and v is not None:
            raise ValueError("v is the bias inside the reset product; reset_before has none")
        self.parameters = _present(W=W, U=U, V=V, b=b, v=v)
        self.hidden_size = U.shape[1]
        self.reset_before = reset_before

    def forward(self, x: Array, state: State) -> tuple[State, Any]:
        (previous,) = state
        W, U, V = (self.parameters[name] for name in "WUV")
        a_r, a_z, a_n = np.split(x @ W.T + self.parameters.get("b", 0), 3, axis=1)
        u_r, u_z = np.split(previous @ U.T, 2, axis=1)
        r, z = sigmoid(a_r + u_r), sigmoid(a_z + u_z)
        if self.reset_before:
            inner = None
            a_n = a_n + (r * previous) @ V.T
        else:
            inner = previous @ V.T + self.parameters.get("v", 0)
            a_n = a_n + r * inner
        n = np.tanh(a_n)
        h = z * previous + (1 - z) * n
        return (h,), (x, previous, r, z, n, inner)

    def backward(self, kept: Any, d_state: State, gradients: Arrays) -> tuple[Array, State]:
        x, previous, r, z, n, inner = kept
        (d_h,) = d_state

        d_a_z = d_h * (previous - n) * z * (1 - z)  # h = z h' + (1 - z) n
        d_a_n = d_h * (1 - z) * (1 - n**2)
        d_previous = d_h * z

        d_r, d_by_candidate = self._candidate_backward(previous, r, inner, d_a_n, gradients)
        d_a_r = d_r * r * (1 - r)
        d_gates = np.concatenate([d_a_r, d_a_z], axis=1)
        gradients["U"] += d_gates.T @ previous
        d_previous = d_previous + d_by_candidate + d_gates @ self.parameters["U"]

        d_a = np.concatenate([d_gates, d_a_n], axis=1)
        gradients["W"] += d_a.T @ x
        if "b" in self.parameters:
            gradients["b"] += d_a.sum(axis=0)
        return d_a @ self.parameters["W"], (d_previous,)

    def _candidate_backward(
        self, previous: Array, r: Array, inner: Array | None, d_a_n: Array, gradients: Arrays
    ) -> tuple[Array, Array]:
        """dL/dr and dL/dh' by way of the candidate alone."""
        V = self.parameters["V"]
        if self.reset_before:  # a_n = ... + V (r h')
            gradients["V"] += d_a_n.T @ (r * previous)
            d_product = d_a_n @ V
            return d_product * previous, d_product * r
        d_inner = d_a_n * r  # a_n = ... + r (V h' + v)
        gradients["V"] += d_inner.T @ previous
        if "v" in self.parameters:
            gradients["v"] += d_inner.sum(axis=0)
        return d_a_n * inner, d_inner @ V


class Unrolled:
    """A cell applied to each step of a sequence in turn, and backward through time."""

    def __init__(self, cell: Cell):
        self.cell = cell

    def forward(self, inputs: Array, state: State | None = None) -> tuple[Array, State]:
        """(B, T, D) to the outputs (B, T, H) and the last state; without `state`, from zeros."""
        self._kept = []
        state = self._zero_state(inputs) if state is None else state
        outputs = []
        for t in range(inputs.shape[1]):
            state, kept = self.cell.forward(inputs[:, t], state)
            self._kept.append(kept)
            outputs.append(state[0])
        return np.stack(outputs, axis=1), state

    def backward(
        self, d_outputs: Array, d_last_state: State | None = None
    ) -> tuple[Array, State, Arrays]:
        """From dL/doutputs (B, T, H), of the latest `forward`, to dL/dinputs (B, T, D),
        dL/dfirst state and dL/dweights, by the names of `cell.parameters`."""
        gradients = {name: np.zeros_like(value) for name, value in self.cell.parameters.items()}
        d_state = self._zero_state(d_outputs) if d_last_state is None else d_last_state
        d_inputs = []
        for t in reversed(range(d_outputs.shape[1])):
            # h_t reaches the loss in two ways: by its own output, and by the steps after it.
            d_state = (d_state[0] + d_outputs[:, t], *d_state[1:])
            d_x, d_state = self.cell.backward(self._kept[t], d_state, gradients)
            d_inputs.append(d_x)
        return np.stack(d_inputs[::-1], axis=1), d_state, gradients

    def _zero_state(self, like: Array) -> State:
        zeros = np.zeros((like.shape[0], self.cell.hidden_size), like.dtype)
        return (zeros,) * self.cell.state_arrays


def _present(**parameters: Array | None) -> Arrays:
    return {name: value for name, value in parameters.items() if value is not None}
