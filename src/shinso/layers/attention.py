"""Attention: looking things up in a soft dictionary.

A dictionary gives the value whose key equals the query. Attention compares the query with every
key, turns the scores into weights that add up to 1, and gives the mean of the values under them;
so it can be learned by gradients. The kinds differ in how they score:

    additive          v . tanh(W q + U k)       Bahdanau, Cho and Bengio (2015)
    multiplicative    q . W k  or  q . k        Luong, Pham and Manning (2015)
    scaled            q . k / sqrt(d)           Vaswani et al. (2017)

A mask `allowed` says by True what may be looked at. A query that may look nowhere finds zeros.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shinso.core.errors import UserError, nearest
from shinso.layers.dropout import dropout as dropped

KeysValues = tuple[Tensor, Tensor]  # of all heads, (B, H, S, d) each


def masked_softmax(scores: Tensor, allowed: Tensor | None) -> Tensor:
    """Weights (..., S) that add up to 1 over what is `allowed`, and to 0 where nothing is.

    What is not allowed is scored with the least finite number. With minus infinity, as is usual,
    a row of nothing else becomes NaN, and its gradient with it.
    """
    if allowed is None:
        return scores.softmax(dim=-1)
    scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    return scores.softmax(dim=-1).masked_fill(~allowed, 0)


# Scaled dot-product -------------------------------------------------------------------------------


def attend(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    allowed: Tensor | None = None,
    *,
    scale: float | None = None,
    dropout: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """softmax(Q K' / scale) V, the scaled dot-product attention of Vaswani et al. (2017,
    equation 1), written out.

    Queries (..., T, d), keys (..., S, d) and values (..., S, e) to what is found (..., T, e) and
    the weights (..., T, S); `allowed` broadcasts to the weights. `scale` is sqrt(d) if not given:
    the dot product of two vectors of d independent numbers of variance 1 has variance d, and
    scores that are large leave the softmax no gradient. `dropout` is the share of the weights
    that is dropped; those returned are whole.
    """
    scale = math.sqrt(queries.shape[-1]) if scale is None else scale
    scores = queries @ keys.transpose(-2, -1) / scale  # (..., T, S)
    weights = masked_softmax(scores, allowed)  # (..., T, S)
    return dropped(weights, dropout) @ values, weights


def attend_fused(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    allowed: Tensor | None = None,
    *,
    scale: float | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """What `attend` finds (..., T, e), by torch's kernel, which keeps no weights."""
    factor = None if scale is None else 1 / scale
    return F.scaled_dot_product_attention(queries, keys, values, allowed, dropout, scale=factor)


# One head, for recurrent decoders -----------------------------------------------------------------


