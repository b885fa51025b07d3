"""The recurrent encoder-decoder (Sutskever, Vinyals and Le 2014; Cho et al. 2014).

    h_s = encoder(E[x_s], h_(s-1))                  reads the sentence x_1 ... x_S
    d_0 = h_S,   d_t = decoder(E'[y_(t-1)], d_(t-1))
    p(y_t | y_1 ... y_(t-1), x) = softmax(W d_t + b)

What the decoder knows of a sentence it knows by h_S, which is as long for a long sentence as for
a short one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from shinso.layers.stack import RecurrentStack
from shinso.layers.states import swapped

if TYPE_CHECKING:
    from shinso.language.seq2seq.recipe import Seq2SeqRecipe
    from shinso.language.translation.recipe import TranslationSpec

# What the encoder says at every step, (N, H) or (N, 0), and the decoder's tensors, (N, L, H) each.
State = tuple[Tensor, tuple[Tensor, ...]]


class Seq2Seq(nn.Module):
    """Encoder and decoder have `layers` layers each, and a layer of the decoder starts from the
    last state of the encoder's.

    With `reverse` the sentence is read from its end, so that its first words are close to the
    first ones written (Sutskever et al., section 3.3). With `context` the decoder is told h_S at
    every step, not at the first alone (Cho et al., section 2.2). Dropout is on what goes into
    layers and into the output, never between time steps.
    """

    head = "output"  # what fine-tuning replaces when the words differ

    def __init__(
        self,
        source_vocabulary: int,
        target_vocabulary: int,
        embedding: int,
        hidden: int,
        layers: int = 1,
        *,
        cell: str = "gru-reset-after",
        dropout: float = 0.0,
        reverse: bool = False,
        context: bool = False,
    ) -> None:
        super().__init__()
        self.reverse, self.context = reverse, context
        self.source_embedding = nn.Embedding(source_vocabulary, embedding)
        self.target_embedding = nn.Embedding(target_vocabulary, embedding)
        self.dropout = nn.Dropout(dropout)
        told = hidden if context else 0
        self.encoder = RecurrentStack(cell, embedding, hidden, layers, dropout=dropout)
        self.decoder = RecurrentStack(cell, embedding + told, hidden, layers, dropout=dropout)
        self.output = nn.Linear(hidden, target_vocabulary)

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor) -> Tensor:
        """Sentences (B, S) of (B,) lengths, and translations (B, T) from BOS on, to the logits
        (B, T, V) of the token after each."""
        logits, _ = self._write(target, self.start(source, lengths))
        return logits

    def start(self, source: Tensor, lengths: Tensor) -> State:
        """Reads the sentences: the state before the first token is written."""
        if self.reverse:
            source = reversed_sentences(source, lengths)
        vectors = self.dropout(self.source_embedding(source))  # (B, S, E)
        # A meta tensor has no numbers: where costs are counted, nothing is padding.
        _, state = self.encoder(vectors, lengths=None if lengths.is_meta else lengths)
        summary = state[0][-1] if self.context else state[0][-1, :, :0]  # (B, H) or (B, 0)
        return summary, swapped(state)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State, None]:
        """Tokens (N,) to the logits (N, V) of the next, and the state after; no attention."""
        logits, state = self._write(tokens[:, None], state)
        return logits.squeeze(1), state, None

    def _write(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """T tokens (N, T) after those in the state, to logits (N, T, V) and the state after."""
        summary, recurrent = state
        vectors = self.dropout(self.target_embedding(tokens))  # (N, T, E)
        told = self.dropout(summary)[:, None].expand(-1, tokens.shape[1], -1)  # (N, T, H)
        hidden, after = self.decoder(torch.cat([vectors, told], dim=2), swapped(recurrent))
        return self.output(self.dropout(hidden)), (summary, swapped(after))


def reversed_sentences(source: Tensor, lengths: Tensor) -> Tensor:
    """(B, S) with each sentence from its last token to its first, padding where it was."""
    places = torch.arange(source.shape[1], device=source.device)
    mirrored = lengths[:, None] - 1 - places  # (B, S)
    return source.gather(1, mirrored.where(mirrored >= 0, places))


def build(recipe: Seq2SeqRecipe, spec: TranslationSpec) -> dict[str, nn.Module]:
    """{"translator": the net}, its weights drawn by torch's default generator."""
    net = Seq2Seq(
        spec.source_vocabulary,
        spec.target_vocabulary,
        recipe.embedding,
        recipe.hidden,
        recipe.layers,
        cell=recipe.cell,
        dropout=recipe.dropout,
        reverse=recipe.reverse,
        context=recipe.context,
    )
    return {"translator": net}
