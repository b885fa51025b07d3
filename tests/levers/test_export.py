"""Exported artifacts: the same answers, at any batch, in files that tell nothing of this place."""

import dataclasses
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import shinso
from shinso import api, catalog
from shinso.core.errors import ShinsoError, UserError
from shinso.core.graph import open_session
from shinso.core.system import System
from shinso.data import open_data
from shinso.levers import export
from tests.levers.making import inputs_of, made

SYSTEMS = {
    "adder": {"cell": "gru"},
    "lenet": {},
    "mlp": {"hidden": (20, 12)},
    "resnet": {"depth": 8},
}
EVERY = pytest.mark.parametrize("name", SYSTEMS)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """(source, what the lever made) of each system, made once."""
    kept = {}

    def pair_of(name):
        if name not in kept:
            folder = tmp_path_factory.mktemp("exported")
            source = made(name, folder / "source", **SYSTEMS[name])
            kept[name] = source, api.use_lever("export", folder / "source", folder / "onnx")
        return kept[name]

    return pair_of


@EVERY
@pytest.mark.parametrize("batch", (1, 2, 5, 33))
def test_graph_and_module_agree_at_any_batch(name, batch, exported):
    source, used = exported(name)
    for network, inputs in inputs_of(source, batch).items():
        found, expected = (
            artifact.network(network)(*inputs) for artifact in (used.artifact, source)
        )
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert one.dtype == other.dtype
            assert torch.allclose(one, other, rtol=0, atol=1e-5 * float(other.abs().max()))


@EVERY
def test_it_is_the_same_artifact_in_another_form(name, exported):
    source, used = exported(name)
    assert used.artifact.form == "onnx" and not used.artifact.modules
    for kept in ("system", "recipe", "spec", "options", "assets", "scores", "edits"):
        assert getattr(used.artifact, kept) == getattr(source, kept)
    told = used.artifact.provenance
    assert told["lever"]["name"] == "export" and told["lever"]["done"]["opset"] >= 18
    assert {**told, "lever": None} == source.provenance
    for count in ("parameters", "macs"):
        assert used.after[count] == used.before[count]
    assert used.done["largest_difference"] <= 1e-5


@EVERY
def test_one_file_a_network_that_tells_nothing_of_this_machine(name, exported):
    _, used = exported(name)
    files = {path.name for path in used.artifact.path.iterdir()}
    assert {file for file in files if file.endswith(".onnx")} == {
        f"{network}.onnx" for network in used.artifact.graphs
    }
    assert not any("data" in file or file.endswith(".safetensors") for file in files)
    here = {str(Path(place).parent).encode() for place in (shinso.__file__, torch.__file__)}
    here |= {b"site-packages", b"stack_trace", b".py", sys.prefix.encode()}
    for path in used.artifact.graphs.values():
        content = path.read_bytes()
        assert not [place for place in here if place in content]
        onnx.checker.check_model(onnx.load_from_string(content), full_check=True)


@pytest.mark.parametrize("name", ("lenet", "resnet"))
def test_evaluate_and_predict_work_on_it_alike(name, exported):
    source, used = exported(name)
    ours, theirs = (
        api.evaluate(artifact.path, split="test") for artifact in (used.artifact, source)
    )
    assert ours.scores == pytest.approx(theirs.scores, rel=1e-5)
    assert ours.scores["accuracy"] == theirs.scores["accuracy"]
    images = list(open_data("digits", ("images",)).split("test").images[:40])
    labels = [
        [answer.label for answer in api.load(artifact.path).predict_all(images)]
        for artifact in (used.artifact, source)
    ]
    assert labels[0] == labels[1] and len(labels[0]) == 40


def test_the_exported_adder_adds(exported):
    source, used = exported("adder")
    sums = [f"{a} + {b}" for a, b in np.random.default_rng(0).integers(0, 5000, (50, 2))]
    ours, theirs = (
        [answer.sum for answer in api.load(artifact.path).predict_all(sums)]
        for artifact in (used.artifact, source)
    )
    assert ours == theirs


def test_a_pruned_network_is_exported_as_it_is(tmp_path):
    source = made("mlp", tmp_path / "a", hidden=(20, 12))
    api.use_lever("prune", tmp_path / "a", tmp_path / "p", ratio=0.5)
    used = api.use_lever("export", tmp_path / "p", tmp_path / "x")
    pruned = catalog.open_artifact(tmp_path / "p")
    (inputs,) = inputs_of(source).values()
    found, expected = (a.network("classifier")(*inputs)[0] for a in (used.artifact, pruned))
    assert torch.allclose(found, expected, atol=1e-5)
    assert used.after["parameters"] == sum(
        p.numel() for p in pruned.modules["classifier"].parameters()
    )
    assert used.artifact.provenance["lever"]["before"]["name"] == "prune"
    assert used.artifact.scores == {}


