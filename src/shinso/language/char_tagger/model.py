"""A tagger of letters: a recurrent net that reads a text in both directions (Schuster and Paliwal
1997, Bidirectional recurrent neural networks) and answers at every place.

    f_t = cell(E[x_t], f_(t-1))      b_t = cell'(E[x_t], b_(t+1))
    p(tag t | all of x) = softmax(V relu(U [f_t; b_t] + d) + c)

Forward alone, an answer knows x_1 ... x_t: what was typed so far; backward alone x_t ... x_T.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from shinso.layers.stack import RecurrentStack

if TYPE_CHECKING:
    from shinso.core.examples import ExampleInputs
    from shinso.language.char_tagger.recipe import CharTaggerRecipe, CharTaggerSpec


class CharTagger(nn.Module):
    """Vectors of symbols, recurrent layers and a distribution over tags at each place.

    Between them, a dense layer lets both directions act together; without it, the logits would be
    the sum of what each says by itself.

    `directions` is both, forward or backward; backward is a forward net that reads the text from
    its end.
    """

    def __init__(
        self,
        symbols: int,
        tags: int,
        embedding: int,
        hidden: int,
        layers: int = 1,
        *,
        cell: str = "lstm",
        directions: str = "both",
    ) -> None:
        super().__init__()
        both = directions == "both"
        self.from_the_end = directions == "backward"
        self.embedding = nn.Embedding(symbols, embedding)
        self.recurrent = RecurrentStack(cell, embedding, hidden, layers, bidirectional=both)
        self.together = nn.Linear(hidden * self.recurrent.directions, hidden)
        self.output = nn.Linear(hidden, tags)

    def forward(self, symbols: Tensor) -> Tensor:
        """Symbols (B, T) to the logits (B, T, tags) of what belongs at each place."""
        outputs, _ = self.recurrent(self.embed(symbols))  # (B, T, H) or (B, T, 2H)
        together = torch.relu(self.together(self.in_reading_order(outputs)))  # (B, T, H)
        return self.output(together)

    def embed(self, symbols: Tensor) -> Tensor:
        """(B, T) to the vectors (B, T, E) in the order in which they are read."""
        return self.in_reading_order(self.embedding(symbols))

    def in_reading_order(self, values: Tensor) -> Tensor:
        """(B, T, ...) from the order of the text to that of reading, and back."""
        return values.flip(1) if self.from_the_end else values


def build(recipe: CharTaggerRecipe, spec: CharTaggerSpec) -> dict[str, nn.Module]:
    """{"tagger": the net}, its weights drawn by torch's default generator."""
    tagger = CharTagger(
        spec.symbols,
        spec.tags,
        recipe.embedding,
        recipe.hidden,
        recipe.layers,
        cell=recipe.cell,
        directions=recipe.directions,
    )
    return {"tagger": tagger}


def example_inputs(recipe: CharTaggerRecipe, spec: CharTaggerSpec) -> ExampleInputs:
    """One passage. Its length is fixed, since a shorter text is filled up with spaces."""
    return {"tagger": ((torch.zeros(1, spec.width, dtype=torch.int64),), {0: {0: "batch"}})}
