"""Decoding: how a network writes an output, one token after another.

`greedy` takes the likeliest token at each position, `sample` draws one; beam.py searches. All work
on a batch of sentences whose states are cached, and a sentence that has ended leaves the batch.
An output ends with EOS: at a sentence's limit nothing else may be written, so that every output
is a whole one and its log-probability what the network's teacher-forced `forward` gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from shinso.core.errors import ShinsoError
from shinso.language.sampling import drawn
from shinso.language.vocabulary import TRANSLATION

PAD, BOS, EOS, UNK = range(len(TRANSLATION))
BANNED = (PAD, BOS, UNK)  # what no output should hold

State: TypeAlias = tuple["Tensor | State", ...]  # dimension 0 of every tensor is the row


class Stepper(Protocol):
    """What decoding needs of a network; dropout is off while it decodes."""

    def start(self, source: Tensor, lengths: Tensor) -> State:
        """Reads (B, S) int64 sentences, padded, of (B,) lengths: the state before the first
        position, which holds all that `step` needs."""
        ...

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State, Tensor | None]:
        """Reads one token of each row, (N,) int64, BOS at the first position: logits (N, V) of
        the next, the state after, and the weights (N, S) of attention where there is any."""
        ...


@dataclass(frozen=True)
class Hypothesis:
    """One output for one sentence.

    `tokens` hold neither BOS nor EOS. `log_probability` is that of the tokens and the EOS after
    them, in nats. `attention` (T, S) has each token's weights over the sentence, its padding left
    out; None where it was not asked for or the network has none.
    """

    tokens: tuple[int, ...]
    log_probability: float
    attention: Tensor | None = field(default=None, compare=False)

    def score(self, alpha: float) -> float:
        """log P(Y|X) / lp(Y): what outputs of different lengths are compared by (Wu et al. 2016,
        equation 14, without its coverage penalty). EOS counts as one of the tokens."""
        return self.log_probability / length_penalty(len(self.tokens) + 1, alpha)


def length_penalty(length: int, alpha: float) -> float:
    """lp(Y) = (5 + |Y|)^alpha / (5 + 1)^alpha (Wu et al. 2016, equation 14).

    With alpha 0 it is 1 and short outputs win, since every token makes one less likely.
    """
    return ((5 + length) / 6) ** alpha


def greedy(
    net: Stepper,
    source: Tensor,
    lengths: Tensor,
    limits: Tensor,
    *,
    banned: Sequence[int] = BANNED,
    attention: bool = False,
) -> list[Hypothesis]:
    """The likeliest token at each position; of equals the one with the lowest number.

    source (B, S) int64, lengths (B,) of its sentences, limits (B,): how many tokens each output
    may have, EOS apart. `banned` are never written.
    """
    return _write(
        net, source, lengths, limits, lambda log_p, *_: log_p.argmax(dim=1), banned, attention
    )


def sample(
    net: Stepper,
    source: Tensor,
    lengths: Tensor,
    limits: Tensor,
    generators: Sequence[torch.Generator],
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    banned: Sequence[int] = BANNED,
    attention: bool = False,
) -> list[Hypothesis]:
    """Draws each token as `drawn` says; the rest is as in `greedy`.

    `generators` has one (on the CPU) for each sentence, so that what is drawn for it does not
    depend on the batch that it is in. Log-probabilities are those of temperature 1 and all tokens.
    """
    draws = source.new_zeros(len(source), int(limits.max()) + 1, dtype=torch.float64)
    for row, limit, generator in zip(draws, limits.tolist(), generators, strict=True):
        row[: limit + 1] = torch.rand(limit + 1, generator=generator, dtype=torch.float64)

    def choose(log_p: Tensor, rows: Tensor, position: int) -> Tensor:
        return drawn(log_p, draws[rows, position], temperature, top_k)

    return _write(net, source, lengths, limits, choose, banned, attention)


@torch.no_grad()
def _write(
    net: Stepper,
    source: Tensor,
    lengths: Tensor,
    limits: Tensor,
    choose: Callable[[Tensor, Tensor, int], Tensor],
    banned: Sequence[int],
    attention: bool,
) -> list[Hypothesis]:
    """One hypothesis a sentence. `choose` takes log p (N, V) of N sentences that have not ended,
    which ones these are (N,), and the position, and gives the tokens (N,) to write."""
    batch, longest = len(source), int(limits.max()) + 1
    written = source.new_full((batch, longest), EOS)
    log_probability = source.new_zeros(batch, dtype=torch.float64)
    maps: Tensor | None = None  # (B, T, S)

    rows = torch.arange(batch, device=source.device)
    tokens = torch.full_like(rows, BOS)
    state = net.start(source, lengths)
    for position in range(longest):
        logits, state, weights = net.step(tokens, state)
        log_p = log_probabilities(logits, limits[rows] <= position, banned)  # (N, V)
        tokens = choose(log_p, rows, position)
        written[rows, position] = tokens
        log_probability[rows] += log_p.gather(1, tokens[:, None])[:, 0]
        if attention and weights is not None:
            if maps is None:
                maps = weights.new_zeros(batch, longest, weights.shape[1])
            maps[rows, position] = weights
        going = (tokens != EOS).nonzero()[:, 0]
        if len(going) == 0:
            break
        if len(going) < len(rows):
            rows, tokens, state = rows[going], tokens[going], picked(state, going)
    return hypotheses(written, log_probability, maps, lengths)


def hypotheses(
    written: Tensor, log_probability: Tensor, maps: Tensor | None, lengths: Tensor
) -> list[Hypothesis]:
    """Of N outputs: tokens (N, T), of which those from the first EOS on are left out, log p (N,),
    weights of attention (N, T, S) or None, and the lengths (N,) of their sentences."""
    totals, sources = log_probability.tolist(), lengths.tolist()
    made = []
    for row, numbers in enumerate(written.tolist()):
        tokens = tuple(numbers[: numbers.index(EOS)])
        weights = None
        if maps is not None:
            weights = maps[row, : len(tokens), : sources[row]].cpu().clone()
        made.append(Hypothesis(tokens, totals[row], weights))
    return made


def log_probabilities(logits: Tensor, at_limit: Tensor, banned: Sequence[int]) -> Tensor:
    """(N, V) logits to log p of the tokens that may come next, -inf for the others: `banned`
    ones, and all but EOS in rows `at_limit` (N,).

    What these would have had is not shared out among the rest: log p stays the network's own.
    Raises ShinsoError where the network's output is not a number.
    """
    log_p = log_softmax(logits)
    if log_p[:, EOS].isnan().any():  # one logit that is NaN makes its whole row so
        raise ShinsoError(
            "the network's output is not a number; its weights are damaged, or training diverged: "
            "use an earlier checkpoint, or train with a lower --learning-rate"
        )
    log_p[:, banned] = -torch.inf
    if at_limit.any():
        ends = log_p[at_limit, EOS]
        log_p[at_limit] = -torch.inf
        log_p[at_limit, EOS] = ends
    return log_p


def log_softmax(logits: Tensor) -> Tensor:
    """Of (N, V) logits, in float32 at least: those of half types would add up to no output's."""
    return logits.log_softmax(dim=1, dtype=torch.promote_types(logits.dtype, torch.float32))


def picked(state: State, rows: Tensor) -> State:
    """The state of `rows` (M,), any of N in any order."""
    return tuple(
        part.index_select(0, rows) if isinstance(part, Tensor) else picked(part, rows)
        for part in state
    )
