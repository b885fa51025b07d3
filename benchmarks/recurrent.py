"""What written-out cells cost against torch's kernel, and a GRU against an LSTM.

    OMP_NUM_THREADS=1 python benchmarks/recurrent.py

Two layers of 200 units, 20 sequences of 35 steps: the small language model of Zaremba, Sutskever
and Vinyals (2014) without its embedding and output. A step is forward, backward and descent, with
the state carried on. Milliseconds of CPU time a step; one thread.
"""

import argparse
from collections.abc import Callable

import torch
from machine import machine
from pairs import interleaved, print_pairs
from torch import nn

from shinso.core.counting import parameter_count
from shinso.core.processes import keep_freed_memory
from shinso.layers.stack import RecurrentStack

UNITS, LAYERS, BATCH, STEPS = 200, 2, 20, 35


def training_step(net: nn.Module, stateful: Callable[..., tuple]) -> Callable[[], None]:
    """A step of descent that brings the outputs nearer to 0; `stateful` is the net, called with a
    state that is a tuple."""
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    inputs = torch.randn(BATCH, STEPS, UNITS, generator=torch.Generator().manual_seed(0))
    state = None

    def step() -> None:
        nonlocal state
        outputs, after = stateful(inputs, state)
        loss = outputs.square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        state = tuple(tensor.detach() for tensor in after)

    return step


def made(cell: str, fused: bool = True) -> tuple[RecurrentStack, Callable[[], None]]:
    torch.manual_seed(0)
    stack = RecurrentStack(cell, UNITS, UNITS, LAYERS, fused=fused)
    return stack, training_step(stack, stack)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=21, help="pairs of blocks (default: 21)")
    parser.add_argument("--calls", type=int, default=10, help="steps of a block (default: 10)")
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()

    bare = nn.LSTM(UNITS, UNITS, LAYERS, batch_first=True)
    bare_step = training_step(bare, bare)
    lstm, lstm_step = made("lstm")
    _, written_step = made("lstm", fused=False)
    gru, gru_step = made("gru-reset-after")
    _, written_gru_step = made("gru-reset-after", fused=False)

    print(f"{machine()}\n{LAYERS} layers of {UNITS} units, {BATCH} sequences of {STEPS} steps")
    share = parameter_count(gru) / parameter_count(lstm)
    print(
        f"parameters: LSTM {parameter_count(lstm):,}, GRU {parameter_count(gru):,}, {share:.3f} of"
        f" them\nmilliseconds of CPU time a training step, median of {given.pairs} interleaved "
        "pairs with its\n95% interval; the last column: how many times as fast the second is\n"
    )
    rows = {
        "bare nn.LSTM | fused": (bare_step, lstm_step),
        "LSTM written out | fused": (written_step, lstm_step),
        "GRU written out | fused": (written_gru_step, gru_step),
        "LSTM | GRU, both fused": (lstm_step, gru_step),
        "LSTM | GRU, both written out": (written_step, written_gru_step),
    }
    for title, (one, other) in rows.items():
        print_pairs(title, interleaved(one, other, given.calls, given.pairs))


if __name__ == "__main__":
    main()
