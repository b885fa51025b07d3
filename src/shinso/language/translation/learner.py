"""The learner of every translator: pairs of like lengths, token after token of the translation."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.evaluation import Evaluation
from shinso.core.learner import ForeignWeights
from shinso.core.report.words import counted
from shinso.core.trainable import Outputs, Supervised
from shinso.core.tree import Tree
from shinso.data.parallel import ParallelSet, ParallelSplit
from shinso.language.reading import Reading
from shinso.language.translation.batches import EncodedPairs, LengthBuckets, PairBatch, Rows
from shinso.language.translation.decoding import PAD, Stepper
from shinso.language.translation.ensemble import EnsemblePredictor
from shinso.language.translation.evaluation import evaluate, main_score, metrics_of
from shinso.language.translation.pairs import PairReading
from shinso.language.translation.predictor import NETWORK, TranslationPredictor
from shinso.language.translation.recipe import (
    RecurrentTranslationRecipe,
    TranslationOptions,
    TranslationRecipe,
    TranslationSpec,
)
from shinso.language.translation.sentences import is_spaced
from shinso.language.vocabulary import TRANSLATION

if TYPE_CHECKING:
    from shinso.core.run import Run

Weights = dict[str, Tensor]

_log = logging.getLogger("shinso.translation")


class TranslationLearner(Supervised):
    """Selects by what the net writes by itself, one likeliest token after another; with `average`
    it is the mean of the last evaluations' weights that is evaluated and becomes the artifact
    (Vaswani et al. 2017, section 6.1)."""

    recipe: TranslationRecipe
    data: ParallelSet

    def __init__(
        self,
        recipe: TranslationRecipe,
        data: ParallelSet,
        start: Artifact | ForeignWeights | None,
        run: Run,
        answers: Mapping[str, str] | None = None,
    ) -> None:
        """Learns the `answers` to sentences of the training text in place of its own, if given;
        what tokens there are is told by the text either way."""
        train = data.split("train")
        self.reading = _reading(recipe, train, start)
        told = train if answers is None else _answered(train, answers)
        pairs = _short_enough(self.reading, told, recipe.longest)
        self.pairs = pairs
        self.buckets = _buckets(recipe, pairs, run)
        self.example_count = len(pairs)
        self.spec = TranslationSpec(
            source_vocabulary=len(self.reading.source.vocabulary),
            target_vocabulary=len(self.reading.target.vocabulary),
            languages=data.languages,
            longest=int(pairs.sources.lengths.max()) - 1,
            spaced=is_spaced(train.sources),
        )
        super().__init__(recipe, data, start, run, run.system.networks(recipe, self.spec))
        self.earlier: deque[Weights] = deque(maxlen=recipe.average - 1)  # of evaluations so far

    @cached_property
    def epoch_steps(self) -> int:
        return self.buckets.epoch_steps

    @property
    def selection(self) -> tuple[str, str]:
        return main_score(metrics_of(self.recipe, self.data)), "max"

    @property
    def share_weight(self) -> float:
        """By tokens, since the loss is their mean."""
        whole = self._whole_batch()
        tokens = self.buckets.targets[whole]
        own = tokens[self.run.processes.share(len(whole))].sum()
        return float(own * self.run.processes.world_size / tokens.sum())

    # One step ---------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Keeps the weights of the last evaluation for the mean of the next. Here, since an
        evaluation changes nothing."""
        every = self.evaluate_every
        if self.earlier.maxlen and every and self.run.step and self.run.step % every == 0:
            parameters = self.networks[NETWORK].named_parameters()
            self.earlier.append({name: p.detach().clone() for name, p in parameters})

    def examples(self, indices: NDArray[np.int64]) -> PairBatch:
        return PairBatch(*map(self.place, self.pairs.batch(indices)))

    def forward(self, phase: str, batch: PairBatch) -> Outputs:
        net: Any = self.forwards[NETWORK]
        if self._reads_truth:
            logits = net(batch.source, batch.lengths, batch.target[:, :-1])
        else:
            logits = _free_running(net, batch)
        return {"logits": logits, "counted": batch.target[:, 1:] != PAD}  # (B, T, V), (B, T)

    def loss(self, phase: str, batch: PairBatch, outputs: Outputs) -> Tensor:
        """Mean over the tokens, EOS among them, in nats. With smoothing e it is the cross-entropy
        to (1 - e) of the true token and e / V of each (Szegedy et al. 2016, section 7)."""
        return F.cross_entropy(
            outputs["logits"].flatten(0, 1).float(),
            batch.target[:, 1:].flatten(),
            ignore_index=PAD,
            label_smoothing=self.recipe.label_smoothing,
        )

    @property
    def _reads_truth(self) -> bool:
        """Drawn for a batch, as in the course; the same for all processes."""
        if not isinstance(self.recipe, RecurrentTranslationRecipe):
            return True
        draw = self.run.random.numpy("teacher forcing", self.run.step).random()
        return bool(draw < self.recipe.teacher_forcing)

    def _whole_batch(self) -> NDArray[np.int64]:
        return self.buckets.indices(*divmod(self.run.step, self.epoch_steps))

    # What teachers may write anew (core/answering.py) -------------------------------------------

    def questions(self) -> list[str]:
        """The sentences that are short enough to be learned from."""
        sentences = dict.fromkeys(self.data.split("train").sources)
        longest = self.recipe.longest + 1  # EOS is none of them
        return [line for line in sentences if len(self.reading.read_source(line)) <= longest]

    def answers(self, teachers: Sequence[Artifact], questions: Sequence[str]) -> list[str]:
        """Their translations, in the form of the training text."""
        for teacher in teachers:
            assert isinstance(teacher.spec, TranslationSpec)
            _check_form(teacher.system, teacher.spec, self.spec)
        predictor = EnsemblePredictor([teacher.to(self.run.device) for teacher in teachers])
        return predictor.translated(questions)

    def with_answers(self, answers: Mapping[str, str]) -> TranslationLearner:
        return TranslationLearner(self.recipe, self.data, self.start, self.run, answers)

    # ------------------------------------------------------------------------------------------

    def evaluate(self, split: str) -> Evaluation:
        with self.at_rest():
            options = TranslationOptions().changed(**self.run.system.selects_with)
            predictor = TranslationPredictor(self.artifact(), options)
            return evaluate(predictor, self.data, split)

    def artifact(self) -> Artifact:
        return Artifact(
            self.run.system.name,
            self.recipe,
            self.spec,
            options=TranslationOptions(),
            modules={NETWORK: self._averaged()},
            assets=self.reading.assets,
        )

    def state(self) -> Tree:
        return {**super().state(), "earlier": list(self.earlier)}

    def restore(self, state: Tree) -> None:
        super().restore(state)
        self.earlier.extend(
            {name: self.place(tensor) for name, tensor in weights.items()}
            for weights in state["earlier"]
        )

    @torch.no_grad()
    def _averaged(self) -> nn.Module:
        """The network itself where there is nothing to average."""
        network = self.networks[NETWORK]
        if not self.earlier:
            return network
        mean = deepcopy(network)
        for name, parameter in mean.named_parameters():
            for weights in self.earlier:
                parameter.add_(weights[name])
            parameter.div_(len(self.earlier) + 1)
        return mean


