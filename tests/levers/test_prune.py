"""Pruned artifacts: smaller, the same after saving, trained on and resumed exactly."""

import dataclasses
import os
import signal
import tempfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from shinso import api, catalog
from shinso.core import loop
from shinso.core.edits import replay
from shinso.core.errors import UserError
from shinso.core.files import read_json
from shinso.levers.channels import Channels, lowest
from shinso.levers.magnitude import lamp, prunable, smallest_gone
from tests.levers.making import inputs_of, made
from tests.proof import forked, systems
from tests.proof.forked import assert_same, outcome, run_to_end, wait

TRAINING = {"epochs": 2}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """A fork of a process whose OpenMP threads ran hangs; with one thread there are none."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A short run of each proof learner, made once."""
    runs = {}

    def run_of(system):
        if system.name not in runs:
            folder = tmp_path_factory.mktemp("trained") / system.name
            runs[system.name] = api.train(system.make_recipe("quick"), out=folder, seed=1).folder
        return runs[system.name]

    return run_of


# Without training ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ("lenet", "mlp", "resnet"))
def test_the_saved_artifact_is_the_pruned_network(name, tmp_path):
    source = made(name, tmp_path / "a")
    system = catalog.find(name)
    example = system.load("example_inputs")(source.recipe, source.spec)["classifier"][0]
    expected = source.modules["classifier"]
    replay(
        {"": Channels("classifier", expected, example).edits(lowest(0.5))}, {"": expected}
    )  # in place: `source` is opened again by the lever
    used = api.use_lever("prune", tmp_path / "a", tmp_path / "p", ratio=0.5)
    inputs = inputs_of(source)["classifier"]
    opened = catalog.open_artifact(tmp_path / "p")
    with torch.no_grad():
        assert torch.equal(opened.network("classifier")(*inputs)[0], expected(*inputs))
    assert used.after["parameters"] == sum(p.numel() for p in expected.parameters())
    for size in ("parameters", "macs", "bytes"):
        assert used.after[size] < 0.75 * used.before[size]
    assert opened.scores == {}, "they were another network's"
    assert (opened.recipe, opened.spec, opened.assets) == (
        source.recipe,
        source.spec,
        source.assets,
    )


def test_provenance_tells_what_was_done_to_what(tmp_path):
    made("lenet", tmp_path / "a")
    api.use_lever("prune", tmp_path / "a", tmp_path / "b", ratio=0.25)
    api.use_lever("prune", tmp_path / "b", tmp_path / "c", macs=0.5)
    told = catalog.open_artifact(tmp_path / "c").provenance
    assert told["seed"] == 0 and told["data"] == {"name": "digits"}
    lever = told["lever"]
    assert (lever["name"], lever["settings"]["macs"]) == ("prune", 0.5)
    assert lever["before"]["settings"]["ratio"] == 0.25
    assert lever["before"]["done"]["channels"]["classifier.c3"] == [16, 12]
    assert lever["done"]["channels"]["classifier.c3"][0] == 12
    assert lever["command"] == (
        "shinso train lenet --preset quick --seed 0; "
        "shinso prune RUN --ratio 0.25; shinso prune RUN --macs 0.5"
    )


@pytest.mark.parametrize("share", (0.7, 0.3))
def test_multiply_adds_end_just_below_what_was_asked_for(share, tmp_path):
    made("resnet", tmp_path / "a", depth=20)
    used = api.use_lever("prune", tmp_path / "a", tmp_path / "p", macs=share)
    assert share - 0.07 < used.after["macs"] / used.before["macs"] <= share


def test_pruning_twice_is_replayed_in_order(tmp_path):
    source = made("lenet", tmp_path / "a")
    api.use_lever("prune", tmp_path / "a", tmp_path / "b", ratio=0.5)
    api.use_lever("prune", tmp_path / "b", tmp_path / "c", ratio=0.5)
    twice = catalog.open_artifact(tmp_path / "c").modules["classifier"]
    assert (twice.c1.out_channels, twice.c3.out_channels, twice.f6.in_features) == (2, 4, 30)
    assert twice.c5.in_features == 4 * 25
    assert twice(*inputs_of(source)["classifier"]).shape == (3, 10)


