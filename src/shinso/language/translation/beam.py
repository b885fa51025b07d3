"""Beam search: the best outputs among many that are written side by side.

At each position all live hypotheses of a sentence are extended by all tokens, and as many of
these as the beam has places left go on, those of the highest log P(Y|X). One that writes EOS keeps
its place to the end, as in the dl4mt tutorial's `gen_sample`: a beam of b ends b hypotheses, and
a beam of 1 is greedy. Those that have ended are compared by `Hypothesis.score`.

A sentence is done when nothing live can still be among its n best. Each further token has a
log-probability of at most 0 and length_penalty rises with length, so no continuation of Y scores
more than

    log P(Y|X) / lp(limit + 1)

and a sentence stops when its n-th best score is at least that of every live Y: the result is that
of a search to the last position. fairseq (`sequence_generator.py`) had this bound behind
`stop_early=False` and otherwise stops, as CTranslate2 does, once b hypotheses have ended, although
a longer one may still win; OpenNMT-py (`beam_search.py`) stops when the best in the beam has
ended, which is exact only without length normalisation, unless it is told how long outputs get.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from shinso.core.errors import UserError
from shinso.language.translation.decoding import (
    BANNED,
    BOS,
    EOS,
    Hypothesis,
    Stepper,
    hypotheses,
    length_penalty,
    log_probabilities,
    picked,
)

BLOCK = 64  # tokens of the vocabulary that are looked through at once


@torch.no_grad()
def beam_search(
    net: Stepper,
    source: Tensor,
    lengths: Tensor,
    limits: Tensor,
    *,
    beam: int,
    alpha: float,
    n_best: int = 1,
    banned: Sequence[int] = BANNED,
    attention: bool = False,
) -> list[list[Hypothesis]]:
    """The `n_best` hypotheses of each sentence by `score(alpha)`, the best first.

    source (B, S) int64, lengths (B,) of its sentences, limits (B,): how many tokens each output
    may have, EOS apart. alpha is at least 0. `banned` are never written. Lists are shorter where
    fewer outputs are possible. Of equals the one that ended first comes first, then that with the
    likelier beginning, then that with the token of the lower number. Raises UserError for more
    hypotheses than the beam ends with, and for another alpha, under which the bound is none.
    """
    if not 1 <= n_best <= beam:
        raise UserError(f"no {n_best} best of a beam of {beam}: the best are 1 to {beam}")
    if alpha < 0:
        raise UserError(f"alpha is {alpha}; it is 0, for no length normalisation, or more")
    live = _Rows.begun(source, beam)
    state = net.start(source, lengths)
    ended = _Ended(limits, beam, n_best, alpha)
    for length in range(1, int(limits.max()) + 2):
        logits, state, weights = net.step(live.tokens[:, -1], state)
        log_p = log_probabilities(logits, limits[live.sentences] < length, banned)  # (N, V)
        parents, grown = live.extended(log_p, weights if attention else None, ended.places_left)
        ends = grown.tokens[:, -1] == EOS
        ended.add(grown.picked(ends))
        live, parents = grown.picked(~ends), parents[~ends]
        going = ended.open(live)
        if not going.any():
            break
        live, state = live.picked(going), picked(state, parents[going])
    return ended.best(lengths)


@dataclass(frozen=True)
class _Rows:
    """N hypotheses of one length, those of a sentence in the order of their log P."""

    beam: int
    places: Tensor  # (N,) sentence * beam + rank, ascending
    tokens: Tensor  # (N, T) from BOS on
    log_probability: Tensor  # (N,) float64
    maps: Tensor | None  # (N, T - 1, S), each token's weights of attention

    @classmethod
    def begun(cls, source: Tensor, beam: int) -> _Rows:
        """One for each sentence, of BOS alone."""
        batch = len(source)
        return cls(
            beam,
            torch.arange(batch, device=source.device) * beam,
            source.new_full((batch, 1), BOS),
            source.new_zeros(batch, dtype=torch.float64),
            None,
        )

    @property
    def sentences(self) -> Tensor:
        return self.places // self.beam  # (N,)

    def picked(self, rows: Tensor) -> _Rows:
        """Those for which `rows` (N,) is true."""
        return _Rows(
            self.beam,
            self.places[rows],
            self.tokens[rows],
            self.log_probability[rows],
            None if self.maps is None else self.maps[rows],
        )

    def extended(
        self, log_p: Tensor, weights: Tensor | None, places_left: Tensor
    ) -> tuple[Tensor, _Rows]:
        """The likeliest extensions of each sentence's hypotheses, as many as it has places left.

        log_p (N, V) of each token to come next, weights (N, S) of attention, places_left (B,).
        Returns which of the N each of them extends (M,), and them.
        """
        batch = len(places_left)
        each = min(self.beam, log_p.shape[1])  # a sentence's best are among its rows' best
        gains, words = largest(log_p, each)  # (N, each)

        # One line a sentence, so that its rows' candidates can be compared; empty places have -inf.
        totals = gains.new_full((batch * self.beam, each), -torch.inf, dtype=torch.float64)
        totals[self.places] = self.log_probability[:, None] + gains
        totals, chosen = largest(totals.view(batch, -1), self.beam)  # (B, beam)
        ranks = torch.arange(self.beam, device=totals.device)
        kept = (ranks < places_left[:, None]) & (totals > -torch.inf)
        places = kept.flatten().nonzero()[:, 0]  # (M,)

        candidates = chosen.flatten()[places]  # (M,) which of a sentence's beam * each
        origins = places // self.beam * self.beam + candidates // each
        parents = torch.searchsorted(self.places, origins)
        tokens = words[parents, candidates % each]
        maps = None
        if weights is not None:
            maps = weights[parents, None]  # (M, 1, S)
            if self.maps is not None:
                maps = torch.cat([self.maps[parents], maps], dim=1)
        tokens = torch.cat([self.tokens[parents], tokens[:, None]], dim=1)
        return parents, _Rows(self.beam, places, tokens, totals.flatten()[places], maps)


class _Ended:
    """The hypotheses that have ended, and what a live one must beat."""

    def __init__(self, limits: Tensor, beam: int, n_best: int, alpha: float) -> None:
        self.n_best, self.alpha = n_best, alpha
        self.rows: list[_Rows] = []  # by length
        self.places_left = torch.full_like(limits, beam)  # (B,)
        self.scores = limits.new_full((len(limits), n_best), -torch.inf, dtype=torch.float64)
        penalties = [length_penalty(limit + 1, alpha) for limit in limits.tolist()]
        self.longest_penalties = self.scores.new_tensor(penalties)  # (B,)

    def add(self, rows: _Rows) -> None:
        length = rows.tokens.shape[1] - 1  # BOS is none of it
        scores = torch.full_like(self.scores[:, :1], -torch.inf).repeat(1, rows.beam)  # (B, beam)
        scores.view(-1)[rows.places] = rows.log_probability / length_penalty(length, self.alpha)
        self.scores = torch.cat([self.scores, scores], dim=1).topk(self.n_best, dim=1).values
        self.places_left = self.places_left - rows.sentences.bincount(minlength=len(scores))
        self.rows.append(rows)

    def open(self, rows: _Rows) -> Tensor:
        """(N,) whether a live row's sentence has one that may still be among its n best."""
        sentences = rows.sentences
        bounds = rows.log_probability / self.longest_penalties[sentences]
        hopeful = sentences[bounds > self.scores[sentences, -1]]
        return torch.isin(sentences, hopeful)

    def best(self, lengths: Tensor) -> list[list[Hypothesis]]:
        """The n best of each sentence, whose lengths are (B,)."""
        lists: list[list[Hypothesis]] = [[] for _ in lengths]
        for rows in self.rows:
            sentences = rows.sentences
            made = hypotheses(
                rows.tokens[:, 1:], rows.log_probability, rows.maps, lengths[sentences]
            )
            for sentence, hypothesis in zip(sentences.tolist(), made, strict=True):
                lists[sentence].append(hypothesis)
        return [
            sorted(found, key=lambda hypothesis: -hypothesis.score(self.alpha))[: self.n_best]
            for found in lists
        ]


