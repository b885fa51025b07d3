"""The course's table of pruning: thresholds that tell something, and what each takes and costs."""

from itertools import pairwise

import pytest
import torch

from shinso import api, catalog
from shinso.core import loop
from shinso.core.errors import UserError
from shinso.levers.prune import telling_thresholds
from shinso.levers.settings import PruneSettings
from shinso.pruning import prune_table
from tests.cli.command import refused, shinso
from tests.levers.making import made


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A trained run."""
    recipe = catalog.find("mlp").make_recipe("quick", epochs=10, learning_rate=0.01)
    folder = tmp_path_factory.mktemp("source") / "run"
    return api.train(recipe, "digits", folder, threads=1).folder


@pytest.mark.parametrize(
    "name, unstructured",
    (("lenet", True), ("lenet", False), ("mlp", False), ("resnet", False), ("adder", True)),
)
def test_thresholds_are_chosen_that_tell_something(name, unstructured, tmp_path):
    source = made(name, tmp_path / "a")
    settings = PruneSettings(unstructured=unstructured)
    thresholds = telling_thresholds(catalog.find(name), source, settings)
    assert len(thresholds) == 5
    shares = []
    for number, threshold in enumerate(thresholds):
        used = api.use_lever(
            "prune",
            tmp_path / "a",
            tmp_path / str(number),
            threshold=threshold,
            unstructured=unstructured,
        )
        shares.append(used.done["ratio"])
    assert shares[0] > 0 and shares[-1] < 1
    assert all(one < other for one, other in pairwise(shares))


def test_the_table_has_what_each_threshold_takes_and_costs(source, tmp_path):
    rows = prune_table(source, (0.02, 0.1), unstructured=True, training={"epochs": 1})
    assert [row.threshold for row in rows] == [0.0, 0.02, 0.1]
    assert rows[0].scores == api.evaluate(source).scores and rows[0].ratio == 0
    for row in rows[1:]:
        out = tmp_path / f"by-{row.threshold}"
        used = api.use_lever("prune", source, out, threshold=row.threshold, unstructured=True)
        assert (row.ratio, row.scores) == (used.done["ratio"], api.evaluate(out).scores)
    assert rows[2].ratio > 0.5
    assert rows[2].retrained["loss"] < rows[2].scores["loss"]
    assert rows[0].retrained.keys() == rows[0].scores.keys()


def test_a_threshold_too_many_is_refused_before_anything_is_trained(source, monkeypatch):
    monkeypatch.setattr(loop.Loop, "train", lambda self: pytest.fail("it trained"))
    with pytest.raises(UserError, match="--threshold 9 would take all channels"):
        prune_table(source, (0.06, 9.0), training={"epochs": 1})


def test_weights_that_are_all_alike_give_no_threshold(tmp_path):
    source = made("mlp", tmp_path / "a", hidden=(6,))
    for parameter in source.modules["classifier"].parameters():
        torch.nn.init.constant_(parameter, 0.1)
    with pytest.raises(UserError, match="any threshold takes nothing of mlp, or a whole layer"):
        telling_thresholds(catalog.find("mlp"), source, PruneSettings(unstructured=True))


# The verb -----------------------------------------------------------------------------------------


def test_the_verb_prints_it_and_writes_nothing(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ("prune", source, "--table", "--unstructured", "--thresholds", "0.02,0.1")
    said = shinso(*arguments).out.splitlines()
    assert said[-4].split() == ["threshold", "goes", "accuracy"]
    told = shinso(*arguments, "--json").json
    assert (told["system"], told["split"]) == ("mlp", "valid")
    assert [row["threshold"] for row in told["rows"]] == [0.0, 0.02, 0.1]
    for line, row in zip(said[-3:], told["rows"], strict=True):
        accuracy = row["scores"]["accuracy"]
        assert line.split() == [f"{row['threshold']:g}", f"{row['ratio']:.1%}", f"{accuracy:.4g}"]
        assert row["retrained"] is None
    assert not [*tmp_path.iterdir()]


def test_options_that_do_not_go_with_it_are_refused(source, tmp_path):
    table = ("prune", source, "--table")
    assert "leave --out" in refused(*table, "--out", tmp_path / "x")
    assert "leave --ratio" in refused(*table, "--ratio", 0.5)
    assert "leave --rounds" in refused(*table, "--unstructured", "--rounds", 2)
    assert "--thresholds are for --table" in refused(
        "prune", source, "--out", tmp_path / "x", "--thresholds", "0.1"
    )
    assert "give --out" in refused("prune", source)
    assert "--thresholds is 0.0, must be above 0" in refused(*table, "--thresholds", "0,0.1")
    assert "--seed is about training on" in refused(*table, "--seed", 1)
