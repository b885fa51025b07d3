"""Fine-tuning for int8: rounding as a graph rounds, and what it wins back."""

import os
import signal

import pytest
import torch
from torch import nn

from shinso import api, catalog, quantising
from shinso.core.errors import Interrupted, UserError
from shinso.levers import int8
from shinso.levers.export import export
from shinso.levers.fake_int8 import (
    Rounded,
    ranges,
    rounded_inputs,
    rounded_weight,
    with_rounding,
    without_rounding,
)
from shinso.levers.int8_training import Int8Learner
from tests.cli.command import refused
from tests.levers.making import made
from tests.proof.forked import assert_same, outcome

# Rounding -----------------------------------------------------------------------------------------


def test_weights_are_rounded_to_255_steps_of_each_channel():
    weight = torch.tensor([[[[1.27, -0.004, 0.006, 0.5]]], [[[0.0, 0.0, 0.0, 0.0]]]])
    weight.requires_grad_()
    rounded = rounded_weight(weight)
    expected = torch.tensor([[[[1.27, 0.0, 0.01, 0.5]]], [[[0.0] * 4]]])
    assert torch.allclose(rounded, expected, atol=1e-7)
    rounded.sum().backward()
    assert torch.equal(weight.grad, torch.ones_like(weight))


def test_inputs_are_rounded_within_their_range_and_zero_is_exact():
    inputs = torch.tensor([-9.0, -0.6, 0.0, 0.3, 1.2, 9.0], requires_grad=True)
    low, high = torch.tensor(-1.0), torch.tensor(1.55)  # 0.01 a step
    rounded = rounded_inputs(inputs, low, high)
    assert torch.allclose(rounded, torch.tensor([-1.0, -0.6, 0.0, 0.3, 1.2, 1.55]), atol=1e-6)
    rounded.sum().backward()
    assert inputs.grad.tolist() == [0, 1, 1, 1, 1, 0]


def test_ranges_are_a_moving_average_with_zero_in_them():
    layer = Rounded(nn.Linear(2, 3))
    layer(torch.tensor([[0.5, 2.0]]))
    assert (float(layer.low), float(layer.high)) == (0.0, 2.0)
    layer(torch.tensor([[-1.0, 4.0]]))
    assert (float(layer.low), float(layer.high)) == pytest.approx((-0.01, 2.02))
    layer.eval()(torch.tensor([[-50.0, 50.0]]))
    assert float(layer.high) == pytest.approx(2.02), "looked at in training alone"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 6, 3, stride=2)
        self.output = nn.Linear(6 * 9, 5)

    def forward(self, images):
        maps = self.second(self.first(images).relu()).relu()
        return self.output(maps.flatten(1))


def test_the_graph_computes_what_was_trained(tmp_path):
    """Each activation is the next layer's input, so all that the graph rounds is rounded here."""
    torch.manual_seed(0)
    source = made("lenet", tmp_path / "a")
    source.spec, source.modules = source.spec.changed(size=8), {"classifier": Net()}
    rounding = with_rounding(source.modules["classifier"]).train()
    images = torch.randn(40, 1, 8, 8)
    for batch in images.split(10):
        rounding(batch)
    source.modules = {"classifier": without_rounding(rounding.eval())}
    exported, _ = export(catalog.find("lenet"), source, None)
    learned = ranges(rounding)
    assert [*learned] == ["first.weight", "second.weight", "output.weight"]
    calls = [(0.5 * images,)]  # they tell other ranges than those learned
    graph = int8.static("classifier", exported.graphs["classifier"], calls, learned)
    source.modules, source.graphs = {}, {"classifier": graph}
    (found,) = source.network("classifier")(images)
    source.graphs = {"plain": int8.static("classifier", exported.graphs["classifier"], calls)}
    (otherwise,) = source.network("plain")(images)
    with torch.no_grad():
        expected = rounding(images)
        step = learned["output.weight"][1] / 255 * rounding.output.layer.weight.abs().max()
    differences = (found - expected).abs()
    assert float(differences.median()) < 1e-5
    # A sum half-way between two steps may fall to either side, and what reads it with it.
    assert float(differences.max()) < 4 * step
    assert float((otherwise - expected).abs().max()) > 20 * step


