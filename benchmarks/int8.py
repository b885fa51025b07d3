"""What 8 bits bring to ResNet-18: images a second at batch 16 on one thread.

    pip install torchao
    OMP_NUM_THREADS=1 python benchmarks/int8.py [ARTIFACT] [--blocks N]

Six sides in turn: the graph that `shinso quantise --to int8` makes, that of `shinso export`, the
module as it is with its images channels-last, in float32 and in bfloat16, compiled by inductor, and
compiled in int8 by torchao (PT2E for x86), where that is installed. Without an artifact it is the
published ResNet-18 with random weights on images of 128 pixels: speed is the same for all weights.
Beside the rates it is told how far outputs are from the module's, in shares of their deviation.
"""

import argparse
import copy
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import torch
from machine import machine
from rates import Work, interleaved, report
from torch import Tensor, nn

from shinso import api, catalog
from shinso.core.artifact import Artifact
from shinso.core.graph import graph_network
from shinso.core.processes import keep_freed_memory
from shinso.levers.export import export
from shinso.levers.quantise import as_int8
from shinso.levers.settings import ExportSettings, QuantiseSettings

BATCH = 16
CALIBRATION = 8  # batches
PIXELS = 128
INT8 = "int8 graph"

Answer = Callable[[Tensor], Tensor]  # images (B, C, H, W) to logits (B, classes)


def published() -> Artifact:
    """ResNet-18 for photographs with the weights that it starts with."""
    torch.manual_seed(0)
    system = catalog.find("resnet")
    recipe = system.make_recipe("paper", depth=18, size=PIXELS)
    spec = recipe.nominal_spec(system.preset("paper", depth=18).spec)
    return Artifact("resnet", recipe, spec, None, system.networks(recipe, spec))


def answers(artifact: Artifact, batches: list[Tensor]) -> dict[str, Answer]:
    """Every side by its name; int8 is calibrated on the batches."""
    module = artifact.modules["classifier"].eval()
    last = copy.deepcopy(module).to(memory_format=torch.channels_last)
    system = catalog.find(artifact.system)
    calls = {"classifier": [(batch,) for batch in batches]}
    quantised, _ = as_int8(system, artifact, QuantiseSettings(), calls)
    exported, _ = export(system, artifact, ExportSettings())

    def graph(made: Artifact) -> Answer:
        network = graph_network(made.graphs["classifier"])
        return lambda images: network(images)[0]

    def halved(images: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return last(images)

    sides: dict[str, Answer] = {
        INT8: graph(quantised),
        "float32 graph": graph(exported),
        "eager": last,
        "eager bfloat16": halved,
        "compiled": torch.compile(last),
    }
    if find_spec("torchao"):
        sides[f"torchao {version('torchao')} int8"] = torchao_int8(module, batches)
    return sides


def torchao_int8(module: nn.Module, batches: list[Tensor]) -> Answer:
    from torch._inductor import config
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    config.freezing = True
    quantizer = x86.X86InductorQuantizer()
    quantizer.set_global(x86.get_default_x86_inductor_quantization_config())
    graph = torch.export.export(module, (batches[0],), strict=True).module()
    prepared = prepare_pt2e(graph, quantizer)
    for batch in batches:
        prepared(batch)
    compiled: Answer = torch.compile(convert_pt2e(prepared))
    return compiled


def working(answer: Answer, images: Tensor, calls: int) -> Work:
    @torch.inference_mode()
    def work() -> int:
        for _ in range(calls):
            answer(images)
        return calls * len(images)

    return work


@torch.inference_mode()
def print_distances(sides: dict[str, Answer], images: Tensor) -> None:
    exact = sides["eager"](images)
    for name, answer in sides.items():
        distance = (answer(images).float() - exact).std() / exact.std()
        print(f"{name:24} off by {distance:.1%} of the deviation of logits")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifact", nargs="?", help="a classifier of images")
    parser.add_argument("--blocks", type=int, default=15, help="blocks of each (default: 15)")
    parser.add_argument("--calls", type=int, default=4, help="calls of a block (default: 4)")
    given = parser.parse_args()
    api.set_threads(1)
    keep_freed_memory()
    artifact = catalog.open_artifact(given.artifact) if given.artifact else published()
    spec: Any = artifact.spec
    shape = (BATCH, spec.channels, spec.size, spec.size)
    batches = [torch.randn(shape) for _ in range(CALIBRATION)]
    images = torch.randn(shape).to(memory_format=torch.channels_last)
    print(f"{machine()}\nmedian of {given.blocks} interleaved blocks, with its 95% interval\n")
    sides = answers(artifact, batches)
    works = {name: working(answer, images, given.calls) for name, answer in sides.items()}
    report(f"{spec.size} pixels", "images/s", interleaved(works, given.blocks))
    print()
    print_distances(sides, images)


if __name__ == "__main__":
    main()
