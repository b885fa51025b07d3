"""Training: that it learns, smooths, resumes, and starts from what was learned before."""

import dataclasses
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch.nn import functional as F

from shinso import api, catalog
from shinso.core import loop
from shinso.core.checkpoint import Checkpoints
from shinso.core.errors import UserError
from shinso.data import open_data
from shinso.data.images import ImageSet, packed_split
from shinso.vision.classification import preparation
from shinso.vision.classification.mlp.recipe import MLPRecipe
from shinso.vision.classification.preparation import augmented, fitted_split, statistics
from tests.core.test_resume import die_at
from tests.proof.directly import make_run
from tests.proof.forked import assert_same, outcome, run_to_end, start, wait

CLASSIFIERS = pytest.mark.parametrize("name", ("lenet", "mlp", "resnet"))
# One step that changes nothing to speak of shows what training starts from.
NO_STEP = {"steps": 1, "learning_rate": 1e-12, "weight_decay": 0.0}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """A fork of a process whose OpenMP threads ran hangs; with one thread there are none."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def quick_runs(tmp_path_factory):
    """A run of each classifier on the digits, made once: quick, but resnet's ten steps are few."""
    made = {}

    def run_of(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name) / "run"
            epochs = {"lenet": 3, "mlp": 3, "resnet": 6}[name]
            recipe = catalog.find(name).make_recipe("quick", epochs=epochs)
            made[name] = api.train(recipe, "digits", folder, seed=0)
        return made[name]

    return run_of


@pytest.mark.parametrize(("name", "bound"), [("lenet", 0.75), ("mlp", 0.85), ("resnet", 0.6)])
def test_the_digits_are_learned_in_a_few_epochs(name, bound, quick_runs):
    scores = api.evaluate(quick_runs(name).folder, split="test").scores
    assert scores["accuracy"] > bound  # the most frequent class: 0.1
    assert 0 < scores["loss"] < 1.5  # guessing: 2.3


# --- A batch -------------------------------------------------------------------------------------


def learner_of(name: str, folder: Path, data: ImageSet, seed: int = 3, start=None, **changes):
    system = catalog.find(name)
    run = make_run(system, folder, seed)
    return system.load("learner")(system.make_recipe("quick", **changes), data, start, run)


def test_a_batch_is_augmented_and_normalised(tmp_path):
    digits = open_data("digits")
    learner = learner_of("resnet", tmp_path, digits, shift=1, flip=True)
    learner.run.step = 2
    indices = learner.batch_indices()
    images, labels = learner.examples(indices)
    pixels = digits.split("train").images[:, :, :, None]
    random = learner.run.random.numpy("augment", 2)
    expected = augmented(pixels[indices], 1, True, random) / 255
    mean, std = statistics(pixels)
    np.testing.assert_allclose(images.numpy()[:, 0], (expected[:, :, :, 0] - mean) / std, atol=1e-5)
    assert labels.tolist() == digits.split("train").labels[indices].tolist()
    assert learner.spec.mean == mean and learner.spec.std == std
    again, _ = learner.examples(indices)
    assert torch.equal(images, again)
    learner.run.step = 3
    assert not torch.equal(learner.examples(indices)[0], images)


def test_images_have_the_recipes_memory_format(tmp_path):
    colours = random_set(3, channels=3)
    for name, memory_format in (
        ("resnet", torch.channels_last),
        ("lenet", torch.contiguous_format),
    ):
        learner = learner_of(name, tmp_path / name, colours)
        images, _ = learner.examples(np.arange(5))
        assert images.shape[1] == 3 and images.is_contiguous(memory_format=memory_format)


def test_activations_have_the_recipes_precision(tmp_path):
    for precision in ("float32", "bfloat16"):
        learner = learner_of(
            "resnet", tmp_path / precision, open_data("digits"), precision=precision
        )
        seen = []
        block = learner.networks["classifier"].stages[0][0].conv2
        block.register_forward_hook(lambda _, inputs, output, seen=seen: seen.append(output.dtype))
        gradients, _ = learner.gradients("update", learner.next_batch("update"))
        assert seen == [getattr(torch, precision)]
        assert {g.dtype for g in gradients} == {torch.float32}


