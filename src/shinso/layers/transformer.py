"""The Transformer's encoder and decoder (Vaswani et al. 2017, section 3.1).

They map vectors to vectors: embeddings and positions come before, a projection to words after.
The decoder is written once: a pass over a whole target is `advance` by all of it from the empty
state, decoding is `advance` by one step from the state before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from shinso.core.errors import UserError, nearest
from shinso.layers.attention import KeysValues, MultiHeadAttention, extended, xavier_linear
from shinso.layers.dropout import dropout
from shinso.layers.masks import causal_mask

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}
NORMS = ("pre", "post", "none")

# By layer: the keys and values of the P steps decoded so far (N, H, P, d), and of the source
# (N, H, S, d); and which of the source is no padding, (N, S). All of it rows that can be picked.
DecoderState = tuple[tuple[KeysValues, ...], tuple[KeysValues, ...], Tensor]


@dataclass(frozen=True)
class LayerSettings:
    """What the layers of a stack have in common. Raises UserError for a name that is none.

    `dropout` is the paper's (section 5.4), on what each part of a layer adds; `inner_dropout`,
    which is in its code alone (tensor2tensor), is on attention weights and within the feed-forward
    net. torch's layers have one rate for both.
    """

    model_size: int  # D
    heads: int
    inner_size: int  # F, of the feed-forward net
    head_size: int | None = None  # model_size / heads if not given
    scale: float | None = None  # of the attention, sqrt(head_size) if not given
    norm: str = "pre"
    residual: bool = True
    activation: str = "relu"
    dropout: float = 0.0
    inner_dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.norm not in NORMS:
            raise UserError(f"no norm {self.norm!r}; {nearest(self.norm, NORMS)}")
        if self.activation not in ACTIVATIONS:
            raise UserError(
                f"no activation {self.activation!r}; {nearest(self.activation, ACTIVATIONS)}"
            )

    def attention(self) -> MultiHeadAttention:
        return MultiHeadAttention(
            self.model_size,
            self.heads,
            self.head_size,
            dropout=self.inner_dropout,
            scale=self.scale,
        )

    def norm_if(self, place: str) -> nn.Module:
        """Layer normalisation (Ba, Kiros and Hinton 2016) where `norm` is that place."""
        return nn.LayerNorm(self.model_size) if self.norm == place else nn.Identity()


# Parts of a layer ---------------------------------------------------------------------------------


class FeedForward(nn.Module):
    """f(x W + b) V + c at each position by itself (Vaswani et al. 2017, equation 2); f is `relu`
    there, or `gelu`."""

    def __init__(self, settings: LayerSettings) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[settings.activation]
        self.dropout = settings.inner_dropout
        self.inner = xavier_linear(settings.model_size, settings.inner_size)
        self.outer = xavier_linear(settings.inner_size, settings.model_size)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.activation(self.inner(x))  # (B, T, F)
        return self.outer(dropout(inner, self.dropout, self.training))  # (B, T, D)


class SublayerConnection(nn.Module):
    """What stands around each part f of a layer, with `norm`

        post:  norm(x + f(x))        pre:  x + f(norm(x))        none:  x + f(x)

    The paper has post. With pre the layers are joined by sums alone, so that a gradient comes down
    whole and training can start without warm-up (Xiong et al. 2020). Without `residual` the "x +"
    is missing.

    f is given `before(x)`, and what it makes of that goes to `forward`.
    """

    def __init__(self, settings: LayerSettings) -> None:
        super().__init__()
        self.before = settings.norm_if("pre")
        self.after = settings.norm_if("post")
        self.residual, self.dropout = settings.residual, settings.dropout

    def forward(self, x: Tensor, update: Tensor) -> Tensor:
        """x (B, T, D) and f's update (B, T, D) to what the next part reads (B, T, D)."""
        update = dropout(update, self.dropout, self.training)
        return self.after(x + update if self.residual else update)


# Layers -------------------------------------------------------------------------------------------


