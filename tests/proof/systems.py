"""The catalogue rows of the proof learners."""

from shinso import catalog
from shinso.core.system import System


def row(name: str, module: str, **parts: str) -> System:
    places = {part: f"tests.proof.{module}:{attribute}" for part, attribute in parts.items()}
    kinds = ("images",) if module in ("classifier", "gan") else ()
    return System(
        name=name,
        field="proof",
        task="proof",
        summary="A proof learner.",
        paper="none",
        section="none",
        data="digits" if kinds else None,
        data_kinds=kinds,
        resume="statistical, because actor processes end in any order"
        if module == "self_play"
        else "exact",
        **places,
    )


COMMON = {
    "recipe": "ProofRecipe",
    "learner": "ProofLearner",
    "predictor": "ProofPredictor",
    "evaluate": "evaluate",
}

NETWORKS = {"build": "build", "example_inputs": "example_inputs"}

CLASSIFIER = row("proof-classifier", "classifier", **COMMON, **NETWORKS)
GAN = row("proof-gan", "gan", **COMMON, **NETWORKS)
VALUE_ITERATION = row("proof-value-iteration", "value_iteration", **COMMON)
DQN = row("proof-dqn", "dqn", **COMMON, **NETWORKS)
SELF_PLAY = row("proof-self-play", "self_play", **COMMON)

EXACT = (CLASSIFIER, GAN, VALUE_ITERATION, DQN)

for system in (*EXACT, SELF_PLAY):
    catalog.add(system)