@pytest.mark.parametrize("smoothing", (0.0, 0.1))
def test_label_smoothing_spreads_its_share_over_all_classes(smoothing, tmp_path):
    """Szegedy et al. 2016, section 7: q'(k) = (1 - e) [k = y] + e/K."""
    learner = learner_of("mlp", tmp_path, open_data("digits"), label_smoothing=smoothing)
    logits, labels = torch.randn(6, 10), torch.arange(6)
    target = F.one_hot(labels, 10) * (1 - smoothing) + smoothing / 10
    expected = -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()
    loss = learner.loss("update", (None, labels), {"logits": logits})
    torch.testing.assert_close(loss, expected)
    scores = learner.scores("update", (None, labels), {"logits": logits}, loss)
    right = (logits.argmax(dim=1) == labels).float().mean().item()
    assert scores == {"loss": loss.item(), "accuracy": right}


def test_evaluation_changes_nothing_that_training_reads(tmp_path):
    learner = learner_of("resnet", tmp_path, open_data("digits"))
    before = {
        name: value.clone() for name, value in learner.networks["classifier"].state_dict().items()
    }
    learner.evaluate("valid")
    assert_same(dict(learner.networks["classifier"].state_dict()), before)
    assert learner.networks["classifier"].training


def test_a_split_too_large_for_memory_trains_to_the_same_weights(tmp_path, monkeypatch):
    recipe = MLPRecipe(steps=5, epochs=None, shift=1)
    digits = open_data("digits")
    for name in ("train", "valid"):
        part = digits.split(name)
        for index in range(0, len(part), 9):
            folder = tmp_path / "digits" / name / str(part.labels[index])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{index}.png").write_bytes(_png(part.image(index)))
    packed = api.train(recipe.changed(size=8), str(tmp_path / "digits"), tmp_path / "packed")
    monkeypatch.setattr(preparation, "MOST_BYTES", 0)
    fitted_split.cache_clear()
    lazy = api.train(recipe.changed(size=8), str(tmp_path / "digits"), tmp_path / "lazy")
    weights = [(r.artifact_folder / "weights.safetensors").read_bytes() for r in (packed, lazy)]
    assert weights[0] == weights[1]


def _png(pixels):
    from shinso.core.exhibits import png

    return png(pixels)


# --- Exact resume --------------------------------------------------------------------------------


def on_digits():
    """The default data of resnet have to be fetched; a fork trains on what is always there."""
    catalog.add(dataclasses.replace(catalog.find("resnet"), data="digits"))


@CLASSIFIERS
def test_a_killed_run_ends_like_one_that_was_not(name, quick_runs, tmp_path):
    quick_runs("mlp")  # so that what torch imports at its first step is not imported in each fork
    recipe = catalog.find(name).make_recipe("quick", epochs=1, evaluate_every=4, shift=1, flip=True)
    run_to_end(tmp_path / "whole", recipe, on_digits)

    def kill_at_step_8():
        on_digits()
        die_at(loop.Loop, "_step", 8)

    assert wait(start(tmp_path / "killed", recipe, kill_at_step_8)) == -signal.SIGKILL
    assert 0 < max(Checkpoints(tmp_path / "killed/checkpoints").steps()) < 8
    run_to_end(tmp_path / "killed", recipe, on_digits)
    assert_same(outcome(tmp_path / "killed"), outcome(tmp_path / "whole"))


def test_the_resnet_that_was_killed_was_the_fast_one():
    """bfloat16 and channels-last are what is hard to restore; `quick` must have them."""
    recipe = catalog.find("resnet").make_recipe("quick")
    assert (recipe.precision, recipe.memory_format) == ("bfloat16", "channels_last")


# --- Starting from what was learned --------------------------------------------------------------