class EncoderLayer(nn.Module):
    """Self-attention, then the feed-forward net."""

    def __init__(self, settings: LayerSettings) -> None:
        super().__init__()
        self.attention = settings.attention()
        self.around_attention = SublayerConnection(settings)
        self.feed_forward = FeedForward(settings)
        self.around_feed_forward = SublayerConnection(settings)

    def forward(
        self, x: Tensor, allowed: Tensor | None = None, *, need_weights: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """(B, S, D) to (B, S, D) and the weights (B, H, S, S) if needed; `allowed` broadcasts to
        (B, S, S)."""
        asking = self.around_attention.before(x)
        found, weights = self.attention(asking, asking, allowed, need_weights=need_weights)
        x = self.around_attention(x, found)
        update = self.feed_forward(self.around_feed_forward.before(x))
        return self.around_feed_forward(x, update), weights


class DecoderLayer(nn.Module):
    """Self-attention, attention to the source, then the feed-forward net."""

    def __init__(self, settings: LayerSettings) -> None:
        super().__init__()
        self.self_attention = settings.attention()
        self.around_self_attention = SublayerConnection(settings)
        self.source_attention = settings.attention()
        self.around_source_attention = SublayerConnection(settings)
        self.feed_forward = FeedForward(settings)
        self.around_feed_forward = SublayerConnection(settings)

    def forward(
        self,
        x: Tensor,
        past: KeysValues,
        source: KeysValues,
        allowed: Tensor | None = None,
        source_allowed: Tensor | None = None,
        *,
        need_weights: bool = False,
    ) -> tuple[Tensor, KeysValues, Tensor | None]:
        """T steps (B, T, D) after P in the `past`, to (B, T, D), the keys and values of P + T, and
        the weights on the source (B, H, T, S) if needed.

        `allowed` broadcasts to (B, T, P + T), `source_allowed` to (B, T, S).
        """
        asking = self.around_self_attention.before(x)
        past = extended(past, self.self_attention.keys_values(asking))
        found, _ = self.self_attention.look_up(asking, past, allowed)
        x = self.around_self_attention(x, found)

        asking = self.around_source_attention.before(x)
        found, weights = self.source_attention.look_up(
            asking, source, source_allowed, need_weights=need_weights
        )
        x = self.around_source_attention(x, found)

        update = self.feed_forward(self.around_feed_forward.before(x))
        return self.around_feed_forward(x, update), past, weights

    def start(self, memory: Tensor) -> tuple[KeysValues, KeysValues]:
        """An empty past, and the keys and values of the source (B, S, D)."""
        # No steps have no gradient, and need no backward pass to find that out.
        keys, values = self.self_attention.keys_values(memory[:, :0])  # (B, H, 0, d) each
        return (keys.detach(), values.detach()), self.source_attention.keys_values(memory)


# Stacks -------------------------------------------------------------------------------------------


class Encoder(nn.Module):
    """`layers` layers; with `norm` "pre" what they have added up is normalised at the end."""

    def __init__(self, layers: int, settings: LayerSettings) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(settings) for _ in range(layers))
        self.final_norm = settings.norm_if("pre")

    def forward(
        self, x: Tensor, allowed: Tensor, *, need_weights: bool = False
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(B, S, D) to the memory (B, S, D) and, if needed, each layer's weights (B, H, S, S).
        `allowed` (B, S) marks what is no padding."""
        all_weights = []
        for layer in self.layers:
            x, weights = layer(x, allowed[:, None], need_weights=need_weights)
            all_weights.append(weights)
        return self.final_norm(x), tuple(all_weights) if need_weights else ()


class Decoder(nn.Module):
    """`layers` layers that look back only; with `norm` "pre" what they have added up is normalised
    at the end."""

    def __init__(self, layers: int, settings: LayerSettings) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(settings) for _ in range(layers))
        self.final_norm = settings.norm_if("pre")

    def forward(
        self, x: Tensor, memory: Tensor, allowed: Tensor, *, need_weights: bool = False
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """A whole target (B, T, D), and the encoder's memory (B, S, D) of which `allowed` (B, S)
        marks what is no padding, to (B, T, D) and, if needed, each layer's weights on the source
        (B, H, T, S).

        Padding at a target's end needs no mask: nothing before it looks there.
        """
        start = self.start(memory, allowed)
        outputs, _, weights = self.advance(x, start, need_weights=need_weights)
        return outputs, weights

    def start(self, memory: Tensor, allowed: Tensor) -> DecoderState:
        """The state before the first step; memory and `allowed` as for `forward`."""
        layers = cast(Iterable[DecoderLayer], self.layers)
        pasts, sources = zip(*(layer.start(memory) for layer in layers), strict=True)
        return pasts, sources, allowed

    def step(
        self, x: Tensor, state: DecoderState, *, need_weights: bool = False
    ) -> tuple[Tensor, DecoderState, tuple[Tensor, ...]]:
        """One step (N, D) to (N, D), the state after it and, if needed, each layer's weights on
        the source (N, H, S)."""
        outputs, state, weights = self.advance(x[:, None], state, need_weights=need_weights)
        return outputs.squeeze(1), state, tuple(each.squeeze(2) for each in weights)

    def advance(
        self, x: Tensor, state: DecoderState, *, need_weights: bool = False
    ) -> tuple[Tensor, DecoderState, tuple[Tensor, ...]]:
        """T steps (N, T, D) at once to (N, T, D), the state after them and, if needed, each
        layer's weights on the source (N, H, T, S)."""
        pasts, sources, source_allowed = state
        steps = x.shape[1]
        # One step has nothing after it that could be hidden from it.
        allowed = None if steps == 1 else causal_mask(steps, steps_taken(state), x.device)
        new_pasts, all_weights = [], []
        for layer, past, source in zip(self.layers, pasts, sources, strict=True):
            x, past, weights = layer(
                x, past, source, allowed, source_allowed[:, None], need_weights=need_weights
            )
            new_pasts.append(past)
            all_weights.append(weights)
        state = tuple(new_pasts), sources, source_allowed
        return self.final_norm(x), state, tuple(all_weights) if need_weights else ()


def steps_taken(state: DecoderState) -> int:
    """How many steps were decoded: the position of the next."""
    pasts, _, _ = state
    keys, _ = pasts[0]
    return keys.shape[2]
