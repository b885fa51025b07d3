"""What depth, shortcuts, width and auxiliary heads do, measured on CIFAR-10 (as JPEG) and recorded
in results/. A setting takes two to twelve minutes of one core, all of them nearly two hours:

    python benchmarks/classifier_depth.py [LABEL ...] [--seeds N] [--steps N] [--draw]
    python benchmarks/classifier_depth.py --bottleneck     # prints its cost, in half a minute

Every setting has the default protocol but for the number of updates, which is small: what is told
is how networks compare, not what they can reach. Plain networks are residual ones without
shortcuts. Those of depth 20 are evaluated once more without each of their blocks: in its place
stands what the shortcut does alone (in the plain network, what it would do). Deep and wide networks
have numbers of parameters within 5% of each other. GoogLeNet is trained with and without auxiliary
heads, and with and without batch normalisation; with it at the rate of the networks that have it.
"""

from __future__ import annotations

import copy
import dataclasses
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from experiments import Measured, MeasuredClassifier, Setting, recorded, run_all
from machine import machine
from pairs import interleaved, print_pairs
from pictures import lines
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from shinso.core.counting import parameter_count
from shinso.core.evaluation import Scores
from shinso.core.trainable import Gradients
from shinso.data import open_data
from shinso.layers.residual import BasicBlock, Bottleneck, PaddedShortcut
from shinso.vision.classification.googlenet.learner import GoogLeNetLearner
from shinso.vision.classification.predictor import ClassifierPredictor
from shinso.vision.classification.preparation import fitted_split

DATA = "cifar10_jpeg"
STEPS = 800  # of 128 images
TRAINING = {"shift": 4, "warmup_steps": 100}
DEPTHS = (8, 20, 32, 44)
TAKEN_APART = 20  # the depth of the networks that lose blocks
WIDTHS = ((46, 1), (16, 2), (10, 3))  # depth and width: 661, 692 and 677 thousand parameters
PARTS = {
    "first": "stem.",
    "stage_1": "stages.0.",
    "stage_2": "stages.1.",
    "stage_3": "stages.2.",
}