def random_set(
    classes: int, names: str = "abcdefghij", channels: int = 1, size: int = 8
) -> ImageSet:
    """Images of noise, brighter for later classes."""
    random = np.random.default_rng(classes)
    shape = (size, size, 3) if channels == 3 else (size, size)
    splits = {}
    for name, count in (("train", 40), ("valid", 10)):
        labels = np.arange(count) % classes
        pixels = random.integers(0, 100, (count, *shape), dtype=np.uint8)
        pixels += (labels * (155 // classes)).astype(np.uint8).reshape(-1, *([1] * len(shape)))
        splits[name] = packed_split(name, pixels, labels)
    return ImageSet("noise", tuple(names[:classes]), splits)


@pytest.fixture(scope="module")
def first(quick_runs):
    """What the perceptron learned of the digits."""
    return api.load(quick_runs("mlp").folder).artifact


def tuned(first, data, folder, **changes):
    """The network, and what it expects and gets, at the start of fine-tuning from `first`."""
    learner = learner_of("mlp", folder, data, start=first, **changes)
    assert learner.pixels.shape[1:] == (learner.spec.size, learner.spec.size, learner.spec.channels)
    return learner.networks["classifier"].state_dict(), learner.spec


def same(one, other, part: str) -> bool:
    names = [name for name in one if name.startswith(part)]
    assert names
    return all(one[n].shape == other[n].shape and torch.equal(one[n], other[n]) for n in names)


def test_the_same_classes_keep_the_head(first, tmp_path):
    weights, _ = tuned(first, random_set(10, "0123456789"), tmp_path)
    assert same(weights, first.weights("classifier"), "hidden")
    assert same(weights, first.weights("classifier"), "output")


@pytest.mark.parametrize(
    ("classes", "names"),
    [(10, "abcdefghij"), (10, "9876543210"), (4, "0123"), (3, "abc")],
    ids=("other names", "another order", "some of them", "fewer and others"),
)
def test_other_classes_get_a_new_head_on_the_old_body(classes, names, first, tmp_path):
    weights, spec = tuned(first, random_set(classes, names), tmp_path)
    assert same(weights, first.weights("classifier"), "hidden")
    assert not same(weights, first.weights("classifier"), "output")
    assert weights["output.weight"].shape == (classes, 100)
    assert spec == dataclasses.replace(first.spec, classes=classes)


def test_a_new_head_is_said_and_a_kept_one_is_not(first, tmp_path, capsys):
    tuned(first, random_set(3, "abc"), tmp_path / "other")
    needed = "output.weight has shape (10, 100), needs (3, 100)"
    assert capsys.readouterr().err == f"output starts anew: {needed}\n"
    tuned(first, random_set(10, "9876543210"), tmp_path / "order")
    assert capsys.readouterr().err == "output starts anew: other classes\n"
    tuned(first, random_set(10, "0123456789"), tmp_path / "same")
    assert capsys.readouterr().err == ""


def test_the_size_and_normalisation_of_the_start_are_kept(first, tmp_path):
    data = random_set(3, channels=3, size=11)
    _, spec = tuned(first, data, tmp_path)
    assert (spec.channels, spec.size) == (1, 8)
    assert (spec.mean, spec.std) == (first.spec.mean, first.spec.std)
    with pytest.raises(UserError, match=r"are for images of 8 x 8: give --size 8"):
        tuned(first, data, tmp_path, size=16)


def test_a_run_from_an_artifact_starts_with_its_weights_and_says_so(first, quick_runs, tmp_path):
    recipe = MLPRecipe(epochs=None, **NO_STEP)
    run = api.train(recipe, "digits", tmp_path / "run", start=quick_runs("mlp").folder)
    after = api.load(run.folder).artifact
    for name, value in after.weights("classifier").items():
        torch.testing.assert_close(value, first.weights("classifier")[name], atol=1e-6, rtol=0)
    assert after.scores["accuracy"] == pytest.approx(first.scores["accuracy"], abs=0.01)
    assert after.provenance["start"] == run.description["start"] is not None
    with pytest.raises(UserError, match="exists"):
        api.train(recipe, "digits", tmp_path / "run", start=quick_runs("mlp").folder)


def test_weights_of_another_library_fit_by_name(first, tmp_path):
    state = {n: v.clone() for n, v in first.weights("classifier").items()}
    safetensors.torch.save_file(state, tmp_path / "theirs.safetensors")
    recipe = MLPRecipe(epochs=None, **NO_STEP)
    run = api.train(recipe, "digits", tmp_path / "run", start=tmp_path / "theirs.safetensors")
    weights = api.load(run.folder).artifact.weights("classifier")
    for name, value in weights.items():
        torch.testing.assert_close(value, state[name], atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("mlp", {"hidden": (30, 10)}, "hidden.0.0.weight has shape .300, 64., needs .30, 64."),
        ("resnet", {}, "mlp's network classifier does not fit: stem.0.weight is missing"),
    ],
)
def test_another_body_is_refused_in_one_line(name, changes, problem, quick_runs, tmp_path):
    recipe = catalog.find(name).make_recipe("quick", **changes)
    with pytest.raises(UserError, match=problem):
        api.train(recipe, "digits", tmp_path / "run", start=quick_runs("mlp").folder)
    assert not os.path.exists(tmp_path / "run")
