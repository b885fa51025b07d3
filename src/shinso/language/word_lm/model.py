"""A recurrent language model (Mikolov et al. 2010; Zaremba, Sutskever and Vinyals 2014).

    h_t = cell(E[w_t], h_(t-1))        p(w_(t+1) | w_1 ... w_t) = softmax(W h_t + b)

Tied, W is E: a word that is likely here is one whose vector points where the state does (Inan,
Khosravi and Socher 2017; Press and Wolf 2017).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from shinso.layers.stack import RecurrentStack, set_forget_bias

if TYPE_CHECKING:
    from shinso.language.word_lm.recipe import WordLMRecipe, WordLMSpec


class WordLM(nn.Module):
    """Word vectors, recurrent layers and a distribution over the next word.

    Dropout stands between layers and never between time steps (Zaremba et al., figure 2). Where
    tied word vectors are not as long as the state, a linear map makes them so.
    """

    head = "output"  # what fine-tuning replaces when the words differ

    def __init__(
        self,
        vocabulary: int,
        embedding: int,
        hidden: int,
        layers: int = 1,
        *,
        cell: str = "lstm",
        dropout: float = 0.0,
        tied: bool = False,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.dropout = nn.Dropout(dropout)
        self.recurrent = RecurrentStack(cell, embedding, hidden, layers, dropout=dropout)
        width = embedding if tied else hidden
        self.projection = nn.Identity() if width == hidden else nn.Linear(hidden, width)
        self.output = nn.Linear(width, vocabulary)
        if tied:
            self.output.weight = self.embedding.weight

    def forward(self, words: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """Words (B, T) and the state before to the logits (B, T, V) of the word after each, and
        the state after; a state is (hidden,) or (hidden, cell_state), each (L, B, H), and without
        one it starts from zeros."""
        vectors = self.dropout(self.embedding(words))  # (B, T, E)
        hidden, state = self.recurrent(vectors, state or None)  # (B, T, H)
        return self.output(self.projection(self.dropout(hidden))), *state


def build(recipe: WordLMRecipe, spec: WordLMSpec) -> dict[str, nn.Module]:
    """{"lm": the net}, its weights drawn by torch's default generator, its biases 0."""
    lm = WordLM(
        spec.vocabulary,
        recipe.embedding,
        recipe.hidden,
        recipe.layers,
        cell=recipe.cell,
        dropout=recipe.dropout,
        tied=recipe.tied,
    )
    for parameter in lm.parameters():
        if parameter.dim() > 1:
            nn.init.uniform_(parameter, -recipe.init, recipe.init)
        else:
            nn.init.zeros_(parameter)
    if recipe.forget_bias:
        set_forget_bias(lm.recurrent, recipe.forget_bias)
    return {"lm": lm}


def initial_state(recipe: WordLMRecipe, batch: int) -> tuple[Tensor, ...]:
    """The zeros (L, batch, H) that a text starts from."""
    tensors = 2 if recipe.cell.startswith("lstm") else 1
    shape = (recipe.layers, batch, recipe.hidden)
    return tuple(torch.zeros(shape) for _ in range(tensors))


Examples = dict[str, tuple[tuple[Tensor, ...], dict[int, dict[int, str]]]]


def dynamic_length(recipe: WordLMRecipe) -> bool:
    """Whether a graph of the network takes more than one step at once: see RecurrentStack."""
    return recipe.cell in ("lstm", "gru-reset-after")


def example_inputs(recipe: WordLMRecipe, spec: WordLMSpec) -> Examples:
    """One word and the state before it: how sampling calls the network."""
    state = initial_state(recipe, batch=1)
    inputs = (torch.zeros(1, 1, dtype=torch.int64), *state)
    words = {0: "batch", 1: "length"} if dynamic_length(recipe) else {0: "batch"}
    return {"lm": (inputs, {0: words} | {n + 1: {1: "batch"} for n in range(len(state))})}
