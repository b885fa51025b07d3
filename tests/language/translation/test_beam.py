"""Beam search: against all outputs there are, tables by hand, and a slow search that is plain."""

import itertools
import math

import pytest
import torch

from shinso.core.errors import ShinsoError, UserError
from shinso.language.translation.beam import beam_search, largest
from shinso.language.translation.decoding import BOS, EOS, PAD, UNK, Hypothesis, greedy
from shinso.language.translation.ensemble import Ensemble
from tests.language.translation.nets import (
    Attending,
    Seq2Seq,
    Table,
    log_p_of,
    random_net,
    sentences,
)

KINDS = (Seq2Seq, Attending)
LIMITS = torch.tensor([9, 0, 3, 12, 1, 5, 7])
ONE = torch.tensor([[4]]), torch.tensor([1])


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def net(request):
    return random_net(request.param)


def tokens_of(lists):
    return [[hypothesis.tokens for hypothesis in hypotheses] for hypotheses in lists]


def recorded(net):
    """How many rows each step of a search has."""
    rows = []
    step = net.step
    net.step = lambda tokens, state: rows.append(len(tokens)) or step(tokens, state)
    return rows


@torch.no_grad()
def plain_search(net, source, length, limit, beam):
    """All that a beam ends with: one sentence, one hypothesis after another, without states and
    to the very end."""
    live, ended = [((), 0.0)], []
    for position in range(limit + 1):
        candidates = []
        for tokens, total in live:
            target = torch.tensor([[BOS, *tokens]])
            logits = net(source[None, :length], torch.tensor([length]), target)[0, -1]
            for token, log_p in enumerate(logits.log_softmax(0).tolist()):
                if token == EOS or (position < limit and token not in (PAD, BOS, UNK)):
                    candidates.append(((*tokens, token), total + log_p))
        candidates.sort(key=lambda candidate: -candidate[1])
        best = candidates[: beam - len(ended)]
        ended += [Hypothesis(tokens[:-1], total) for tokens, total in best if tokens[-1] == EOS]
        live = [(tokens, total) for tokens, total in best if tokens[-1] != EOS]
    return ended


# Oracles ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", (0, 0.6, 2))
@pytest.mark.parametrize("kind", KINDS)
def test_a_beam_of_all_outputs_finds_the_best_there_are(kind, alpha):
    words, limit = (4, 5, 6), 5
    net = random_net(kind, vocabulary=7)
    source, lengths = sentences(3)
    outputs = [o for n in range(limit + 1) for o in itertools.product(words, repeat=n)]  # 364
    found = beam_search(
        net,
        source,
        lengths,
        torch.full((3,), limit),
        beam=len(outputs),
        alpha=alpha,
        n_best=len(outputs),
    )
    for row, hypotheses in enumerate(found):
        length = int(lengths[row])
        every = list(map(Hypothesis, outputs, log_p_of(net, source[row], length, outputs)))
        every.sort(key=lambda hypothesis: -hypothesis.score(alpha))
        assert [h.tokens for h in hypotheses] == [h.tokens for h in every]
        assert [h.log_probability for h in hypotheses] == pytest.approx(
            [h.log_probability for h in every], abs=1e-9
        )


@pytest.mark.parametrize(("beam", "n_best"), ((1, 1), (2, 1), (3, 3), (5, 2), (12, 12)))
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_plain_search(kind, beam, n_best):
    net = random_net(kind, seed=beam)
    source, lengths = sentences(seed=beam)
    rows = list(zip(source, lengths.tolist(), LIMITS.tolist(), strict=True))
    ended = [plain_search(net, *row, beam) for row in rows]
    for alpha in (0, 0.6, 1, 3):
        found = beam_search(net, source, lengths, LIMITS, beam=beam, alpha=alpha, n_best=n_best)
        for (sentence, length, _), hypotheses, plain in zip(rows, found, ended, strict=True):
            best = sorted(plain, key=lambda hypothesis: -hypothesis.score(alpha))[:n_best]
            assert [h.tokens for h in hypotheses] == [h.tokens for h in best]
            again = log_p_of(net, sentence, length, [h.tokens for h in hypotheses])
            assert [h.log_probability for h in hypotheses] == pytest.approx(again, abs=1e-9)


