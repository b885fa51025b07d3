"""What image classifiers cost beside the least code that does the same, and beside torchvision's.

    OMP_NUM_THREADS=1 python benchmarks/classifier_speed.py [training|inference]

Training: ResNet-18 and MobileNet by the default recipe (bfloat16, channels-last, Nesterov momentum,
images that are shifted and mirrored), by `shinso train`'s own loop and by a bare torch loop that
makes its steps in turn, with the same batches; both end with the same weights. Inference:
photographs of 224 pixels through ResNet-18 and MobileNetV2 as published, ours, ours with batch
normalisations folded as predictors use it, and torchvision's own, in float32 and both layouts. CPU
times of one thread, medians of interleaved pairs with their 95% intervals. Ten minutes each.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import torch
import torchvision
from loop import Interleaved, measure, same_weights
from machine import machine, median_and_interval
from pairs import interleaved, print_pairs
from torch import Tensor, nn

from shinso import catalog
from shinso.core.evaluation import Evaluation
from shinso.core.optimise import learning_rate
from shinso.core.processes import keep_freed_memory
from shinso.layers.folding import folded
from shinso.vision.classification.preparation import augmented

TRAINED: dict[str, dict[str, Any]] = {"resnet": {"depth": 18}, "mobilenet": {}}
BLOCKS = {"resnet": 1, "mobilenet": 5}  # steps of a block
USED = {
    "resnet": (torchvision.models.resnet18, {"depth": 18}),
    "mobilenet-v2": (torchvision.models.mobilenet_v2, {}),
}
CALLS = {1: 8, 32: 1}  # by images a batch: calls of a block


class Beside(Interleaved):
    warm_up = 2

    def make_bare_step(self) -> Callable[[int], None]:
        return bare_step(self)

    def evaluate(self, split: str) -> Evaluation:
        return Evaluation({"accuracy": 0.0, "loss": 0.0})  # nobody asks what it learned


def bare_step(learner: Beside) -> Callable[[int], None]:
    """The step of a loop as one writes it by hand. The rate alone is asked from shinso, and the
    function that shifts and mirrors NumPy images."""
    recipe: Any = learner.recipe
    model = learner.run.system.networks(recipe, learner.spec)["classifier"]
    model.load_state_dict(learner.networks["classifier"].state_dict())
    model.to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(
        model.parameters(),
        recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=True,
    )
    criterion = nn.CrossEntropyLoss()
    mean, std = (
        255 * torch.tensor(v).view(-1, 1, 1) for v in (learner.spec.mean, learner.spec.std)
    )

    def step(number: int) -> None:
        indices = learner.batch_indices()
        random = learner.run.random.numpy("augment", number)
        pixels = augmented(learner.pixels[indices], recipe.shift, recipe.flip, random)
        images = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - mean) / std
        images = images.to(memory_format=torch.channels_last)
        labels = torch.from_numpy(learner.labels[indices])
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(recipe, number, learner.total_steps)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(images)
            loss = criterion(logits.float(), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        accuracy = (logits.argmax(dim=1) == labels).float().mean().item()
        if not torch.isfinite(loss + accuracy):
            raise RuntimeError(f"loss at step {number} is not finite")

    step.model = model
    return step


def training(pairs: int) -> None:
    print("training, images a second; the last column: shinso's rate / the bare loop's\n")
    print(f"{'':14}{'shinso':28}{'bare loop':28}ratio")
    for name, changes in TRAINED.items():
        block = BLOCKS[name]
        steps = Beside.warm_up + block * pairs
        recipe: Any = catalog.find(name).make_recipe(**changes, steps=steps, evaluate_every=steps)
        learner = measure(recipe, block, Beside)
        images, clocks = recipe.batch_size * block, learner.clocks
        cells = [
            told([images / clock.shinso for clock in clocks], 1),
            told([images / clock.bare for clock in clocks], 1),
            told([clock.bare / clock.shinso for clock in clocks], 3),
        ]
        alike = "" if same_weights(learner) else "  OTHER WEIGHTS AT THE END"
        print(f"{name:14}{''.join(f'{cell:28}' for cell in cells).rstrip()}{alike}", flush=True)


def told(values: list[float], digits: int) -> str:
    middle, low, high = median_and_interval(values)
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def inference(pairs: int) -> None:
    print("inference, milliseconds a call; the last column: how many times as fast shinso's is\n")
    print(f"{'':34}{'torchvision':30}{'shinso':30}ratio")
    for name, (theirs, changes) in USED.items():
        ours = published(name, changes)
        for batch, calls in CALLS.items():
            for layout in (torch.contiguous_format, torch.channels_last):
                images = torch.randn(batch, 3, 224, 224).to(memory_format=layout)
                reference = calling(theirs(), images, layout)
                for kind, network in (("plain", ours), ("folded", folded(ours))):
                    times = interleaved(reference, calling(network, images, layout), calls, pairs)
                    title = "channels-last" if layout is torch.channels_last else "contiguous"
                    print_pairs(f"{name} {kind}, {batch}, {title}", times)


def published(name: str, changes: dict[str, Any]) -> nn.Module:
    system = catalog.find(name)
    recipe, preset = system.make_recipe("paper", **changes), system.preset("paper", **changes)
    return system.networks(recipe, preset.spec)["classifier"]


def calling(network: nn.Module, images: Tensor, layout: torch.memory_format) -> Callable[[], Any]:
    network = network.eval().to(memory_format=layout)

    @torch.inference_mode()
    def call() -> Tensor:
        return network(images)

    return call


def main() -> None:
    parts = {"training": training, "inference": inference}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", choices=parts, help="default: both")
    parser.add_argument("--pairs", type=int, default=21, help="pairs of blocks (default: 21)")
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    print(machine())
    for part in [given.part] if given.part else parts:
        print()
        parts[part](given.pairs)


if __name__ == "__main__":
    main()
