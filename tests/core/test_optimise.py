"""Update rules against hand arithmetic and torch.optim, schedules and clipping by hand."""

import math

import pytest
import torch
from torch import nn, optim

from shinso.core.optimise import RULES, Updater, learning_rate
from shinso.core.recipe import GradientRecipe


def recipe(**values):
    return GradientRecipe(**{"steps": 100, **values})


def updated(recipe, start, gradients, total=100):
    """The parameters after one update for each gradient."""
    parameter = nn.Parameter(torch.tensor(start, dtype=torch.float64))
    updater = Updater(recipe, [parameter], total)
    for step, gradient in enumerate(gradients):
        updater.update([torch.tensor(gradient, dtype=torch.float64)], step)
        assert parameter.grad is None
    return parameter.detach()


def close(one, other):
    return torch.allclose(one, torch.tensor(other, dtype=torch.float64), rtol=1e-12, atol=0)


def test_sgd_by_hand():
    """v <- m v + g + d w; w <- w - r v."""
    plain = recipe(optimiser="sgd", learning_rate=0.1, momentum=0.0)
    assert close(updated(plain, [1.0, -2.0], [[0.5, 1.0]]), [0.95, -2.1])
    heavy = recipe(optimiser="sgd", learning_rate=0.1, momentum=0.9)
    assert close(updated(heavy, [1.0], [[1.0], [1.0]]), [1 - 0.1 - 0.1 * 1.9])
    decayed = recipe(optimiser="sgd", learning_rate=0.1, momentum=0.0, weight_decay=0.5)
    assert close(updated(decayed, [2.0], [[1.0]]), [2 - 0.1 * (1 + 0.5 * 2)])


def test_nesterov_by_hand():
    """w <- w - r (g + m v)."""
    rule = recipe(optimiser="nesterov", learning_rate=0.1, momentum=0.9)
    assert close(updated(rule, [1.0], [[1.0]]), [1 - 0.1 * (1 + 0.9)])


@pytest.mark.parametrize(("optimiser", "decay"), [("adam", 0), ("adam", 0.1), ("adamw", 0.1)])
def test_adam_by_hand(optimiser, decay):
    """Kingma and Ba 2015, algorithm 1; decoupled decay: Loshchilov and Hutter 2019."""
    rule = recipe(
        optimiser=optimiser, learning_rate=0.01, beta1=0.8, beta2=0.9, epsilon=1e-3,
        weight_decay=float(decay),
    )  # fmt: skip
    weight, mean, square = 1.5, 0.0, 0.0
    gradients = [0.3, -0.2, 0.7]
    for t, gradient in enumerate(gradients, start=1):
        if optimiser == "adamw":
            weight -= 0.01 * decay * weight
        else:
            gradient += decay * weight
        mean = 0.8 * mean + 0.2 * gradient
        square = 0.9 * square + 0.1 * gradient**2
        corrected = mean / (1 - 0.8**t), square / (1 - 0.9**t)
        weight -= 0.01 * corrected[0] / (math.sqrt(corrected[1]) + 1e-3)
    assert close(updated(rule, [1.5], [[g] for g in gradients]), [weight])


ORACLES = {
    "sgd": lambda p: optim.SGD(p, 0.02, momentum=0.7, weight_decay=0.1),
    "nesterov": lambda p: optim.SGD(p, 0.02, momentum=0.7, weight_decay=0.1, nesterov=True),
    "adam": lambda p: optim.Adam(p, 0.02, (0.8, 0.95), 1e-4, 0.1),
    "adamw": lambda p: optim.AdamW(p, 0.02, (0.8, 0.95), 1e-4, 0.1),
    "rmsprop": lambda p: optim.RMSprop(p, 0.02, 0.95, 1e-4, 0.1, 0.7),
    "adagrad": lambda p: optim.Adagrad(p, 0.02, eps=1e-4, weight_decay=0.1),
}


