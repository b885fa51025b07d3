"""list, show, doctor, --help and --version: what is said before anything is computed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shinso import __version__, catalog
from shinso.cli import VERBS
from shinso.core.results import Result
from tests.cli.command import refused, shinso

AT_ONCE = [
    ["list"],
    ["list", "--json"],
    ["results"],
    ["data", "list"],
    ["--help"],
    ["--version"],
    ["train", "lenet", "--help"],
    *([verb, "--help"] for verb in VERBS),
]


def test_what_answers_at_once_imports_no_torch():
    """In one fresh process, since a process costs more than all of them."""
    script = (
        "import sys\n"
        "from shinso.cli import main\n"
        f"for arguments in {AT_ONCE!r}:\n"
        "    assert main(arguments) == 0, arguments\n"
        "    assert 'torch' not in sys.modules, arguments\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb):
    done = shinso(verb, "--help")
    assert done.code == 0 and done.err == ""
    assert done.out.startswith(f"usage: shinso {verb}")
    assert "--json" in done.out and "--debug" in done.out


@pytest.mark.parametrize("arguments", ([], ["--help"], ["-h"], ["help"]))
def test_the_verbs_are_listed(arguments):
    done = shinso(*arguments)
    assert done.code == 0
    assert all(f"  {verb} " in done.out for verb in VERBS)


def test_version():
    assert shinso("--version").out == f"shinso {__version__}\n"


def test_help_of_train_has_the_fields_of_the_recipe():
    help = shinso("train", "adder", "--help").out
    assert "recipe of adder" in help
    assert "--cell {rnn,lstm,lstm-peephole,gru,gru-reset-after}" in help
    assert "--bias, --no-bias" in help
    assert "(default: 0.02)" in help
    assert "--cell" not in shinso("train", "--help").out


def test_help_of_train_has_the_presets_of_the_system():
    assert "quick, cpu, course (default: cpu)" in shinso("train", "adder", "--help").out
    assert "quick, cpu, paper (default: cpu)" in shinso("train", "lenet", "--help").out


def test_help_of_predict_has_the_options_of_what_was_learned(lenet, adder):
    assert "classes to list with their probabilities (default: 5)" in " ".join(
        shinso("predict", lenet, "--help").out.split()
    )
    assert "--top" not in shinso("predict", adder, "--help").out


def test_list_has_every_system():
    done = shinso("list")
    rows = [line.split()[0] for line in done.out.splitlines()[1:]]
    assert rows == list(catalog.SYSTEMS)
    # In errors, too, they stand in the order of the catalogue.
    assert shinso("show", "zzz").error.endswith(f"known: {', '.join(rows)}")
    assert not any(line.endswith(" ") for line in done.out.splitlines())


def test_list_as_json():
    rows = {row["name"]: row for row in shinso("list", "--json").json["systems"]}
    assert rows.keys() == catalog.SYSTEMS.keys()
    assert rows["lenet"]["field"] == "vision"
    assert rows["lenet"]["data"] == "digits"
    assert isinstance(rows["lenet"]["weights"], bool)
    assert rows["adder"].keys() == rows["lenet"].keys()


def test_list_has_what_is_recorded_on_test_data_first_then_on_others(monkeypatch):
    def result(label, data, split, accuracy):
        return Result("lenet", label, data, split, [{"scores": {"accuracy": accuracy}}], {})

    def told(*results):
        monkeypatch.setattr("shinso.cli.list.read_results", lambda name: iter(results))
        (line,) = (line for line in shinso("list").out.splitlines() if line.startswith("vgg "))
        return line

    valid, other = result("cpu", "digits", "valid", 0.5), result("cpu", "mnist", "test", 0.25)
    default = catalog.find("vgg").data
    assert default not in ("digits", "mnist")
    assert told().endswith(" -")
    assert told(valid).endswith("accuracy 0.5 on digits, valid")
    assert told(valid, other).endswith("accuracy 0.25 on mnist")
    long, cpu = result("long", default, "test", 0.75), result("cpu", default, "test", 0.875)
    assert told(valid, other, long).endswith("accuracy 0.75")
    assert told(valid, long, cpu, other).endswith("accuracy 0.875")


def test_show_is_a_card():
    card = shinso("show", "lenet").out
    for part in (
        "LeCun et al. 1998",
        "61,706 parameters, 416,520 MACs",  # the paper's table: 416,520 with a dense C3
        "p(class) = softmax(logits)",
        "C3 is connected to all six maps of S2",
        "--learning-rate    0.002",
        "train it: shinso train lenet\n",
    ):
        assert part in card


def test_show_as_json():
    card = shinso("show", "lenet", "--json").json
    assert card["parameters"] == 61_706
    assert card["macs"] == 416_520
    [(name, network)] = card["networks"].items()
    assert (name, network["parameters"], network["macs"]) == ("classifier", 61_706, 416_520)
    assert card["recipe"]["epochs"] == 30
    assert card["presets"] == ["quick", "cpu", "paper"]
    expected = "system field paper parameters macs recipe deviations equations resume data results"
    assert set(expected.split()) <= card.keys()


def test_show_of_a_preset():
    card = shinso("show", "adder", "--preset", "course", "--json").json
    assert card["recipe"]["steps"] == 10_000
    # Without biases: 16 * 2 + 16 * 16 + 16.
    assert card["parameters"] == 304
    assert "shinso train adder --preset course" in shinso("show", "adder", "--preset=course").out


def test_show_of_what_learns_nothing():
    card = shinso("show", "uct", "--json").json
    assert (card["presets"], card["recipe"], card["parameters"]) == ([], {}, None)
    assert card["options"]["simulations"] == 20_000
    assert card.keys() - {"options"} == shinso("show", "adder", "--json").json.keys()
    told = shinso("show", "uct").out
    assert "--simulations   20000" in told and told.endswith("play it: shinso gtp uct\n")
    assert shinso("show", "go-random").out.endswith("play it: shinso gtp go-random\n")


NOTHING_TO_LEARN = [
    ["train", "uct"],
    ["train", "uct", "--preset", "quick"],
    ["show", "uct", "--preset", "cpu"],
    ["evaluate", "uct"],
    ["predict", "uct", "E5"],
    ["prune", "uct", "--ratio", "0.5", "--out", "pruned"],
    ["quantise", "uct", "--to", "float16", "--out", "halved"],
    ["distil", "uct"],
    ["distil", "resnet", "--student", "uct"],
    ["export", "uct", "--out", "exported"],
]


@pytest.mark.parametrize("arguments", NOTHING_TO_LEARN, ids=" ".join)
def test_what_learns_nothing_is_refused_by_name(here, arguments):
    assert refused(*arguments) == "uct learns nothing; it plays as it is: shinso gtp uct"
    assert not [*here.iterdir()]


def test_doctor_tells_what_is_there_and_how_to_get_what_is_not():
    done = shinso("doctor")
    assert done.code == 0
    for part in ("python ", "cores ", "torch ", "digits ", "comes with shinso"):
        assert part in done.out
    facts = shinso("doctor", "--json").json
    assert facts["packages"]["torch"].startswith("2.")
    assert facts["missing"] == [n for n, version in facts["packages"].items() if version is None]
    assert facts["data"]["digits"] is True and facts["data"]["mnist"] is False
    assert facts["cores"] >= 1
