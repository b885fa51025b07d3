"""Oracles: torch's Transformer layers with the same weights; and for decoding step by step, the
pass over the whole target."""

import pytest
import torch
from torch import nn

from shinso.core.errors import UserError
from shinso.layers.masks import causal_mask, padding_mask
from shinso.layers.transformer import (
    Decoder,
    DecoderLayer,
    Encoder,
    EncoderLayer,
    FeedForward,
    LayerSettings,
    SublayerConnection,
    steps_taken,
)

BATCH, STEPS, SOURCE, SIZE, HEADS, INNER = 3, 4, 5, 12, 3, 20
LENGTHS = torch.tensor([5, 2, 4])
EXACT = {"rtol": 0, "atol": 1e-12}

every_norm = pytest.mark.parametrize("norm", ["pre", "post", "none"])


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def settings(**changes) -> LayerSettings:
    return LayerSettings(SIZE, HEADS, INNER, **changes)


def randomised(module: nn.Module) -> nn.Module:
    """In float64, every parameter drawn, biases and gains too; without dropout."""
    module = module.double().eval()
    for name, parameter in module.named_parameters():
        gain = parameter.dim() == 1 and name.endswith("weight")
        nn.init.normal_(parameter, 1.0 if gain else 0.0, 0.3)
    return module


