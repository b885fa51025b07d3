"""The word language model's learner: truncated back-propagation through time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.evaluation import Evaluation, Scores
from shinso.core.exhibits import Exhibit
from shinso.core.learner import ForeignWeights
from shinso.core.trainable import Outputs, Trainable
from shinso.core.tree import Tree
from shinso.data.text import TextSet
from shinso.language.reading import Reading, encoded
from shinso.language.vocabulary import EOS
from shinso.language.word_lm.batches import Batches, Streams, Windows
from shinso.language.word_lm.evaluation import evaluate
from shinso.language.word_lm.model import WordLM, build, initial_state
from shinso.language.word_lm.predictor import WordLMPredictor, kept_reading
from shinso.language.word_lm.recipe import WordLMOptions, WordLMRecipe, WordLMSpec
from shinso.layers.gates import gate_exhibits, trace

if TYPE_CHECKING:
    from shinso.core.run import Run

State = tuple[Tensor, ...]  # (L, B, H) each
Batch = tuple[Tensor, Tensor, State]  # words (B, T), answers (B, T) or (B, 1), the state before
PASSAGE = 24  # words whose gates are shown


class WordLMLearner(Trainable):
    recipe: WordLMRecipe
    data: TextSet

    def __init__(
        self,
        recipe: WordLMRecipe,
        data: TextSet,
        start: Artifact | ForeignWeights | None,
        run: Run,
    ) -> None:
        self.reading = _reading(recipe, data, start)
        self.spec = WordLMSpec(vocabulary=len(self.reading.vocabulary))
        _check_memory(recipe, self.spec)
        self.batches = self._make_batches(recipe, data, run)
        super().__init__(recipe, data, start, run, build(recipe, self.spec))
        self.rows = run.processes.share(recipe.batch_size)
        if self.rows.start == self.rows.stop:
            raise UserError(f"--batch-size {recipe.batch_size} is less than a row for each process")
        self.carried = self._initial_state()

    def _make_batches(self, recipe: WordLMRecipe, data: TextSet, run: Run) -> Batches:
        stream = encoded(self.reading, data.split("train")).astype(np.int64)
        if recipe.window is not None:
            order = lambda epoch: run.random.numpy("order", epoch)  # noqa: E731
            return Windows(stream, recipe.batch_size, recipe.window, order)
        first = self.reading.vocabulary.number(EOS)
        return Streams(stream, first, recipe.batch_size, recipe.unroll)

    @cached_property
    def total_steps(self) -> int:
        if self.recipe.steps is not None:
            return self.recipe.steps
        assert self.recipe.epochs is not None
        return self.recipe.epochs * self.batches.epoch_steps

    @property
    def evaluate_every(self) -> int | None:
        return self.recipe.evaluate_every or self.batches.epoch_steps

    @property
    def selection(self) -> tuple[str, str]:
        return "perplexity", "min"

    @property
    def share_weight(self) -> float:
        part = self.rows.stop - self.rows.start
        return part * self.run.processes.world_size / self.recipe.batch_size

    # One step ---------------------------------------------------------------------------------

    def next_batch(self, phase: str) -> Batch:
        epoch, position = divmod(self.run.step, self.batches.epoch_steps)
        words, answers = self.batches.batch(epoch, position, self.rows)
        if position == 0 or not self.batches.carries:
            self.carried = self._initial_state()
        return self._placed(words), self._placed(answers), self.carried

    def forward(self, phase: str, batch: Batch) -> Outputs:
        words, answers, state = batch
        logits, *after = self.forwards["lm"](words, *state)
        named = {f"state_{place}": tensor for place, tensor in enumerate(after)}
        return {"logits": logits[:, -answers.shape[1] :], **named}  # (B, T, V) or (B, 1, V)

    def loss(self, phase: str, batch: Batch, outputs: Outputs) -> Tensor:
        """Mean over the words, in nats."""
        return F.cross_entropy(outputs["logits"].flatten(0, 1).float(), batch[1].flatten())

    def scores(self, phase: str, batch: Batch, outputs: Outputs, loss: Tensor) -> Scores:
        # Not in `forward`, by which a lever may ask other networks too.
        self.carried = tuple(
            outputs[f"state_{place}"].detach() for place in range(len(self.carried))
        )
        return super().scores(phase, batch, outputs, loss)

    # ------------------------------------------------------------------------------------------

    def evaluate(self, split: str) -> Evaluation:
        with self.at_rest():
            return evaluate(WordLMPredictor(self.artifact()), self.data, split)

    def exhibits(self) -> Sequence[Exhibit]:
        """What the net does, word by word, at the beginning of the validation text."""
        vocabulary, steps = self.reading.vocabulary, self.recipe.window or PASSAGE
        stream = encoded(self.reading, self.data.split("valid"))
        read = np.concatenate([[vocabulary.number(EOS)], stream[: steps - 1]])  # (T,)
        lm = self.networks["lm"]
        assert isinstance(lm, WordLM)
        with self.at_rest():
            vectors = lm.embedding(self._placed(read[None]))  # (1, T, E)
            traces = trace(lm.recurrent, vectors)
        return gate_exhibits(traces, vocabulary.decode(read), "word")

    def artifact(self) -> Artifact:
        return Artifact(
            self.run.system.name,
            self.recipe,
            self.spec,
            options=WordLMOptions(),
            modules=self.networks,
            assets=self.reading.assets,
        )

    def state(self) -> Tree:
        return {**super().state(), "carried": list(self._of_all_processes(self.carried))}

    def restore(self, state: Tree) -> None:
        super().restore(state)
        self.carried = tuple(
            self.place(tensor[:, self.rows].contiguous()) for tensor in state["carried"]
        )

    def batch_name(self) -> str:
        epoch, position = divmod(self.run.step, self.batches.epoch_steps)
        return f"epoch {epoch + 1}, batch {position + 1} of {self.batches.epoch_steps}"

    def _initial_state(self) -> State:
        count = self.rows.stop - self.rows.start
        return tuple(map(self.place, initial_state(self.recipe, count)))

    def _placed(self, words: np.ndarray) -> Tensor:
        return self.place(torch.from_numpy(np.ascontiguousarray(words)))

    def _of_all_processes(self, state: State) -> State:
        """The rows of every process: (L, B, H) with the recipe's B."""
        group = self.run.processes
        whole = initial_state(self.recipe, self.recipe.batch_size)
        for tensor, own in zip(whole, state, strict=True):
            tensor[:, self.rows] = own.cpu().to(tensor.dtype)
        group.mean(whole)  # each row is 0 in all processes but one
        return tuple(tensor * group.world_size for tensor in whole)


