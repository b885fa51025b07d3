"""Translators that were trained once, for all tests that use them."""

import pytest

from shinso import api
from tests.language.translation.tiny import TINY, numbers, write_text


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """A folder of tokenised text."""
    return write_text(tmp_path_factory.mktemp("text") / "numbers", *numbers())


@pytest.fixture(scope="session")
def raw_corpus(tmp_path_factory):
    """The same text as people write it."""
    return write_text(tmp_path_factory.mktemp("text") / "raw", *numbers(raw=True))


@pytest.fixture(scope="session")
def run(corpus, tmp_path_factory):
    """The folder of a run that learned the numbers from averaged weights."""
    recipe = TINY.make_recipe(epochs=13, evaluate_every=26, average=3, label_smoothing=0.1)
    folder = tmp_path_factory.mktemp("runs") / "run"
    return api.train(recipe, str(corpus), folder, seed=5).folder
