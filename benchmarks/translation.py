"""What training a Transformer costs: shinso's loop against bare loops over torch's nn.Transformer.

    OMP_NUM_THREADS=1 python benchmarks/translation.py

English to Japanese on small_parallel_enja at the course's width. The real loop runs untouched; its
learner's `step` makes a step of two bare loops too, the three in turn. One bare loop draws its
batches at random and pads them, the other is given the batches that shinso has, of like lengths.
Counted are target tokens a second, EOS among them and padding not. All times are CPU times.

Before it starts, all three compute the loss of one batch from the same weights, without dropout.
"""

import argparse
import math
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from machine import machine, median_and_interval
from rows import with_learner
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.rnn import pad_sequence

from shinso import api, catalog
from shinso.language.translation.decoding import PAD
from shinso.language.translation.learner import TranslationLearner

WARM_UP = 6  # steps before the first block
SETTINGS: dict[str, Any] = {
    "size": 128,
    "heads": 4,
    "inner": 256,
    "layers": 3,
    "batch_size": 64,
    "precision": "float32",
    "dropout": 0.1,  # nn.Transformer has one rate for all three
    "inner_dropout": 0.1,
    "embedding_dropout": 0.1,
    "schedule": "constant",
    "warmup_steps": 0,
    "epochs": None,
}
LOOPS = ("shinso", "bare, bucketed", "bare, random")

Batch = tuple[Tensor, Tensor]  # sentences (B, S) and translations (B, T + 1), padded
Work = tuple[int, float]  # target tokens and CPU seconds


class BareTransformer(nn.Module):
    """As one writes it by hand, after torch's tutorial on translation with nn.Transformer."""

    def __init__(self, recipe: Any, spec: Any) -> None:
        super().__init__()
        self.source_embedding = nn.Embedding(spec.source_vocabulary, recipe.size)
        self.target_embedding = nn.Embedding(spec.target_vocabulary, recipe.size)
        self.dropout = nn.Dropout(recipe.dropout)
        self.transformer = nn.Transformer(
            recipe.size,
            recipe.heads,
            recipe.layers,
            recipe.layers,
            recipe.inner,
            recipe.dropout,
            batch_first=True,
            norm_first=True,
        )
        self.output = nn.Linear(recipe.size, spec.target_vocabulary, bias=False)
        self.output.weight = self.target_embedding.weight
        self.positions: Tensor
        self.register_buffer("positions", sinusoids(recipe.longest + 2, recipe.size))

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        steps = target.shape[1]
        padding = source == PAD
        hidden = self.transformer(
            self.vectors(self.source_embedding, source),
            self.vectors(self.target_embedding, target),
            tgt_mask=torch.ones(steps, steps, dtype=torch.bool).triu(1),
            src_key_padding_mask=padding,
            tgt_key_padding_mask=target == PAD,
            memory_key_padding_mask=padding,
        )
        return self.output(hidden)

    def vectors(self, embedding: nn.Embedding, tokens: Tensor) -> Tensor:
        vectors = embedding(tokens) * math.sqrt(embedding.embedding_dim)
        return self.dropout(vectors + self.positions[: tokens.shape[1]])


def sinusoids(steps: int, size: int) -> Tensor:
    """(steps, size) positions, which count from 1."""
    times = torch.arange(1, steps + 1)[:, None]
    angles = times * torch.exp(torch.arange(0, size, 2) * (-math.log(10_000) / size))
    table = torch.empty(steps, size)
    table[:, 0::2], table[:, 1::2] = angles.sin(), angles.cos()
    return table


class BareLoop:
    """A model with the weights of a learner's, and steps of it over `batches`."""

    def __init__(self, learner: TranslationLearner, batches: Iterator[Batch]) -> None:
        recipe = learner.recipe
        self.clip_norm, self.batches = recipe.clip_norm, batches
        self.model = BareTransformer(recipe, learner.spec)
        copy_weights(learner.networks["translator"], self.model)
        self.loss = nn.CrossEntropyLoss(ignore_index=PAD, label_smoothing=recipe.label_smoothing)
        self.optimiser = torch.optim.Adam(
            self.model.parameters(),
            recipe.learning_rate,
            (recipe.beta1, recipe.beta2),
            recipe.epsilon,
        )

    def step(self) -> int:
        """Returns how many tokens there were to learn."""
        source, target = next(self.batches)
        loss = self.loss_of(source, target)
        self.optimiser.zero_grad()
        loss.backward()
        clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimiser.step()
        loss.item()
        return int((target[:, 1:] != PAD).sum())

    def loss_of(self, source: Tensor, target: Tensor) -> Tensor:
        logits = self.model(source, target[:, :-1])
        return self.loss(logits.flatten(0, 1), target[:, 1:].flatten())


def copy_weights(translator: Any, model: BareTransformer) -> None:
    """Gives the bare model the weights of ours."""
    for name in ("source_embedding", "target_embedding"):
        getattr(model, name).load_state_dict(getattr(translator, name).state_dict())
    for side in ("encoder", "decoder"):
        own, theirs = getattr(translator, side), getattr(model.transformer, side)
        theirs.norm.load_state_dict(own.final_norm.state_dict())
        for layer, other in zip(own.layers, theirs.layers, strict=True):
            other.load_state_dict(by_torch_names(layer.state_dict()))


