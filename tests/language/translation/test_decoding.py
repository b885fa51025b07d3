"""Greedy decoding and sampling: what is written, how likely it is, and what it attends to."""

import math

import pytest
import torch

from shinso.core.errors import ShinsoError
from shinso.language.translation.decoding import (
    BOS,
    EOS,
    PAD,
    UNK,
    Hypothesis,
    greedy,
    length_penalty,
    sample,
)
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


def generators(count, seed=0):
    return [torch.Generator().manual_seed(seed + i) for i in range(count)]


def sampled(net, source, lengths, limits, seed=0, **how):
    return sample(net, source, lengths, limits, generators(len(source), seed), **how)


METHODS = {
    "greedy": greedy,
    "sample": sampled,
}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def net(request):
    return random_net(request.param)


@pytest.fixture(params=METHODS.values(), ids=METHODS)
def method(request):
    return request.param


def greedy_by_forward(net, source, length, limit):
    """Without a state: the whole output so far is read again at each position."""
    tokens = [BOS]
    while tokens[-1] != EOS:
        logits = net(source[None, :length], torch.tensor([length]), torch.tensor([tokens]))[0, -1]
        logits[[PAD, BOS, UNK]] = -torch.inf
        tokens.append(EOS if len(tokens) > limit else int(logits.argmax()))
    return tuple(tokens[1:-1])


def test_greedy_takes_the_likeliest_token_at_each_position(net):
    source, lengths = sentences()
    outputs = greedy(net, source, lengths, LIMITS)
    for row, output in enumerate(outputs):
        expected = greedy_by_forward(net, source[row], int(lengths[row]), int(LIMITS[row]))
        assert output.tokens == expected
    assert len({len(output.tokens) for output in outputs}) > 2  # they end at different positions


def test_log_probabilities_are_those_of_forward(net, method):
    source, lengths = sentences()
    for row, output in enumerate(method(net, source, lengths, LIMITS)):
        (expected,) = log_p_of(net, source[row], int(lengths[row]), [output.tokens])
        assert output.log_probability == pytest.approx(expected, abs=1e-9)


def test_no_output_passes_its_limit(net, method):
    source, lengths = sentences()
    outputs = [method(random_net(type(net), seed), source, lengths, LIMITS) for seed in range(5)]
    reached = 0
    for hypotheses in outputs:
        for limit, output in zip(LIMITS.tolist(), hypotheses, strict=True):
            assert len(output.tokens) <= limit
            reached += len(output.tokens) == limit > 0
    assert reached


def test_a_batch_writes_what_its_sentences_write_alone(net, method):
    source, lengths = sentences()
    for row, output in enumerate(method(net, source, lengths, LIMITS)):
        short = source[row : row + 1, : lengths[row]]  # and without its padding
        how = {"seed": row} if method is sampled else {}
        (alone,) = method(net, short, lengths[row : row + 1], LIMITS[row : row + 1], **how)
        assert alone.tokens == output.tokens
        assert alone.log_probability == pytest.approx(output.log_probability, abs=1e-12)


def test_what_has_ended_leaves_the_batch(net, method):
    source, lengths = sentences()
    rows = []
    step = net.step
    net.step = lambda tokens, state: rows.append(len(tokens)) or step(tokens, state)
    outputs = method(net, source, lengths, LIMITS)
    written = [len(output.tokens) + 1 for output in outputs]
    assert rows == [sum(n > position for n in written) for position in range(max(written))]


def test_weights_of_attention_belong_to_the_tokens(method):
    net = random_net(Attending)
    source, lengths = sentences()
    outputs = method(net, source, lengths, LIMITS, attention=True)
    for row, output in enumerate(outputs):
        state = net.start(source[row : row + 1], lengths[row : row + 1])
        expected = []
        for token in (BOS, *output.tokens[:-1])[: len(output.tokens)]:
            _, state, weights = net.step(torch.tensor([token]), state)
            expected.append(weights[0, : lengths[row]])
        assert output.attention.shape == (len(output.tokens), lengths[row])
        if expected:
            torch.testing.assert_close(output.attention, torch.stack(expected))
    assert method(net, source, lengths, LIMITS)[0].attention is None
    assert method(random_net(Seq2Seq), source, lengths, LIMITS, attention=True)[0].attention is None


def test_what_is_banned_is_not_written_and_keeps_its_probability(method):
    net = Table(6, {(): {UNK: 0.7, 4: 0.2, 5: 0.1}})
    one = torch.tensor([[4]]), torch.tensor([1]), torch.tensor([3])
    (output,) = method(net, *one)
    assert output.tokens in ((4,), (5,))
    assert output.log_probability == pytest.approx(math.log(0.2 if output.tokens == (4,) else 0.1))
    allowed = [method(net, *one, banned=(PAD, BOS))[0]]
    if method is sampled:
        allowed = [sampled(net, *one, seed=seed, banned=(PAD, BOS))[0] for seed in range(9)]
    assert (UNK,) in [output.tokens for output in allowed]


