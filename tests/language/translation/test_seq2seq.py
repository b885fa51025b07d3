"""The recurrent encoder-decoder, beside its equations step by step with torch's cells."""

import pytest
import torch
from torch import nn

from shinso.language.seq2seq.model import reversed_sentences
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

SHAPES = pytest.mark.parametrize(
    "changes",
    (
        {},
        {"context": False, "reverse": True, "layers": 2},
        {"cell": "lstm", "layers": 2},
        {"cell": "gru"},
    ),
    ids=str,
)
CHECKS = pytest.mark.parametrize(
    "check", (check_steps, check_padding, check_causality, check_search)
)


@CHECKS
@SHAPES
def test_it_is_a_translator(check, changes):
    check(net_of("seq2seq", **changes))


@torch.no_grad()
@pytest.mark.parametrize("context", (True, False))
@pytest.mark.parametrize("reverse", (True, False))
def test_it_is_its_equations(context, reverse):
    net = net_of("seq2seq", context=context, reverse=reverse)
    source, lengths = sentences()
    target = targets(len(source))
    found = net(source, lengths, target)
    encoder, decoder = (torch_cell(stack.kernel) for stack in (net.encoder, net.decoder))
    for row, length in enumerate(lengths.tolist()):
        words = source[row, :length].tolist()
        hidden = torch.zeros(1, net.encoder.hidden_size, dtype=torch.float64)
        for word in reversed(words) if reverse else words:
            hidden = encoder(net.source_embedding.weight[word][None], hidden)
        told = hidden if context else hidden[:, :0]
        for position, word in enumerate(target[row].tolist()):
            vector = net.target_embedding.weight[word][None]
            hidden = decoder(torch.cat([vector, told], dim=1), hidden)
            expected = hidden @ net.output.weight.T + net.output.bias
            torch.testing.assert_close(found[row, position], expected[0], rtol=0, atol=1e-10)


def torch_cell(kernel: nn.GRU) -> nn.GRUCell:
    cell = nn.GRUCell(kernel.input_size, kernel.hidden_size, dtype=torch.float64)
    cell.load_state_dict({name.removesuffix("_l0"): w for name, w in kernel.state_dict().items()})
    return cell


def test_a_sentence_is_reversed_within_its_length():
    source = torch.tensor([[5, 6, 7, 2], [5, 2, 0, 0], [9, 8, 2, 0]])
    expected = [[2, 7, 6, 5], [2, 5, 0, 0], [2, 8, 9, 0]]
    assert reversed_sentences(source, torch.tensor([4, 2, 3])).tolist() == expected


def test_the_course_s_has_as_many_parameters_as_counted_by_hand():
    words, gru = (3_725 + 4_405) * 256, 3 * 256 * (256 + 256) + 2 * 3 * 256
    assert preset_parameters("seq2seq", "course") == words + 2 * gru + 256 * 4_405 + 4_405
    assert words + 2 * gru + 256 * 4_405 + 4_405 == 4_002_869  # 4.00 M


def test_dropout_is_on_while_it_learns_alone():
    net = net_of("seq2seq", dropout=0.5)
    source, lengths = sentences()
    target = targets(len(source))
    once, again = (net(source, lengths, target) for _ in range(2))
    assert torch.equal(once, again)
    once, again = (net.train()(source, lengths, target) for _ in range(2))
    assert not torch.equal(once, again)
