"""Translating: text in, text out, by beam search over a network in either form."""

from __future__ import annotations

import heapq
import importlib.util
import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import torch
from torch import Tensor

from shinso.core.artifact import Artifact, Network
from shinso.core.errors import UserError
from shinso.core.exhibits import Heatmap
from shinso.core.files import write_atomic
from shinso.core.predictor import Prediction, Predictor
from shinso.core.recipe import Options
from shinso.language.translation.batches import Rows
from shinso.language.translation.beam import beam_search
from shinso.language.translation.decoding import Hypothesis, State, Stepper, greedy
from shinso.language.translation.pairs import PairReading
from shinso.language.translation.raw import spaced, unspaced
from shinso.language.translation.recipe import (
    TranslationOptions,
    TranslationRecipe,
    TranslationSpec,
)
from shinso.language.translation.sentences import cleaned, divided
from shinso.language.vocabulary import EOS

NETWORK = "translator"
MOST_ROWS = 320  # hypotheses that are extended at once
SHORTEST_LIMIT = 10  # tokens that any sentence's translation may have
LONGEST_TITLE = 70  # letters, of a picture

_log = logging.getLogger("shinso.translation")


@dataclass(frozen=True)
class Candidate:
    """One of the n best.

    `score` is what they are ordered by, log P / lp (see Hypothesis.score); `log_probability` is
    log P, in nats.
    """

    text: str
    tokens: tuple[str, ...]
    score: float
    log_probability: float


@dataclass(frozen=True)
class Translation(Prediction):
    """A sentence's translation, and the n best of which it is the first.

    `unknown` are tokens of the sentence that the model has never seen.
    """

    source: str
    text: str
    tokens: tuple[str, ...]
    score: float
    unknown: tuple[str, ...]
    candidates: tuple[Candidate, ...]

    def __str__(self) -> str:
        if len(self.candidates) == 1:
            return self.text
        return "\n".join(f"{made.score:.3f}  {made.text}" for made in self.candidates)