def gradients(outputs: torch.Tensor, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Of a fixed mixture of the outputs."""
    mixture = torch.linspace(-1, 2, outputs.numel(), dtype=outputs.dtype).view_as(outputs)
    return torch.autograd.grad((outputs * mixture).sum(), inputs, retain_graph=True)


# Beside torch's layers ----------------------------------------------------------------------------


def torch_state(ours: dict[str, torch.Tensor], parts: dict[str, str]) -> dict[str, torch.Tensor]:
    """Our parameters, or their gradients, under torch's names. `parts` are our parts of a layer by
    the names of torch's attention; norms are numbered in their order, the feed-forward net's last.
    """
    found = {}
    for number, (theirs, part) in enumerate([*parts.items(), ("linear", "feed_forward")], start=1):
        around = f"around_{part}"
        for kind in ("weight", "bias"):
            (norm,) = (
                name for name in ours if name.startswith(around) and name.endswith(f".{kind}")
            )
            found[f"norm{number}.{kind}"] = ours[norm]
            if theirs == "linear":
                found[f"linear1.{kind}"] = ours[f"{part}.inner.{kind}"]
                found[f"linear2.{kind}"] = ours[f"{part}.outer.{kind}"]
            else:
                maps = (f"{part}.to_{name}.{kind}" for name in ("queries", "keys", "values"))
                found[f"{theirs}.in_proj_{kind}"] = torch.cat([ours[name] for name in maps])
                found[f"{theirs}.out_proj.{kind}"] = ours[f"{part}.output.{kind}"]
    return found


def check_against_torch(ours, theirs, parts, call, torch_call, inputs):
    """Outputs, and gradients by inputs and parameters, are torch's with our weights."""
    names = [name for name, _ in ours.named_parameters()]
    theirs.load_state_dict(torch_state(dict(zip(names, ours.parameters(), strict=True)), parts))
    outputs, expected = call(ours), torch_call(theirs)
    torch.testing.assert_close(outputs, expected, **EXACT)

    found = gradients(outputs, *inputs, *ours.parameters())
    by_torch = gradients(expected, *inputs, *theirs.parameters())
    count = len(inputs)
    torch.testing.assert_close(found[:count], by_torch[:count], **EXACT)
    by_name = torch_state(dict(zip(names, found[count:], strict=True)), parts)
    their_names = [name for name, _ in theirs.named_parameters()]
    expected_by_name = dict(zip(their_names, by_torch[count:], strict=True))
    torch.testing.assert_close(by_name, expected_by_name, **EXACT)


def torch_layer(kind: type[nn.Module], norm: str, activation: str) -> nn.Module:
    layer = kind(
        SIZE,
        HEADS,
        INNER,
        activation=activation,
        norm_first=norm == "pre",
        batch_first=True,
        dtype=torch.float64,
    )
    return layer.eval()


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm", ["pre", "post"])
def test_an_encoder_layer_is_that_of_torch(norm, activation):
    x = drawn(BATCH, SOURCE, SIZE).requires_grad_()
    allowed = padding_mask(LENGTHS, SOURCE)
    check_against_torch(
        randomised(EncoderLayer(settings(norm=norm, activation=activation))),
        torch_layer(nn.TransformerEncoderLayer, norm, activation),
        {"self_attn": "attention"},
        lambda layer: layer(x, allowed[:, None])[0],
        lambda layer: layer(x, src_key_padding_mask=~allowed),
        [x],
    )


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm", ["pre", "post"])
def test_a_decoder_layer_is_that_of_torch(norm, activation):
    x = drawn(BATCH, STEPS, SIZE).requires_grad_()
    memory = drawn(BATCH, SOURCE, SIZE).requires_grad_()
    allowed = padding_mask(LENGTHS, SOURCE)
    check_against_torch(
        randomised(DecoderLayer(settings(norm=norm, activation=activation))),
        torch_layer(nn.TransformerDecoderLayer, norm, activation),
        {"self_attn": "self_attention", "multihead_attn": "source_attention"},
        lambda layer: layer(x, *layer.start(memory), causal_mask(STEPS), allowed[:, None])[0],
        lambda layer: layer(
            x, memory, tgt_mask=~causal_mask(STEPS), memory_key_padding_mask=~allowed
        ),
        [x, memory],
    )


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_a_stack_of_encoder_layers_is_that_of_torch(norm):
    ours = randomised(Encoder(2, settings(norm=norm)))
    layer = torch_layer(nn.TransformerEncoderLayer, norm, "relu")
    final_norm = nn.LayerNorm(SIZE, dtype=torch.float64) if norm == "pre" else None
    theirs = nn.TransformerEncoder(layer, 2, final_norm, enable_nested_tensor=False).eval()
    for our_layer, their_layer in zip(ours.layers, theirs.layers, strict=True):
        state = torch_state(our_layer.state_dict(), {"self_attn": "attention"})
        their_layer.load_state_dict(state)
    if final_norm is not None:
        theirs.norm.load_state_dict(ours.final_norm.state_dict())
    x, allowed = drawn(BATCH, SOURCE, SIZE), padding_mask(LENGTHS, SOURCE)
    found, _ = ours(x, allowed)
    expected = theirs(x, src_key_padding_mask=~allowed)  # with zeros where it is padded
    torch.testing.assert_close(found[allowed], expected[allowed], **EXACT)


# Parts --------------------------------------------------------------------------------------------

NORM = nn.LayerNorm(SIZE, dtype=torch.float64)  # as a fresh one is


@pytest.mark.parametrize(
    ("norm", "residual", "expected"),
    [
        ("pre", True, lambda x: x + torch.sin(NORM(x))),
        ("post", True, lambda x: NORM(x + torch.sin(x))),
        ("none", True, lambda x: x + torch.sin(x)),
        ("pre", False, lambda x: torch.sin(NORM(x))),
        ("post", False, lambda x: NORM(torch.sin(x))),
        ("none", False, lambda x: torch.sin(x)),
    ],
)
def test_what_stands_around_a_part_is_its_equation(norm, residual, expected):
    around = SublayerConnection(settings(norm=norm, residual=residual)).double()
    x = drawn(BATCH, STEPS, SIZE)
    torch.testing.assert_close(around(x, torch.sin(around.before(x))), expected(x), **EXACT)


def test_dropout_is_on_what_a_part_adds_alone():
    x, update = drawn(BATCH, 40, SIZE), 1 + drawn(BATCH, 40, SIZE) ** 2
    around = SublayerConnection(settings(norm="none", dropout=0.25)).double()
    added = around(x, update) - x
    kept = added.abs() > 1e-9
    torch.testing.assert_close(added[kept], update[kept] / 0.75, **EXACT)
    assert kept.double().mean() == pytest.approx(0.75, abs=0.04)
    torch.testing.assert_close(around.eval()(x, update), x + update, **EXACT)


def test_inner_dropout_is_on_the_inner_layer_alone():
    net = FeedForward(settings(inner_dropout=0.25)).double()
    with torch.no_grad():  # what comes out is the sum of the inner layer's numbers, all of them 1
        net.inner.weight.zero_()
        net.inner.bias.fill_(1)
        net.outer.weight.fill_(1)
    kept = net(drawn(BATCH, 40, SIZE)) * 0.75
    torch.testing.assert_close(kept, kept.round(), **EXACT)
    assert kept.mean().item() == pytest.approx(0.75 * INNER, abs=1)
    assert (net.eval()(drawn(BATCH, 40, SIZE)) == INNER).all()


def test_settings_reach_every_part():
    layer = DecoderLayer(settings(head_size=5, scale=2.0, dropout=0.25, inner_dropout=0.5))
    attentions = layer.self_attention, layer.source_attention
    assert [(each.scale, each.dropout) for each in attentions] == [(2.0, 0.5)] * 2
    assert [each.output.in_features for each in attentions] == [15] * 2
    arounds = [part for part in layer.children() if isinstance(part, SublayerConnection)]
    assert [each.dropout for each in arounds] == [0.25] * 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"norm": "prae"}, "no norm 'prae'; did you mean pre"),
        ({"activation": "gelo"}, "no activation 'gelo'; did you mean gelu"),
    ],
)
def test_settings_that_are_none_are_refused(changes, message):
    with pytest.raises(UserError, match=message):
        settings(**changes)


