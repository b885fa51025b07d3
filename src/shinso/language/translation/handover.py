"""How to use an exported translator without shinso."""

from __future__ import annotations

from pathlib import Path

from shinso.core.artifact import Artifact
from shinso.core.standalone import Standalone
from shinso.language.translation.predictor import SHORTEST_LIMIT
from shinso.language.translation.recipe import (
    TranslationOptions,
    TranslationRecipe,
    TranslationSpec,
)
from shinso.language.vocabulary import TRANSLATION

SPACED = (
    "Text is in lower case, with spaces between its tokens, punctuation marks among them: "
    "`don 't !`."
)
PIECES = (
    "Tokens are pieces of words, which the library sentencepiece makes of text by the model in "
    "`source.sentencepiece.base64`, and the model of `target` makes text of them."
)
PLAIN = "Tokens are what stands between spaces."


def standalone(artifact: Artifact) -> Standalone:
    recipe, spec, options = artifact.recipe, artifact.spec, artifact.options
    assert isinstance(recipe, TranslationRecipe) and isinstance(spec, TranslationSpec)
    assert isinstance(options, TranslationOptions)
    read, written = spec.languages
    tokens = PIECES if recipe.tokens == "sentencepiece" else SPACED if spec.spaced else PLAIN
    specials = ", ".join(f"`{name}` {number}" for number, name in enumerate(TRANSLATION))
    return Standalone(
        Path(__file__).with_name("standalone.py"),
        '"TOKEN TOKEN ..."',
        f"""{tokens} A token's number is its line in `source.vocabulary.txt`, counted from 0; the \
first are {specials}, and a token that is not there is `<unk>`.

1. The sentence ({read}): its tokens and `<eos>`, int64 (batch, read), filled up with `<pad>`.
2. The number of tokens of each sentence, `<eos>` counted: int64 (batch,).
3. The translation ({written}) so far: `<bos>` and the tokens written, by `target.vocabulary.txt`;
   int64 (batch, written).""",
        f"""Logits (batch, written, {spec.target_vocabulary}) of the token after each one. The \
example takes the likeliest after the last, appends it and asks again, until that is `<eos>` or \
{options.longest_ratio:g} tokens were written for each one read, and {SHORTEST_LIMIT} more; \
`<pad>`, `<bos>` and `<unk>` are never taken. shinso by itself searches with a beam of \
{options.beam}.""",
    )