class TranslationPredictor(Predictor[str, Translation]):
    """Called with a sentence.

    Its network is used as decoding.Stepper has it, which caches what was read and written; of a
    graph, which cannot, all is read anew at each position.
    """

    options: TranslationOptions

    def __init__(self, artifact: Artifact, options: Options | None = None) -> None:
        super().__init__(artifact, options)
        assert isinstance(artifact.recipe, TranslationRecipe)
        assert isinstance(artifact.spec, TranslationSpec)
        self.recipe, self.spec = artifact.recipe, artifact.spec
        self.reading = PairReading.kept(artifact.recipe.tokens, artifact.assets)
        self._check_vocabularies()
        self._pictures = 0

    def read(self, argument: str) -> Iterator[tuple[str, str]]:
        yield argument, argument

    def predict(self, inputs: Sequence[str]) -> list[Translation]:
        asked = [self.sentences(text) for text in inputs]
        attention = self.options.attention is not None
        found = iter(
            self.hypotheses(
                [line for lines in asked for line in lines], self.options.nbest, attention
            )
        )
        results = []
        for text, lines in zip(inputs, asked, strict=True):
            lists = [next(found) for _ in lines]
            results.append(self._translation(text, lines, lists))
            if attention:
                self._draw(lines, [best for best, *_ in lists])
        return results

    def sentences(self, text: str) -> list[str]:
        """A text as lines like those of the training data, none longer than the model allows."""
        line = cleaned(text)
        if line != text.strip():
            _log.warning("control characters are read as spaces in %r", text)
        if not self.options.tokens:
            line = self.as_in_training(line)
        if not self.reading.source.tokeniser.tokens(line):
            raise UserError(f"there is nothing to translate in {text!r}; give a sentence")
        return divided(line, self._length, self.spec.longest, self.recipe.longest)

    def as_in_training(self, line: str) -> str:
        """What a person writes, in the form in which the training data have it."""
        return spaced(line) if self.spec.spaced else line

    def translated(self, lines: Sequence[str]) -> list[str]:
        """The best translation of each line, both in the form of the training data."""
        return [self.reading.written(best.tokens) for best, *_ in self.hypotheses(lines)]

    def hypotheses(
        self, lines: Sequence[str], n_best: int = 1, attention: bool = False
    ) -> list[list[Hypothesis]]:
        """The `n_best` of each line by score; the lines are in the form of the training data.

        Raises UserError where the weights of attention are asked for and there are none.
        """
        sources = Rows.of(self.reading.read_source(line) for line in lines)
        by_length = np.argsort(sources.lengths, kind="stable")
        size = max(1, MOST_ROWS // self.options.beam)
        found: dict[int, list[Hypothesis]] = {}
        for start in range(0, len(by_length), size):
            rows = by_length[start : start + size]
            lists = self._decoded(sources, rows, n_best, attention)
            found |= dict(zip(rows.tolist(), lists, strict=True))
        return [found[row] for row in range(len(lines))]

    def _decoded(
        self, sources: Rows, rows: np.ndarray, n_best: int, attention: bool
    ) -> list[list[Hypothesis]]:
        device = _device(self.artifact)
        source = torch.from_numpy(sources.padded(rows)).to(device)  # (B, S)
        lengths = torch.from_numpy(sources.lengths[rows]).to(device)  # (B,)
        read = lengths - 1  # EOS apart
        limits = (read * self.options.longest_ratio).ceil().long() + SHORTEST_LIMIT
        with self.stepper(attention) as net:
            if self.options.beam == 1:
                written = greedy(net, source, lengths, limits, attention=attention)
                lists = [[one] for one in written]
            else:
                lists = beam_search(
                    net,
                    source,
                    lengths,
                    limits,
                    beam=self.options.beam,
                    alpha=self.options.alpha,
                    n_best=n_best,
                    attention=attention,
                )
        if attention and any(made.attention is None for made in lists[0]):
            raise UserError(
                f"{self._place} gives no weights of attention to draw; take a system that has "
                "attention, and weights that were not exported"
            )
        return lists

    def stepper(self, attention: bool) -> AbstractContextManager[Stepper]:
        """The network as decoding asks it, with weights of attention where it has some."""
        return stepper_of(self.artifact, attention)

    def _translation(
        self, text: str, lines: Sequence[str], lists: Sequence[Sequence[Hypothesis]]
    ) -> Translation:
        """Of sentences one after the other: `lists` has the n best of each."""
        unknown = tuple(
            dict.fromkeys(token for line in lines for token in self.reading.unknown(line))
        )
        if len(unknown) == len({token for line in lines for token in self._tokens(line)}):
            _log.warning("no word of %r is known, so its translation is a guess", text)
        candidates = tuple(map(self._candidate, self._joined(lists)))
        best = candidates[0]
        return Translation(text, best.text, best.tokens, best.score, unknown, candidates)

    def _joined(self, lists: Sequence[Sequence[Hypothesis]]) -> list[tuple[Hypothesis, ...]]:
        """The n best ways to take one of each list, by the sum of their scores. They are among
        those that begin with one of the n best beginnings."""
        best: list[tuple[Hypothesis, ...]] = [()]
        for found in lists:
            ways = [(*begun, made) for begun, made in product(best, found)]
            best = heapq.nlargest(self.options.nbest, ways, key=self._score)
        return best

    def _score(self, parts: Sequence[Hypothesis]) -> float:
        return sum(part.score(self.options.alpha) for part in parts)

    def _candidate(self, parts: Sequence[Hypothesis]) -> Candidate:
        text = " ".join(self.reading.written(part.tokens) for part in parts)
        return Candidate(
            text if self.options.tokens else unspaced(text),
            tuple(token for part in parts for token in self._words(part)),
            self._score(parts),
            sum(part.log_probability for part in parts),
        )

    # Attention --------------------------------------------------------------------------------

    def attention_map(self, lines: Sequence[str], parts: Sequence[Hypothesis]) -> Heatmap | None:
        """Where the net looked while it wrote the translation of each line, side by side; None of
        a translation without a word."""
        maps = [part.attention for part in parts if part.attention is not None]
        weights = torch.block_diag(*maps).numpy()  # (T, S)
        if not len(weights):
            return None
        read = [token for line in lines for token in (*self._tokens(line), EOS)]
        return Heatmap(
            f"Attention: {shorten(' '.join(lines), LONGEST_TITLE, placeholder=' ...')}",
            "Each row is a token written, and shows how much of its attention went to each token "
            "read; a row adds up to 1.",
            weights,
            row_labels=[word for part in parts for word in self._words(part)],
            column_labels=read,
            row_title="written",
            column_title="read",
        )

    def _draw(self, lines: Sequence[str], parts: Sequence[Hypothesis]) -> None:
        """The first picture goes to the path of the options, `map.png`; then comes `map-2.png`."""
        assert self.options.attention is not None
        if importlib.util.find_spec("matplotlib") is None:
            raise UserError("--attention draws with matplotlib, which is missing; install it")
        from shinso.core.report.stills import draw  # here, since drawing alone needs matplotlib

        self._pictures += 1
        path = Path(self.options.attention)
        if self._pictures > 1:
            path = path.with_stem(f"{path.stem}-{self._pictures}")
        drawn = self.attention_map(lines, parts)
        if drawn is None:
            _log.warning("%s is not drawn: the translation is empty", path)
        else:
            write_atomic(path, draw(drawn))

    # ------------------------------------------------------------------------------------------

    def _tokens(self, line: str) -> list[str]:
        return self.reading.source.tokeniser.tokens(line)

    def _words(self, hypothesis: Hypothesis) -> list[str]:
        return self.reading.target.vocabulary.decode(hypothesis.tokens)

    def _length(self, line: str) -> int:
        return len(self._tokens(line))

    @property
    def _place(self) -> str:
        return str(self.artifact.path or self.artifact.system)

    def _check_vocabularies(self) -> None:
        sizes = {
            "source": (len(self.reading.source.vocabulary), self.spec.source_vocabulary),
            "target": (len(self.reading.target.vocabulary), self.spec.target_vocabulary),
        }
        for side, (known, weights) in sizes.items():
            if known != weights:
                raise UserError(
                    f"{self._place} has {side} weights for {weights:,} tokens and a vocabulary of "
                    f"{known:,}"
                )


# Networks ---------------------------------------------------------------------------------------


@contextmanager
def stepper_of(artifact: Artifact, attention: bool) -> Iterator[Stepper]:
    """What decoding asks; it gives weights of attention where asked to and it has some."""
    if artifact.graphs:
        yield Rereading(artifact.network(NETWORK))
        return
    net: Any = artifact.modules[NETWORK]
    if net.training:  # asking is cheap, telling every module is not
        net.eval()
    if not (attention and hasattr(net, "keeps_weights")):
        yield net
        return
    net.keeps_weights = True
    try:
        yield net
    finally:  # training may go on with the same network, and by the same kernels
        net.keeps_weights = False


def _device(artifact: Artifact) -> torch.device:
    """Where the network is; a graph's inputs are on the CPU."""
    modules = artifact.modules.values()
    return next((p.device for module in modules for p in module.parameters()), torch.device("cpu"))


class Rereading:
    """A Stepper of a network that gives the logits of whole targets only, as a graph does."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def start(self, source: Tensor, lengths: Tensor) -> State:
        return source, lengths, source[:, :0]

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State, None]:
        source, lengths, before = state
        assert isinstance(before, Tensor)
        target = torch.cat([before, tokens[:, None]], dim=1)  # (N, T) from BOS on
        (logits,) = self.network(source, lengths, target)  # (N, T, V)
        return logits[:, -1], (source, lengths, target), None
