"""Artifacts of the catalogue's systems with weights that no training made."""

import json

import torch

from shinso import catalog
from shinso.core.artifact import Artifact

PROVENANCE = {"data": {"name": "digits"}, "seed": 0, "start": None, "lever": None}


def random_networks(system, recipe, spec, seed=0):
    """Normalisations have statistics as of training, too."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    networks = system.load("build")(recipe, spec)
    for network in networks.values():
        for name, buffer in network.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                buffer.uniform_(0.5, 1.5, generator=generator)
        network.eval()
    return networks


def made(name, folder, preset="quick", **changes):
    """Saves the artifact of a system whose spec is that of the preset, and opens it."""
    system = catalog.find(name)
    recipe = system.make_recipe(preset, **changes)
    spec = system.preset(preset, **changes).spec
    networks = random_networks(system, recipe, spec)
    options = system.options_class() if system.options_class else None
    images = system.field == "vision"
    classes = [str(number) for number in range(spec.classes)] if images else []
    assets = {"classes.json": json.dumps(classes)} if images else {}
    provenance = PROVENANCE if images else {**PROVENANCE, "data": {"name": "addition"}}
    artifact = Artifact(name, recipe, spec, options, networks, assets=assets, provenance=provenance)
    artifact.scores = {"accuracy": 0.5}
    artifact.save(folder)
    return catalog.open_artifact(folder)


def inputs_of(artifact, batch=3, seed=1):
    """{network: random inputs of a batch}."""
    system = catalog.find(artifact.system)
    generator = torch.Generator().manual_seed(seed)
    examples = system.load("example_inputs")(artifact.recipe, artifact.spec)
    return {
        name: tuple(torch.randn(batch, *t.shape[1:], generator=generator) for t in inputs)
        for name, (inputs, _) in examples.items()
    }