def test_every_rule_has_an_oracle():
    assert ORACLES.keys() == RULES.keys()


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_torchs(name):
    """Ten steps down Rosenbrock's valley."""

    def valley(w):
        return (1 - w[0]) ** 2 + 10 * (w[1] - w[0] ** 2) ** 2

    start = torch.tensor([-0.5, 0.8], dtype=torch.float64)
    theirs, ours = (nn.Parameter(start.clone()) for _ in range(2))
    oracle = ORACLES[name]([theirs])
    settings = recipe(
        optimiser=name, learning_rate=0.02, momentum=0.7, weight_decay=0.1, beta1=0.8,
        beta2=0.95, epsilon=1e-4,
    )  # fmt: skip
    updater = Updater(settings, [ours], 10)
    for step in range(10):
        oracle.zero_grad()
        valley(theirs).backward()
        oracle.step()
        updater.update(torch.autograd.grad(valley(ours), [ours]), step)
    assert torch.equal(ours, theirs)
    assert not torch.allclose(ours, start, atol=1e-2)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {0: 1.0, 50: 1.0, 99: 1.0}),
        ({"schedule": "linear"}, {0: 1.0, 25: 0.75, 99: 0.01}),
        ({"schedule": "cosine"}, {0: 1.0, 50: 0.5, 25: (1 + math.sqrt(0.5)) / 2}),
        # He et al. 2016: divided by 10 at half and at three quarters.
        ({"schedule": "step"}, {0: 1.0, 49: 1.0, 50: 0.1, 74: 0.1, 75: 0.01, 99: 0.01}),
        # Each fall at its step, although 0.3 + 0.1 is less than 0.4 in floating point.
        (
            {"schedule": "step", "step_decay": (0.3, 0.1, 0.5)},
            {29: 1.0, 30: 0.5, 39: 0.5, 40: 0.25, 50: 0.125, 60: 0.0625, 70: 0.03125, 99: 2**-7},
        ),
        ({"warmup_steps": 10}, {0: 0.1, 4: 0.5, 9: 1.0, 10: 1.0, 99: 1.0}),
        ({"warmup_steps": 20, "schedule": "linear"}, {0: 0.05, 19: 1.0, 20: 1.0, 60: 0.5}),
        ({"warmup_steps": 20, "schedule": "cosine"}, {19: 1.0, 60: 0.5}),
        ({"warmup_steps": 200}, {0: 0.005, 99: 0.5}),
    ],
)
def test_schedules_by_hand(settings, expected):
    for step, factor in expected.items():
        found = learning_rate(recipe(learning_rate=0.3, **settings), step, 100)
        assert found == pytest.approx(0.3 * factor, rel=1e-12)


def test_the_updater_follows_the_schedule():
    falling = recipe(optimiser="sgd", momentum=0.0, learning_rate=0.4, schedule="linear")
    assert close(updated(falling, [0.0], [[1.0]] * 4, total=4), [-0.4 * (1 + 0.75 + 0.5 + 0.25)])


def clipped(gradients, norm):
    """What plain SGD at rate 1 subtracts."""
    parameters = [nn.Parameter(torch.zeros(len(g))) for g in gradients]
    settings = recipe(optimiser="sgd", momentum=0.0, learning_rate=1.0, clip_norm=norm)
    Updater(settings, parameters, 100).update([torch.tensor(g) for g in gradients], 0)
    return [(-parameter).tolist() for parameter in parameters]


def test_clipping_scales_all_gradients_together():
    assert clipped([[3.0], [0.0, 4.0]], None) == [[3.0], [0.0, 4.0]]
    assert clipped([[3.0], [0.0, 4.0]], 10.0) == [[3.0], [0.0, 4.0]]
    for found, wanted in zip(clipped([[3.0], [0.0, 4.0]], 1.0), [[0.6], [0.0, 0.8]], strict=True):
        assert found == pytest.approx(wanted, rel=1e-5)


def test_the_updater_tells_whether_it_clipped():
    updater = Updater(recipe(clip_norm=5.0), [nn.Parameter(torch.zeros(2))], 100)
    told = []
    for step, gradient in enumerate(([6.0, 0.0], [3.0, 3.0], [4.0, 4.0])):
        updater.update([torch.tensor(gradient)], step)
        told.append(updater.clipped)
    assert told == [True, False, True]


def test_a_parameter_without_gradient_stays():
    used, unused = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    updater = Updater(recipe(weight_decay=0.1, clip_norm=1.0), [used, unused], 100)
    updater.update([torch.ones(1), None], 0)
    assert used.item() < 1 and unused.item() == 1
    updater.update([None, None], 1)
    assert unused.item() == 1