class SoftAttention(nn.Module, ABC):
    """Attention of a recurrent decoder to an encoder's states, which are both keys and values.

    What a score needs of the keys alone is computed once a sentence, by `project`.
    """

    def forward(
        self,
        query: Tensor,
        keys: Tensor,
        allowed: Tensor | None = None,
        projected: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """A query (N, Q) and keys (N, S, K) to the context (N, K) and the weights (N, S); T
        queries (N, T, Q) at once to contexts (N, T, K) and weights (N, T, S).

        `allowed` is (N, S); `projected` is `project(keys)`, where that is at hand.
        """
        projected = self.project(keys) if projected is None else projected
        queries = query if query.dim() == 3 else query[:, None]  # (N, T, Q)
        scores = self.scores(queries, projected)  # (N, T, S)
        weights = masked_softmax(scores, None if allowed is None else allowed[:, None])
        contexts = weights @ keys  # (N, T, K)
        if query.dim() == 3:
            return contexts, weights
        return contexts.squeeze(1), weights.squeeze(1)

    @abstractmethod
    def project(self, keys: Tensor) -> Tensor:
        """Keys (N, S, K) to what `scores` compares queries with, (N, S, ...)."""

    @abstractmethod
    def scores(self, queries: Tensor, projected: Tensor) -> Tensor:
        """Queries (N, T, Q) and projected keys (N, S, ...) to scores (N, T, S)."""


class AdditiveAttention(SoftAttention):
    """score(q, k) = v . tanh(W q + U k + b), a small net with one hidden layer of `hidden_size`
    (Bahdanau, Cho and Bengio 2015, appendix A.1.2)."""

    def __init__(self, query_size: int, key_size: int, hidden_size: int) -> None:
        super().__init__()
        self.from_query = nn.Linear(query_size, hidden_size, bias=False)
        self.from_key = nn.Linear(key_size, hidden_size)
        self.to_score = nn.Linear(hidden_size, 1, bias=False)

    def project(self, keys: Tensor) -> Tensor:
        return self.from_key(keys)  # (N, S, A)

    def scores(self, queries: Tensor, projected: Tensor) -> Tensor:
        pairs = self.from_query(queries)[:, :, None] + projected[:, None]  # (N, T, S, A)
        return self.to_score(torch.tanh(pairs)).squeeze(-1)  # (N, T, S)


MULTIPLICATIVE = ("general", "dot")


class MultiplicativeAttention(SoftAttention):
    """score(q, k) = q . W k, or with `kind` "dot" q . k, for queries as wide as keys (Luong, Pham
    and Manning 2015, section 3.1).

    Raises UserError for a kind that is none, and for "dot" with unequal sizes.
    """

    def __init__(self, query_size: int, key_size: int, kind: str = "general") -> None:
        super().__init__()
        if kind not in MULTIPLICATIVE:
            raise UserError(
                f"no multiplicative attention {kind!r}; {nearest(kind, MULTIPLICATIVE)}"
            )
        if kind == "dot" and query_size != key_size:
            raise UserError(
                f"attention by dot has queries of {query_size} and keys of {key_size} numbers; "
                "give equal sizes, or take general"
            )
        general = kind == "general"
        self.from_key = nn.Linear(key_size, query_size, bias=False) if general else nn.Identity()

    def project(self, keys: Tensor) -> Tensor:
        return self.from_key(keys)  # (N, S, Q)

    def scores(self, queries: Tensor, projected: Tensor) -> Tensor:
        return queries @ projected.transpose(1, 2)  # (N, T, S)


# Many heads, for Transformers ---------------------------------------------------------------------


def xavier_linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear map whose weights start Xavier uniform (Glorot and Bengio 2010, equation 16), as in
    the code of Vaswani et al. (tensor2tensor, `uniform_unit_scaling`), and whose biases start 0."""
    linear = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear


class MultiHeadAttention(nn.Module):
    """Several lookups side by side, each with queries, keys and values of its own (Vaswani et al.
    2017, section 3.2.2).

        head_i = softmax(Q_i K_i' / scale) V_i        Q_i = x W_i, K_i = m U_i, V_i = m Z_i
        result = [head_1 ... head_H] W_O

    x asks and m, the memory, answers: the same sequence in self-attention, the encoder's outputs in
    source-target attention. The heads share the model's width if `head_size` d does not give them
    another. `scale` is sqrt(d); the course has sqrt(`model_size`), which it can be given.
    `dropout` is the share of the weights that is dropped while training.

    Raises UserError where the heads cannot share the width.
    """

    def __init__(
        self,
        model_size: int,
        heads: int,
        head_size: int | None = None,
        *,
        dropout: float = 0.0,
        scale: float | None = None,
    ) -> None:
        super().__init__()
        if head_size is None and model_size % heads != 0:
            raise UserError(
                f"{heads} heads cannot share {model_size} numbers; give a multiple of {heads}, or "
                "the size of a head"
            )
        head_size = model_size // heads if head_size is None else head_size
        self.heads, self.dropout = heads, dropout
        self.scale = math.sqrt(head_size) if scale is None else scale
        self.to_queries = xavier_linear(model_size, heads * head_size)
        self.to_keys = xavier_linear(model_size, heads * head_size)
        self.to_values = xavier_linear(model_size, heads * head_size)
        self.output = xavier_linear(heads * head_size, model_size)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        allowed: Tensor | None = None,
        *,
        need_weights: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """What x (B, T, D) finds in the memory (B, S, D), (B, T, D), and the weights (B, H, T, S)
        if needed. `allowed` is (T, S), or broadcasts to (B, T, S)."""
        return self.look_up(x, self.keys_values(memory), allowed, need_weights=need_weights)

    def keys_values(self, memory: Tensor) -> KeysValues:
        """What `look_up` needs of a memory (B, S, D), to be kept while more is asked."""
        return self._split(self.to_keys(memory)), self._split(self.to_values(memory))

    def look_up(
        self,
        x: Tensor,
        keys_values: KeysValues,
        allowed: Tensor | None = None,
        *,
        need_weights: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """As `forward`, in a memory's keys and values."""
        queries = self._split(self.to_queries(x))  # (B, H, T, d)
        if allowed is not None and allowed.dim() == 3:
            allowed = allowed[:, None]  # (B, 1, T, S), the same for all heads
        dropout = self.dropout if self.training else 0.0
        weights = None
        # torch has no kernel with dropout for a CPU, but writes it out too, and draws slowly.
        if need_weights or (dropout and x.is_cpu):
            found, weights = attend(
                queries, *keys_values, allowed, scale=self.scale, dropout=dropout
            )
        else:
            found = attend_fused(queries, *keys_values, allowed, scale=self.scale, dropout=dropout)
        found = self.output(found.transpose(1, 2).flatten(2))  # (B, T, D)
        return found, weights if need_weights else None

    def _split(self, stacked: Tensor) -> Tensor:
        """(B, T, H d) to the heads' own (B, H, T, d)."""
        return stacked.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def extended(past: KeysValues, more: KeysValues) -> KeysValues:
    """The keys and values of P steps and those of T more, as of P + T."""
    (past_keys, past_values), (keys, values) = past, more
    return torch.cat([past_keys, keys], dim=2), torch.cat([past_values, values], dim=2)
