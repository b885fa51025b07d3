"""How to use an exported language model without shinso."""

from __future__ import annotations

from pathlib import Path

from shinso.core.artifact import Artifact
from shinso.core.standalone import Standalone
from shinso.language.word_lm.recipe import WordLMRecipe, WordLMSpec

TOKENS = {
    "spaces": "Words are what stands between spaces.",
    "words": "Words are in lower case; punctuation marks are words by themselves, so put spaces "
    "around them.",
    "course": "Words are in lower case, of a to z, apostrophes and hyphens alone.",
    "sentencepiece": "Words are pieces, which the library sentencepiece makes of text by the model "
    "in `sentencepiece.base64`.",
}


def standalone(artifact: Artifact) -> Standalone:
    recipe, spec = artifact.recipe, artifact.spec
    assert isinstance(recipe, WordLMRecipe) and isinstance(spec, WordLMSpec)
    window = (
        f" It was trained to see {recipe.window} words: give the last {recipe.window} alone, with "
        "`<eos>` before the first, and a state of zeros."
        if recipe.window
        else ""
    )
    return Standalone(
        Path(__file__).with_name("standalone.py"),
        '"WORD WORD ..."',
        f"""{TOKENS[recipe.tokens]} A word's number is its line in `vocabulary.txt`, counted from \
0; one that is not there is `<unk>`, and `<eos>` stands before the first and after each line.

1. The word, int64 (batch, 1).
2. The state before it, as the call before gave it; zeros at the beginning.{window}""",
        f"""1. Logits (batch, 1, {spec.vocabulary}) of the word after it, whose softmax is the \
words' probabilities.
2. The state after it, for the next call.""",
    )