@pytest.mark.parametrize("alpha", (0, 1))
@pytest.mark.parametrize("seed", range(5))
def test_a_beam_of_one_is_greedy(net, seed, alpha):
    net = random_net(type(net), seed)
    source, lengths = sentences(20, seed)
    limits = lengths + 3
    found = beam_search(net, source, lengths, limits, beam=1, alpha=alpha, attention=True)
    expected = greedy(net, source, lengths, limits, attention=True)
    assert found == [[hypothesis] for hypothesis in expected]
    for (hypothesis,), other in zip(found, expected, strict=True):
        torch.testing.assert_close(hypothesis.attention, other.attention)


def test_the_second_likeliest_token_may_lead_to_the_best_output():
    # Greedy takes 4, after which all is uncertain; 5 leads to an output of 0.4 x 0.9.
    net = Table(9, {(): {4: 0.6, 5: 0.4}, (4,): {6: 0.4, 7: 0.3, 8: 0.3}, (5,): {6: 0.9, 7: 0.1}})
    limits = torch.tensor([5])
    assert greedy(net, *ONE, limits)[0].tokens == (4, 6)
    ((best, second),) = beam_search(net, *ONE, limits, beam=2, alpha=0, n_best=2)
    assert (best.tokens, second.tokens) == ((5, 6), (4, 6))
    assert best.log_probability == pytest.approx(math.log(0.36))
    assert second.log_probability == pytest.approx(math.log(0.24))


# Stopping -----------------------------------------------------------------------------------------

# Nothing is likelier than to say nothing, but one word at 0.45 is nearly as likely.
TERSE = {(): {EOS: 0.5, 4: 0.45, 5: 0.05}, (4,): {EOS: 1.0}}


def test_a_longer_output_may_win_by_its_length():
    def best(alpha):
        ((hypothesis,),) = beam_search(
            Table(6, TERSE), *ONE, torch.tensor([5]), beam=2, alpha=alpha
        )
        return hypothesis.tokens

    assert math.log(0.45) / (7 / 6) > math.log(0.5)
    assert best(0) == ()
    assert best(1) == (4,)


@pytest.mark.parametrize(
    ("alpha", "limit", "n_best", "positions"),
    (
        (0, 5, 1, 1),  # 0.45 is less than 0.5 and only falls
        (0, 5, 2, 2),  # the second best is still to come
        (1, 5, 1, 2),
        (0.5, 1, 1, 1),  # log 0.45 / (7/6)^0.5 < log 0.5: at most one word is too short to win
        (0.5, 2, 1, 2),  # log 0.45 / (8/6)^0.5 > log 0.5: two might
    ),
)
def test_it_stops_when_nothing_better_can_come(alpha, limit, n_best, positions):
    net = Table(6, TERSE)
    rows = recorded(net)
    beam_search(net, *ONE, torch.tensor([limit]), beam=2, alpha=alpha, n_best=n_best)
    assert len(rows) == positions


def test_what_has_ended_leaves_the_batch(net):
    source, lengths = sentences()
    rows = recorded(net)
    beam_search(net, source, lengths, LIMITS, beam=4, alpha=0.6)
    together = list(rows)
    assert together[0] == len(source)  # one hypothesis each
    for row in range(len(source)):
        one = slice(row, row + 1)
        beam_search(net, source[one], lengths[one], LIMITS[one], beam=4, alpha=0.6)
    assert sum(rows) == 2 * sum(together)  # no more than what the sentences need alone


# Batches, limits, bans ----------------------------------------------------------------------------


def test_a_batch_writes_what_its_sentences_write_alone(net):
    source, lengths = sentences()
    how = {"beam": 4, "alpha": 0.6, "n_best": 3}
    together = beam_search(net, source, lengths, LIMITS, **how)
    for row, hypotheses in enumerate(together):
        one = slice(row, row + 1)
        short = source[one, : lengths[row]]  # and without its padding
        (alone,) = beam_search(net, short, lengths[one], LIMITS[one], **how)
        assert tokens_of([alone]) == tokens_of([hypotheses])
        for a, b in zip(alone, hypotheses, strict=True):
            assert a.log_probability == pytest.approx(b.log_probability, abs=1e-12)