def test_of_equals_the_lowest_number_is_taken():
    net = Table(9, {(): {7: 0.25, 5: 0.25, 6: 0.25, 8: 0.25}})
    (output,) = greedy(net, torch.tensor([[4]]), torch.tensor([1]), torch.tensor([3]))
    assert output.tokens == (5,)


def test_outputs_are_drawn_as_often_as_is_likely():
    net = Table(7, {(): {4: 0.5, 5: 0.3, EOS: 0.2}, (4,): {6: 0.75, EOS: 0.25}})
    count = 2000
    batch = torch.full((count, 1), 4), torch.ones(count, dtype=torch.int64), torch.full((count,), 5)
    outputs = [output.tokens for output in sampled(net, *batch)]
    likely = {(4, 6): 0.375, (4,): 0.125, (5,): 0.3, (): 0.2}
    assert set(outputs) == set(likely)
    for tokens, p in likely.items():
        spread = math.sqrt(p * (1 - p) / count)
        assert outputs.count(tokens) / count == pytest.approx(p, abs=4 * spread)


@pytest.mark.parametrize("how", ({"temperature": 0}, {"top_k": 1}, {"temperature": 1e-6}))
def test_sampling_without_choice_is_greedy(net, how):
    source, lengths = sentences()
    assert sampled(net, source, lengths, LIMITS, **how) == greedy(net, source, lengths, LIMITS)


def test_a_seed_draws_the_same_again_and_another_draws_others(net):
    source, lengths = sentences()
    first = sampled(net, source, lengths, LIMITS, seed=1)
    assert sampled(net, source, lengths, LIMITS, seed=1) == first
    assert sampled(net, source, lengths, LIMITS, seed=50) != first


def test_half_types_are_added_up_in_full_ones():
    class Half(Table):
        def log_p(self, tokens):
            return super().log_p(tokens).bfloat16()

    net = Half(6, {(): {4: 0.9, 5: 0.1}, (4,): {5: 0.7, 4: 0.3}})
    one = torch.tensor([[4]]), torch.tensor([1]), torch.tensor([3])
    expected = sum(
        net.log_p(before).double().log_softmax(0)[token].item()
        for before, token in (((), 4), ((4,), 5), ((4, 5), EOS))
    )
    for each in (net, Ensemble([net])):
        (output,) = greedy(each, *one)
        assert output.tokens == (4, 5)
        assert output.log_probability == pytest.approx(expected, abs=1e-6)


def test_an_output_that_is_no_number_is_said(net, method):
    source, lengths = sentences()
    with torch.no_grad():
        net.output.bias[5] = torch.nan
    with pytest.raises(ShinsoError, match="the network's output is not a number"):
        method(net, source, lengths, LIMITS)


def test_length_penalty_is_wu_s():
    assert length_penalty(7, 0) == 1
    assert length_penalty(7, 1) == 12 / 6
    assert length_penalty(19, 0.5) == pytest.approx(2)  # (24 / 6)^0.5
    assert Hypothesis((9,) * 18, -3.0).score(0.5) == pytest.approx(-1.5)  # EOS is the 19th


# Ensembles ----------------------------------------------------------------------------------------


@torch.no_grad()
def test_an_ensemble_has_the_mean_of_the_probabilities():
    nets = [random_net(kind, seed) for kind in KINDS for seed in range(2)]
    source, lengths = sentences()
    output = greedy(Ensemble(nets), source, lengths, LIMITS, attention=True)[0]

    def after(net, tokens):
        return net(source[:1], lengths[:1], torch.tensor([[BOS, *tokens]]))[0, -1].softmax(0)

    total = 0.0
    for position, token in enumerate((*output.tokens, EOS)):
        p = torch.stack([after(net, output.tokens[:position]) for net in nets]).mean(0)
        total += float(p[token].log())
        allowed = p.clone()
        allowed[[PAD, BOS, UNK]] = 0
        assert token == allowed.argmax() or position == LIMITS[0]
    assert output.log_probability == pytest.approx(total, abs=1e-9)
    assert output.attention.shape == (len(output.tokens), lengths[0])  # of those that have it
    torch.testing.assert_close(output.attention.sum(1), torch.ones(len(output.tokens)).double())


def test_an_ensemble_of_one_is_that_one(net, method):
    source, lengths = sentences()
    alone, together = (method(each, source, lengths, LIMITS) for each in (net, Ensemble([net])))
    assert [output.tokens for output in alone] == [output.tokens for output in together]
    for one, other in zip(alone, together, strict=True):
        assert one.log_probability == pytest.approx(other.log_probability, abs=1e-12)
