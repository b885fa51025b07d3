"""The digest of a system's sources changes with whatever its results depend on."""

from pathlib import Path

import pytest

from shinso import catalog
from shinso.core import sources
from shinso.core.sources import source_files, sources_digest


def names(system):
    return {path.relative_to(path.parents[3]).as_posix() for path in source_files(system)}


def test_the_adders_files_are_its_own_and_its_layers():
    files = [path.as_posix().split("/shinso/")[-1] for path in source_files(catalog.find("adder"))]
    for name in ("recipe", "model", "learner", "predictor", "evaluation"):
        assert f"language/adder/{name}.py" in files
    assert "layers/recurrent.py" in files
    assert not any(name.startswith(("core/", "data/", "vision/")) for name in files)


def edited(monkeypatch, tmp_path, module):
    """Makes the module's file one with a line more."""
    original = sources._module_path

    def module_path(name):
        path = original(name)
        if name != module:
            return path
        copy = tmp_path / path.name
        copy.write_text(path.read_text() + "\n# changed\n")
        return copy

    monkeypatch.setattr(sources, "_module_path", module_path)


CHANGES = {
    "shinso.layers.recurrent": True,
    "shinso.language.adder.model": True,
    "shinso.language.adder.recipe": True,
    "shinso.language.adder.evaluation": True,
    "shinso.vision.classification.lenet.model": False,
    "shinso.core.loop": False,
}


@pytest.mark.parametrize("module", CHANGES)
def test_an_edit_changes_the_digest_of_who_depends_on_it(monkeypatch, tmp_path, module):
    adder = catalog.find("adder")
    before = sources_digest(adder)
    edited(monkeypatch, tmp_path, module)
    assert (sources_digest(adder) != before) == CHANGES[module]


def test_what_a_file_imports_inside_functions_counts(tmp_path):
    path = Path(tmp_path / "a.py")
    path.write_text(
        "def f():\n    from shinso.layers import recurrent\n    import shinso.go.rules\n"
    )
    assert sources._imports(path) == {
        "shinso.layers",
        "shinso.layers.recurrent",
        "shinso.go.rules",
    }


def test_the_digest_is_the_same_every_time():
    assert sources_digest(catalog.find("lenet")) == sources_digest(catalog.find("lenet"))
    assert sources_digest(catalog.find("lenet")) != sources_digest(catalog.find("adder"))


def test_a_lever_s_files_count_where_it_was_used(monkeypatch, tmp_path):
    lenet, prune = catalog.find("lenet"), catalog.find_lever("prune")
    plain, pruned = sources_digest(lenet), sources_digest(lenet, prune)
    edited(monkeypatch, tmp_path, "shinso.levers.channels")  # which levers.prune imports
    assert sources_digest(lenet) == plain
    assert sources_digest(lenet, prune) != pruned
