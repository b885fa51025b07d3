"""What the user gave is wrong: exit 2 and one line that names the thing and the way out."""

from __future__ import annotations

import json
import shutil

import pytest
import safetensors.torch
import torch

from shinso.cli import main
from tests.cli.command import refused, shinso

WRONG_WORDS = {
    "trian lenet": "no verb is named 'trian'; did you mean train?",
    "--verison": "no verb is named '--verison'; did you mean --version?",
    "train": "name a system to train, or --resume RUN",
    "train lenett": "no system is named 'lenett'; did you mean lenet",
    "show zzz": "no system is named 'zzz'; known: adder, ",
    "show": "required: SYSTEM; see shinso show --help",
    "show lenet --preset quik": "lenet has no preset quik; did you mean quick?",
    "list --jsn": "shinso list has no option --jsn; did you mean --json?",
    "list everything": "shinso list takes no 'everything'; see shinso list --help",
    "train lenet mnist": "shinso train takes no 'mnist'; see shinso train --help",
    "train lenet --epohcs 3": "shinso train has no option --epohcs; did you mean --epochs",
    "train lenet --zzz 3": "shinso train has no option --zzz; see shinso train --help",
    "train lenet --epochs": "--epochs: expected one argument; see shinso train --help",
    "train lenet --epochs three": "--epochs is no whole number: 'three'",
    "train lenet --learning-rate fast": "--learning-rate is no number: 'fast'",
    "train lenet --epochs 0": "--epochs is 0, must be at least 1",
    "train lenet --learning-rate 0": "--learning-rate is 0.0, must be above 0",
    "train lenet --learning-rate nan": "--learning-rate is nan, must be",
    "train lenet --weight-decay inf": "--weight-decay is inf, must be finite",
    "train lenet --momentum 2": "--momentum is 2.0, must be at most 1",
    "train lenet --optimiser addam": "--optimiser is 'addam'; did you mean adam",
    "train lenet --steps 2 --epochs 3": "give either --steps or --epochs, and not both",
    "train lenet --preset quik": "lenet has no preset quik; did you mean quick?",
    "train adder --cell lstm --activation relu": "--activation relu is for --cell rnn",
    "train adder --seed x": "--seed: 'x' is no whole number; see shinso train --help",
    "train adder --threads 0": "--threads: 0 is not at least 1",
    "train adder --device gpu": "--device gpu cannot be used: ",
    "train lenet --data zzz": "known: digits, mnist, fashion_mnist, cifar10, cifar10_jpeg",
    "train lenet --data minst": "no data set and no path minst; did you mean mnist?",
    "train lenet --data mnist": "data set mnist is not here: shinso data get mnist (11.6 MB",
    "train lenet --data ./gone": "gone is not there; give a folder",
    "train lenet --data addition": "data set addition is of kind addition; wanted: images",
    "train adder --from nowhere": "nowhere is neither a folder nor a system",
    "train --resume nowhere": "nowhere is no run folder: it has no recipe.json",
    "train --resume .": ". is no run folder: it has no recipe.json",
    "predict zzz 1+1": "zzz is neither a folder nor a system; known: adder, ",
    "predict . 1+1": ". is neither a run nor an artifact",
    "evaluate adder": "no weights are shipped for adder; train it: shinso train adder",
    "report nowhere": "nowhere is no run folder: it has no recipe.json",
    "compare nowhere elsewhere": "nowhere is no run folder",
    "compare resnet word-lm --data digits": "--data is for --cost",
    "compare --cost resnet": "give two runs or more to compare",
    "compare --cost resnet word-lm": "scores of different tasks do not compare: resnet is for",
    "compare --cost resnet word-lm --out a.html": "--cost prints a table and writes nothing",
}


@pytest.mark.parametrize("line", WRONG_WORDS)
def test_wrong_words(line, here):
    assert WRONG_WORDS[line] in refused(*line.split())
    assert list(here.iterdir()) == [], "something was left behind"


def test_the_error_as_json():
    done = shinso("train", "lenett", "--json")
    assert done.code == 2
    assert done.json == {"error": done.error}


def test_debug_shows_where_it_came_from(capsys):
    assert main(["train", "lenett", "--debug"]) == 2
    said = capsys.readouterr().err
    assert "Traceback" in said and "catalog.py" in said
    assert said.splitlines()[-1].startswith("shinso: error: no system is named 'lenett'")


# Inputs -------------------------------------------------------------------------------------------


def test_text_that_is_no_addition(adder):
    assert "cannot add '1+'; write two whole numbers" in refused("predict", adder, "1+")


def test_an_empty_line_of_stdin(adder):
    done = shinso("predict", adder, "-", stdin="1+2\n\n3+4\n")
    assert done.code == 2 and done.error == "line 2 of stdin is empty"


def test_no_input(adder):
    assert "required: INPUT" in refused("predict", adder)


def test_an_option_that_the_predictor_does_not_have(adder, lenet):
    assert "shinso predict has no option --top" in refused("predict", adder, "1+1", "--top", 3)
    assert "--top is 0, must be at least 1" in refused("predict", lenet, "x.png", "--top", 0)


@pytest.mark.parametrize(
    ("content", "message"),
    (
        (b"", "digit.png is empty"),
        (b"no image at all", "digit.png is no image that can be read"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "digit.png is"),
    ),
)
def test_a_corrupt_image(lenet, tmp_path, content, message):
    path = tmp_path / "digit.png"
    path.write_bytes(content)
    error = refused("predict", lenet, path)
    assert message in error and str(path) in error