def _free_running(net: Stepper, batch: PairBatch) -> Tensor:
    """Logits (B, T, V) of a net that reads the likeliest tokens it gave before, not the true ones.
    What it chose is fixed: no error goes back through the choice."""
    tokens, state = batch.target[:, 0], net.start(batch.source, batch.lengths)
    steps = []
    for _ in range(batch.target.shape[1] - 1):
        logits, state, _ = net.step(tokens, state)  # (B, V)
        tokens = logits.argmax(dim=1)
        steps.append(logits)
    return torch.stack(steps, dim=1)


def _reading(
    recipe: TranslationRecipe, train: ParallelSplit, start: Artifact | ForeignWeights | None
) -> PairReading:
    """Weights to start from know their own tokens."""
    if isinstance(start, Artifact):
        assert isinstance(start.recipe, TranslationRecipe)
        return PairReading.kept(start.recipe.tokens, start.assets)
    if recipe.tokens == "spaces":
        _check_spaces(train)
    # Pieces are made to occur: leaving the rare ones out would leave letters out.
    minimum = recipe.minimum_count if recipe.tokens == "spaces" else 1
    reading = PairReading.learned(recipe.tokens, train, recipe.vocabulary, minimum)
    for side in (reading.source, reading.target):
        _check_known(side, minimum)
    return reading


def _check_spaces(train: ParallelSplit) -> None:
    """Raises UserError for a language written without spaces that nobody put any into."""
    for name, lines in (("text to translate", train.sources), ("translations", train.targets)):
        whole = [line for line in lines if len(line.split()) == 1]
        if len(whole) > len(lines) / 2:
            raise UserError(
                f"most lines of the {name} have no spaces, as {whole[0][:30]!r}; give "
                "--tokens sentencepiece, or put spaces between its tokens"
            )


def _check_known(reading: Reading, minimum: int) -> None:
    if len(reading.vocabulary) == len(TRANSLATION):
        raise UserError(f"no token comes --minimum-count {minimum} times in the text; give less")


def _short_enough(reading: PairReading, train: ParallelSplit, longest: int) -> EncodedPairs:
    """The pairs of `longest` tokens on each side at most; it is told how many are left out."""
    pairs = [(reading.read_source(source), reading.read_target(target)) for source, target in train]
    # Without the EOS of a source, and the BOS and EOS of a target.
    kept = [(s, t) for s, t in pairs if max(len(s) - 1, len(t) - 2) <= longest]
    if not kept:
        raise UserError(f"no sentence has --longest {longest} tokens or fewer; give more")
    if len(kept) < len(pairs):
        left_out = counted(len(pairs) - len(kept), "pair")
        _log.warning("left out %s with more than %d tokens on a side", left_out, longest)
    return EncodedPairs(Rows.of(s for s, _ in kept), Rows.of(t for _, t in kept))


def _answered(train: ParallelSplit, answers: Mapping[str, str]) -> ParallelSplit:
    """The sentences that have an answer, with it: as often as they stand in the text."""
    return ParallelSplit.of([(line, answers[line]) for line in train.sources if line in answers])


def _check_form(teacher: str, knows: TranslationSpec, spec: TranslationSpec) -> None:
    """Raises UserError for one that reads or writes another kind of text."""
    for known, own in zip(_forms(knows), _forms(spec), strict=True):
        if known != own:
            raise UserError(
                f"the teacher {teacher} translates {known}, and the student's text is {own}: give "
                "a teacher of text like that"
            )


def _forms(spec: TranslationSpec) -> tuple[str, str]:
    spaced = "with spaces between tokens" if spec.spaced else "as people write it"
    return " to ".join(spec.languages), spaced


def _buckets(recipe: TranslationRecipe, pairs: EncodedPairs, run: Run) -> LengthBuckets:
    def order(epoch: int) -> np.random.Generator:
        return run.random.numpy("order", epoch)

    if recipe.batch_tokens is not None:
        return LengthBuckets(pairs, order, tokens=recipe.batch_tokens)
    return LengthBuckets(pairs, order, sentences=recipe.batch_size)
