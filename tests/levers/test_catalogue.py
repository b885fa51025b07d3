"""All four levers over every network system of the catalogue: what each promises holds, or the
system says why it cannot take it. `make test` asks one system of each family."""

import shutil
from functools import cache
from pathlib import Path

import pytest

from shinso import api, catalog
from shinso.core.errors import UserError

ROWS = [row for row in catalog.SYSTEMS.values() if not row.name.startswith("proof")]
NETWORKS = [row for row in ROWS if row.build]
OF_A_FAMILY = ("lenet", "word-lm", "transformer", "alphago-policy")
# What is a recurrent state alone, or a table of weights, has no channels that could go.
WHOLE = ("adder", "copying", "word-lm", "seq2seq", "seq2seq-attention", "alphago-rollout")
SMALL_GRAPH = 25_000  # bytes; what is smaller than a graph without weights is not smaller as one

pytestmark = pytest.mark.parametrize(
    "system",
    [
        pytest.param(row, id=row.name, marks=() if row.name in OF_A_FAMILY else pytest.mark.slow)
        for row in NETWORKS
    ],
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("catalogue")


@pytest.fixture
def source(system, folder) -> Path:
    """A quick run's artifact, made once for each system and away from its run."""
    place = folder / system.name
    if not place.exists():
        data = system.preset("quick").data
        run = api.train(system.make_recipe("quick"), data, folder / f"{system.name}-run")
        run.artifact_folder.rename(place)
        shutil.rmtree(run.folder)
    return place


@cache  # what a test makes lies in a folder of its own
def scores(artifact: Path) -> dict[str, float]:
    system = catalog.find(catalog.open_artifact(artifact).system)
    return api.evaluate(artifact, **system.selects_with).scores


def test_half_of_the_single_weights_go(system, source, tmp_path):
    used = api.use_lever("prune", source, tmp_path / "p", ratio=0.5, unstructured=True)
    assert used.after["parameters"] == used.before["parameters"]
    half = 0.5 * used.after["weights"]  # of a table of weights more may never have been used
    assert used.after["nonzeros"] == pytest.approx(min(half, used.before["nonzeros"]), rel=0.02)
    assert used.after["compressed_bytes"] <= used.before["compressed_bytes"]
    assert scores(tmp_path / "p").keys() == scores(source).keys()


def test_channels_go_or_it_says_that_single_weights_can(system, source, tmp_path):
    if system.name in WHOLE:
        with pytest.raises(UserError, match="--unstructured"):  # the way out
            api.use_lever("prune", source, tmp_path / "p", ratio=0.3)
        return
    used = api.use_lever("prune", source, tmp_path / "p", ratio=0.3)
    assert used.after["parameters"] < used.before["parameters"]
    assert used.after["bytes"] < used.before["bytes"]
    assert used.after["macs"] < used.before["macs"]
    assert scores(tmp_path / "p").keys() == scores(source).keys()


@pytest.mark.parametrize("to", ("bfloat16", "int8"))
def test_fewer_bits_say_nearly_the_same(system, to, source, tmp_path):
    if to == "int8" and "export" in system.refuses:
        with pytest.raises(UserError, match="has no graphs, which alone can be int8"):
            api.use_lever("quantise", source, tmp_path / "q", to=to)
        return
    used = api.use_lever("quantise", source, tmp_path / "q", to=to)
    assert used.after["bytes"] < max(used.before["bytes"], SMALL_GRAPH)
    before, after = scores(source), scores(tmp_path / "q")
    assert after["loss"] == pytest.approx(before["loss"], rel=0.05, abs=0.01)


def test_its_graphs_say_the_same(system, source, tmp_path):
    if "export" in system.refuses:
        with pytest.raises(UserError, match=f"{system.name} refuses export: "):
            api.use_lever("export", source, tmp_path / "g")
        return
    api.use_lever("export", source, tmp_path / "g")
    assert scores(tmp_path / "g") == pytest.approx(scores(source), rel=1e-3)


def test_it_learns_from_itself(system, source, tmp_path):
    recipe = system.make_recipe("quick")
    if "distil" in system.refuses:
        with pytest.raises(UserError, match=f"{system.name} refuses distil: "):
            api.distil([source], recipe, out=tmp_path / "d")
        return
    run = api.distil([source], recipe, system.preset("quick").data, tmp_path / "d")
    assert run.step > 1
    assert scores(run.artifact_folder).keys() == scores(source).keys()
