"""Every row of the catalogue, through the whole of its life at preset `quick`."""

import json

import pytest
import torch

from shinso import api, catalog
from shinso.core.counting import costs
from shinso.core.errors import UserError
from shinso.core.run import Run
from shinso.go.board import Board
from shinso.go.engine import Limits
from tests.core.test_resume import stopped_run
from tests.proof.forked import assert_same, outcome

SHOWN = [row for row in catalog.SYSTEMS.values() if not row.name.startswith("proof")]
TABLES = ("rollout",)  # networks that look weights up and add them: they multiply nothing

ROWS = pytest.mark.parametrize(
    "system", [row for row in SHOWN if row.recipe is not None], ids=lambda row: row.name
)


@ROWS
def test_every_part_that_the_row_names_is_there(system):
    for part in ("recipe", "learner", "predictor", "evaluate"):
        assert callable(system.load(part))
    assert "cpu" in system.presets and "quick" in system.presets
    for name, preset in system.presets.items():
        assert isinstance(system.make_recipe(name), system.recipe_class)
        assert isinstance(preset.spec, system.spec_class)
        for network, cost in costs(system, system.make_recipe(name), preset.spec).items():
            assert cost.parameters > 0, network
            assert cost.macs > 0 or network in TABLES, network


@pytest.mark.parametrize("name", [row.name for row in SHOWN if row.recipe is None])
def test_what_learns_nothing_plays_a_move_and_has_nothing_to_train(name):
    system, board = catalog.find(name), Board(5)
    player = api.player(name)
    assert player.name == name
    assert board.is_legal(player.choose(board, board.to_play, Limits(visits=10)).point)
    assert not board.stones.any()
    assert not system.presets
    with pytest.raises(UserError, match=f"{name} learns nothing; it plays as it is"):
        system.make_recipe()


@ROWS
def test_example_inputs_fit_the_networks_at_any_batch(system):
    recipe, spec = system.make_recipe(), system.preset("cpu").spec
    networks = system.load("build")(recipe, spec)
    for name, (inputs, dynamic) in system.load("example_inputs")(recipe, spec).items():
        for batch in (1, 3):
            repeated = [
                tensor.repeat_interleave(batch, dim=next(iter(dynamic[i])))
                if i in dynamic
                else tensor
                for i, tensor in enumerate(inputs)
            ]
            output = networks[name].eval()(*repeated)
            first = output[0] if isinstance(output, tuple) else output
            assert len(first) == batch


@ROWS
def test_a_quick_run_stopped_and_resumed_ends_like_one_that_was_not(system, tmp_path):
    recipe = system.make_recipe("quick")
    data = system.preset("quick").data
    run = api.train(recipe, data, tmp_path / "whole", seed=3)
    assert isinstance(run, Run) and run.step > 1
    stopped_run(tmp_path / "stopped", system, run.step // 2, recipe, data)
    api.resume(tmp_path / "stopped")
    assert_same(outcome(tmp_path / "stopped"), outcome(tmp_path / "whole"))


@ROWS
def test_the_artifact_alone_predicts_what_the_learner_measured(system, tmp_path):
    run = api.train(
        system.make_recipe("quick"), system.preset("quick").data, tmp_path / "run", seed=1
    )
    artifact = run.artifact_folder.rename(tmp_path / "artifact")  # away from its run
    measured = json.loads((artifact / "artifact.json").read_text())["scores"]
    again = api.evaluate(artifact, **system.selects_with)
    assert again.scores == pytest.approx(measured, rel=1e-6)
    assert again.baselines, "scores without anything to beat"
    parameters = [p for m in api.load(artifact).artifact.modules.values() for p in m.parameters()]
    assert all(torch.isfinite(p).all() for p in parameters)