def test_the_stacks_of_the_course_have_as_many_parameters_as_counted_by_hand():
    course = LayerSettings(128, 6, 256, head_size=32, norm="post")
    attention = 3 * (128 * 192 + 192) + 192 * 128 + 128
    feed_forward = 128 * 256 + 256 + 256 * 128 + 128
    norm = 2 * 128
    expected = (
        3 * (attention + feed_forward + 2 * norm),
        3 * (2 * attention + feed_forward + 3 * norm),
    )
    stacks = Encoder(3, course), Decoder(3, course)
    counted = tuple(sum(p.numel() for p in stack.parameters()) for stack in stacks)
    assert counted == expected


# The whole stacks ---------------------------------------------------------------------------------


def stacks(norm: str = "pre", **changes) -> tuple[Encoder, Decoder]:
    both = settings(norm=norm, **changes)
    return randomised(Encoder(2, both)), randomised(Decoder(2, both))


def sentences() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return drawn(BATCH, SOURCE, SIZE), padding_mask(LENGTHS, SOURCE), drawn(BATCH, STEPS, SIZE)


@every_norm
@pytest.mark.parametrize("residual", [True, False])
def test_no_output_can_be_moved_by_a_later_input(norm, residual):
    _, decoder = stacks(norm, residual=residual)
    memory, allowed, target = sentences()
    slopes = torch.autograd.functional.jacobian(
        lambda x: decoder(x, memory, allowed)[0].sum(dim=(0, 2)), target
    )  # (T, B, T, D)
    influence = slopes.abs().sum(dim=(1, 3))  # (T, T) of an input on an output
    later = ~causal_mask(STEPS)
    assert (influence[later] == 0).all()
    assert (influence[~later] > 0).all()


@every_norm
@pytest.mark.parametrize("head_size", [None, 7])
def test_steps_are_the_pass_over_the_whole_target(norm, head_size):
    encoder, decoder = stacks(norm, head_size=head_size)
    source, allowed, target = sentences()
    memory, _ = encoder(source, allowed)
    expected, expected_weights = decoder(target, memory, allowed, need_weights=True)
    state = decoder.start(memory, allowed)
    for step in range(STEPS):
        assert steps_taken(state) == step
        fused, _, no_weights = decoder.step(target[:, step], state)
        outputs, state, weights = decoder.step(target[:, step], state, need_weights=True)
        assert no_weights == ()
        torch.testing.assert_close(fused, outputs, **EXACT)
        torch.testing.assert_close(outputs, expected[:, step], **EXACT)
        for its, whole in zip(weights, expected_weights, strict=True):
            torch.testing.assert_close(its, whole[:, :, step], **EXACT)


