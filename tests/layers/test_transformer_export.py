"""A Transformer's encoder and one step of its decoder as ONNX graphs; the oracle is the modules
themselves."""

import itertools

import pytest
import torch
from torch import nn

from shinso.core.graph import graph_network
from shinso.layers.masks import padding_mask
from shinso.layers.transformer import Decoder, Encoder, LayerSettings

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.slow

BATCH, SOURCE, SIZE = 3, 5, 12
SETTINGS = LayerSettings(SIZE, heads=3, inner_size=20, activation="gelu")


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


class OneStep(nn.Module):
    """A decoder's step as a graph has it: tensors in, tensors out."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, x, keys, values, source_keys, source_values, allowed):
        state = ((keys, values),), ((source_keys, source_values),), allowed
        outputs, (((keys, values),), _, _), _ = self.decoder.step(x, state)
        return outputs, keys, values


class Memory(nn.Module):
    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, source, allowed):
        memory, _ = self.encoder(source, allowed)
        return memory


def check_graph(net: nn.Module, dynamic: list[dict[int, str]], *examples) -> None:
    """Exported from the first example, its graph answers all of them as it does."""
    program = torch.onnx.export(
        net, examples[0], dynamo=True, dynamic_shapes=tuple(dynamic), verbose=False
    )
    graph = graph_network(program.model_proto.SerializeToString())
    for inputs in examples:
        with torch.no_grad():
            expected = net(*inputs)
        expected = expected if isinstance(expected, tuple) else (expected,)
        torch.testing.assert_close(graph(*inputs), expected, rtol=0, atol=1e-5)


def test_an_encoder_exports_for_any_batch_and_length():
    net = Memory(Encoder(1, SETTINGS)).eval()
    shapes = [(BATCH, SOURCE), (1, 1), (2, 9)]
    examples = (
        (
            torch.randn(batch, steps, SIZE),
            padding_mask(torch.randint(1, steps + 1, (batch,)), steps),
        )
        for batch, steps in shapes
    )
    check_graph(net, [{0: "batch", 1: "steps"}] * 2, *examples)


def test_a_step_of_a_decoder_exports_for_any_batch_and_lengths():
    decoder = Decoder(1, SETTINGS)
    net = OneStep(decoder).eval()

    def example(batch, past, source):
        allowed = padding_mask(torch.randint(1, source + 1, (batch,)), source)
        with torch.no_grad():
            state = decoder.start(torch.randn(batch, source, SIZE), allowed)
            if past > 0:
                _, state, _ = decoder.advance(torch.randn(batch, past, SIZE), state)
        (((keys, values),), ((source_keys, source_values),), _) = state
        return torch.randn(batch, SIZE), keys, values, source_keys, source_values, allowed

    past, source = {0: "batch", 2: "past"}, {0: "batch", 2: "source"}
    dynamic = [{0: "batch"}, past, past, source, source, {0: "batch", 1: "source"}]
    shapes = itertools.product((BATCH, 1), (2, 0, 6), (SOURCE, 1))
    check_graph(net, dynamic, *(example(*shape) for shape in shapes))