def test_one_session_a_network_with_torch_s_threads(exported):
    _, used = exported("lenet")
    assert used.artifact.network("classifier") is used.artifact.network("classifier")
    session = open_session(used.artifact.graphs["classifier"])
    assert session.get_session_options().intra_op_num_threads == torch.get_num_threads()


# What is refused ----------------------------------------------------------------------------------


def test_a_tampered_graph_is_refused(exported, tmp_path):
    _, used = exported("mlp")
    used.artifact.save(tmp_path / "a")
    graph = tmp_path / "a" / "classifier.onnx"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)
    with pytest.raises(UserError, match=r"classifier\.onnx was changed since"):
        catalog.open_artifact(tmp_path / "a")


def test_an_artifact_in_the_onnx_form_is_refused(exported, tmp_path):
    folder = exported("mlp")[1].artifact.path
    with pytest.raises(UserError, match="is in the onnx form already"):
        api.use_lever("export", folder, tmp_path / "x")
    for unstructured in (False, True):
        with pytest.raises(UserError, match="is in the onnx form, which has no weights to prune"):
            api.use_lever("prune", folder, tmp_path / "x", unstructured=unstructured)
    with pytest.raises(UserError, match="no weights of a network"):
        recipe = catalog.open_artifact(folder).recipe
        api.train(recipe, "digits", tmp_path / "x", start=folder)


@pytest.mark.parametrize("missing", ("onnx", "onnxscript", "onnxruntime"))
def test_a_missing_package_is_one_line(missing, exported, tmp_path, monkeypatch):
    made("mlp", tmp_path / "a")
    exported_folder = exported("mlp")[1].artifact.path
    monkeypatch.setattr("shinso.core.extras.find_spec", lambda name: name != missing or None)
    said = f"{missing} is not installed: pip install 'shinso\\[export\\]'"
    with pytest.raises(UserError, match=said):
        api.use_lever("export", tmp_path / "a", tmp_path / "x")
    if missing == "onnxruntime":
        with pytest.raises(UserError, match=said):
            catalog.open_artifact(exported_folder).network("classifier")


class Odd(nn.Module):
    """A linear map that a graph cannot have, in one way or another."""

    def __init__(self, way):
        super().__init__()
        self.way = way
        self.layer = nn.Linear(4, 3)

    def forward(self, x):
        if self.way == "random":
            return F.dropout(self.layer(x), training=True)
        if self.way == "fixed batch":
            return self.layer(x) * (1.5 if int(x.shape[0]) == 7 else 1.0)
        if self.way == "shapes":  # the graph says that a sum is longer than what is summed
            said = {"dtype": x.dtype, "shape": [*x.shape[:1], 5]}
            return torch.onnx.ops.symbolic("Add", (self.layer(x), self.layer(x)), **said)
        if self.way == "Python":
            return self.layer(torch.tensor(x.tolist()))
        return self.layer(x) + float("nan")


def odd_system(way):
    row = dataclasses.replace(catalog.find("mlp"), name="odd")

    class Row(System):
        def load(self, part):
            if part == "example_inputs":
                return lambda recipe, spec: {"odd": ((torch.zeros(1, 4),), {0: {0: "batch"}})}
            return super().load(part)

    return Row(**{field.name: getattr(row, field.name) for field in dataclasses.fields(row)})


@pytest.mark.parametrize(
    "way, said",
    (
        ("random", "differs from the network by .* not exported"),
        ("fixed batch", "the graph of odd|cannot be written"),
        ("Python", "network odd cannot be written as a graph"),
        ("shapes", "network odd cannot be written as a graph: .*shape"),
        ("nan", "the graph of odd differs"),
    ),
)
def test_a_graph_that_answers_otherwise_is_refused(way, said, tmp_path, capsys):
    artifact = made("mlp", tmp_path / "a")
    artifact.modules = {"odd": Odd(way)}
    with warnings.catch_warnings(), pytest.raises(ShinsoError, match=said) as refused:
        warnings.simplefilter("error")
        export.export(odd_system(way), artifact, None)
    assert refused.value.exit_code == 1 and "\n" not in str(refused.value)
    assert capsys.readouterr() == ("", ""), "the exporter's own advice is not for users"