def test_unstructured_sets_the_smallest_weights_to_0(tmp_path):
    source = made("lenet", tmp_path / "a").modules["classifier"]
    used = api.use_lever("prune", tmp_path / "a", tmp_path / "p", ratio=0.8, unstructured=True)
    pruned = catalog.open_artifact(tmp_path / "p").modules["classifier"]
    before = torch.cat([weight.flatten() for weight in prunable({"": source}).values()])
    after = torch.cat([weight.flatten() for weight in prunable({"": pruned}).values()])
    gone = after == 0
    assert (
        int(gone.sum()) == int(0.8 * len(before)) == used.after["weights"] - used.after["nonzeros"]
    )
    assert torch.equal(after[~gone], before[~gone])
    assert before[gone].abs().max() <= before[~gone].abs().min()
    assert used.done["threshold"] == before[gone].abs().max().item()
    assert torch.equal(pruned.c1.bias, source.c1.bias)
    assert used.after["compressed_bytes"] < 0.4 * used.before["compressed_bytes"]
    assert used.after["parameters"] == used.before["parameters"]
    assert used.after["macs"] == used.before["macs"]


@pytest.mark.slow
def test_half_of_the_channels_of_the_published_resnet_18_leave_the_published_sizes(tmp_path):
    """torch-pruning's example; it counts 487,202,536 multiply-adds, its own way."""
    made("resnet", tmp_path / "whole", "paper", depth=18)
    used = api.use_lever("prune", tmp_path / "whole", tmp_path / "half", ratio=0.5)
    assert (used.before["parameters"], used.before["macs"]) == (11_689_512, 1_814_073_344)
    assert (used.after["parameters"], used.after["macs"]) == (3_055_880, 483_149_824)


def lamp_score(weights, index):
    """Lee et al. 2021, equation 4, weight by weight; weights (N,)."""
    return weights[index] ** 2 / sum(w**2 for w in weights if abs(w) >= abs(weights[index]))


def test_lamp_ranks_weights_by_their_share_in_what_the_layer_has_left():
    random = np.random.default_rng(0)
    for scale in (1e-4, 1.0, 1e4):
        weights = scale * random.standard_normal(40)
        expected = [lamp_score(weights, index) for index in range(len(weights))]
        assert lamp(torch.tensor(weights)).tolist() == pytest.approx(expected)
    assert lamp(torch.zeros(2, 3)).tolist() == [[0] * 3] * 2
    # Layers that differ in scale alone lose as much, where by magnitude one would lose all.
    small = {"a": torch.tensor(weights), "b": torch.tensor(weights) / 1e3}
    for share in (0.25, 0.9):
        masks = smallest_gone(small, share, "lamp")
        assert torch.equal(masks["a"], masks["b"])
        assert int(masks["a"].sum()) == round(40 * (1 - share))
    assert not smallest_gone(small, 0.5)["b"].any()
    kept = {"a": torch.ones(40, dtype=torch.bool), "b": torch.arange(40) < 10}
    masks = smallest_gone(small, 0.5, "lamp", kept)  # 30 are gone already, 10 more go
    assert not masks["b"][10:].any()
    assert int(masks["a"].sum() + masks["b"].sum()) == 40


def test_pruned_by_lamp_no_layer_is_emptied(tmp_path):
    made("lenet", tmp_path / "a")
    settings = {"ratio": 0.999, "unstructured": True, "criterion": "lamp"}
    used = api.use_lever("prune", tmp_path / "a", tmp_path / "p", **settings)
    left = prunable(catalog.open_artifact(tmp_path / "p").modules)
    assert used.after["nonzeros"] == sum(int(weight.count_nonzero()) for weight in left.values())
    assert used.done == {"ratio": 0.999}  # no magnitude divides what stays from what went
    assert used.after["nonzeros"] == pytest.approx(0.001 * used.after["weights"], abs=1)
    assert all(weight.any() for weight in left.values())


