"""The encoder-decoder with attention, beside its equations step by step with torch's cells."""

import pytest
import torch
from torch import nn

from shinso import catalog
from shinso.core.errors import UserError
from shinso.language.seq2seq_attention.model import side_by_side
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

NAME = "seq2seq-attention"
SHAPES = pytest.mark.parametrize(
    "changes",
    (
        {},
        {"feeding": False, "score": "dot"},
        {"score": "additive", "cell": "lstm", "layers": 2},
        {"feeding": False, "cell": "gru", "layers": 2},
    ),
    ids=str,
)
CHECKS = pytest.mark.parametrize(
    "check", (check_steps, check_padding, check_causality, check_search)
)


@CHECKS
@SHAPES
def test_it_is_a_translator(check, changes):
    check(net_of(NAME, **changes))


@SHAPES
def test_attention_is_of_what_is_searched(changes):
    net = net_of(NAME, **changes)
    net.keeps_weights = True
    check_search(net)


@torch.no_grad()
@pytest.mark.parametrize("feeding", (True, False))
@pytest.mark.parametrize("score", ("additive", "general", "dot"))
def test_it_is_its_equations(score, feeding):
    net = net_of(NAME, score=score, feeding=feeding)
    source, lengths = sentences()
    target = targets(len(source))
    found = net(source, lengths, target)
    forward, backward = (torch_cell(net.encoder.kernel, end) for end in ("", "_reverse"))
    decoder = torch_cell(net.decoder.kernel)
    for row, length in enumerate(lengths.tolist()):
        vectors = net.source_embedding.weight[source[row, :length]]  # (S, E)
        there, back = passed(forward, vectors), passed(backward, vectors.flip(0)).flip(0)
        states = torch.cat([there, back], dim=1)  # (S, H)
        hidden = torch.cat([there[-1], back[0]])[None]  # (1, H)
        attended = torch.zeros_like(hidden)
        for position, word in enumerate(target[row].tolist()):
            vector = net.target_embedding.weight[word][None]
            hidden = decoder(torch.cat([vector, attended], 1) if feeding else vector, hidden)
            weights = torch.stack([score_of(net, score, hidden[0], h) for h in states]).softmax(0)
            looked_up = (weights[:, None] * states).sum(dim=0)[None]
            joined = torch.cat([looked_up, hidden], dim=1)
            attended = torch.tanh(joined @ net.combine.weight.T + net.combine.bias)
            expected = attended @ net.output.weight.T + net.output.bias
            torch.testing.assert_close(found[row, position], expected[0], rtol=0, atol=1e-10)


def score_of(net, score, query, key):
    attention = net.attention
    if score == "dot":
        return query @ key
    if score == "general":
        return query @ (attention.from_key.weight @ key)
    inner = attention.from_query.weight @ query + attention.from_key.weight @ key
    return attention.to_score.weight[0] @ torch.tanh(inner + attention.from_key.bias)


def passed(cell, vectors):
    """(S, D) to the states (S, H) after each."""
    hidden = torch.zeros(1, cell.hidden_size, dtype=torch.float64)
    states = []
    for vector in vectors:
        hidden = cell(vector[None], hidden)
        states.append(hidden[0])
    return torch.stack(states)


def torch_cell(kernel: nn.GRU, end: str = "") -> nn.GRUCell:
    cell = nn.GRUCell(kernel.input_size, kernel.hidden_size, dtype=torch.float64)
    weights = kernel.state_dict()
    cell.load_state_dict({name: weights[f"{name}_l0{end}"] for name in cell.state_dict()})
    return cell


def test_both_directions_of_a_layer_stand_side_by_side():
    state = torch.arange(4 * 3 * 2).view(4, 3, 2)  # two layers, three sentences, two units each
    (rows,) = side_by_side((state,))
    assert rows.shape == (3, 2, 4)
    for layer in range(2):
        for sentence in range(3):
            both = [*state[2 * layer, sentence], *state[2 * layer + 1, sentence]]
            assert rows[sentence, layer].tolist() == both


def test_weights_are_given_where_they_are_asked_for():
    net = net_of(NAME)
    source, lengths = sentences()
    state, tokens = net.start(source, lengths), targets(len(source))[:, 0]
    assert net.step(tokens, state)[2] is None
    net.keeps_weights = True
    weights = net.step(tokens, state)[2]
    assert weights.shape == source.shape
    assert (weights[source == 0] == 0).all() and (weights[source != 0] > 0).all()


def test_an_odd_size_has_no_halves():
    with pytest.raises(UserError, match="--hidden 33 has no half for each direction"):
        catalog.find(NAME).make_recipe(hidden=33)


def test_the_course_s_has_as_many_parameters_as_counted_by_hand():
    words = (3_725 + 4_405) * 256
    encoder = 2 * (3 * 128 * (256 + 128) + 2 * 3 * 128)
    decoder = 3 * 256 * (256 + 256) + 2 * 3 * 256
    attention = 256 * 256 + (256 * 256 + 256) + 256 + (512 * 256 + 256)
    expected = words + encoder + decoder + attention + 256 * 4_405 + 4_405
    assert preset_parameters(NAME, "course") == expected