def test_no_output_passes_its_limit(net):
    source, lengths = sentences()
    found = beam_search(net, source, lengths, LIMITS, beam=4, alpha=3, n_best=4)
    longest = [max(len(hypothesis.tokens) for hypothesis in hypotheses) for hypotheses in found]
    assert all(n <= limit for n, limit in zip(longest, LIMITS.tolist(), strict=True))
    assert longest[1] == 0 and len(found[1]) == 1  # there is one output of no tokens


def test_weights_of_attention_belong_to_the_tokens():
    net = random_net(Attending)
    source, lengths = sentences()
    found = beam_search(net, source, lengths, LIMITS, beam=4, alpha=0.6, n_best=3, attention=True)
    for row, hypotheses in enumerate(found):
        for hypothesis in hypotheses:
            state = net.start(source[row : row + 1], lengths[row : row + 1])
            expected = torch.zeros(0, lengths[row], dtype=torch.float64)
            for token in (BOS, *hypothesis.tokens)[: len(hypothesis.tokens)]:
                _, state, weights = net.step(torch.tensor([token]), state)
                expected = torch.cat([expected, weights[:, : lengths[row]]])
            torch.testing.assert_close(hypothesis.attention, expected)


def test_what_is_banned_is_not_written_and_keeps_its_probability():
    net = Table(6, {(): {UNK: 0.5, BOS: 0.2, PAD: 0.1, 4: 0.15, 5: 0.05}})
    ((first, second),) = beam_search(net, *ONE, torch.tensor([1]), beam=2, alpha=0, n_best=2)
    assert (first.tokens, second.tokens) == ((4,), (5,))
    assert first.log_probability == pytest.approx(math.log(0.15))
    ((known,),) = beam_search(net, *ONE, torch.tensor([1]), beam=2, alpha=0, banned=(PAD, BOS))
    assert known.tokens == (UNK,)


def test_an_ensemble_searches_as_one_network():
    # Each net is sure of another beginning; together they agree on a third.
    first = Table(7, {(): {4: 0.6, 6: 0.4}})
    second = Table(7, {(): {5: 0.6, 6: 0.4}})
    ((best,),) = beam_search(Ensemble([first, second]), *ONE, torch.tensor([3]), beam=2, alpha=0)
    assert best.tokens == (6,)
    assert best.log_probability == pytest.approx(math.log(0.4))


def test_ties_are_broken_by_number_every_time():
    even = dict.fromkeys((6, 5, EOS, 4), 0.25)
    net = Table(7, {(): even, (4,): even, (5,): even, (6,): even})
    source, lengths = torch.full((3, 1), 4), torch.ones(3, dtype=torch.int64)
    found = beam_search(net, source, lengths, torch.full((3,), 2), beam=3, alpha=0, n_best=3)
    # After the first position EOS, 4 and 5 are in; then of 4's and 5's extensions 4 EOS and 4 4.
    assert tokens_of(found) == [[(), (4,), (4, 4)]] * 3


def test_what_cannot_be_is_said(net):
    source, lengths = sentences()
    with pytest.raises(UserError, match="no 3 best of a beam of 2: the best are 1 to 2"):
        beam_search(net, source, lengths, LIMITS, beam=2, alpha=0, n_best=3)
    with pytest.raises(UserError, match="alpha is -1; it is 0, for no length normalisation"):
        beam_search(net, source, lengths, LIMITS, beam=2, alpha=-1)
    with torch.no_grad():
        net.output.bias[5] = torch.nan
    with pytest.raises(ShinsoError, match="the network's output is not a number"):
        beam_search(net, source, lengths, LIMITS, beam=2, alpha=0)


# The largest of many ------------------------------------------------------------------------------


@pytest.mark.parametrize("width", (1, 5, 64, 321, 1000, 6600))
@pytest.mark.parametrize("values", (3, 30, 10**6))
def test_largest_is_a_stable_sort(width, values):
    generator = torch.Generator().manual_seed(width + values)
    scores = torch.randint(values, (20, width), generator=generator).float()
    scores[:, ::7] = -torch.inf
    scores[0, 1:] = -torch.inf  # nearly nothing is possible
    count = min(5, width)
    found, places = largest(scores, count)
    expected = scores.sort(dim=1, descending=True, stable=True)
    assert torch.equal(found, expected.values[:, :count])
    assert torch.equal(places, expected.indices[:, :count])
