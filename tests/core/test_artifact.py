"""Artifacts: what is saved is opened, in both forms, and nothing that was tampered with."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

from shinso.core import extras
from shinso.core.artifact import Artifact, open_artifact
from shinso.core.errors import UserError
from shinso.core.recipe import Options, Preset, Recipe, Spec, option
from shinso.core.system import System


@dataclass(frozen=True, kw_only=True)
class TinyRecipe(Recipe):
    hidden: int = option(5, "hidden units", minimum=1)


@dataclass(frozen=True, kw_only=True)
class TinySpec(Spec):
    classes: int = option(3, "number of classes", minimum=2)
    sides: tuple[int, ...] = option((8, 8), "height and width")


@dataclass(frozen=True, kw_only=True)
class TinyOptions(Options):
    top: int = option(1, "classes to list", minimum=1)


PRESETS = {"cpu": Preset(TinySpec())}


class Conv(nn.Module):
    """Convolution, batch statistics, pooling and a dense layer; two outputs."""

    def __init__(self, recipe, spec):
        super().__init__()
        self.conv = nn.Conv2d(1, recipe.hidden, 3, padding=1)
        self.norm = nn.BatchNorm2d(recipe.hidden)
        self.head = nn.Linear(recipe.hidden, spec.classes)

    def forward(self, images):
        maps = self.norm(self.conv(images)).relu()  # (B, H, 8, 8)
        features = maps.mean(dim=(2, 3))  # (B, H)
        return self.head(features), features


class Tied(nn.Module):
    """An autoencoder that decodes by the encoder's own weights."""

    def __init__(self, recipe, spec):
        super().__init__()
        self.encode = nn.Linear(6, 6)
        self.decode = nn.Linear(6, 6, bias=False)
        self.decode.weight = self.encode.weight

    def forward(self, rows):
        return self.decode(self.encode(rows).tanh())


def build(recipe, spec):
    return {"conv": Conv(recipe, spec), "tied": Tied(recipe, spec)}


INPUTS = {
    "conv": lambda batch: torch.rand(batch, 1, 8, 8),
    "tied": lambda batch: torch.rand(batch, 6),
}


def place(name):
    return f"{__name__}:{name}"


SYSTEM = System(
    name="tiny",
    field="proof",
    task="proof",
    summary="A proof system.",
    paper="none",
    section="none",
    recipe=place("TinyRecipe"),
    options=place("TinyOptions"),
    build=place("build"),
    learner=place("none"),
    predictor=place("none"),
    evaluate=place("none"),
)


def tiny(**parts):
    torch.manual_seed(0)
    recipe, spec = TinyRecipe(hidden=4), TinySpec(classes=2, sides=(8, 9))
    modules = build(recipe, spec)
    with torch.no_grad():  # statistics that are not those of a new network
        modules["conv"].norm.running_mean.normal_()
    return Artifact("tiny", recipe, spec, TinyOptions(top=2), modules, **parts)


def reopened(folder):
    return open_artifact(folder, {"tiny": SYSTEM}.__getitem__)


@pytest.fixture
def saved(tmp_path):
    folder = tmp_path / "artifact"
    tiny(assets={"classes.txt": "猫\n犬\n"}, parts={"part": tiny()}).save(folder)
    return folder


def test_everything_comes_back(tmp_path):
    made = tiny(
        assets={"classes.txt": "猫\n犬\n"},
        parts={"policy": tiny(scores={"elo": 1.5})},
        scores={"accuracy": 0.25},
        provenance={"seed": 3, "data": {"name": "digits"}},
    )
    made.save(tmp_path / "a")
    found = reopened(tmp_path / "a")
    for name in ("system", "form", "recipe", "spec", "options", "assets", "scores", "provenance"):
        assert getattr(found, name) == getattr(made, name), name
    assert found.parts["policy"].scores == {"elo": 1.5}
    for network in made.modules:
        theirs = found.weights(network)
        for key, tensor in made.weights(network).items():
            assert torch.equal(theirs[key], tensor), key
    assert found.path == tmp_path / "a"


def test_a_network_gives_tuples_without_gradients_in_evaluation_mode(saved):
    made, found = tiny(), reopened(saved)
    images = INPUTS["conv"](3)
    made.modules["conv"].train()
    logits, features = found.network("conv")(images)
    assert logits.shape == (3, 2) and features.shape == (3, 4) and not logits.requires_grad
    assert torch.equal(made.network("conv")(images)[0], logits)
    assert len(found.network("tied")(torch.rand(2, 6))) == 1
    part = found.parts["part"].network("conv")(images)
    assert torch.equal(part[0], logits)


def test_tied_weights_are_written_once_and_tied_again(saved):
    about = json.loads((saved / "artifact.json").read_text())
    assert about["ties"] == {"tied.decode.weight": "tied.encode.weight"}
    tied = reopened(saved).modules["tied"]
    assert tied.decode.weight is tied.encode.weight
    assert torch.equal(tied.decode.weight, tiny().modules["tied"].decode.weight)


def test_saving_over_an_artifact_leaves_nothing_of_it(saved):
    tiny(assets={"other.txt": "x"}).save(saved)
    assert sorted(os.listdir(saved)) == ["artifact.json", "other.txt", "weights.safetensors"]
    assert os.listdir(saved.parent) == ["artifact"]


