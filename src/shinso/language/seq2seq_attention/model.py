"""The encoder-decoder that looks back (Bahdanau, Cho and Bengio 2015), arranged as by Luong, Pham
and Manning (2015, section 3): it attends once the decoder has read the last word.

    h_s = [forward(E[x_s], .) ; backward(E[x_s], .)]            reads the sentence x_1 ... x_S
    d_t = decoder(E'[y_(t-1)], d_(t-1))
    w_ts = softmax_s score(d_t, h_s),  c_t = sum_s w_ts h_s     looks it up in the sentence
    a_t = tanh(V [c_t ; d_t])
    p(y_t | y_1 ... y_(t-1), x) = softmax(W a_t + b)

The sentence is kept as S vectors, one a word, so that a long one has more room. With `feeding` the
decoder reads a_(t-1) beside the word, and so knows where it looked before (section 3.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from shinso.layers.attention import AdditiveAttention, MultiplicativeAttention, SoftAttention
from shinso.layers.masks import padding_mask
from shinso.layers.stack import RecurrentStack
from shinso.layers.states import swapped

if TYPE_CHECKING:
    from shinso.language.seq2seq_attention.recipe import Seq2SeqAttentionRecipe
    from shinso.language.translation.recipe import TranslationSpec

# The sentences' states h (N, S, H), what scores need of them (N, S, ...), which of them are no
# padding (N, S); and what is fed, (N, H) or (N, 0), and the decoder's tensors, (N, L, H) each.
Sentences = tuple[Tensor, Tensor, Tensor]
State = tuple[Sentences, Tensor, tuple[Tensor, ...]]


class Seq2SeqAttention(nn.Module):
    """Encoder and decoder have `layers` layers each. The encoder reads in both directions with
    half of the `hidden` units each, so that their last states side by side start the decoder.

    `score` is additive (Bahdanau), general or dot (Luong). Dropout is on what goes into layers and
    into the output, never between time steps, and not on what is compared: noise on both sides of
    a score hides the word that is sought.
    """

    head = "output"  # what fine-tuning replaces when the words differ
    keeps_weights = False  # whether `step` gives the weights of attention

    def __init__(
        self,
        source_vocabulary: int,
        target_vocabulary: int,
        embedding: int,
        hidden: int,
        layers: int = 1,
        *,
        cell: str = "gru-reset-after",
        score: str = "additive",
        feeding: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.feeding = feeding
        self.source_embedding = nn.Embedding(source_vocabulary, embedding)
        self.target_embedding = nn.Embedding(target_vocabulary, embedding)
        self.dropout = nn.Dropout(dropout)
        self.encoder = RecurrentStack(
            cell, embedding, hidden // 2, layers, dropout=dropout, bidirectional=True
        )
        fed = hidden if feeding else 0
        self.decoder = RecurrentStack(cell, embedding + fed, hidden, layers, dropout=dropout)
        self.attention = make_attention(score, hidden)
        self.combine = nn.Linear(2 * hidden, hidden)
        self.output = nn.Linear(hidden, target_vocabulary)

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor) -> Tensor:
        """Sentences (B, S) of (B,) lengths, and translations (B, T) from BOS on, to the logits
        (B, T, V) of the token after each."""
        logits, _, _ = self._write(target, self.start(source, lengths))
        return logits

    def start(self, source: Tensor, lengths: Tensor) -> State:
        """Reads the sentences: the state before the first token is written."""
        vectors = self.dropout(self.source_embedding(source))  # (B, S, E)
        # A meta tensor has no numbers: where costs are counted, nothing is padding.
        states, last = self.encoder(vectors, lengths=None if lengths.is_meta else lengths)
        sentences = states, self.attention.project(states), padding_mask(lengths, source.shape[1])
        fed = states.new_zeros(len(states), self.decoder.input_size - vectors.shape[2])
        return sentences, fed, side_by_side(last)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State, Tensor | None]:
        """Tokens (N,) to the logits (N, V) of the next, the state after and, if they are kept, the
        weights of attention (N, S)."""
        logits, state, weights = self._write(tokens[:, None], state)
        return logits.squeeze(1), state, weights.squeeze(1) if self.keeps_weights else None

    def _write(self, tokens: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        """T tokens (N, T) after those in the state, to logits (N, T, V), the state after and the
        weights (N, T, S)."""
        vectors = self.dropout(self.target_embedding(tokens))  # (N, T, E)
        advance = self._advance_fed if self.feeding else self._advance
        attended, state, weights = advance(vectors, state)
        return self.output(attended), state, weights

    def _advance(self, vectors: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        """T steps (N, T, D) at once: a (N, T, H), the state after and the weights (N, T, S)."""
        (states, projected, allowed), fed, recurrent = state
        hidden, after = self.decoder(vectors, swapped(recurrent))  # (N, T, H)
        found, weights = self.attention(hidden, states, allowed, projected)  # (N, T, H)
        attended = torch.tanh(self.combine(torch.cat([found, hidden], dim=2)))  # (N, T, H)
        return self.dropout(attended), (state[0], fed, swapped(after)), weights

    def _advance_fed(self, vectors: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        """As `_advance`, step by step, each reading what the one before it attended to."""
        all_attended, all_weights = [], []
        for vector in vectors.split(1, dim=1):  # (N, 1, E)
            sentences, fed, recurrent = state
            attended, (*_, recurrent), weights = self._advance(
                torch.cat([vector, fed[:, None]], dim=2), state
            )
            state = sentences, attended.squeeze(1), recurrent
            all_attended.append(attended)
            all_weights.append(weights)
        return torch.cat(all_attended, dim=1), state, torch.cat(all_weights, dim=1)


def make_attention(score: str, size: int) -> SoftAttention:
    """Of queries to keys that are as wide."""
    if score == "additive":
        return AdditiveAttention(size, size, size)
    return MultiplicativeAttention(size, size, score)


def side_by_side(state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """A state of both directions, (2L, N, H / 2) each, as rows (N, L, H)."""
    # The directions of a layer follow each other.
    both = (torch.cat([tensor[0::2], tensor[1::2]], dim=2) for tensor in state)
    return swapped(tuple(both))


def build(recipe: Seq2SeqAttentionRecipe, spec: TranslationSpec) -> dict[str, nn.Module]:
    """{"translator": the net}, its weights drawn by torch's default generator."""
    net = Seq2SeqAttention(
        spec.source_vocabulary,
        spec.target_vocabulary,
        recipe.embedding,
        recipe.hidden,
        recipe.layers,
        cell=recipe.cell,
        score=recipe.score,
        feeding=recipe.feeding,
        dropout=recipe.dropout,
    )
    return {"translator": net}
