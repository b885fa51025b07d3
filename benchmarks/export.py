"""What an exported network saves: LeNet and ResNet-20 as ONNX graphs and as eager torch modules.

    OMP_NUM_THREADS=1 python benchmarks/export.py

The graph is called as predictors call it, `artifact.network(name)`; the module by itself, in
inference mode, its images contiguous and channels-last. Milliseconds of CPU time a call; one
thread each.
"""

import argparse
import copy
import tempfile
from pathlib import Path

import torch
from machine import machine
from pairs import interleaved, print_pairs

from shinso import api, catalog
from shinso.core.artifact import Artifact
from shinso.core.processes import keep_freed_memory
from shinso.core.recipe import Spec

SYSTEMS = ("lenet", "resnet")
CALLS = {("lenet", 1): 2000, ("lenet", 64): 60, ("resnet", 1): 60, ("resnet", 64): 2}


def fresh_artifact(name: str, folder: Path) -> Artifact:
    """Of the default recipe with the weights that it starts with; speed is the same for all."""
    torch.manual_seed(0)
    system = catalog.find(name)
    recipe, spec = system.make_recipe(), system.preset("cpu").spec
    modules = {key: module.eval() for key, module in system.load("build")(recipe, spec).items()}
    provenance: dict[str, object] = {"data": None}
    artifact = Artifact(name, recipe, spec, _options(name), modules, provenance=provenance)
    artifact.save(folder)
    return artifact


def _options(name: str) -> object:
    options_class = catalog.find(name).options_class
    return options_class() if options_class else None


def images_of(spec: Spec, batch: int) -> torch.Tensor:
    return torch.randn(batch, spec.channels, spec.size, spec.size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=21, help="pairs of blocks (default: 21)")
    pairs = parser.parse_args().pairs
    torch.set_num_threads(1)
    keep_freed_memory()  # without, eager torch takes twice the time at batch 64
    print(f"{machine()}\nmilliseconds of CPU time a call, median of {pairs} interleaved pairs with")
    print("its 95% interval; the last column: how many times as fast the graph is\n")
    print(f"{'':34}{'eager module':30}{'ONNX graph':30}ratio")
    with tempfile.TemporaryDirectory() as folder:
        for name in SYSTEMS:
            source = fresh_artifact(name, Path(folder) / name)
            graph = api.use_lever("export", Path(folder) / name, Path(folder) / f"{name}-onnx")
            network = graph.artifact.network("classifier")
            for batch in (1, 64):
                images = images_of(source.spec, batch)
                for layout in (torch.contiguous_format, torch.channels_last):
                    module = copy.deepcopy(source.modules["classifier"])
                    module.to(memory_format=layout)
                    placed = images.to(memory_format=layout)

                    @torch.inference_mode()
                    def eager(module=module, placed=placed):
                        return module(placed)

                    times = interleaved(
                        eager,
                        lambda images=images, network=network: network(images),
                        CALLS[name, batch],
                        pairs,
                    )
                    shown = str(layout).removeprefix("torch.").removesuffix("_format")
                    print_pairs(f"{name}, batch {batch}, {shown.replace('_', '-')}", times)


if __name__ == "__main__":
    main()
