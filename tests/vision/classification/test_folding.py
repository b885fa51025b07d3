"""Every image classifier predicts with its batch normalisations folded, and answers the same."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from shinso import catalog
from shinso.core.artifact import Artifact
from shinso.layers.folding import folded
from shinso.vision.classification.predictor import CLASSES, ClassifierPredictor
from shinso.vision.classification.preparation import normalised
from shinso.vision.classification.recipe import ClassifierOptions
from tests.vision.classification.exchange import randomised

# Normalisations that are left at preset quick; elsewhere none is.
LEFT = {
    "googlenet": 2,  # of the auxiliary heads, which nothing calls
    "preact-resnet": 4,  # before three blocks, and behind the last: they read sums, or the stem,
    "wide-resnet": 4,  # which others read too
    "pyramidnet": 4,
    "densenet": 9,  # before six layers, two transitions and the output: they read what is joined
}


def predictor_of(name: str, **changes) -> ClassifierPredictor:
    """Of the preset quick, with weights that nothing was learned by."""
    torch.manual_seed(0)
    system = catalog.find(name)
    recipe = system.make_recipe("quick", **changes)
    spec = recipe.nominal_spec(system.preset("quick").spec)
    modules = system.networks(recipe, spec)
    assets = {CLASSES: json.dumps([str(number) for number in range(spec.classes)])}
    randomised(modules["classifier"])
    return ClassifierPredictor(
        Artifact(name, recipe, spec, ClassifierOptions(), modules, assets=assets)
    )


CASES = [
    (row.name, changes)
    for row in catalog.SYSTEMS.values()
    if row.task == "image classification"
    for changes in ({}, {"norm": "batch"})
    if not changes or "norm" in {field.name for field in row.recipe_class.fields()}
]


@pytest.mark.parametrize(("name", "changes"), CASES, ids=lambda value: str(value))
def test_a_predictor_answers_as_its_network_does(name, changes):
    use = predictor_of(name, **changes)
    network = use.artifact.modules["classifier"]
    side, channels = use.spec.size, use.spec.channels
    pixels = np.random.default_rng(0).integers(0, 256, (3, side, side, channels), np.uint8)
    with torch.no_grad():
        expected = network.eval()(normalised(torch.from_numpy(pixels), use.spec))
    scale = expected.abs().max().item()
    left = sum(isinstance(m, nn.BatchNorm2d) for m in folded(network).modules())
    normalised_by_batch = any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
    assert left == (LEFT.get(name, 0) if normalised_by_batch else 0)
    np.testing.assert_allclose(use.logits(pixels), expected, rtol=1e-5, atol=1e-5 * scale)