def largest(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(N, V) to the `count` largest of each row and where they are, (N, count) each, the largest
    first; of equals the first, which torch.topk does not promise.

    The `count` largest lie in the `count` blocks with the largest maxima, so that little more
    than one look at each number is needed.
    """
    if scores.shape[1] <= count * BLOCK:
        return _in_turn(scores, count)
    missing = -scores.shape[1] % BLOCK
    blocks = F.pad(scores, (0, missing), value=-torch.inf).unflatten(1, (-1, BLOCK))
    _, chosen = _in_turn(blocks.amax(dim=2), count)  # (N, count)
    chosen = chosen.sort(dim=1).values  # so that the first of equals stays the first
    rows = torch.arange(len(scores), device=scores.device)[:, None]
    values, places = _in_turn(blocks[rows, chosen].flatten(1), count)
    return values, chosen.gather(1, places // BLOCK) * BLOCK + places % BLOCK


def _in_turn(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """`largest`, one after another; argmax gives the first of equals."""
    left = scores.clamp(min=torch.finfo(scores.dtype).min)  # a copy in which -inf means: taken
    places = []
    for _ in range(count):
        place = left.argmax(dim=1, keepdim=True)
        left.scatter_(1, place, -torch.inf)
        places.append(place)
    found = torch.cat(places, dim=1)
    return scores.gather(1, found), found
