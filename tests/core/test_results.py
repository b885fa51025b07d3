"""Results are written by the program, and what README and docs say is what they hold."""

import json
import subprocess

import pytest

from shinso import api, catalog
from shinso.cli import main
from shinso.core import results
from shinso.core.errors import UserError
from shinso.core.results import Result, is_current, read_results, training_command
from shinso.core.tables import pages, results_table, updated


def git(folder, *arguments):
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A small repository that takes the place of ours."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "results").mkdir()
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    monkeypatch.setattr(results, "checkout_folder", lambda: tmp_path)
    return tmp_path


def trained(folder, seed=0):
    recipe = catalog.find("adder").make_recipe("quick", steps=5)
    api.train(recipe, out=folder, seed=seed)
    predictor = api.load(folder)
    return predictor, api.evaluate_predictor(predictor)


def test_record_writes_a_row_a_seed_and_the_same_seed_replaces_its_row(checkout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for number, seed in enumerate((1, 0, 1)):
        predictor, evaluation = trained(folder / str(number), seed)
        path = api.record(predictor, evaluation, "tiny", "addition", "valid", {})
    assert path == checkout / "results" / "adder" / "tiny--addition--valid.json"
    (result,) = read_results("adder")
    assert [run["seed"] for run in result.runs] == [0, 1]
    values = [run["scores"]["accuracy"] for run in result.runs]
    assert result.mean["accuracy"] == pytest.approx(sum(values) / 2)
    assert result.baselines["addition without carry"]["accuracy"] > 0.1
    run = result.runs[1]
    assert run["parameters"] == sum(
        p.numel() for p in predictor.artifact.modules["adder"].parameters()
    )
    assert run["training"] == "shinso train adder --steps 5 --seed 1"
    assert is_current(result, catalog.find("adder"), catalog.LEVERS)
    assert "| tiny | addition |" in results_table(["adder"], "valid")
    heads = "| setting | data | accuracy | seeds | parameters | steps | time |"
    assert results_table(["adder"], "valid", ["tiny"], ["accuracy"]).splitlines()[0] == heads
    of_both = results_table(["lenet", "adder"], "valid", data="addition").splitlines()
    assert of_both[0].startswith("| system | setting |") and len(of_both) == 5
    assert of_both[2].startswith("| adder | tiny | addition |")
    assert of_both[3].startswith("|  | *addition without carry* |")
    assert results_table(["adder"], "valid", data="other") == "Nothing is recorded yet."


def test_record_refuses_a_dirty_tree_but_not_its_own_traces(checkout, tmp_path_factory):
    predictor, evaluation = trained(tmp_path_factory.mktemp("runs") / "run")
    (checkout / "README.md").write_text("a generated table")
    api.record(predictor, evaluation, "tiny", "addition", "valid", {})
    (checkout / "src.py").write_text("a change")
    with pytest.raises(UserError, match=r"src\.py changed since the last one; commit first"):
        api.record(predictor, evaluation, "tiny", "addition", "valid", {})


def test_what_was_trained_by_uncommitted_sources_is_refused(checkout, tmp_path_factory):
    (checkout / "src").mkdir()
    (checkout / "src" / "new.py").write_text("a change")
    predictor, evaluation = trained(tmp_path_factory.mktemp("runs") / "run")
    git(checkout, "add", "-A")
    git(checkout, "commit", "-q", "-m", "too late")
    with pytest.raises(UserError, match=r"trained with changes since .*commit first, then train"):
        api.record(predictor, evaluation, "tiny", "addition", "valid", {})


def test_what_cannot_be_recorded_is_not_evaluated_first(checkout, tmp_path_factory, capsys):
    run = tmp_path_factory.mktemp("runs") / "run"
    trained(run)
    for number in range(5):
        (checkout / f"{number}.py").write_text("a change")
    assert main(["evaluate", str(run), "--record", "tiny"]) == 2
    told = capsys.readouterr()
    assert told.err.endswith(
        "0.py, 1.py, 2.py and 2 more changed since the last one; commit first\n"
    )
    assert not told.out


@pytest.mark.parametrize("label", ("Two Words", "../up", "a--b", ""))
def test_record_refuses_labels_that_make_no_file_name(checkout, label, tmp_path_factory):
    predictor, evaluation = trained(tmp_path_factory.mktemp("runs") / "run")
    with pytest.raises(UserError, match="a label has"):
        api.record(predictor, evaluation, label, "addition", "valid", {})


def test_record_refuses_outside_a_checkout_and_for_data_others_lack(monkeypatch, tmp_path):
    predictor, evaluation = trained(tmp_path / "run")
    with pytest.raises(UserError, match="is your own"):
        api.record(predictor, evaluation, "tiny", str(tmp_path), "valid", {})
    monkeypatch.setattr(results, "checkout_folder", lambda: None)
    with pytest.raises(UserError, match="writes into a checkout"):
        api.record(predictor, evaluation, "tiny", "addition", "valid", {})


@pytest.mark.parametrize("edit", ("mean", "score", "seed", "name"))
def test_a_file_edited_by_hand_is_refused(checkout, edit, tmp_path_factory):
    predictor, evaluation = trained(tmp_path_factory.mktemp("runs") / "run")
    path = api.record(predictor, evaluation, "tiny", "addition", "valid", {})
    value = json.loads(path.read_text())
    if edit == "mean":
        value["mean"]["accuracy"] = 0.99
    elif edit == "score":
        value["runs"][0]["scores"]["accuracy"] = 0.99
    elif edit == "seed":
        del value["runs"][0]["seed"], value["spread"]
    else:
        path = path.rename(path.with_name("other--addition--valid.json"))
    path.write_text(json.dumps(value))
    with pytest.raises(UserError, match="was edited by hand"):
        list(read_results("adder"))


def test_changed_sources_are_noticed():
    system = catalog.find("adder")
    measured = Result("adder", "x", "addition", "test", [{"seed": 0, "sources": "other"}], {})
    assert not is_current(measured, system, catalog.LEVERS)


def test_the_command_is_the_shortest_that_makes_the_recipe():
    lenet = catalog.find("lenet")
    recipe = lenet.make_recipe("paper", epochs=3, flip=True)
    command = training_command(lenet, recipe, "mnist", 7)
    assert command == "shinso train lenet --preset paper --data mnist --epochs 3 --flip --seed 7"


def test_the_tables_of_readme_and_docs_are_those_of_results():
    checkout = results.checkout_folder()
    assert checkout is not None
    for page in pages(checkout):
        text = page.read_text(encoding="utf-8")
        assert updated(text) == text, f"{page.name} differs from results/: run make tables"