def test_unstructured_by_threshold_sets_what_is_below_to_0(tmp_path):
    source = made("lenet", tmp_path / "a").modules["classifier"]
    used = api.use_lever("prune", tmp_path / "a", tmp_path / "p", threshold=0.04, unstructured=True)
    pruned = catalog.open_artifact(tmp_path / "p").modules["classifier"]
    weights = prunable({"": source})
    for name, after in prunable({"": pruned}).items():
        assert torch.equal(after, weights[name] * (weights[name].abs() >= 0.04))
    gone = sum(int((weight.abs() < 0.04).sum()) for weight in weights.values())
    assert gone == used.after["weights"] - used.after["nonzeros"]
    assert used.done == {"ratio": gone / used.after["weights"], "threshold": 0.04}


def test_neurons_whose_mean_weight_is_below_the_threshold_go(tmp_path):
    """The course's pruning."""
    artifact = made("mlp", tmp_path / "a", hidden=(6, 5))
    first, second = (layer[0] for layer in artifact.modules["classifier"].hidden)
    with torch.no_grad():
        first.weight.fill_(-0.2)
        second.weight.fill_(0.3)
        first.weight[[1, 4]] = 0.09
        second.weight[2] = 0.05
        second.weight[3] = torch.tensor([0.05, 0.3] * 3)  # 0.175 in the mean
    artifact.save(tmp_path / "b")
    used = api.use_lever("prune", tmp_path / "b", tmp_path / "p", threshold=0.1)
    edits = {(e.module, e.side): e.kept for e in used.artifact.edits["classifier"]}
    assert edits["hidden.0.0", "out"] == edits["hidden.1.0", "in"] == (0, 2, 3, 5)
    assert edits["hidden.1.0", "out"] == edits["output", "in"] == (0, 1, 3, 4)
    assert used.done["ratio"] == 3 / 11 and used.done["threshold"] == 0.1


def scaled(folder, scales):
    """An option-A ResNet whose inner batch normalisations scale by these, in turn."""
    artifact = made("resnet", folder / "a", depth=8, shortcut="A")
    network = artifact.modules["classifier"]
    with torch.no_grad():
        for stage, values in zip(network.stages, scales, strict=True):
            stage[0].bn1.weight.copy_(values)
    artifact.save(folder / "scaled")
    return folder / "scaled"


def test_one_share_of_all_scales_of_batch_normalisation_goes(tmp_path):
    """Liu et al. 2017: the 56 smallest of all 112, from whichever layer."""
    small, middle, large = torch.rand(16), 1 + torch.rand(32), 2 + torch.rand(64)
    small[3], middle[5] = 9.0, -8.0
    used = api.use_lever(
        "prune",
        scaled(tmp_path, (small, middle, large)),
        tmp_path / "p",
        ratio=0.5,
        criterion="bn",
    )
    edits = {(e.module, e.side): e.kept for e in used.artifact.edits["classifier"]}
    scales = torch.cat([small, middle, large]).abs()
    limit = scales.sort().values[56]
    for stage, values in enumerate((small, middle, large)):
        kept = tuple((values.abs() >= limit).nonzero().flatten().tolist())
        assert edits[f"stages.{stage}.0.bn1", "out"] == kept
    assert edits["stages.0.0.bn1", "out"] == (3,) and edits["stages.1.0.bn1", "out"] == (5,)
    assert used.done["ratio"] == 0.5 and used.done["threshold"] == limit.item()


def test_multiply_adds_by_scales_too(tmp_path):
    source = scaled(tmp_path, (torch.rand(16), torch.rand(32), torch.rand(64)))
    used = api.use_lever("prune", source, tmp_path / "p", macs=0.7, criterion="bn")
    assert 0.6 < used.after["macs"] / used.before["macs"] <= 0.7


# Training on what is left -------------------------------------------------------------------------


@pytest.mark.parametrize("unstructured", (False, True))
@pytest.mark.parametrize(
    "system", (systems.CLASSIFIER, systems.GAN, systems.DQN), ids=lambda system: system.name
)
def test_any_learner_trains_on_what_is_left(system, unstructured, trained, tmp_path):
    training = TRAINING if system is systems.CLASSIFIER else {"steps": 20}
    used = api.use_lever(
        "prune",
        trained(system),
        tmp_path / "run",
        training=training,
        ratio=0.5,
        unstructured=unstructured,
    )
    assert used.run is not None and used.run.step > 5
    start = catalog.open_artifact(tmp_path / "run" / "start")
    for name, module in used.artifact.modules.items():
        weights, before = (
            prunable({"": module}).values(),
            prunable({"": start.modules[name]}).values(),
        )
        assert not any(torch.equal(*pair) for pair in zip(weights, before, strict=True))
        if unstructured:
            pairs = zip(weights, before, strict=True)
            assert all(torch.equal(weight == 0, old == 0) for weight, old in pairs)
    if not unstructured:
        assert used.after["parameters"] < 0.75 * used.before["parameters"]
    assert used.artifact.scores, "they are known again"
    assert api.load(tmp_path / "run").artifact.scores == used.artifact.scores


