"""What a language model says: how likely a text is, which word comes next, and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.predictor import Prediction, Predictor
from shinso.core.randomness import Randomness
from shinso.core.recipe import Options
from shinso.language.reading import Reading
from shinso.language.sampling import drawn
from shinso.language.vocabulary import EOS, UNKNOWN
from shinso.language.word_lm.model import dynamic_length, initial_state
from shinso.language.word_lm.recipe import WordLMOptions, WordLMRecipe, WordLMSpec

MOST_LOGITS = 1 << 22  # of one call: its memory is bounded, however long the text

State = tuple[Tensor, ...]  # (L, B, H) each
Words = NDArray[np.int64]
Real = NDArray[np.float64]


@dataclass(frozen=True)
class NextWord(Prediction):
    """The words that may follow a text, the likeliest first.

    `log_probability` is the text's own, in nats: of its words one after another, the first after
    the beginning of a line. `unknown` are tokens that the model has never seen; `continuation` is
    how it goes on, where words were asked for.
    """

    text: str
    log_probability: float
    unknown: tuple[str, ...]
    candidates: tuple[tuple[str, float], ...]
    continuation: str | None = None

    def __str__(self) -> str:
        lines = [f"log-probability {self.log_probability:.2f}"]
        if self.unknown:
            lines.append(f"never seen: {', '.join(self.unknown)}")
        lines += [f"  {probability:8.4%}  {word}" for word, probability in self.candidates]
        if self.continuation is not None:
            lines.append(f"{self.text} ... {self.continuation}")
        return "\n".join(lines)


def kept_reading(artifact: Artifact) -> Reading:
    """How the text was read that an artifact learned from. Raises UserError where its vocabulary
    is not the one of its weights."""
    assert isinstance(artifact.recipe, WordLMRecipe) and isinstance(artifact.spec, WordLMSpec)
    reading = Reading.kept(artifact.recipe.tokens, artifact.assets)
    if len(reading.vocabulary) != artifact.spec.vocabulary:
        raise UserError(
            f"{artifact.path or artifact.system} has weights for {artifact.spec.vocabulary:,} "
            f"words and a vocabulary of {len(reading.vocabulary):,}; take an artifact as shinso "
            "wrote it"
        )
    return reading


class WordLMPredictor(Predictor[str, NextWord]):
    """Called with the beginning of a text."""

    options: WordLMOptions

    def __init__(self, artifact: Artifact, options: Options | None = None) -> None:
        super().__init__(artifact, options)
        assert isinstance(artifact.recipe, WordLMRecipe)
        self.recipe = artifact.recipe
        self.reading = kept_reading(artifact)
        self.vocabulary = self.reading.vocabulary

    def read(self, argument: str) -> Iterator[tuple[str, str]]:
        yield argument, argument

    def predict(self, inputs: Sequence[str]) -> list[NextWord]:
        return [self._next_word(text) for text in inputs]

    def probabilities(self, text: str) -> Real:
        """(V,) of every word of the vocabulary to come next."""
        logits, _ = self._after(self._stream(text))
        return _softmax(logits)

    def log_probabilities(self, text: str) -> Real:
        """(T,) of each token of a text, given those before it; in nats."""
        return -self.losses(self._stream(text))

    def losses(self, stream: NDArray[np.integer[Any]]) -> Real:
        """(N,) -log p of each word of a stream, given those before it, the first after <eos>; in
        nats."""
        reader = self._reader()
        read = np.concatenate([[self.vocabulary.number(EOS)], stream[:-1]])
        losses = [np.zeros(0)]
        for first in range(0, len(stream), reader.most):
            piece = slice(first, first + reader.most)
            logits = torch.from_numpy(reader.read(read[piece]))  # (T, V)
            answers = torch.from_numpy(stream[piece].astype(np.int64))
            losses.append(F.cross_entropy(logits, answers, reduction="none").double().numpy())
        return np.concatenate(losses)

    def sample(self, text: str, words: int) -> Iterator[str]:
        """Draws so many words, one after another, as the options say; <unk> is never drawn."""
        logits, reader = self._after(self._stream(text))
        unknown = self.vocabulary.number(UNKNOWN)
        draws = torch.from_numpy(Randomness(self.options.seed).numpy("words", 0).random(words))
        for draw in draws.split(1):
            logits[unknown] = -np.inf
            row = torch.from_numpy(logits)[None]
            word = int(drawn(row, draw, self.options.temperature, self.options.top_k))
            yield self.vocabulary.words[word]
            logits = reader.read(np.array([word]))[0]

    def _next_word(self, text: str) -> NextWord:
        tokens = self.reading.tokeniser.tokens(text)
        probabilities = self.probabilities(text)
        best = np.argsort(-probabilities, kind="stable")[: self.options.top]
        words = self.options.words
        return NextWord(
            text,
            float(self.log_probabilities(text).sum()),
            self._unknown(text, tokens),
            tuple((self.vocabulary.words[word], float(probabilities[word])) for word in best),
            self.written(self.sample(text, words)) if words else None,
        )

    def _unknown(self, text: str, tokens: Sequence[str]) -> tuple[str, ...]:
        """Each once; all of a text in which the tokeniser sees no token."""
        unseen = (token for token in tokens or text.split() if token not in self.vocabulary)
        return tuple(dict.fromkeys(unseen))

    def written(self, words: Iterator[str]) -> str:
        """Words as text, a line for each line."""
        lines: list[list[str]] = [[]]
        for word in words:
            if word == EOS:
                lines.append([])
            else:
                lines[-1].append(word)
        return "\n".join(self.reading.tokeniser.text(line) for line in lines)

    def _stream(self, text: str) -> Words:
        tokens = self.reading.tokeniser.tokens(text)
        return self.vocabulary.encode(tokens).astype(np.int64)

    def _after(self, stream: Words) -> tuple[NDArray[np.float32], Reader]:
        """(V,) logits of the word after a stream, and what has read it."""
        reader = self._reader()
        read = np.concatenate([[self.vocabulary.number(EOS)], stream])
        for first in range(0, len(read), reader.most):
            logits = reader.read(read[first : first + reader.most])
        return logits[-1], reader

    def _reader(self) -> Reader:
        return _Carrying(self) if self.recipe.window is None else _Windowed(self)


class Reader(Protocol):
    """Reads a stream from its beginning, in pieces of at most `most` words."""

    most: int

    def read(self, words: Words) -> NDArray[np.float32]:
        """(T,) words to (T, V) logits of the word after each."""
        ...


class _Carrying:
    """Everything read so far is in the state."""

    def __init__(self, predictor: WordLMPredictor) -> None:
        self.network = _Unrolled(predictor.artifact)
        self.state = initial_state(predictor.recipe, 1)
        self.most = max(1, MOST_LOGITS // len(predictor.vocabulary))

    def read(self, words: Words) -> NDArray[np.float32]:
        logits, self.state = self.network(torch.from_numpy(words)[None], self.state)
        return logits[0].numpy()


class _Windowed:
    """Each word is seen with the few before it; <eos> stands before the first."""

    def __init__(self, predictor: WordLMPredictor) -> None:
        assert predictor.recipe.window is not None
        self.recipe, self.width = predictor.recipe, predictor.recipe.window
        self.network = _Unrolled(predictor.artifact)
        self.before = np.full(self.width - 1, predictor.vocabulary.number(EOS))
        self.most = max(1, MOST_LOGITS // len(predictor.vocabulary) // self.width)

    def read(self, words: Words) -> NDArray[np.float32]:
        known = np.concatenate([self.before, words])
        windows = np.lib.stride_tricks.sliding_window_view(known, self.width)  # (T, width)
        self.before = known[len(known) - self.width + 1 :]
        state = initial_state(self.recipe, len(words))
        logits, _ = self.network(torch.from_numpy(windows.copy()), state)
        return logits[:, -1].numpy()


class _Unrolled:
    """The network over any number of steps, whatever its form takes at once."""

    def __init__(self, artifact: Artifact) -> None:
        assert isinstance(artifact.recipe, WordLMRecipe)
        self.network = artifact.network("lm")
        self.one_by_one = artifact.form == "onnx" and not dynamic_length(artifact.recipe)

    def __call__(self, words: Tensor, state: State) -> tuple[Tensor, State]:
        """(B, T) words and the state before to (B, T, V) logits and the state after."""
        pieces = words.split(1, dim=1) if self.one_by_one else (words,)
        logits = []
        for piece in pieces:
            output, *after = self.network(piece, *state)
            logits.append(output)
            state = tuple(after)
        return torch.cat(logits, dim=1) if len(logits) > 1 else logits[0], state


def _softmax(logits: NDArray[np.float32]) -> Real:
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return powers / powers.sum()