def test_layers_come_back_as_they_were():
    net = Net()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    plain = without_rounding(with_rounding(net))
    assert plain.state_dict().keys() == before.keys()
    assert all(torch.equal(plain.state_dict()[name], before[name]) for name in before)


# The verb -----------------------------------------------------------------------------------------

TRAINING = {"epochs": 2, "learning_rate": 2e-3}


@pytest.fixture(scope="module")
def lopsided(tmp_path_factory):
    """A net that int8 hurts: one unit of its first layer is so large that the others' activations
    fall between two steps of their common range. What reads it makes up for that in float32."""
    folder = tmp_path_factory.mktemp("lopsided")
    recipe = catalog.find("lenet").make_recipe("quick", epochs=4)
    run = api.train(recipe, "digits", folder / "run", threads=1)
    artifact = catalog.open_artifact(run.folder)
    net = artifact.modules["classifier"]
    first, second = (m for m in net.modules() if isinstance(m, nn.Conv2d))
    with torch.no_grad():
        first.weight[0] *= 400
        first.bias[0] *= 400
        second.weight[:, 0] /= 400
    artifact.save(folder / "net")
    return folder / "net"


def test_it_wins_back_what_rounding_costs(lopsided, tmp_path):
    static = quantising.quantise(lopsided, tmp_path / "static", threads=1)
    trained = quantising.quantise(lopsided, tmp_path / "run", threads=1, training=TRAINING)
    before, lost, regained = (
        scores["accuracy"] for scores in (static.before, static.after, trained.after)
    )
    assert lost < before - 0.1
    assert regained > (before + lost) / 2
    artifact = trained.used.artifact
    assert (artifact.form, artifact.precision) == ("onnx", "int8")
    assert artifact.scores["accuracy"] == pytest.approx(regained), "of the graph, and no other"
    assert artifact.provenance["lever"]["name"] == "quantise"


def test_a_run_goes_on_exactly_where_it_was_stopped(tmp_path, monkeypatch):
    recipe = catalog.find("resnet").make_recipe("quick", depth=8, epochs=None, steps=4)
    source = api.train(recipe, "digits", tmp_path / "net").folder
    loss = Int8Learner.loss

    def quantise(out, stop_at=None):
        def stopping(self, *given):
            if self.run.step == stop_at:
                os.kill(os.getpid(), signal.SIGINT)
            return loss(self, *given)

        monkeypatch.setattr(Int8Learner, "loss", stopping)
        return api.use_lever("quantise", source, out, training={"steps": 4}, calibration=64)

    quantise(tmp_path / "whole")
    with pytest.raises(Interrupted):
        quantise(tmp_path / "stopped", 2)
    monkeypatch.setattr(Int8Learner, "loss", loss)
    api.resume(tmp_path / "stopped")
    found, expected = (outcome(tmp_path / name) for name in ("stopped", "whole"))
    assert_same(found, expected)
    state = found["tree"]["learner"]["networks"]["classifier"]
    assert not any("running_mean" in name for name in state), "folded into convolutions"
    names = [name for name in state if name.endswith("high")]
    assert len(names) == 8 and all(float(state[name]) > 0 for name in names)


@pytest.mark.parametrize(
    "name, given, reason",
    (
        ("lenet", ("--to", "float16"), "training on is for --to int8; float16 needs none"),
        ("mlp", (), "int8 with fixed ranges: give --calibration"),
        ("lenet", ("--calibration", 0), "int8 with fixed ranges: give --calibration"),
    ),
)
def test_what_cannot_be_trained_is_refused(name, given, reason, tmp_path):
    made(name, tmp_path / "net")
    out = tmp_path / "run"
    assert reason in refused("quantise", tmp_path / "net", *given, "--epochs", 1, "--out", out)
    assert not out.exists()


def test_graphs_are_refused(tmp_path):
    made("lenet", tmp_path / "net")
    api.use_lever("export", tmp_path / "net", tmp_path / "graph")
    with pytest.raises(UserError, match="is in the onnx form"):
        api.use_lever("quantise", tmp_path / "graph", tmp_path / "run", training={"epochs": 1})