def test_the_run_tells_its_lever_and_the_digest_of_its_source(trained, tmp_path):
    api.use_lever("prune", trained(systems.GAN), tmp_path / "run", training={"steps": 3}, seed=7)
    told = read_json(tmp_path / "run" / "recipe.json")
    assert told["seed"] == 7 and told["recipe"]["steps"] == 3
    assert told["data"]["name"] == "digits"
    assert told["lever"]["name"] == "prune" and told["lever"]["settings"]["ratio"] == 0.5
    assert len(told["lever"]["source"]) == 64
    assert told["lever"]["command"].endswith("; shinso prune RUN --steps 3 --seed 7")
    assert catalog.open_artifact(tmp_path / "run").provenance["lever"] == told["lever"]


def in_fork(source, folder, die_at=None, **settings):
    """What a fork does first: `train` is to prune `source` and to train on what is left, and to
    die by SIGKILL after so many steps."""

    def prepare():
        tempfile.tempdir = str(folder)  # a kill leaves the artifact there that it starts from

        def train(recipe, out, seed):
            training = {"epochs": 3}
            return api.use_lever("prune", source, out, training=training, seed=seed, **settings)

        forked.api = SimpleNamespace(train=train, resume=api.resume)
        step = loop.Loop._step

        def deadly(self):
            step(self)
            if self.run.step == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

        loop.Loop._step = deadly

    return prepare


@pytest.mark.parametrize("unstructured", (False, True))
def test_training_on_killed_at_any_step_goes_on_exactly(unstructured, trained, tmp_path):
    source = trained(systems.CLASSIFIER)
    settings = {"unstructured": unstructured}
    run_to_end(tmp_path / "whole", None, in_fork(source, tmp_path, **settings))
    expected = outcome(tmp_path / "whole")
    assert expected["step"] == 120
    for die_at in (1, 60, 119):
        folder = tmp_path / f"killed-{die_at}"
        pid = forked.start(folder, None, in_fork(source, tmp_path, die_at, **settings))
        assert wait(pid) == -signal.SIGKILL
        run_to_end(folder, None, in_fork(source, tmp_path, **settings))
        assert_same(outcome(folder), expected)


def test_train_from_a_pruned_artifact_keeps_its_channels_out(trained, tmp_path):
    api.use_lever("prune", trained(systems.CLASSIFIER), tmp_path / "p", ratio=0.5)
    recipe = systems.CLASSIFIER.make_recipe("quick")
    run = api.train(recipe, out=tmp_path / "run", start=tmp_path / "p")
    narrow = catalog.open_artifact(run.folder)
    assert narrow.modules["classifier"][0].out_features == 12
    with pytest.raises(UserError, match=r"0 \(out\) does not fit: it keeps"):
        api.train(recipe.changed(hidden=6), out=tmp_path / "other", start=tmp_path / "p")
    assert not (tmp_path / "other").exists()


# Errors -------------------------------------------------------------------------------------------


