"""The policy network: the paper's numbers, its equation, and what it learns from."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from shinso import api, catalog
from shinso.core.errors import UserError
from shinso.go.features import alphago_planes
from shinso.go.symmetries import transform_planes
from tests.proof.directly import make_learner, make_run

SYSTEM = catalog.find("alphago-policy")


def test_parameters_are_the_papers():
    recipe, spec = SYSTEM.make_recipe("paper"), SYSTEM.preset("paper").spec
    with torch.device("meta"):
        policy = SYSTEM.networks(recipe, spec)["policy"]
    assert sum(p.numel() for p in policy.parameters()) == (
        (5 * 5 * 48 + 1) * 192 + 11 * (3 * 3 * 192 + 1) * 192 + 192 + 361
    )


def test_the_network_is_its_equation():
    torch.manual_seed(0)
    recipe = SYSTEM.make_recipe("quick", layers=4, filters=5)
    policy = SYSTEM.networks(recipe, SYSTEM.preset("quick").spec)["policy"]
    for parameter in policy.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    planes = torch.rand(2, 48, 7, 7)
    first, *hidden = (
        module
        for module in policy.modules()
        if isinstance(module, torch.nn.Conv2d) and module is not policy.head
    )
    assert [layer.kernel_size for layer in hidden] == [(3, 3), (3, 3)]
    maps = F.relu(F.conv2d(F.pad(planes, (2, 2, 2, 2)), first.weight, first.bias))
    for layer in hidden:
        maps = F.relu(F.conv2d(F.pad(maps, (1, 1, 1, 1)), layer.weight, layer.bias))
    expected = torch.einsum("bchw,c->bhw", maps, policy.head.weight.flatten()).flatten(1)
    torch.testing.assert_close(policy(planes), expected + policy.bias)


def test_raw_sees_stones_and_their_age_alone():
    recipe = SYSTEM.make_recipe("quick", features="raw")
    policy = SYSTEM.networks(recipe, SYSTEM.preset("quick").spec)["policy"]
    torch.nn.init.normal_(policy.head.weight)
    planes = torch.rand(1, 48, 7, 7)
    other = torch.cat([planes[:, :12], torch.rand(1, 36, 7, 7)], dim=1)
    assert (policy(planes) == policy(other)).all()
    assert (policy(planes) != policy(planes.flip(1))).any()


def test_untrained_it_finds_all_points_equally_likely(tmp_path):
    learner = make_learner(make_run(SYSTEM, tmp_path), SYSTEM.make_recipe("quick"), data="uct_7x7")
    batch = learner.next_batch("update")
    loss = learner.loss("update", batch, learner.forward("update", batch))
    assert loss.item() == pytest.approx(math.log(49), rel=1e-6)


def test_each_position_is_shown_in_one_of_eight_ways_with_its_move(tmp_path):
    run = make_run(SYSTEM, tmp_path)
    learner = make_learner(run, SYSTEM.make_recipe("quick"), data="uct_7x7")
    indices = np.arange(200)
    planes, points = learner.examples(indices)
    again, _ = learner.examples(indices)
    assert (planes == again).all(), "a function of the step"
    plain = alphago_planes(learner.records.positions(indices))
    ways = set()
    for i, point in enumerate(learner.records.points[indices]):
        move = np.zeros((1, 7, 7))
        move.flat[point] = 1
        alike = [
            way
            for way in range(8)
            if (transform_planes(plain[i], way) == planes[i].numpy()).all()
            and transform_planes(move, way).argmax() == points[i]
        ]
        assert alike, i
        ways |= {*alike} if len(alike) == 1 else set()
    assert ways == {*range(8)}
    run.step += 1
    assert (learner.examples(indices)[0] != planes).any()


def test_without_symmetries_moves_are_as_recorded(tmp_path):
    recipe = SYSTEM.make_recipe("quick", symmetries=False)
    learner = make_learner(make_run(SYSTEM, tmp_path), recipe, data="uct_7x7")
    indices = np.arange(0, 500, 7)
    planes, points = learner.examples(indices)
    assert (points.numpy() == learner.records.points[indices]).all()
    assert (planes.numpy() == alphago_planes(learner.records.positions(indices))).all()


def test_weights_of_another_size_are_refused(tmp_path):
    with pytest.raises(UserError, match="data set uct_7x7 has no move on 9x9 in train; its games"):
        api.train(SYSTEM.make_recipe("quick", size=9), "uct_7x7", tmp_path / "run")
    assert not (tmp_path / "run").exists()
