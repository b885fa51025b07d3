"""Oracles: torch's nn.MultiheadAttention and fused kernel with the same weights, and the equations
in NumPy, a query and a key at a time."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from shinso.core.errors import UserError
from shinso.layers.attention import (
    AdditiveAttention,
    MultiHeadAttention,
    MultiplicativeAttention,
    attend,
    attend_fused,
    extended,
    masked_softmax,
    xavier_linear,
)
from shinso.layers.masks import causal_mask, padding_mask

BATCH, STEPS, SOURCE, SIZE, HEADS = 3, 4, 5, 12, 3
LENGTHS = torch.tensor([5, 2, 4])
EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def randomised(module: nn.Module) -> nn.Module:
    """In float64, every parameter drawn, biases too."""
    module = module.double()
    for parameter in module.parameters():
        nn.init.normal_(parameter, 0, 0.5)
    return module


def gradients(outputs: torch.Tensor, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Of a fixed mixture of the outputs."""
    mixture = torch.linspace(-1, 2, outputs.numel(), dtype=outputs.dtype).view_as(outputs)
    return torch.autograd.grad((outputs * mixture).sum(), inputs, retain_graph=True)


# Masks --------------------------------------------------------------------------------------------


def test_masks_say_what_may_be_looked_at():
    assert padding_mask(torch.tensor([2, 0, 3]), 3).tolist() == [
        [True, True, False],
        [False, False, False],
        [True, True, True],
    ]
    assert causal_mask(3).tolist() == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
    assert causal_mask(2, past=1).tolist() == [[True, True, False], [True, True, True]]


def test_weights_are_a_softmax_over_what_is_allowed():
    scores = torch.tensor([[1.0, 5.0, 2.0], [3.0, -1e30, 9.0]]).double()
    allowed = torch.tensor([[True, False, True], [False, True, False]])
    share = 1 / (1 + math.e)
    expected = torch.tensor([[share, 0, 1 - share], [0, 1, 0]], dtype=torch.float64)
    torch.testing.assert_close(masked_softmax(scores, allowed), expected, **EXACT)


# Scaled dot-product -------------------------------------------------------------------------------

MASKS = {
    "none": None,
    "causal": causal_mask(STEPS, SOURCE - STEPS),
    "padding": padding_mask(LENGTHS, SOURCE)[:, None, None],
}
every_mask = pytest.mark.parametrize("allowed", MASKS.values(), ids=MASKS)


