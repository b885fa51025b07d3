"""The Transformer as a translator: what stands around the stacks, whose oracle is torch's."""

import math

import pytest
import torch
from torch import nn

from shinso import api, catalog
from shinso.core.errors import UserError
from shinso.layers.positions import sinusoidal_positions
from tests.language.translation.checking import (
    check_causality,
    check_padding,
    check_search,
    check_steps,
    net_of,
    preset_parameters,
    targets,
)
from tests.language.translation.nets import sentences

NAME = "transformer"
SHAPES = pytest.mark.parametrize(
    "changes",
    (
        {"layers": 2},
        {"norm": "post", "head_size": 5, "attention_scale": "model"},
        {"positions": False, "tied": False, "norm": "none"},
        {"embedding_scale": False, "residual": False},
    ),
    ids=str,
)
CHECKS = pytest.mark.parametrize(
    "check", (check_steps, check_padding, check_causality, check_search)
)


def fresh(**changes) -> nn.Module:
    """As training begins with it."""
    system = catalog.find(NAME)
    torch.manual_seed(0)
    spec = system.spec_class(source_vocabulary=600, target_vocabulary=500)
    recipe = system.make_recipe("quick", size=64, **changes)
    return system.networks(recipe, spec)["translator"].double().eval()


@CHECKS
@SHAPES
def test_it_is_a_translator(check, changes):
    check(net_of(NAME, **changes))


@SHAPES
def test_attention_is_of_what_is_searched(changes):
    net = net_of(NAME, **changes)
    net.keeps_weights = True
    check_search(net)


# What stands around the stacks --------------------------------------------------------------------


def first_inputs(net):
    """What the encoder and the decoder are given of some sentences, and these."""
    given = {}
    for name in ("encoder", "decoder"):
        stack = getattr(net, name)
        layer = stack.layers[0]
        layer.register_forward_pre_hook(lambda _, inputs, name=name: given.update({name: inputs}))
    source, lengths = sentences()
    target = targets(len(source))
    net(source, lengths, target)
    return given["encoder"][0], given["decoder"][0], source, target


@torch.no_grad()
@pytest.mark.parametrize("scaled", (True, False))
def test_words_and_positions_are_added(scaled):
    net = net_of(NAME, embedding_scale=scaled)
    read, written, source, target = first_inputs(net)
    factor = math.sqrt(32) if scaled else 1
    for found, embedding, tokens in (
        (read, net.source_embedding, source),
        (written, net.target_embedding, target),
    ):
        places = sinusoidal_positions(tokens.shape[1], 32, start=1, dtype=torch.float64)
        torch.testing.assert_close(found, factor * embedding.weight[tokens] + places)


@torch.no_grad()
def test_without_positions_the_order_of_the_sentence_does_not_count():
    source, lengths = torch.tensor([[4, 5, 6, 7, 2]]), torch.tensor([5])
    mixed = source[:, [3, 0, 4, 1, 2]]
    target = targets(1)
    for positions in (True, False):
        net = net_of(NAME, positions=positions)
        one, other = (net(words, lengths, target) for words in (source, mixed))
        assert torch.allclose(one, other, rtol=0, atol=1e-10) is not positions


@torch.no_grad()
def test_tied_logits_start_small_only_where_vectors_are_scaled():
    source = torch.randint(4, 600, (8, 9))
    target = torch.randint(4, 500, (8, 12))
    lengths = torch.full((8,), 9)
    deviation = {
        scaled: fresh(embedding_scale=scaled)(source, lengths, target).std().item()
        for scaled in (True, False)
    }
    assert deviation[True] == pytest.approx(1, rel=0.2)
    assert deviation[False] == pytest.approx(math.sqrt(64), rel=0.2)
    assert fresh(tied=False)(source, lengths, target).std().item() == pytest.approx(1, rel=0.2)


def test_tied_vectors_are_one_table():
    assert (net := fresh()).output.weight is net.target_embedding.weight
    assert (net := fresh(tied=False)).output.weight is not net.target_embedding.weight


def test_dropout_of_embeddings_is_on_the_sums():
    net = fresh(embedding_dropout=0.5).train()
    (read, *_) = first_inputs(net)
    assert (read == 0).double().mean() == pytest.approx(0.5, abs=0.05)


def test_weights_are_the_mean_over_the_heads_of_the_last_layer():
    net = net_of(NAME, layers=2)
    source, lengths = sentences()
    state = net.start(source, lengths)
    tokens = targets(len(source))[:, 0]
    logits, _, none = net.step(tokens, state)
    net.keeps_weights = True
    same, _, weights = net.step(tokens, state)
    assert none is None
    torch.testing.assert_close(same, logits)
    vectors = math.sqrt(32) * net.target_embedding(tokens)
    vectors = vectors + sinusoidal_positions(1, 32, start=1, dtype=torch.float64)
    _, _, of_layers = net.decoder.step(vectors, state, need_weights=True)
    torch.testing.assert_close(weights, of_layers[1].mean(dim=1))
    assert (weights[source == 0] == 0).all()


# Recipe -------------------------------------------------------------------------------------------


def test_the_course_s_has_as_many_parameters_as_counted_by_hand():
    attention = 3 * (128 * 192 + 192) + 192 * 128 + 128
    feed_forward = 128 * 256 + 256 + 256 * 128 + 128
    norm = 2 * 128
    layers = 3 * (3 * attention + 2 * feed_forward + 5 * norm)
    words = (3_725 + 4_405) * 128  # the decoder's are the output's
    assert preset_parameters(NAME, "course") == words + layers == 2_331_072  # 2.33 M


def test_the_scale_of_the_course_is_the_model_s():
    scales = {
        scale: net_of(NAME, attention_scale=scale).decoder.layers[0].source_attention.scale
        for scale in ("head", "model")
    }
    assert scales == {"head": math.sqrt(16), "model": math.sqrt(32)}


@pytest.mark.parametrize(
    ("changes", "said"),
    (
        ({"size": 33, "heads": 3}, "--size 33 is odd; positions need an even one"),
        ({"size": 64, "heads": 3}, "--heads 3 cannot share --size 64"),
    ),
)
def test_sizes_that_do_not_fit_are_said(changes, said):
    with pytest.raises(UserError, match=said):
        catalog.find(NAME).make_recipe("quick", **changes)
    catalog.find(NAME).make_recipe("quick", **changes, positions=False, head_size=8)


@pytest.mark.slow
def test_exported_it_translates_as_before(tmp_path):
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    recipe = catalog.find(NAME).make_recipe("quick", steps=40)
    run = api.train(recipe, "numerals", tmp_path / "run")
    api.use_lever("export", run.folder, tmp_path / "onnx")
    sentences = ["four hundred and twelve", "seven", "one thousand and thirty"]
    before, after = (
        [(made.text, made.score) for made in api.load(place).predict_all(sentences)]
        for place in (run.folder, tmp_path / "onnx")
    )
    assert [text for text, _ in before] == [text for text, _ in after]
    assert [score for _, score in before] == pytest.approx([score for _, score in after], abs=1e-4)
