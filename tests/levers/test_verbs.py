"""shinso prune and shinso export, as one types them."""

import json
import subprocess
import sys

import pytest

from tests.cli.command import refused, shinso
from tests.levers.making import made

SIZES = {"parameters", "macs", "bytes"}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder has an artifact `net` in it."""
    monkeypatch.chdir(tmp_path)
    made("mlp", tmp_path / "net", hidden=(20, 12))
    return tmp_path


def test_prune_json_has_sizes_before_and_after(here):
    told = shinso("prune", "net", "--ratio", 0.5, "--out", "small", "--json").json
    assert (told["system"], told["artifact"], told["source"]) == ("mlp", "small", "net")
    assert told["before"].keys() == SIZES
    assert all(told[size] < told["before"][size] for size in SIZES)
    assert told["channels"] == {"classifier.hidden.0.0": [20, 10], "classifier.hidden.1.0": [12, 6]}


def test_prune_says_the_same_in_words(here):
    said = shinso("prune", "net", "--macs", 0.5, "--out", "small")
    assert said.code == 0 and said.err == ""
    lines = said.out.splitlines()
    assert lines[0].split() == ["mlp", "before", "after", "left"]
    assert [line.split()[0] for line in lines[1:4]] == ["parameters", "MACs", "bytes"]
    assert "shinso evaluate small" in said.out
    assert shinso("evaluate", "small", "--json").json["artifact"] == "small"


def test_prune_and_train_on_makes_a_run(here):
    arguments = ("--unstructured", "--ratio", 0.8, "--epochs", 1, "--learning-rate", 0.01)
    told = shinso("prune", "net", *arguments, "--out", "run", "--json").json
    assert (told["run"], told["artifact"]) == ("run", "run/artifact")
    assert told["steps"] == 10 and 0 <= told["scores"]["accuracy"] <= 1
    assert "majority class" in told["baselines"]
    assert told["nonzeros"] < 0.21 * told["before"]["nonzeros"]
    recipe = json.loads((here / "run" / "recipe.json").read_text())["recipe"]
    assert (recipe["epochs"], recipe["learning_rate"], recipe["hidden"]) == (1, 0.01, [20, 12])
    again = shinso("train", "--resume", "run", "--json").json
    assert again["steps"] == 10 and again["scores"] == told["scores"]


def test_export_json_and_what_can_be_done_with_it(here):
    told = shinso("export", "net", "--out", "graph", "--json").json
    assert told["artifact"] == "graph" and told["before"].keys() == SIZES
    assert told["largest_difference"] <= 1e-5 and told["opset"] >= 18
    ours, theirs = (
        shinso("evaluate", what, "--split", "test", "--json").json["scores"]
        for what in ("graph", "net")
    )
    assert ours["accuracy"] == theirs["accuracy"]
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)


def test_what_is_given_wrong_is_one_line(here):
    made("adder", here / "sum")
    assert "--out" in refused("prune", "net")
    assert "--out" in refused("export", "net")
    assert "--ratio is 2.0, must be below 1" in refused("prune", "net", "--ratio", 2, "--out", "x")
    both = ("--ratio", 0.5, "--macs", 0.5)
    assert "not both" in refused("prune", "net", *both, "--out", "x")
    assert "nothing is neither a folder" in refused("prune", "nothing", "--out", "x")
    assert "nothing is neither a folder" in refused("export", "nothing", "--out", "x")
    assert "no weights are shipped for mlp" in refused("export", "mlp", "--out", "x")
    assert "net exists; choose another --out" in refused("export", "net", "--out", "net")
    assert "no channels of adder" in refused("prune", "sum", "--out", "x")
    for flag, value in (("--learning-rate", 0.1), ("--data", "digits"), ("--seed", 1)):
        said = refused("prune", "net", flag, value, "--out", "x")
        assert said == f"{flag} is about training on: give --epochs or --steps too"
    assert "has no option --hidden" in refused("prune", "net", "--hidden", 3, "--out", "x")
    assert not (here / "x").exists()


@pytest.mark.parametrize("verb", ("prune", "export"))
def test_help_answers_without_torch(verb, here):
    """With the artifact named it knows how that was trained."""
    script = (
        "import sys; from shinso.cli import main\n"
        f"code = main([{verb!r}, 'net', '--help'])\n"
        "sys.exit(9 if 'torch' in sys.modules else code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ("--learning-rate" in done.stdout) == (verb == "prune")