def test_a_query_that_equals_a_key_finds_its_value():
    keys = 10 * torch.eye(3).double()
    values = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).double()
    found, weights = attend(keys[[2, 0]], keys, values)
    torch.testing.assert_close(found, values[[2, 0]], rtol=0, atol=1e-12)
    torch.testing.assert_close(weights, torch.eye(3).double()[[2, 0]], rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", [None, 7.0])
@every_mask
def test_it_is_the_equation_a_query_at_a_time(allowed, scale):
    queries, keys = drawn(BATCH, HEADS, STEPS, 6), drawn(BATCH, HEADS, SOURCE, 6)
    values = drawn(BATCH, HEADS, SOURCE, 2)
    found, weights = attend(queries, keys, values, allowed, scale=scale)
    may = np.ones(weights.shape, bool) if allowed is None else allowed.expand_as(weights).numpy()
    for place in np.ndindex(BATCH, HEADS, STEPS):
        lookable = may[place]
        scores = keys[place[:2]].numpy()[lookable] @ queries[place].numpy() / (scale or 6**0.5)
        expected = np.zeros(SOURCE)
        expected[lookable] = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(weights[place], expected, **EXACT)
        np.testing.assert_allclose(found[place], expected @ values[place[:2]].numpy(), **EXACT)


@pytest.mark.parametrize("scale", [None, 7.0])
@every_mask
def test_written_out_and_fused_agree(allowed, scale):
    inputs = [drawn(BATCH, HEADS, steps, 4).requires_grad_() for steps in (STEPS, SOURCE, SOURCE)]
    written, _ = attend(*inputs, allowed, scale=scale)
    fused = attend_fused(*inputs, allowed, scale=scale)
    torch.testing.assert_close(fused, written, **EXACT)
    torch.testing.assert_close(gradients(fused, *inputs), gradients(written, *inputs), **EXACT)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("fused", [False, True], ids=["written", "fused"])
def test_a_query_that_may_look_nowhere_finds_zeros(fused, dtype):
    inputs = [
        drawn(BATCH, HEADS, steps, 4).to(dtype).requires_grad_()
        for steps in (STEPS, SOURCE, SOURCE)
    ]
    allowed = padding_mask(torch.tensor([5, 0, 4]), SOURCE)[:, None, None]
    with torch.autograd.set_detect_anomaly(True):  # no NaN on the way either
        found = attend_fused(*inputs, allowed) if fused else attend(*inputs, allowed)[0]
        by_inputs = gradients(found, *inputs)
    assert (found[1] == 0).all() and (found[0] != 0).any()
    for gradient in by_inputs:
        assert (gradient[1] == 0).all() and (gradient[0] != 0).any()


@pytest.mark.parametrize("fused", [False, True], ids=["written", "fused"])
def test_dropout_drops_weights_and_scales_the_rest(fused):
    queries, keys = drawn(40, STEPS, 4), drawn(40, SOURCE, 4)
    each_its_own = torch.eye(SOURCE).double().expand(40, -1, -1)  # what is found is the weights
    _, whole = attend(queries, keys, each_its_own)
    if fused:
        used = attend_fused(queries, keys, each_its_own, dropout=0.25)
    else:
        used, returned = attend(queries, keys, each_its_own, dropout=0.25)
        torch.testing.assert_close(returned, whole, **EXACT)
    kept = used != 0
    torch.testing.assert_close(used[kept], whole[kept] / 0.75, **EXACT)
    assert kept.double().mean() == pytest.approx(0.75, abs=0.05)


# One head, for recurrent decoders -----------------------------------------------------------------

QUERY, KEY = 6, 4


def additive() -> AdditiveAttention:
    return randomised(AdditiveAttention(QUERY, KEY, 7))


def additive_score(attention, query, key):
    hidden = attention.from_query.weight @ query + attention.from_key.weight @ key
    return attention.to_score.weight[0] @ torch.tanh(hidden + attention.from_key.bias)


def general() -> MultiplicativeAttention:
    return randomised(MultiplicativeAttention(QUERY, KEY))


def general_score(attention, query, key):
    return query @ attention.from_key.weight @ key


def dot() -> MultiplicativeAttention:
    return MultiplicativeAttention(KEY, KEY, "dot")


def dot_score(attention, query, key):
    return query @ key


SOFT = {
    "additive": (additive, additive_score, QUERY),
    "general": (general, general_score, QUERY),
    "dot": (dot, dot_score, KEY),
}
every_soft = pytest.mark.parametrize(("make", "score", "query_size"), SOFT.values(), ids=SOFT)


@every_soft
def test_soft_attention_is_its_equation_a_key_at_a_time(make, score, query_size):
    attention, query, keys = make(), drawn(BATCH, query_size), drawn(BATCH, SOURCE, KEY)
    context, weights = attention(query, keys, padding_mask(LENGTHS, SOURCE))
    assert context.shape == (BATCH, KEY) and weights.shape == (BATCH, SOURCE)
    for row, length in enumerate(LENGTHS.tolist()):
        its_keys = keys[row, :length]
        scores = torch.stack([score(attention, query[row], key) for key in its_keys])
        expected = scores.exp() / scores.exp().sum()
        torch.testing.assert_close(weights[row, :length], expected, **EXACT)
        assert (weights[row, length:] == 0).all()
        torch.testing.assert_close(context[row], expected @ its_keys, **EXACT)


@every_soft
def test_keys_projected_before_and_many_queries_at_once_change_nothing(make, score, query_size):
    attention, queries = make(), drawn(BATCH, STEPS, query_size)
    keys, allowed = drawn(BATCH, SOURCE, KEY), padding_mask(LENGTHS, SOURCE)
    contexts, weights = attention(queries, keys, allowed)
    projected = attention.project(keys)
    for step in range(STEPS):
        for given in (projected, None):
            context, its_weights = attention(queries[:, step], keys, allowed, given)
            torch.testing.assert_close(context, contexts[:, step], **EXACT)
            torch.testing.assert_close(its_weights, weights[:, step], **EXACT)


@every_soft
def test_a_sentence_without_words_gives_a_context_of_zeros(make, score, query_size):
    allowed = padding_mask(torch.tensor([5, 0, 4]), SOURCE)
    context, weights = make()(drawn(BATCH, query_size), drawn(BATCH, SOURCE, KEY), allowed)
    assert (context[1] == 0).all() and (weights[1] == 0).all() and (context[0] != 0).all()


def test_multiplicative_attention_that_cannot_be_is_refused():
    with pytest.raises(UserError, match="no multiplicative attention 'dott'; did you mean dot"):
        MultiplicativeAttention(4, 4, "dott")
    with pytest.raises(UserError, match="queries of 6 and keys of 4 numbers; give equal sizes"):
        MultiplicativeAttention(6, 4, "dot")


# Many heads ---------------------------------------------------------------------------------------


def by_torch(ours: MultiHeadAttention) -> nn.MultiheadAttention:
    theirs = nn.MultiheadAttention(SIZE, HEADS, batch_first=True, dtype=torch.float64)
    theirs.load_state_dict(torch_state({name: p.data for name, p in ours.named_parameters()}))
    return theirs


def torch_state(ours: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Parameters, or their gradients, under torch's names."""
    maps = ("to_queries", "to_keys", "to_values")
    return {
        "in_proj_weight": torch.cat([ours[f"{name}.weight"] for name in maps]),
        "in_proj_bias": torch.cat([ours[f"{name}.bias"] for name in maps]),
        "out_proj.weight": ours["output.weight"],
        "out_proj.bias": ours["output.bias"],
    }


@pytest.mark.parametrize("need_weights", [False, True])
@pytest.mark.parametrize("kind", ["self", "causal", "source"])
def test_many_heads_are_those_of_torch(kind, need_weights):
    ours = randomised(MultiHeadAttention(SIZE, HEADS))
    theirs = by_torch(ours)
    x = drawn(BATCH, SOURCE, SIZE).requires_grad_()
    memory = x if kind != "source" else drawn(BATCH, SOURCE, SIZE).requires_grad_()
    if kind == "causal":
        allowed, options = causal_mask(SOURCE), {"attn_mask": ~causal_mask(SOURCE)}
    else:
        mask = padding_mask(LENGTHS, SOURCE)
        allowed, options = mask[:, None], {"key_padding_mask": ~mask}

    found, weights = ours(x, memory, allowed, need_weights=need_weights)
    expected, expected_weights = theirs(
        x, memory, memory, **options, need_weights=need_weights, average_attn_weights=False
    )
    torch.testing.assert_close(found, expected, **EXACT)
    assert (weights is None) == (not need_weights)
    if need_weights:
        torch.testing.assert_close(weights, expected_weights, **EXACT)

    inputs = (x,) if kind != "source" else (x, memory)
    names = [name for name, _ in ours.named_parameters()]
    by_inputs_and_parameters = gradients(found, *inputs, *ours.parameters())
    by_inputs = by_inputs_and_parameters[: len(inputs)]
    by_name = dict(zip(names, by_inputs_and_parameters[len(inputs) :], strict=True))
    expected_gradients = gradients(expected, *inputs, *theirs.parameters())
    torch.testing.assert_close(by_inputs, expected_gradients[: len(inputs)], **EXACT)
    their_names = [name for name, _ in theirs.named_parameters()]
    expected_by_name = dict(zip(their_names, expected_gradients[len(inputs) :], strict=True))
    torch.testing.assert_close(torch_state(by_name), expected_by_name, **EXACT)


def test_heads_have_the_size_they_are_given():
    """The course's, which torch cannot express: 6 heads of 32 in a model of 128."""
    attention = randomised(MultiHeadAttention(128, 6, 32))
    assert attention.output.weight.shape == (128, 192)
    x, memory = drawn(2, STEPS, 128), drawn(2, SOURCE, 128)
    found, weights = attention(x, memory, need_weights=True)
    heads = []
    for head in range(6):
        rows = slice(32 * head, 32 * head + 32)
        queries, keys, values = (
            inputs @ linear.weight[rows].T + linear.bias[rows]
            for inputs, linear in (
                (x, attention.to_queries),
                (memory, attention.to_keys),
                (memory, attention.to_values),
            )
        )
        scores = torch.einsum("btd,bsd->bts", queries, keys) / 32**0.5
        expected = scores.softmax(dim=-1)
        torch.testing.assert_close(weights[:, head], expected, **EXACT)
        heads.append(expected @ values)
    expected = torch.cat(heads, dim=-1) @ attention.output.weight.T + attention.output.bias
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)  # sums of 192 terms near 10


@pytest.mark.parametrize("need_weights", [False, True])
def test_the_scale_of_the_course_is_that_of_smaller_queries(need_weights):
    course = randomised(MultiHeadAttention(SIZE, HEADS, scale=SIZE**0.5))
    ours = MultiHeadAttention(SIZE, HEADS).double()
    ours.load_state_dict(course.state_dict())
    x = drawn(BATCH, STEPS, SIZE)
    apart = (course(x, x)[0] - ours(x, x)[0]).abs().max()
    with torch.no_grad():
        for parameter in ours.to_queries.parameters():
            parameter *= HEADS**-0.5  # sqrt(head size) / sqrt(model size)
    found, expected = (net(x, x, need_weights=need_weights) for net in (course, ours))
    torch.testing.assert_close(found, expected, **EXACT)
    assert apart > 0.01


def test_heads_that_cannot_share_the_width_are_refused():
    with pytest.raises(UserError, match="5 heads cannot share 12 numbers; give a multiple of 5"):
        MultiHeadAttention(12, 5)


def test_keys_and_values_kept_step_by_step_find_the_same():
    attention = randomised(MultiHeadAttention(SIZE, HEADS))
    x = drawn(BATCH, STEPS, SIZE)
    expected, expected_weights = attention(x, x, causal_mask(STEPS), need_weights=True)
    kept = attention.keys_values(x[:, :0])
    for step in range(STEPS):
        one = x[:, step : step + 1]
        kept = extended(kept, attention.keys_values(one))
        found, weights = attention.look_up(one, kept, need_weights=True)
        torch.testing.assert_close(found[:, 0], expected[:, step], **EXACT)
        torch.testing.assert_close(
            weights[:, :, 0], expected_weights[:, :, step, : step + 1], **EXACT
        )


@pytest.mark.parametrize("allowed", [causal_mask(SOURCE), padding_mask(LENGTHS, SOURCE)[:, None]])
def test_masks_have_the_shapes_that_the_fast_kernel_takes(allowed):
    attention = randomised(MultiHeadAttention(SIZE, HEADS))
    x = drawn(BATCH, SOURCE, SIZE)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):  # RuntimeError where it cannot be used
        found, _ = attention(x, x, allowed)
    torch.testing.assert_close(found, attention(x, x, allowed, need_weights=True)[0], **EXACT)


@pytest.mark.parametrize("need_weights", [False, True])
def test_weights_are_dropped_while_training_alone(need_weights):
    attention = randomised(MultiHeadAttention(SIZE, HEADS, dropout=0.5))
    x = drawn(BATCH, STEPS, SIZE)
    first, second = (attention(x, x, need_weights=need_weights)[0] for _ in range(2))
    assert not torch.equal(first, second)
    attention.eval()
    first, second = (attention(x, x, need_weights=need_weights)[0] for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_weights_start_xavier_uniform():
    linear = xavier_linear(300, 100)
    bound = (6 / 400) ** 0.5
    assert bound * 0.99 < linear.weight.abs().max() <= bound
    assert linear.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert (linear.bias == 0).all()
    for each in MultiHeadAttention(SIZE, HEADS, 7).children():
        bound = (6 / (SIZE + 7 * HEADS)) ** 0.5
        assert bound * 0.9 < each.weight.abs().max() <= bound and (each.bias == 0).all()
