"""Exported folders without shinso: their example.py, run where neither shinso nor torch can be
imported, answers as the predictor does."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import shinso
from shinso import api, catalog
from shinso.core.artifact import Artifact
from tests.cli.command import shinso as command
from tests.levers.making import PROVENANCE, made, random_networks

# Isolated, so that PYTHONPATH counts for nothing; None in sys.modules is a missing module.
ALONE = """
import runpy, sys
sys.modules |= dict.fromkeys(("shinso", "torch", "torchvision"))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def alone(folder, *arguments):
    """What the folder's example prints."""
    words = [sys.executable, "-I", "-c", ALONE, folder / "example.py", *arguments]
    done = subprocess.run(map(str, words), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def exported(artifact, folder):
    """The predictor of an artifact in memory, and the folder that was exported."""
    artifact.save(folder / "made")
    api.use_lever("export", folder / "made", folder / "graph")
    return folder / "graph"


def artifact_of(name, spec, assets, **changes):
    """With random weights."""
    system = catalog.find(name)
    recipe = system.make_recipe("quick", **changes)
    networks = distinct(random_networks(system, recipe, spec))
    provenance = {**PROVENANCE, "data": {"name": "numerals", "licence": "none"}}
    options = system.options_class()
    return Artifact(name, recipe, spec, options, networks, assets=assets, provenance=provenance)


def distinct(networks):
    """With larger weights, so that answers differ."""
    for network in networks.values():
        for parameter in network.parameters():
            parameter.data.mul_(3)
    return networks


def words(count, *specials):
    """A vocabulary as an artifact has it."""
    return "".join(f"{word}\n" for word in (*specials, *(f"w{n}" for n in range(count))))


def pictures(folder, random):
    """Of all shapes and kinds: grey, colour, transparent, turned, and of the right size."""
    folder.mkdir()
    pixels = random.integers(0, 256, (30, 23, 4), dtype=np.uint8)
    pixels[:, 12:] //= 4
    turned = Image.Exif()
    turned[0x0112] = 6
    images = {
        "grey.png": Image.fromarray(pixels[..., 0]),
        "colour.png": Image.fromarray(pixels[..., :3]),
        "clear.png": Image.fromarray(pixels),
        "wide.bmp": Image.fromarray(pixels[:9, :, :3]),
        "small.png": Image.fromarray(pixels[:8, :8, 0]),
    }
    for name, image in images.items():
        image.save(folder / name)
    images["colour.png"].save(folder / "turned.jpg", exif=turned, quality=95)
    return sorted(folder.iterdir())


@pytest.mark.parametrize(
    "name, channels", (("lenet", 1), pytest.param("resnet", 3, marks=pytest.mark.slow))
)
def test_images_are_named_alike(name, channels, tmp_path):
    artifact = made(name, tmp_path / "plain")
    spec = artifact.spec.changed(channels=channels, mean=(0.3,) * channels, std=(0.2,) * channels)
    networks = random_networks(catalog.find(name), artifact.recipe, spec)
    for path, buffer in networks["classifier"].named_buffers():
        if path.endswith(("running_mean", "running_var")):
            buffer.fill_(0.5 * path.endswith("var"))  # or else nothing of an image comes through
    artifact.spec, artifact.modules = spec, networks
    graph = exported(artifact, tmp_path)
    files = pictures(tmp_path / "images", np.random.default_rng(0))
    found = alone(graph, *files)
    predictor = shinso.load(graph)
    for line, file, answer in zip(found, files, predictor.predict(files), strict=True):
        path, told = line.rsplit(": ", 1)
        label, probability = told.split()
        assert (path, label) == (str(file), answer.label)
        assert float(probability) == pytest.approx(answer.probability, abs=1e-4), file.name
    assert len({line.split()[-1] for line in found}) > 3, "images that are told apart"


def test_sentences_are_translated_alike(tmp_path):
    spec = catalog.find("transformer").preset("quick").spec
    specials = ("<pad>", "<bos>", "<eos>", "<unk>")
    assets = {
        "source.vocabulary.txt": words(spec.source_vocabulary - 4, *specials),
        "target.vocabulary.txt": words(spec.target_vocabulary - 4, *specials),
    }
    graph = exported(artifact_of("transformer", spec, assets), tmp_path)
    sentences = ["w1 w2 w3", "w9 never w4 <eos> w8 w7", "w5"]
    predictor = shinso.load(graph, beam=1)
    expected = predictor.translated(sentences)
    assert alone(graph, *sentences) == expected
    assert len(set(expected)) == 3 and all(expected)
    told = (graph / "README.md").read_text(encoding="utf-8")
    for fact in ("`<unk>` 3", "2 tokens were written for each one read", "read", "licence: none"):
        assert fact in told
    rows = [line for line in told.splitlines() if line.startswith("| translator.onnx")]
    assert [row.split(" | ")[1] for row in rows] == ["in", "in", "in", "out"]


@pytest.mark.parametrize(
    "changes",
    (
        {},
        pytest.param({"cell": "gru"}, marks=pytest.mark.slow),
        pytest.param({"window": 3, "cell": "rnn"}, marks=pytest.mark.slow),
    ),
    ids=("lstm", "gru", "window"),
)
def test_the_next_words_are_alike(changes, tmp_path):
    spec = catalog.find("word-lm").preset("quick").spec.changed(vocabulary=40)
    assets = {"vocabulary.txt": words(38, "<unk>", "<eos>")}
    graph = exported(artifact_of("word-lm", spec, assets, tokens="spaces", **changes), tmp_path)
    predictor = shinso.load(graph)
    for text in ("w3", "w3 w1 never w9 w2 w30"):
        found = [line.split() for line in alone(graph, text)]
        (answer,) = predictor.predict([text])
        assert [word for _, word in found] == [word for word, _ in answer.candidates[:5]]
        for (told, _), (_, probability) in zip(found, answer.candidates, strict=False):
            assert float(told) == pytest.approx(probability, abs=1e-5)


def test_words_are_mended_alike(tmp_path):
    system = catalog.find("char-tagger")
    artifact = artifact_of("char-tagger", system.preset("quick").spec, {})
    artifact.options = artifact.options.changed(threshold=0.03)
    graph = exported(artifact, tmp_path)
    texts = ["wiht untill erors", "it's a long sentence of words that no one mistyped at all"]
    expected = [answer.mended for answer in shinso.load(graph).predict(texts)]
    assert alone(graph, *texts) == expected
    assert all(one != other for one, other in zip(expected, texts, strict=True))


def test_the_readme_is_of_this_artifact_and_what_one_changes_does_no_harm(tmp_path):
    artifact = made("lenet", tmp_path / "a")
    said = command("export", tmp_path / "a", "--out", tmp_path / "graph").out
    assert f"python {tmp_path / 'graph' / 'example.py'}, without shinso" in said
    told = (tmp_path / "graph" / "README.md").read_text(encoding="utf-8")
    size = artifact.spec.size
    assert (
        f"{size} x {size} pixels, grey" in told and "pip install numpy onnxruntime pillow" in told
    )
    assert f"| classifier.onnx | in | images | float | batch x 1 x {size} x {size} |" in told
    (tmp_path / "graph" / "example.py").write_text("print('mine')")
    assert catalog.open_artifact(tmp_path / "graph").form == "onnx"
    files = json.loads((tmp_path / "graph" / "artifact.json").read_text())["files"]
    assert "example.py" not in files


@pytest.mark.slow
def test_int8_is_handed_over_too_and_a_system_without_an_example_says_so(tmp_path):
    made("lenet", tmp_path / "a")
    api.use_lever("quantise", tmp_path / "a", tmp_path / "int8", calibration=0)
    files = pictures(tmp_path / "images", np.random.default_rng(0))[:1]
    (answer,) = shinso.load(tmp_path / "int8").predict(files)
    assert alone(tmp_path / "int8", *files)[0].split()[-2] == answer.label
    made("adder", tmp_path / "b")
    said = command("export", tmp_path / "b", "--out", tmp_path / "graph")
    assert "adder has no example of its use without shinso" in said.out
    assert not (tmp_path / "graph" / "README.md").exists()
