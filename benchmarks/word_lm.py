"""What the word language model costs: training against a bare torch loop, and drawing words.

    OMP_NUM_THREADS=1 python benchmarks/word_lm.py

Training is at the settings of --preset long, the small LSTM of Zaremba, Sutskever and Vinyals
(2014). The real loop runs untouched; its learner's `step` makes the bare loop's step too, before
or after its own in turn: the same batches, weights, clipping and descent. Words are drawn by the
predictor of --preset cpu, one after another, and by the least code that draws them from the same
weights. The text is random words: what they are changes no time. All times are CPU times.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from machine import machine, median_and_interval
from pairs import interleaved
from rows import with_learner
from torch import Tensor, nn
from torch.nn import functional as F

from shinso import api, catalog
from shinso.core.artifact import Artifact
from shinso.language.vocabulary import LANGUAGE_MODEL
from shinso.language.word_lm.learner import WordLMLearner
from shinso.language.word_lm.predictor import WordLMPredictor
from shinso.language.word_lm.recipe import WordLMOptions

WARM_UP = 5  # steps before the first block
DRAWN = 200  # words of a call
TOP_K = 40
KNOWN = (*LANGUAGE_MODEL, *(f"word{number}" for number in range(9_998)))  # 10,000


# Training -----------------------------------------------------------------------------------------


class BareLM(nn.Module):
    """As one writes it by hand."""

    def __init__(self, vocabulary: int, width: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.lstm = nn.LSTM(width, width, layers, batch_first=True)
        self.output = nn.Linear(width, vocabulary)

    def forward(self, words: Tensor, state: Any) -> tuple[Tensor, Any]:
        hidden, state = self.lstm(self.embedding(words), state)
        return self.output(hidden), state


def bare_step(learner: WordLMLearner) -> tuple[BareLM, Callable[[], None]]:
    """A model with the learner's weights, and a step of it over the learner's next batch."""
    recipe, lm = learner.recipe, learner.networks["lm"]
    model = BareLM(learner.spec.vocabulary, recipe.hidden, recipe.layers)
    theirs = lm.embedding, lm.recurrent.kernel, lm.output
    for own, other in zip(model.children(), theirs, strict=True):
        own.load_state_dict(other.state_dict())
    optimiser = torch.optim.SGD(model.parameters(), recipe.learning_rate)
    state = None

    def step() -> None:
        nonlocal state
        words, answers = learner.batches.batch(0, learner.run.step, learner.rows)
        logits, after = model(torch.from_numpy(words), state)
        loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(answers).flatten())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
        optimiser.step()
        state = tuple(tensor.detach() for tensor in after)
        loss.item()

    return model, step


class Interleaved(WordLMLearner):
    """Takes the time of its own steps with the loop around them, and of the bare loop's."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.bare, self.bare_step = bare_step(self)
        self.times: list[tuple[float, float]] = []  # CPU seconds of a step: bare, shinso
        self.left_at = process_time()

    def step(self) -> dict[str, float]:
        own = process_time() - self.left_at  # the loop's, since the step before
        bare_first = self.run.step % 2 == 0
        bare = self._bare() if bare_first else 0.0
        began = process_time()
        scores = super().step()
        own += process_time() - began
        bare += 0.0 if bare_first else self._bare()
        self.times.append((bare, own))
        self.left_at = process_time()
        return scores

    def _bare(self) -> float:
        began = process_time()
        self.bare_step()
        return process_time() - began


def trained(steps: int, folder: Path) -> Interleaved:
    changes = {"steps": steps, "epochs": None, "schedule": "constant", "evaluate_every": steps}
    recipe = catalog.find("word-lm").make_recipe("long", **changes)
    write_text(folder / "text", recipe.batch_size * recipe.unroll * steps)
    with with_learner("word-lm", Interleaved) as made:
        api.train(recipe, str(folder / "text"), folder / "run", threads=1)
    return made[-1]


def write_text(folder: Path, length: int) -> None:
    """Every known word once, and after that `length` random ones."""
    own = KNOWN[len(LANGUAGE_MODEL) :]
    words = [*own, *np.random.default_rng(0).choice(own, length)]
    lines = (" ".join(words[first : first + 20]) for first in range(0, len(words), 20))
    folder.mkdir()
    (folder / "train.txt").write_text("\n".join(lines))
    (folder / "valid.txt").write_text(" ".join(own[:100]))


