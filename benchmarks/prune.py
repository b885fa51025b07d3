"""What half the multiply-adds save: ResNet-20 before and after pruning, as module and as graph.

    OMP_NUM_THREADS=1 python benchmarks/prune.py

Both are called as predictors call them, `artifact.network(name)`. Milliseconds of CPU time a call;
one thread.
"""

import argparse
import tempfile
from pathlib import Path

import torch
from export import fresh_artifact, images_of
from machine import machine
from pairs import interleaved, print_pairs

from shinso import api, catalog
from shinso.core.processes import keep_freed_memory

CALLS = {1: 60, 64: 2}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=21, help="pairs of blocks (default: 21)")
    parser.add_argument("--macs", type=float, default=0.5, help="share that stays (default: 0.5)")
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec = fresh_artifact("resnet", folder / "whole").spec
        used = api.use_lever("prune", folder / "whole", folder / "pruned", macs=given.macs)
        for each in ("whole", "pruned"):
            api.use_lever("export", folder / each, folder / f"{each} graph")
        print(f"{machine()}\nResNet-20, 28 x 28:")
        for size, before in used.before.items():
            print(f"  {size:10} {before:>12,} -> {used.after[size]:>12,}")
        print(
            f"milliseconds of CPU time a call, median of {given.pairs} interleaved pairs with its"
        )
        print("95% interval; the last column: how many times as fast the pruned one is\n")
        print(f"{'':34}{'whole':30}{'pruned':30}ratio")
        for form, ending in (("module", ""), ("graph", " graph")):
            whole, pruned = (
                catalog.open_artifact(folder / f"{each}{ending}").network("classifier")
                for each in ("whole", "pruned")
            )
            for batch, calls in CALLS.items():
                images = images_of(spec, batch)
                times = interleaved(
                    lambda images=images, whole=whole: whole(images),
                    lambda images=images, pruned=pruned: pruned(images),
                    calls,
                    given.pairs,
                )
                print_pairs(f"{form}, batch {batch}", times)


if __name__ == "__main__":
    main()
