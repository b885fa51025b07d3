"""shinso train, from a system, from weights, and resumed."""

from __future__ import annotations

import json
import shutil

import pytest
import safetensors.torch
import torch

import shinso as package
from shinso.core.checkpoint import Checkpoints
from tests.cli.command import shinso


def recipe_of(run) -> dict:
    return json.loads((run / "recipe.json").read_text())


def test_a_run_says_what_it_does_and_what_came_of_it(here):
    done = shinso("train", "adder", "--steps", 30, "--evaluate-every", 10)
    assert done.code == 0
    networks, place, *evaluations = done.err.splitlines()
    assert networks == "adder on addition: 321 parameters"
    assert place == "adder on addition: runs/adder-addition-s0 (cpu, 1 thread)"
    assert [line.split("  ")[0] for line in evaluations] == [
        f"adder on addition: step {step}" for step in (10, 20, 30)
    ]
    assert done.out.startswith("30 steps in ")
    for part in (
        "accuracy",
        "addition without carry",
        "report  runs/adder-addition-s0/report.html",
    ):
        assert part in done.out
    assert (here / "runs/adder-addition-s0/report.html").exists()


def test_one_step_is_no_steps(here):
    done = shinso("train", "adder", "--steps", 1, "--out", "run")
    assert done.out.startswith("1 step in ")


def test_fields_reach_the_recipe(here):
    done = shinso("train", "adder", "--steps", 4, "--cell", "gru", "--no-bias", "--hidden=8",
                  "--clip-norm", "1", "--seed", 5, "--out", "run")  # fmt: skip
    assert done.code == 0, done.err
    about = recipe_of(here / "run")
    recipe = about["recipe"]
    assert (recipe["cell"], recipe["bias"], recipe["hidden"]) == ("gru", False, 8)
    assert (recipe["steps"], recipe["clip_norm"], about["seed"]) == (4, 1.0, 5)


def test_options_may_stand_before_the_system(here):
    assert shinso("train", "--steps", 3, "--json", "adder", "--out", "run").code == 0
    assert recipe_of(here / "run")["recipe"]["steps"] == 3


def test_a_preset_and_a_field_that_changes_it(here):
    done = shinso("train", "adder", "--preset", "course", "--steps", 5, "--out", "run")
    assert done.code == 0, done.err
    recipe = recipe_of(here / "run")["recipe"]
    assert (recipe["activation"], recipe["bias"], recipe["loss"]) == ("sigmoid", False, "squared")
    assert recipe["steps"] == 5


def test_epochs_take_the_place_of_the_default_steps(here):
    done = shinso("train", "adder", "--epochs", 1, "--batch-size", 8192, "--json")
    assert done.json["steps"] == 2  # 14,745 pairs
    assert recipe_of(here / "runs/adder-addition-s0")["recipe"]["steps"] is None


def test_json_is_one_object_and_people_read_stderr(here):
    done = shinso("train", "adder", "--steps", 20, "--json")
    answer = done.json
    assert {k: answer[k] for k in ("system", "run", "artifact", "steps")} == {
        "system": "adder",
        "run": "runs/adder-addition-s0",
        "artifact": "runs/adder-addition-s0/artifact",
        "steps": 20,
    }
    assert 0 <= answer["scores"]["accuracy"] <= 1
    assert answer["baselines"]["addition without carry"]["accuracy"] < 0.2
    assert answer["seconds"] > 0
    assert "step 20" in done.err


def test_the_first_free_run_folder_is_taken(here):
    for name in ("adder-addition-s7", "adder-addition-s7-2"):
        (here / "runs" / name).mkdir(parents=True)
    done = shinso("train", "adder", "--steps", 1, "--seed", 7, "--json")
    assert done.json["run"] == "runs/adder-addition-s7-3"


def test_a_finished_run_resumed_says_the_same_again(adder):
    metrics = (adder / "metrics.jsonl").read_bytes()
    done = shinso("train", "--resume", adder, "--json")
    assert done.code == 0
    assert done.json["steps"] == 60
    assert (adder / "metrics.jsonl").read_bytes() == metrics