class WithGradients(MeasuredClassifier):
    """Keeps the gradients' norm: of a part of the network the root of the mean square over its
    convolutions, the mean over all steps."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        named = list(self.networks["classifier"].named_parameters())
        self.places = {
            part: [i for i, (name, p) in enumerate(named) if name.startswith(start) and p.dim() > 1]
            for part, start in PARTS.items()
        }
        self.sums = dict.fromkeys(PARTS, 0.0)

    def apply(self, phase: str, gradients: Gradients) -> None:
        for part, places in self.places.items():
            norms = torch.stack([gradients[place].norm() for place in places])
            self.sums[part] += norms.square().mean().sqrt().item()
        super().apply(phase, gradients)


class MeasuredGoogLeNet(Measured, GoogLeNetLearner):
    pass


def settings(steps: int | None) -> Iterator[Setting]:
    count = steps or STEPS
    shared = {**TRAINING, "steps": count, "evaluate_every": count}
    for residual in (True, False):
        for depth in DEPTHS:
            changes = {**shared, "depth": depth, "residual": residual}
            more = with_deletions if depth == TAKEN_APART else gradient_norms
            yield Setting("resnet", depth_label(residual, depth), changes, WithGradients, more)
    for depth, width in WIDTHS:
        changes = {**shared, "depth": depth, "width": width}
        yield Setting("wide-resnet", f"depth-{depth}-width-{width}", changes)
    for norm, rate in (("none", 0.01), ("batch", 0.1)):
        for auxiliary in (True, False):
            changes = {**shared, "norm": norm, "learning_rate": rate, "auxiliary": auxiliary}
            label = f"{'heads' if auxiliary else 'no-heads'}-norm-{norm}"
            yield Setting("googlenet", label, changes, MeasuredGoogLeNet)


def depth_label(residual: bool, depth: int) -> str:
    return f"{'residual' if residual else 'plain'}-{depth}"


def gradient_norms(learner: WithGradients, predictor: ClassifierPredictor) -> Scores:
    return {f"gradient_{part}": total / learner.run.step for part, total in learner.sums.items()}


def with_deletions(learner: WithGradients, predictor: ClassifierPredictor) -> Scores:
    """The accuracy without each block, counted from 1, on the validation images."""
    valid, spec = open_data(DATA, ("images",)).split("valid"), predictor.spec
    pixels = fitted_split(valid, spec.channels, spec.size)
    scores = gradient_norms(learner, predictor)
    network = predictor.artifact.modules["classifier"]
    for number in range(sum(len(stage) for stage in network.stages)):
        modules = {"classifier": without(network, number)}
        cut = ClassifierPredictor(dataclasses.replace(predictor.artifact, modules=modules))
        right = cut.logits(pixels).argmax(axis=1) == valid.labels
        scores[f"accuracy_without_{number + 1}"] = float(right.mean())
    return scores


def without(network: nn.Module, number: int) -> nn.Module:
    """A copy that has a shortcut alone in place of a block."""
    cut: Any = copy.deepcopy(network)
    stage, place = [(stage, i) for stage in cut.stages for i in range(len(stage))][number]
    conv = stage[place].conv1
    same = conv.in_channels == conv.out_channels and conv.stride == (1, 1)
    shortcut = PaddedShortcut(conv.in_channels, conv.out_channels, conv.stride[0])
    stage[place] = nn.Identity() if same else shortcut
    return cut


# What a bottleneck costs --------------------------------------------------------------------------


def print_bottleneck(images: int = 16, side: int = 32, calls: int = 4, pairs: int = 21) -> None:
    """Figure 5 of He et al. 2016: two 3 x 3 convolutions of 64 channels, or a bottleneck between
    256; each forward and backward."""
    torch.set_num_threads(1)
    blocks = {64: BasicBlock(64, 64, 1), 256: Bottleneck(256, 256, 1)}
    print(f"{machine()}\n{images} images of {side} x {side}, forward and backward, CPU time")
    works = []
    for channels, block in blocks.items():
        maps = torch.randn(images, channels, side, side, requires_grad=True)
        with FlopCounterMode(display=False) as counter:
            block(maps[:1])
        name, macs = type(block).__name__, counter.get_total_flops() // 2
        print(f"{name}: {parameter_count(block):,} parameters, {macs:,} multiply-adds an image")
        works.append(lambda block=block, maps=maps: block(maps).sum().backward())
    print(f"\n{'':34}{'basic, ms':30}{'bottleneck, ms':30}times as fast")
    print_pairs("", interleaved(*works, calls, pairs))


# Pictures -----------------------------------------------------------------------------------------


def draw() -> None:
    """Of what is recorded."""
    rows = recorded("resnet", DATA)
    kinds = {"residual": True, "plain": False}
    by_depth = {
        kind: [(d, row) for d in DEPTHS if (row := rows.get(depth_label(residual, d)))]
        for kind, residual in kinds.items()
    }
    lines(
        "classifier-depth",
        {k: ([d for d, _ in of], [row["accuracy"] for _, row in of]) for k, of in by_depth.items()},
        "layers with weights",
        "validation accuracy",
    )
    gradients = {
        f"{kind}, {depth} layers": (
            [part.replace("_", " ") for part in PARTS],
            [row[f"gradient_{part}"] for part in PARTS],
        )
        for kind, of in by_depth.items()
        for depth, row in of
    }
    lines("classifier-gradients", gradients, "", "norm of the gradient", y=("log", {}))
    taken_apart = {kind: rows.get(f"{kind}-{TAKEN_APART}", {}) for kind in kinds}
    deletions = {kind: by_block(row) for kind, row in taken_apart.items()}
    title = "block left out (0: none)"
    lines("classifier-deleted-blocks", deletions, title, "validation accuracy")


def by_block(row: Mapping[str, float]) -> tuple[list[int], list[float]]:
    """Blocks, 0 standing for none, and the accuracy without each."""
    name = "accuracy_without_"
    found = {int(n.removeprefix(name)): score for n, score in row.items() if n.startswith(name)}
    if not found:
        return [], []
    return [0, *sorted(found)], [row["accuracy"], *(found[block] for block in sorted(found))]


if __name__ == "__main__":
    if sys.argv[1:] == ["--bottleneck"]:
        print_bottleneck()
    else:
        run_all(__doc__.splitlines()[0], DATA, settings, draw)