def test_images_that_are_not_there(lenet, tmp_path):
    assert "gone.png: no such file" in refused("predict", lenet, tmp_path / "gone.png")
    (tmp_path / "empty").mkdir()
    assert "empty holds no image" in refused("predict", lenet, tmp_path / "empty")


def test_evaluate_takes_no_option_that_changes_no_score(lenet):
    assert "evaluate has no option --top" in refused("evaluate", lenet, "--top", "3")


def test_evaluate_on_the_wrong_kind_of_data(adder):
    assert "is of kind images; wanted: addition" in refused("evaluate", adder, "--data", "digits")


# Artifacts ----------------------------------------------------------------------------------------


def change(path, **values) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_an_artifact_of_a_newer_format(adder_copy):
    change(adder_copy / "artifact/artifact.json", format=2, recipe={"future": 1})
    error = refused("predict", adder_copy, "1+1")
    assert "artifact format 2, this shinso reads up to 1; use a newer shinso" in error


def test_an_artifact_of_a_system_that_is_unknown_here(adder_copy):
    change(adder_copy / "artifact/artifact.json", system="subtracter")
    assert "no system is named 'subtracter'" in refused("predict", adder_copy, "1+1")


def test_tampered_weights(adder_copy):
    path = adder_copy / "artifact/weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    error = refused("predict", adder_copy, "1+1")
    assert error == f"{path} was changed since the artifact was written"


def test_missing_weights(adder_copy):
    (adder_copy / "artifact/weights.safetensors").unlink()
    assert "is incomplete: weights.safetensors is missing" in refused("evaluate", adder_copy)


@pytest.mark.parametrize("content", ("", "{", "[1]", "{}", '{"format": 1}', '{"format": "x"}'))
def test_a_damaged_artifact_json(adder_copy, content):
    (adder_copy / "artifact/artifact.json").write_text(content)
    assert "artifact.json is damaged" in refused("predict", adder_copy, "1+1")


def test_an_artifact_json_with_a_field_of_another_type(adder_copy):
    change(adder_copy / "artifact/artifact.json", files=["weights.safetensors"])
    assert "artifact.json is damaged: files is of another type" in refused("evaluate", adder_copy)


@pytest.mark.parametrize("verb", ("report", "compare"))
def test_an_artifact_where_only_a_run_will_do(verb, adder):
    error = refused(verb, adder / "artifact", *([adder] if verb == "compare" else []))
    assert error == f"{adder / 'artifact'} is an artifact; give the run that it came from"


def test_a_run_without_an_artifact_yet(adder_copy):
    shutil.rmtree(adder_copy / "artifact")
    error = refused("predict", adder_copy, "1+1")
    assert error == f"{adder_copy} has no artifact yet; go on with train --resume {adder_copy}"


# Run folders --------------------------------------------------------------------------------------


def test_a_run_folder_that_exists(adder):
    error = refused("train", "adder", "--out", adder)
    assert error == f"{adder} exists; go on with train --resume {adder}, or choose --out"


@pytest.mark.parametrize("place", ("file/run", "/proc/shinso/run"))
def test_a_folder_that_cannot_be_written(place, here):
    """As root, too: below a file, and where the kernel alone makes folders."""
    (here / "file").write_text("in the way")
    assert f"making run folder {place}: " in refused("train", "adder", "--out", place)


@pytest.mark.parametrize(
    "given", ("--seed 3", "--preset quick", "--data digits", "--out x", "--steps 5", "--cell gru")
)
def test_a_resumed_run_takes_no_changes(adder, given):
    flag, value = given.split()
    error = refused("train", "--resume", adder, flag, value)
    assert error == f"--resume goes on with the run as it is: leave out {flag}"
    assert "leave out the name of a system" in refused("train", "--resume", adder, "lenet")
    both = refused("train", f"--resume={adder}", "--steps", 5, "--no-bias", "--seed", 3)
    assert both.endswith("leave out --seed, --steps, --bias")
    assert "no option --wings" in refused("train", "--resume", adder, "--wings", 2)


def test_a_run_of_a_newer_shinso(adder_copy):
    change(adder_copy / "recipe.json", format=2)
    assert "made by a newer shinso" in refused("train", "--resume", adder_copy)


def test_data_that_changed_since_the_run_began(adder_copy):
    about = json.loads((adder_copy / "recipe.json").read_text())
    change(adder_copy / "recipe.json", data=about["data"] | {"digest": "0" * 64})
    error = refused("train", "--resume", adder_copy)
    assert "the data addition changed since" in error and "train anew" in error


# --from -------------------------------------------------------------------------------------------


def test_weights_of_another_kind_of_system(here, adder):
    error = refused("train", "lenet", "--from", adder)
    assert "holds what adder learned, and lenet cannot start from that" in error
    assert not (here / "runs").exists()


def test_weights_that_do_not_fit_leave_no_run_behind(here, lenet):
    safetensors.torch.save_file({"c1.weight": torch.zeros(6, 1, 3, 3)}, "w.safetensors")
    done = shinso("train", "lenet", "--from", "w.safetensors", "--out", "run")
    assert done.code == 2
    assert "does not fit: c1.weight has shape (6, 1, 3, 3), needs (6, 1, 5, 5)" in done.error
    assert not (here / "run").exists()


def test_a_file_that_holds_no_weights(here):
    (here / "w.safetensors").write_bytes(b"nothing")
    assert "w.safetensors is no readable safetensors file" in refused(
        "train", "lenet", "--from", "w.safetensors"
    )