def test_some_steps_at_once_are_as_many_one_by_one():
    _, decoder = stacks()
    memory, allowed, target = sentences()
    expected, _ = decoder(target, memory, allowed)
    _, state, _ = decoder.step(target[:, 0], decoder.start(memory, allowed))
    outputs, state, _ = decoder.advance(target[:, 1:], state)
    torch.testing.assert_close(outputs, expected[:, 1:], **EXACT)
    assert steps_taken(state) == STEPS


def picked(state, rows):
    if isinstance(state, torch.Tensor):
        return state.index_select(0, rows)
    return tuple(picked(part, rows) for part in state)


@pytest.mark.parametrize("after", [0, 2])
def test_rows_of_a_state_can_be_picked_and_repeated(after):
    _, decoder = stacks()
    memory, allowed, target = sentences()
    expected, _ = decoder(target, memory, allowed)
    rows = torch.tensor([2, 0, 0, 1, 2])
    state = decoder.start(memory, allowed)
    for step in range(STEPS):
        if step == after:
            state, target, expected = picked((state, target, expected), rows)
        outputs, state, _ = decoder.step(target[:, step], state)
        torch.testing.assert_close(outputs, expected[:, step], **EXACT)
    assert len(outputs) == 5


@every_norm
def test_padding_changes_nothing(norm):
    encoder, decoder = stacks(norm)
    source, allowed, target = sentences()
    memory, weights = encoder(source, allowed, need_weights=True)
    outputs, source_weights = decoder(target, memory, allowed, need_weights=True)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = source[row : row + 1, :length]
        whole = torch.ones(1, length, dtype=torch.bool)
        its_memory, its_weights = encoder(alone, whole, need_weights=True)
        torch.testing.assert_close(memory[row, :length], its_memory[0], **EXACT)
        for padded, its in zip(weights, its_weights, strict=True):
            torch.testing.assert_close(padded[row, :, :length, :length], its[0], **EXACT)

        shorter = target[row : row + 1, : STEPS - 1]
        its_outputs, its_weights = decoder(shorter, its_memory, whole, need_weights=True)
        torch.testing.assert_close(outputs[row, : STEPS - 1], its_outputs[0], **EXACT)
        for padded, its in zip(source_weights, its_weights, strict=True):
            assert (padded[row, :, :, length:] == 0).all()
            torch.testing.assert_close(padded[row, :, : STEPS - 1, :length], its[0], **EXACT)


def test_asking_for_weights_changes_nothing():
    encoder, decoder = stacks()
    source, allowed, target = sentences()
    (memory, none), (same, weights) = (
        encoder(source, allowed, need_weights=need) for need in (False, True)
    )
    torch.testing.assert_close(memory, same, **EXACT)
    assert none == () and [each.shape for each in weights] == [(BATCH, HEADS, SOURCE, SOURCE)] * 2
    (outputs, none), (same, weights) = (
        decoder(target, memory, allowed, need_weights=need) for need in (False, True)
    )
    torch.testing.assert_close(outputs, same, **EXACT)
    assert none == () and [each.shape for each in weights] == [(BATCH, HEADS, STEPS, SOURCE)] * 2


def test_in_bfloat16_outputs_and_every_gradient_are_those_of_float32_roughly():
    encoder, decoder = (stack.float() for stack in stacks())
    parameters = [*encoder.parameters(), *decoder.parameters()]
    source, allowed, target = (each.float() for each in sentences())
    allowed = allowed.bool()
    found = {}
    for low in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            outputs, _ = decoder(target, encoder(source, allowed)[0], allowed)
        found[low] = outputs, gradients(outputs, *parameters)
    torch.testing.assert_close(found[True][0], found[False][0], rtol=0, atol=0.1)
    largest = max(gradient.abs().max() for gradient in found[False][1])
    for low, high in zip(found[True][1], found[False][1], strict=True):
        assert (low - high).abs().max() < 0.02 * largest
        assert (low != 0).any() and low.dtype == torch.float32