def same_weights(learner: Interleaved) -> bool:
    """Whether both loops did the same work: they end with the same weights, to rounding."""
    pairs = zip(learner.networks["lm"].parameters(), learner.bare.parameters(), strict=True)
    return all(torch.allclose(*pair, atol=1e-3) for pair in pairs)


def blocks(times: list[tuple[float, float]], size: int) -> list[tuple[float, float]]:
    """CPU seconds of a step, mean over each block."""
    kept = np.array(times[WARM_UP:])
    return [tuple(block.mean(axis=0)) for block in np.split(kept, len(kept) // size)]


# Drawing words ------------------------------------------------------------------------------------


def fresh_predictor(folder: Path, top_k: int | None) -> WordLMPredictor:
    """Of --preset cpu with the weights that it starts with; speed is the same for all."""
    torch.manual_seed(0)
    system = catalog.find("word-lm")
    recipe, spec = system.make_recipe("cpu"), system.preset("cpu").spec
    modules = system.load("build")(recipe, spec)
    vocabulary = {"vocabulary.txt": "".join(f"{word}\n" for word in KNOWN)}
    provenance: dict[str, object] = {"data": None}
    options = WordLMOptions(top_k=top_k)
    Artifact(
        system.name, recipe, spec, options, modules, assets=vocabulary, provenance=provenance
    ).save(folder)
    return api.load(folder)


@torch.no_grad()
def draw_bare(predictor: WordLMPredictor) -> None:
    """The least that draws a word: a row of the table, the cell, two products, a draw."""
    lm: Any = predictor.artifact.modules["lm"]
    (weights,) = lm.recurrent.kernel.all_weights
    top_k = predictor.options.top_k
    state = (torch.zeros(1, predictor.recipe.hidden),) * 2
    word = torch.tensor([1])
    for _ in range(DRAWN):
        state = torch.lstm_cell(lm.embedding.weight[word], state, *weights)
        vector = F.linear(state[0], lm.projection.weight, lm.projection.bias)
        logits = F.linear(vector, lm.output.weight, lm.output.bias)
        if top_k is None:
            word = drawn(logits)
        else:
            likeliest = logits.topk(top_k)
            word = likeliest.indices[0, drawn(likeliest.values)]


def drawn(logits: Tensor) -> Tensor:
    """(1, V) to the index (1,) of a word."""
    sums = logits.softmax(1).cumsum(1)
    return torch.searchsorted(sums[0], torch.rand(1) * sums[0, -1])


# --------------------------------------------------------------------------------------------------


def print_row(name: str, values: list[float], digits: int) -> None:
    middle, low, high = (f"{value:,.{digits}f}" for value in median_and_interval(values))
    print(f"{name:46} {middle:>9}   [{low}, {high}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=21, help="pairs of blocks (default: 21)")
    parser.add_argument("--block", type=int, default=6, help="steps of a block (default: 6)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        learner = trained(WARM_UP + given.pairs * given.block, Path(folder))
        print(f"{machine()}\nmedians of {given.pairs} interleaved pairs, with their 95% intervals")
        print(f"same weights at the end: {'yes' if same_weights(learner) else 'NO'}\n")
        times = blocks(learner.times, given.block)
        print_row("training: shinso, ms a step", [1e3 * own for _, own in times], 1)
        print_row("training: bare loop, ms a step", [1e3 * bare for bare, _ in times], 1)
        print_row("training: rate of shinso / rate of bare loop", [b / o for b, o in times], 3)
        for top_k in (None, TOP_K):
            predictor = fresh_predictor(Path(folder) / f"lm-{top_k}", top_k)
            draw = lambda: list(predictor.sample("", DRAWN))  # noqa: B023, E731
            bare = lambda: draw_bare(predictor)  # noqa: B023, E731
            times = interleaved(bare, draw, 1, given.pairs)
            among = f"drawing among {top_k or len(KNOWN):,}:"
            print_row(f"{among} shinso, words/s", [DRAWN / own for _, own in times], 0)
            print_row(f"{among} bare, words/s", [DRAWN / bare for bare, _ in times], 0)
            print_row(f"{among} shinso / bare", [b / o for b, o in times], 3)


if __name__ == "__main__":
    main()