def refusal(what, tmp_path, **given):
    with pytest.raises(UserError) as refused:
        api.use_lever("prune", what, tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_what_is_given_wrong_is_said(trained, tmp_path):
    made("lenet", tmp_path / "a")
    made("adder", tmp_path / "adder")
    assert "must be below 1" in refusal(tmp_path / "a", tmp_path, ratio=1.0)
    assert "must be above 0" in refusal(tmp_path / "a", tmp_path, ratio=0.0)
    assert "not both" in refusal(tmp_path / "a", tmp_path, ratio=0.5, macs=0.5)
    assert "--threshold, and not both" in refusal(
        tmp_path / "a", tmp_path, ratio=0.5, threshold=0.5
    )
    assert "about channels" in refusal(tmp_path / "a", tmp_path, criterion="bn", unstructured=True)
    assert "ranks weights" in refusal(tmp_path / "a", tmp_path, criterion="lamp")
    assert "give --unstructured and a --ratio" in refusal(
        tmp_path / "a", tmp_path, criterion="lamp", unstructured=True, threshold=0.1
    )
    assert "needs channels" in refusal(tmp_path / "a", tmp_path, macs=0.5, unstructured=True)
    assert "less than one channel of 120" in refusal(tmp_path / "a", tmp_path, ratio=0.005)
    assert "out of reach" in refusal(tmp_path / "a", tmp_path, macs=0.01)
    assert "no channels of adder" in refusal(tmp_path / "adder", tmp_path)
    assert "did you mean" in refusal("lennet", tmp_path)
    values = trained(systems.VALUE_ITERATION)
    assert "proof-value-iteration has no networks to prune" in refusal(values, tmp_path)
    (tmp_path / "full").mkdir()
    with pytest.raises(UserError, match="full exists; choose another --out"):
        api.use_lever("prune", tmp_path / "a", tmp_path / "full")


def test_a_layer_that_would_be_emptied_is_named(tmp_path):
    made("mlp", tmp_path / "a", hidden=(20, 12))
    said = refusal(tmp_path / "a", tmp_path, threshold=0.09)
    assert said.startswith("--threshold 0.09 would take all channels of classifier.hidden.0.0, ")
    said = refusal(tmp_path / "a", tmp_path, threshold=0.13, unstructured=True)
    assert said.startswith("--threshold 0.13 would set all of classifier.hidden.0.0.weight to 0")
    said = refusal(tmp_path / "a", tmp_path, ratio=0.9, unstructured=True)
    assert said.startswith("--ratio 0.9 would set all of classifier.hidden.0.0.weight to 0")
    scales = torch.full((16,), 0.1), torch.ones(32), torch.ones(64)
    said = refusal(scaled(tmp_path, scales), tmp_path, ratio=0.5, criterion="bn")
    assert "takes no channel" not in said
    assert said.startswith("--ratio 0.5 would take all channels of classifier.stages.0.0.conv1, ")


def test_what_would_take_nothing_is_said(tmp_path):
    made("mlp", tmp_path / "a", hidden=(20, 12))
    assert "takes none of mlp's 1,640 weights" in refusal(
        tmp_path / "a", tmp_path, threshold=1e-9, unstructured=True
    )
    assert "takes no channel of mlp: none is worth less than 0.0" in refusal(
        tmp_path / "a", tmp_path, threshold=1e-3
    )
    assert "scaled by batch normalisation; --criterion l1" in refusal(
        tmp_path / "a", tmp_path, criterion="bn"
    )


def test_a_row_may_refuse_a_lever(tmp_path, monkeypatch):
    made("lenet", tmp_path / "a")
    row = dataclasses.replace(catalog.find("lenet"), refuses={"prune": "it is small"})
    monkeypatch.setitem(catalog.SYSTEMS, "lenet", row)
    assert refusal(tmp_path / "a", tmp_path) == "lenet refuses prune: it is small"


def test_a_missing_package_is_named_with_what_installs_it(tmp_path, monkeypatch):
    made("lenet", tmp_path / "a")
    monkeypatch.setattr("shinso.core.extras.find_spec", lambda name: None)
    said = refusal(tmp_path / "a", tmp_path)
    assert said == "torch_pruning is not installed: pip install 'shinso[compress]'"
    api.use_lever("prune", tmp_path / "a", tmp_path / "zeros", unstructured=True)


def test_an_artifact_whose_edits_were_tampered_with_is_refused(tmp_path):
    made("lenet", tmp_path / "a")
    api.use_lever("prune", tmp_path / "a", tmp_path / "p")
    about = tmp_path / "p" / "artifact.json"
    about.write_text(about.read_text().replace('"module": "f6"', '"module": "f7"'))
    with pytest.raises(UserError, match="edit of classifier's f7"):
        catalog.open_artifact(tmp_path / "p")
