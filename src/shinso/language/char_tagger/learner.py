"""The tagger's learner: passages of a text, mistyped anew in every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.evaluation import Evaluation, Scores
from shinso.core.exhibits import Exhibit
from shinso.core.learner import ForeignWeights
from shinso.core.trainable import Outputs, Supervised
from shinso.data.text import TextSet
from shinso.language.char_tagger.evaluation import evaluate
from shinso.language.char_tagger.model import CharTagger, build
from shinso.language.char_tagger.passages import (
    PADDING,
    encoded,
    encoded_tags,
    passages_of,
    typed_and_meant,
)
from shinso.language.char_tagger.predictor import CharTaggerPredictor
from shinso.language.char_tagger.recipe import (
    CharTaggerOptions,
    CharTaggerRecipe,
    CharTaggerSpec,
)
from shinso.layers.gates import gate_exhibits, trace

if TYPE_CHECKING:
    from shinso.core.run import Run

Batch = tuple[Tensor, Tensor]  # symbols (B, WIDTH), tags (B, WIDTH)

EXAMPLE = "the old captian came abord agian"


class CharTaggerLearner(Supervised):
    recipe: CharTaggerRecipe
    data: TextSet

    def __init__(
        self,
        recipe: CharTaggerRecipe,
        data: TextSet,
        start: Artifact | ForeignWeights | None,
        run: Run,
    ) -> None:
        self.passages = passages_of(data.split("train"))
        self.example_count = len(self.passages)
        self.spec = CharTaggerSpec()
        super().__init__(recipe, data, start, run, build(recipe, self.spec))

    @property
    def selection(self) -> tuple[str, str]:
        return "word_accuracy", "max"

    def examples(self, indices: NDArray[np.int64]) -> Batch:
        """Another epoch has other errors."""
        seed = self.run.random.bits("errors", self.run.step // self.epoch_steps)
        pairs = [typed_and_meant(self.passages[index], seed, index) for index in indices.tolist()]
        symbols = np.stack([encoded(typed) for typed, _ in pairs])
        tags = np.stack([encoded_tags(*pair) for pair in pairs])
        return self.place(torch.from_numpy(symbols)), self.place(torch.from_numpy(tags))

    def forward(self, phase: str, batch: Batch) -> Outputs:
        return {"logits": self.forwards["tagger"](batch[0])}  # (B, WIDTH, tags)

    def loss(self, phase: str, batch: Batch, outputs: Outputs) -> Tensor:
        """Cross-entropy in nats a place, the mean over all but the padding."""
        logits = outputs["logits"].flatten(0, 1).float()
        return F.cross_entropy(logits, batch[1].flatten(), ignore_index=PADDING)

    def scores(self, phase: str, batch: Batch, outputs: Outputs, loss: Tensor) -> Scores:
        symbols, tags = batch
        wrong = (tags != PADDING) & (tags != symbols)
        right = outputs["logits"].argmax(dim=2)[wrong] == tags[wrong]
        mended = {"mended": right.float().mean().item()} if len(right) else {}
        return {"loss": loss.item(), **mended}

    def evaluate(self, split: str) -> Evaluation:
        with self.at_rest():
            return evaluate(CharTaggerPredictor(self.artifact()), self.data, split)

    def artifact(self) -> Artifact:
        return Artifact(
            self.run.system.name,
            self.recipe,
            self.spec,
            options=CharTaggerOptions(),
            modules=self.networks,
        )

    @torch.no_grad()
    def exhibits(self) -> Sequence[Exhibit]:
        """What the learned net does, letter by letter, with one mistyped sentence."""
        tagger = self.networks["tagger"]
        assert isinstance(tagger, CharTagger)
        symbols = torch.from_numpy(encoded(EXAMPLE.split())[None, : len(EXAMPLE)])
        traces = trace(tagger.recurrent, tagger.embed(self.place(symbols)))
        labels = EXAMPLE[::-1] if tagger.from_the_end else EXAMPLE
        return gate_exhibits(traces, list(labels), "letter, in the order of reading")
