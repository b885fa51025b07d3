"""How to use an exported tagger of letters without shinso."""

from __future__ import annotations

from pathlib import Path

from shinso.core.artifact import Artifact
from shinso.core.standalone import Standalone
from shinso.language.char_tagger.recipe import CharTaggerOptions, CharTaggerSpec
from shinso.language.char_tagger.tags import NOTHING


def standalone(artifact: Artifact) -> Standalone:
    spec, options = artifact.spec, artifact.options
    assert isinstance(spec, CharTaggerSpec) and isinstance(options, CharTaggerOptions)
    return Standalone(
        Path(__file__).with_name("standalone.py"),
        '"word word ..."',
        f"""A passage of {spec.width} places, int64 (batch, {spec.width}): words in lower case \
with a space after each, and spaces for the rest. A space is 0, an apostrophe 1, a to z are 2 to \
27. A longer text is read passage by passage.""",
        f"""Logits (batch, {spec.width}, {spec.tags}) of what belongs at each place, whose \
softmax is its probability: a symbol, below {NOTHING}; nothing, {NOTHING}; or, from there on, \
{NOTHING} + s where the symbol s is missing before this one. A change is made where the likeliest \
one has a probability of {options.threshold:g} or more; a space stays one.""",
    )
