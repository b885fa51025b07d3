"""A recurrent stack as an ONNX graph, by the export lever; the stack itself is the oracle."""

import dataclasses

import pytest
import torch
from torch import nn

from shinso import catalog
from shinso.core.artifact import Artifact
from shinso.core.errors import ShinsoError
from shinso.core.graph import graph_network
from shinso.core.system import System
from shinso.layers.stack import RecurrentStack
from shinso.levers.export import export

STEPS, INPUTS, HIDDEN = 6, 3, 5


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


class StepsAndState(nn.Module):
    """A network as a system has it: tensors in, tensors out."""

    def __init__(self, stack: RecurrentStack) -> None:
        super().__init__()
        self.stack = stack

    def forward(self, inputs, *state):
        outputs, state = self.stack(inputs, state)
        return outputs, *state


def graph_of(stack: RecurrentStack, *, any_length: bool) -> bytes:
    """What the export lever makes of it, for any batch and, where asked for, any length."""
    inputs = torch.zeros(1, STEPS, INPUTS)
    state = stack.initial_state(inputs)
    dynamic = {0: {0: "batch", 1: "steps"} if any_length else {0: "batch"}}
    dynamic |= {1 + i: {1: "batch"} for i in range(len(state))}
    examples = {"net": ((inputs, *state), dynamic)}

    class Row(System):
        def load(self, part):
            return (lambda recipe, spec: examples) if part == "example_inputs" else None

    row = dataclasses.replace(catalog.find("mlp"), standalone=None)
    system = Row(**{field.name: getattr(row, field.name) for field in dataclasses.fields(row)})
    artifact = Artifact("mlp", row.make_recipe("quick"), None)
    artifact.modules = {"net": StepsAndState(stack)}
    exported, done = export(system, artifact, None)
    assert done["largest_difference"] <= 1e-5
    return exported.graphs["net"]


def check_graph(graph: bytes, stack: RecurrentStack, batch: int, steps: int) -> None:
    inputs = torch.randn(batch, steps, INPUTS)
    state = tuple(torch.randn(zeros.shape) for zeros in stack.initial_state(inputs))
    found = graph_network(graph)(inputs, *state)
    with torch.no_grad():
        outputs, last = stack(inputs, state)
    torch.testing.assert_close(found, (outputs, *last), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("cell", "node"), [("lstm", "LSTM"), ("gru-reset-after", "GRU")])
def test_a_fused_stack_exports_as_one_node_a_layer(cell, node):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    if cell == "lstm" and torch.__version__ < "2.13":
        pytest.skip("this torch gives an exported LSTM's last state a dimension too many")
    any_length = torch.__version__ >= "2.15"
    stack = RecurrentStack(cell, INPUTS, HIDDEN, 2)
    graph = graph_of(stack, any_length=any_length)
    nodes = [each.op_type for each in onnx.load_from_string(graph).graph.node]
    assert nodes.count(node) == 2 and "MatMul" not in nodes
    for batch in (1, 5):
        check_graph(graph, stack, batch, STEPS)
    for steps in (1, 2 * STEPS) if any_length else ():
        check_graph(graph, stack, 3, steps)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "fused", "bidirectional"),
    [("rnn", True, False), ("lstm-peephole", False, False), ("gru", False, True)],
)
def test_the_others_export_with_any_batch_at_one_length(cell, fused, bidirectional):
    pytest.importorskip("onnxscript")
    stack = RecurrentStack(cell, INPUTS, HIDDEN, bidirectional=bidirectional, fused=fused)
    graph = graph_of(stack, any_length=False)
    for batch in (1, 5):
        check_graph(graph, stack, batch, STEPS)
    with pytest.raises(ShinsoError):
        graph_of(stack, any_length=True)