def test_a_run_resumed_from_an_earlier_checkpoint_ends_alike(adder, adder_copy):
    """The newest checkpoint lost, and all that was written after the one before."""
    checkpoints = Checkpoints(adder_copy / "checkpoints").steps()
    assert list(checkpoints) == [40, 60]
    checkpoints[60].unlink()
    shutil.rmtree(adder_copy / "artifact")
    done = shinso("train", "--resume", adder_copy)
    assert done.code == 0, done.err
    assert "step 60" in done.err and "step 40" not in done.err
    for name in ("metrics.jsonl", "evaluation.json", "artifact/weights.safetensors"):
        assert (adder_copy / name).read_bytes() == (adder / name).read_bytes(), name


def test_resume_restores_the_threads_and_says_so(adder_copy):
    about = recipe_of(adder_copy)
    (adder_copy / "recipe.json").write_text(json.dumps(about | {"threads": 2}))
    try:
        done = shinso("train", "--resume", adder_copy)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert done.code == 0
    assert "threads restored to 2" in done.err


def test_resume_with_other_threads_says_that_exactness_ends(adder_copy):
    about = recipe_of(adder_copy)
    (adder_copy / "recipe.json").write_text(json.dumps(about | {"threads": 2}))
    done = shinso("train", "--resume", adder_copy, "--threads", 1)
    assert done.code == 0
    assert "resuming with other threads (2 before, 1 now)" in done.err


# --from -------------------------------------------------------------------------------------------


def weights(run) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(run / "artifact/weights.safetensors")


STILL = ("--learning-rate", "1e-12", "--schedule", "constant")  # stays where it starts


def test_fine_tuning_on_the_same_classes_starts_with_all_weights(here, lenet):
    done = shinso("train", "lenet", "--from", lenet, "--steps", 1, *STILL, "--out", "run")
    assert done.code == 0, done.err
    before, after = weights(lenet), weights(here / "run")
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        torch.testing.assert_close(after[name], tensor, rtol=0, atol=1e-9)


def test_fine_tuning_on_other_classes_makes_a_new_head(here, lenet, shapes):
    done = shinso(
        "train", "lenet", "--data", shapes, "--from", lenet, "--steps", 1, *STILL, "--json"
    )
    assert done.code == 0, done.err
    assert done.json["run"] == "runs/lenet-shapes-s0"
    before, after = weights(lenet), weights(here / done.json["run"])
    assert after["classifier.output.weight"].shape == (2, 84)
    for name in before:
        if "output" not in name:
            torch.testing.assert_close(after[name], before[name], rtol=0, atol=1e-9)
    assert recipe_of(here / done.json["run"])["start"] is not None


def test_the_start_is_kept_in_the_run(here, lenet, tmp_path):
    """So that it can be resumed when what it came from is gone."""
    source = shutil.copytree(lenet, tmp_path / "source")
    assert shinso("train", "lenet", "--from", source, "--steps", 2, "--out", "run").code == 0
    shutil.rmtree(source)
    shutil.rmtree(here / "run/checkpoints")
    assert shinso("train", "--resume", "run").code == 0


def test_starting_from_a_file_of_weights(here, lenet):
    state = {name.removeprefix("classifier."): t for name, t in weights(lenet).items()}
    safetensors.torch.save_file(state, "weights.safetensors")
    done = shinso(
        "train", "lenet", "--from", "weights.safetensors", "--steps", 1, *STILL, "--out", "run"
    )
    assert done.code == 0, done.err
    after = weights(here / "run")
    torch.testing.assert_close(after["classifier.c1.weight"], state["c1.weight"])


def test_own_images_are_learned(here, shapes):
    done = shinso("train", "lenet", "--data", shapes, "--epochs", 12, "--shift", 0, "--json")
    assert done.code == 0, done.err
    assert done.json["scores"]["accuracy"] == 1.0  # rows and columns are easily told apart


# Python -------------------------------------------------------------------------------------------


def test_from_python(here):
    from shinso.language.adder.recipe import AdderRecipe

    run = package.train(AdderRecipe(steps=400), seed=1)
    assert str(run.folder) == "runs/adder-addition-s1"
    add = package.load(run.folder)
    answer = add("54 + 104")
    assert (answer.sum, answer.right) == (158, True)
    assert add((1, 2)).sum == 3
    evaluation = package.evaluate(run.folder, split="test")
    assert evaluation.scores["accuracy"] > 0.99
    assert evaluation.baselines["addition without carry"]["accuracy"] < 0.2
    assert package.resume(run.folder).step == 400


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'tarin'"):
        package.tarin  # noqa: B018