def by_torch_names(layer: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a layer as torch's layers have them: queries, keys and values in one, and
    norms by number."""
    norms = dict.fromkeys(name.split(".")[0] for name in layer if name.startswith("around"))
    named = {"feed_forward.inner": "linear1", "feed_forward.outer": "linear2"}
    named |= {f"{norm}.before": f"norm{place}" for place, norm in enumerate(norms, 1)}
    attentions = {
        "attention": "self_attn",  # of an encoder's layer
        "self_attention": "self_attn",
        "source_attention": "multihead_attn",
    }
    state = {}
    for kind in ("weight", "bias"):
        for name, theirs in attentions.items():
            if f"{name}.output.{kind}" in layer:
                maps = (layer[f"{name}.to_{of}.{kind}"] for of in ("queries", "keys", "values"))
                state[f"{theirs}.in_proj_{kind}"] = torch.cat(list(maps))
                state[f"{theirs}.out_proj.{kind}"] = layer[f"{name}.output.{kind}"]
        state |= {f"{theirs}.{kind}": layer[f"{own}.{kind}"] for own, theirs in named.items()}
    return state


def random_batches(learner: TranslationLearner) -> Iterator[Batch]:
    """The pairs in random order, so many at a time, epoch after epoch."""
    split = learner.data.split("train")
    sources, targets = (
        [torch.from_numpy(read(line).astype(np.int64)) for line in lines]
        for read, lines in (
            (learner.reading.read_source, split.sources),
            (learner.reading.read_target, split.targets),
        )
    )
    while True:
        for rows in torch.randperm(len(sources)).split(learner.recipe.batch_size):
            yield tuple(
                pad_sequence([side[row] for row in rows.tolist()], True, PAD)
                for side in (sources, targets)
            )


def same_batches(learner: TranslationLearner) -> Iterator[Batch]:
    """Those of the learner's next steps."""
    while True:
        source, _, target = learner.next_batch("update")
        yield source, target


class Interleaved(TranslationLearner):
    """Takes the time of its own steps with the loop around them, and of the bare loops'."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.bucketed = BareLoop(self, same_batches(self))
        self.random = BareLoop(self, random_batches(self))
        self.work: list[tuple[Work, ...]] = []  # of each step, in the order of LOOPS
        self.agree = self.losses_agree()
        self.left_at = process_time()

    def step(self) -> dict[str, float]:
        around = process_time() - self.left_at  # the loop's own, since the step before
        scores: dict[str, float] = {}

        def own() -> int:
            scores.update(super(Interleaved, self).step())
            return int(self.buckets.targets[self._whole_batch()].sum())

        steps = (own, as_anywhere(self.bucketed.step), as_anywhere(self.random.step))
        done: list[Work] = [(0, 0.0)] * len(steps)
        for place in range(len(steps)):
            turn = (self.run.step + place) % len(steps)
            done[turn] = timed(steps[turn])
        done[0] = done[0][0], done[0][1] + around
        self.work.append(tuple(done))
        self.left_at = process_time()
        return scores

    def losses_agree(self) -> bool:
        """Whether all compute the same: one loss of the same weights, to rounding."""
        batch = self.next_batch("update")
        with self.at_rest():
            own = self.loss("update", batch, self.forward("update", batch))
            for bare in (self.bucketed, self.random):
                bare.model.eval()
                theirs = bare.loss_of(batch.source, batch.target)
                bare.model.train()
                if not torch.allclose(own, theirs, rtol=1e-5):
                    return False
        return True


def as_anywhere(step: Callable[[], int]) -> Callable[[], int]:
    """Without the deterministic algorithms that shinso's loop asks for."""

    def free() -> int:
        before = torch.get_deterministic_debug_mode()
        torch.set_deterministic_debug_mode("default")
        try:
            return step()
        finally:
            torch.set_deterministic_debug_mode(before)

    return free


def timed(step: Callable[[], int]) -> Work:
    began = process_time()
    tokens = step()
    return tokens, process_time() - began


def trained(steps: int, folder: Path) -> Interleaved:
    changes = {**SETTINGS, "steps": steps, "evaluate_every": steps}
    recipe = catalog.find("transformer").make_recipe(**changes)
    with with_learner("transformer", Interleaved) as made:
        api.train(recipe, "small_parallel_enja", folder / "run", threads=1)
    return made[-1]


def rates(work: list[tuple[Work, ...]], size: int) -> list[tuple[float, ...]]:
    """Tokens a second of each loop, by block of so many steps."""
    kept = np.array(work[WARM_UP:])  # (steps, loops, 2)
    sums = [block.sum(axis=0) for block in np.split(kept, len(kept) // size)]
    return [tuple(block[:, 0] / block[:, 1]) for block in sums]


def print_row(name: str, values: list[float], digits: int) -> None:
    middle, low, high = (f"{value:,.{digits}f}" for value in median_and_interval(values))
    print(f"{name:34} {middle:>9}   [{low}, {high}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=21, help="blocks of each (default: 21)")
    parser.add_argument("--block", type=int, default=30, help="steps of a block (default: 30)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        learner = trained(WARM_UP + given.blocks * given.block, Path(folder))
    blocks = rates(learner.work, given.block)
    print(f"{machine()}\nmedians of {given.blocks} interleaved blocks, with their 95% intervals")
    print(f"same loss of the same weights: {'yes' if learner.agree else 'NO'}\n")
    for place, name in enumerate(LOOPS):
        print_row(f"{name}, target tokens/s", [block[place] for block in blocks], 0)
    for place, name in enumerate(LOOPS[1:], 1):
        print_row(f"shinso / {name}", [block[0] / block[place] for block in blocks], 3)


if __name__ == "__main__":
    main()