def test_an_artifact_saved_over_itself_survives(saved):
    found = reopened(saved)
    found.scores = {"accuracy": 1.0}
    found.save(saved)
    assert reopened(saved).scores == {"accuracy": 1.0}


def test_there_is_no_pickle(saved):
    kinds = {path.suffix for path in saved.rglob("*") if path.is_file()}
    assert kinds == {".json", ".txt", ".safetensors"}


# Both forms ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def in_both_forms(tmp_path_factory):
    """The same networks as modules and as ONNX graphs, with a dynamic batch, saved and opened."""
    pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp("forms")
    made, graphs = tiny(), {}
    for name, module in made.modules.items():
        graphs[name] = folder / f"{name}.onnx"
        module.eval()
        torch.onnx.export(
            module, (INPUTS[name](2),), graphs[name], dynamo=False, input_names=["input"],
            dynamic_axes={"input": {0: "batch"}},
        )  # fmt: skip
    made.save(folder / "modules")
    onnx = Artifact("tiny", made.recipe, made.spec, made.options, graphs=graphs)
    onnx.save(folder / "graphs")
    return reopened(folder / "modules"), reopened(folder / "graphs")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("network", INPUTS)
def test_both_forms_agree(in_both_forms, network, batch):
    modules, graphs = in_both_forms
    assert (modules.form, graphs.form) == ("module", "onnx")
    inputs = INPUTS[network](batch)
    ours, theirs = modules.network(network)(inputs), graphs.network(network)(inputs)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape and torch.allclose(one, other, atol=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_graphs_have_no_weights_to_give(in_both_forms):
    with pytest.raises(UserError, match="has no weights of a network conv"):
        in_both_forms[1].weights("conv")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_saving_graphs_over_themselves(in_both_forms, tmp_path):
    graphs = in_both_forms[1]
    graphs.save(tmp_path / "copy")
    copy = reopened(tmp_path / "copy")
    copy.save(tmp_path / "copy")
    rows = INPUTS["tied"](2)
    again = reopened(tmp_path / "copy").network("tied")(rows)
    assert torch.equal(again[0], graphs.network("tied")(rows)[0])


# What is refused ----------------------------------------------------------------------------------


def rewrite(folder, **changes):
    path = folder / "artifact.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def files(folder):
    return json.loads((folder / "artifact.json").read_text())["files"]


def change_byte(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def short_weights(folder):
    """Weights of another width with the right checksum: the recipe does not fit."""
    rewrite(folder, recipe=TinyRecipe(hidden=7).as_dict())


REFUSED = {
    "is no artifact": lambda f: (f / "artifact.json").unlink(),
    "artifact.json is damaged": lambda f: (f / "artifact.json").write_text("{"),
    "has artifact format 99, .* use a newer shinso": lambda f: rewrite(f, format=99),
    "artifact.json is damaged: it names no format": lambda f: rewrite(f, format=None),
    "artifact.json is damaged: scores": lambda f: rewrite(f, scores=None),
    "weights.safetensors was changed since": lambda f: change_byte(f / "weights.safetensors"),
    "classes.txt was changed since": lambda f: (f / "classes.txt").write_text("犬\n猫\n"),
    "is incomplete: weights.safetensors": lambda f: (f / "weights.safetensors").unlink(),
    "part.* was changed since": lambda f: change_byte(f / "parts/part/weights.safetensors"),
    "part.* is no artifact": lambda f: (f / "parts/part/artifact.json").unlink(),
    "outside the artifact: '../secret'": lambda f: rewrite(f, files={"../secret": ""}),
    "outside the artifact: '/etc/passwd'": lambda f: rewrite(f, files={"/etc/passwd": ""}),
    "outside the artifact: '../../artifact'": lambda f: rewrite(f, parts=["../../artifact"]),
    "outside the artifact: '..'": lambda f: rewrite(f, parts=[".."]),
    "no checksum of ../secret": lambda f: rewrite(f, assets=["../secret"]),
    "no checksum of weights.safetensors": lambda f: rewrite(
        f, files={n: d for n, d in files(f).items() if "weights" not in n}
    ),
    "does not fit the recipe beside it": short_weights,
    "has no field heads": lambda f: rewrite(f, recipe={"heads": 3}),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_refused(saved, words):
    (saved.parent / "secret").write_text("x")
    REFUSED[words](saved)
    with pytest.raises(UserError, match=words) as error:
        reopened(saved)
    assert "\n" not in str(error.value)


def test_a_graph_that_no_checksum_covers_is_not_run(in_both_forms, tmp_path):
    folder = tmp_path / "graphs"
    in_both_forms[1].save(folder)
    (folder / "extra.onnx").write_bytes(b"not listed")
    assert "extra" not in reopened(folder).graphs


def test_missing_runtime_says_what_to_install(in_both_forms, monkeypatch):
    unused = reopened(in_both_forms[1].path)
    monkeypatch.setattr(extras, "find_spec", lambda module: None)
    with pytest.raises(UserError, match=r"pip install 'shinso\[export\]'"):
        unused.network("conv")


def test_paths_may_be_relative(saved, monkeypatch):
    monkeypatch.chdir(saved.parent)
    assert reopened(Path("artifact")).recipe.hidden == 4
