"""Where bfloat16, channels-last and torch.compile pay: each option beside the plain recipe.

    OMP_NUM_THREADS=1 python benchmarks/options.py

Two learners of one system, equal but for the option, make their steps in turn; CPU time. A
compiled network's compilation is reported apart.
"""

import argparse
import tempfile
from pathlib import Path
from time import process_time
from typing import Any

import torch
import torch._inductor.config
from machine import machine, median_and_interval

from shinso import catalog
from shinso.core.processes import deterministic, keep_freed_memory
from shinso.core.run import Run
from shinso.data import open_data

WARM_UP = 5  # steps of each before the first block
PLAIN = {"precision": "float32", "memory_format": "contiguous", "shift": 0}
SYSTEMS: dict[str, dict[str, Any]] = {
    "lenet": PLAIN,
    "resnet": {**PLAIN, "flip": False, "size": 28, "depth": 8},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "bfloat16": {"precision": "bfloat16"},
    "channels-last": {"memory_format": "channels_last"},
    "bfloat16, channels-last": {"precision": "bfloat16", "memory_format": "channels_last"},
    "compile": {"compile": True},
    "compile, channels-last": {"compile": True, "memory_format": "channels_last"},
}


def make_learner(name: str, batch_size: int, option: dict[str, Any]) -> Any:
    system = catalog.find(name)
    recipe = system.make_recipe(**{**SYSTEMS[name], **option}, batch_size=batch_size, epochs=1000)
    run = Run(system, Path(tempfile.gettempdir()), {"seed": 0})  # nothing is written there
    run.random.seed_generators("init", 0, run.device)
    return system.load("learner")(recipe, open_data("digits", ("images",)), None, run)


def seconds(learner: Any, steps: int) -> float:
    """CPU seconds of so many steps."""
    began = process_time()
    for _ in range(steps):
        learner.run.random.seed_generators("step", learner.run.step, learner.run.device)
        learner.step()
        learner.run.step = (learner.run.step + 1) % (learner.epoch_steps - 1)  # whole batches alone
    return process_time() - began


def measure(name: str, given: argparse.Namespace, option: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds a step without and with the option, and the ratios of interleaved pairs."""
    torch.compiler.reset()
    plain, other = (make_learner(name, given.batch_size, o) for o in ({}, option))
    first = seconds(other, 1)
    seconds(plain, WARM_UP)
    seconds(other, WARM_UP)
    pairs = []
    for number in range(given.blocks):
        plain_first = number % 2 == 0
        one = seconds(plain, given.block) if plain_first else 0.0
        two = seconds(other, given.block)
        pairs.append((one or seconds(plain, given.block), two))
    milli = 1e3 / given.block
    return {
        "plain": median_and_interval([one * milli for one, _ in pairs])[0],
        "option": median_and_interval([two * milli for _, two in pairs])[0],
        "faster": median_and_interval([one / two for one, two in pairs]),
        "first": first,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--block", type=int, default=15, help="steps of a block (default: 15)")
    parser.add_argument("--blocks", type=int, default=15, help="pairs of blocks (default: 15)")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--system", choices=SYSTEMS, help="this one alone")
    parser.add_argument("--option", choices=OPTIONS, help="this one alone")
    parser.add_argument(
        "--give-memory-back",
        action="store_true",
        help="leave malloc as it is, which the loop does not",
    )
    given = parser.parse_args()
    torch.set_num_threads(1)
    if not given.give_memory_back:
        keep_freed_memory()  # as the loop does
    torch._inductor.config.force_disable_caches = True  # so that each compiles for itself
    print(f"{machine()}\n{given.batch_size} images of 28 x 28 a step; CPU time; median of")
    print(f"{given.blocks} interleaved pairs of {given.block} steps each, with its 95% interval\n")
    print("system  option                    plain ms    option ms  times as fast    first step s")
    for name in [given.system] if given.system else SYSTEMS:
        for title in [given.option] if given.option else OPTIONS:
            option = OPTIONS[title]
            with deterministic(torch.device("cpu")):
                row = measure(name, given, option)
            ratio, low, high = row["faster"]
            print(
                f"{name:7} {title:24} {row['plain']:9.2f}  {row['option']:11.2f}  "
                f"{ratio:.2f} [{low:.2f}, {high:.2f}]  {row['first']:8.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
