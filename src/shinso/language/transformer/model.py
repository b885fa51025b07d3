"""The Transformer: attention alone, without recurrence (Vaswani et al. 2017).

x_t = sqrt(D) E[w_t] + p(t)                     words, and where they stand
memory = encoder(x)                             every word of the sentence looks at all others
z = decoder(y, memory)                          every word written, at those before it and at
                                                the sentence
p(y_t | y_1 ... y_(t-1), x) = softmax(E' z_t)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from shinso.layers.aligned import AlignedLinear
from shinso.layers.dropout import dropout
from shinso.layers.masks import padding_mask
from shinso.layers.positions import sinusoidal_positions
from shinso.layers.transformer import Decoder, DecoderState, Encoder, LayerSettings, steps_taken

if TYPE_CHECKING:
    from shinso.language.transformer.recipe import TransformerRecipe
    from shinso.language.translation.recipe import TranslationSpec


class Transformer(nn.Module):
    """Encoder and decoder have `layers` layers each; `settings` are those of a layer.

    Word vectors start N(0, 1/D) and are read sqrt(D) times as large, as large as positions. Where
    they are `tied`, the same vectors E' are the output's weights (section 3.4), whose logits then
    start with variance 1. Without `embedding_scale` they start N(0, 1) and are read as they are:
    the layers see the same, but tied logits start with variance D, and so does the loss.

    Without `positions` the order of the words counts in the decoder alone, by what it may see.
    """

    head = "output"  # what fine-tuning replaces when the words differ
    keeps_weights = False  # whether `step` gives the weights of attention, which takes time

    def __init__(
        self,
        source_vocabulary: int,
        target_vocabulary: int,
        layers: int,
        settings: LayerSettings,
        *,
        tied: bool = True,
        embedding_scale: bool = True,
        embedding_dropout: float = 0.0,
        positions: bool = True,
    ) -> None:
        super().__init__()
        size = settings.model_size
        self.positions = positions
        self.factor = size**0.5 if embedding_scale else 1.0
        self.source_embedding = nn.Embedding(source_vocabulary, size)
        self.target_embedding = nn.Embedding(target_vocabulary, size)
        for embedding in (self.source_embedding, self.target_embedding):
            nn.init.normal_(embedding.weight, std=1 / self.factor)
        self.dropout = embedding_dropout
        self.encoder = Encoder(layers, settings)
        self.decoder = Decoder(layers, settings)
        self.output = AlignedLinear(size, target_vocabulary, bias=False)
        if tied:
            self.output.weight = self.target_embedding.weight
        else:
            nn.init.normal_(self.output.weight, std=size**-0.5)

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor) -> Tensor:
        """Sentences (B, S) of (B,) lengths, and translations (B, T) from BOS on, to the logits
        (B, T, V) of the token after each."""
        vectors = self._vectors(self.target_embedding, target)
        written, _, _ = self.decoder.advance(vectors, self.start(source, lengths))
        return self.output(written)

    def start(self, source: Tensor, lengths: Tensor) -> DecoderState:
        """Reads the sentences: the state before the first token is written."""
        allowed = padding_mask(lengths, source.shape[1])  # (B, S)
        memory, _ = self.encoder(self._vectors(self.source_embedding, source), allowed)
        return self.decoder.start(memory, allowed)

    def step(
        self, tokens: Tensor, state: DecoderState
    ) -> tuple[Tensor, DecoderState, Tensor | None]:
        """Tokens (N,) to the logits (N, V) of the next, the state after and, if they are kept, the
        weights (N, S) on the sentence: the mean over the heads of the last layer."""
        vectors = self._vectors(self.target_embedding, tokens[:, None], steps_taken(state))
        written, state, weights = self.decoder.step(
            vectors.squeeze(1), state, need_weights=self.keeps_weights
        )
        return self.output(written), state, weights[-1].mean(dim=1) if weights else None

    def _vectors(self, embedding: nn.Embedding, tokens: Tensor, past: int = 0) -> Tensor:
        """(B, T) tokens, `past` ones before them, to vectors (B, T, D). Positions count from 1."""
        vectors = embedding(tokens) * self.factor  # (B, T, D)
        if self.positions:
            _, steps, size = vectors.shape
            vectors = vectors + sinusoidal_positions(
                steps, size, past + 1, dtype=vectors.dtype, device=vectors.device
            )
        return dropout(vectors, self.dropout, self.training)


def build(recipe: TransformerRecipe, spec: TranslationSpec) -> dict[str, nn.Module]:
    """{"translator": the net}, its weights drawn by torch's default generator."""
    settings = LayerSettings(
        recipe.size,
        recipe.heads,
        recipe.inner,
        recipe.head_size,
        scale=recipe.size**0.5 if recipe.attention_scale == "model" else None,
        norm=recipe.norm,
        residual=recipe.residual,
        dropout=recipe.dropout,
        inner_dropout=recipe.inner_dropout,
    )
    net = Transformer(
        spec.source_vocabulary,
        spec.target_vocabulary,
        recipe.layers,
        settings,
        tied=recipe.tied,
        embedding_scale=recipe.embedding_scale,
        embedding_dropout=recipe.embedding_dropout,
        positions=recipe.positions,
    )
    return {"translator": net}