def _reading(
    recipe: WordLMRecipe, data: TextSet, start: Artifact | ForeignWeights | None
) -> Reading:
    """Weights to start from know their own words. Raises UserError where text is read otherwise
    than they learned it."""
    if isinstance(start, Artifact):
        assert isinstance(start.recipe, WordLMRecipe)
        if recipe.tokens != start.recipe.tokens:
            raise UserError(
                f"--tokens {recipe.tokens}: the weights of --from read their text by "
                f"--tokens {start.recipe.tokens}; give that"
            )
        return kept_reading(start)
    train = data.split("train")
    return Reading.learned(recipe.tokens, train, recipe.vocabulary, recipe.minimum_count)


def _check_memory(recipe: WordLMRecipe, spec: WordLMSpec) -> None:
    """Raises UserError for batches whose logits alone, with their softmax and gradient, are more
    than the machine has: the system would kill the process without a word."""
    steps = recipe.window or recipe.unroll
    needed = 3 * 4 * recipe.batch_size * steps * spec.vocabulary
    present = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > present:
        length = "--window" if recipe.window else "--unroll"
        raise UserError(
            f"--batch-size {recipe.batch_size} times {length} {steps} times {spec.vocabulary:,} "
            f"words take {needed / 1e9:,.0f} GB of memory and there are {present / 1e9:,.0f}; "
            "give less of one"
        )
