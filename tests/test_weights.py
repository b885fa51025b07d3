"""The weights that are shipped: small, allowed to be, and as good as results/ say."""

from pathlib import Path

import pytest

import shinso
from shinso import api, catalog
from shinso.core.about import read_about
from shinso.core.errors import UserError
from shinso.core.results import read_results
from shinso.data.store import entry_of, open_data

SHIPPED = sorted(path.parent.name for path in Path(shinso.__file__).parent.glob("weights/*/*.json"))


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*"))


def test_there_are_some_and_together_they_are_small():
    sizes = [size(catalog.artifact_folder(name)) for name in SHIPPED]
    assert sizes and max(sizes) < 20_000_000 and sum(sizes) < 60_000_000


@pytest.mark.parametrize("name", SHIPPED)
def test_they_say_what_they_learned_from_and_whom_to_credit(name):
    data = catalog.open_artifact(name).provenance["data"]
    entry = entry_of(data["name"])
    assert entry.may_ship_weights
    assert (data["licence"], data["credit"]) == (entry.licence, entry.attribution)


@pytest.mark.parametrize("name", SHIPPED)
def test_they_are_what_was_measured(name):
    assert recorded(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_measured_again_they_score_the_same(name):
    for result, run in recorded(name):
        try:
            open_data(result.data)
        except UserError as missing:
            pytest.skip(str(missing))
        again = api.evaluate(name, result.data, result.split, **run["options"])
        # The same to what float32 on another machine, with another torch, can change.
        assert again.scores == pytest.approx(run["scores"], rel=2e-3)


def recorded(name):
    """(result, its run) wherever just these weights were measured."""
    files = read_about(catalog.artifact_folder(name))["files"]
    return [
        (result, run)
        for result in read_results(name)
        for run in result.runs
        if run.get("files") == files
    ]
