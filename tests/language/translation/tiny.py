"""A translator small enough to be trained in a test, the rows of the catalogue that have it, and a
language pair: numbers of one digit, in English and in Japanese."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch
from torch import Tensor, nn

from shinso import catalog
from shinso.core.recipe import Preset, option
from shinso.core.system import System
from shinso.language.translation.recipe import (
    RecurrentTranslationRecipe,
    TranslationRecipe,
    TranslationSpec,
)

WORDS = {"one": "一", "two": "二", "three": "三", "four": "四", "five": "五", "six": "六"}


@dataclass(frozen=True, kw_only=True)
class TinyRecipe(TranslationRecipe):
    size: int = option(24, "units", minimum=1)
    learning_rate: float = 2e-2
    batch_size: int = 32


@dataclass(frozen=True, kw_only=True)
class TinyForcedRecipe(TinyRecipe, RecurrentTranslationRecipe):
    pass


PRESETS = {"cpu": Preset(TranslationSpec())}


class Blind(nn.Module):
    """One GRU reads, another writes and attends to the words; it does not tell where it looks."""

    def __init__(self, sources: int, targets: int, size: int) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(sources, size), nn.Embedding(targets, size)
        self.reader, self.writer = nn.GRU(size, size, batch_first=True), nn.GRU(size, size)
        self.query, self.output = nn.Linear(size, size), nn.Linear(3 * size, targets)
        self.dropout = nn.Dropout(0.1)

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor) -> Tensor:
        (words, keys, real), (hidden,) = self.start(source, lengths)
        states, _ = self.writer(self.target(target).transpose(0, 1), hidden[None])
        return self.answer(states.transpose(0, 1), words, keys, real)[0]

    def start(self, source: Tensor, lengths: Tensor):
        words = self.dropout(self.source(source))  # (B, S, D)
        keys, _ = self.reader(words)
        places = torch.arange(source.shape[1], device=source.device)
        real = places < lengths[:, None]  # (B, S)
        ends = keys.gather(1, (lengths - 1)[:, None, None].expand(-1, 1, keys.shape[2]))[:, 0]
        return (words, keys, real), (ends,)

    def step(self, tokens: Tensor, state):
        (words, keys, real), (hidden,) = state
        states, after = self.writer(self.target(tokens)[None], hidden[None])
        logits, weights = self.answer(states.transpose(0, 1), words, keys, real)
        told = weights[:, 0] if getattr(self, "keeps_weights", False) else None
        return logits[:, 0], ((words, keys, real), (after[0],)), told

    def answer(self, states: Tensor, words: Tensor, keys: Tensor, real: Tensor):
        """(B, T, D) states to (B, T, V) logits and (B, T, S) weights of attention."""
        scores = self.query(states) @ keys.mT
        weights = scores.masked_fill(~real[:, None], -torch.inf).softmax(dim=2)
        seen = torch.cat([states, weights @ words, weights @ keys], dim=2)
        return self.output(seen), weights


class Tiny(Blind):
    keeps_weights = False


def build(recipe: TinyRecipe, spec: TranslationSpec) -> dict[str, nn.Module]:
    return {"translator": Tiny(spec.source_vocabulary, spec.target_vocabulary, recipe.size)}


def build_blind(recipe: TinyRecipe, spec: TranslationSpec) -> dict[str, nn.Module]:
    return {"translator": Blind(spec.source_vocabulary, spec.target_vocabulary, recipe.size)}


def row(name: str, recipe: str, build: str) -> System:
    here, shared = __name__, "shinso.language.translation"
    return System(
        name=name,
        field="proof",
        task="proof",
        summary="A tiny translator.",
        paper="none",
        section="none",
        recipe=f"{here}:{recipe}",
        options=f"{shared}.recipe:TranslationOptions",
        build=f"{here}:{build}",
        example_inputs=f"{shared}.examples:example_inputs",
        learner=f"{shared}.learner:TranslationLearner",
        predictor=f"{shared}.predictor:TranslationPredictor",
        evaluate=f"{shared}.evaluation:evaluate",
        data="small_parallel_enja",
        data_kinds=("parallel",),
    )


TINY = row("proof-translator", "TinyRecipe", "build")
FORCED = row("proof-forced", "TinyForcedRecipe", "build")
BLIND = row("proof-blind", "TinyRecipe", "build_blind")
for system in (TINY, FORCED, BLIND):
    catalog.add(system)


def write_text(folder: Path, pairs: Sequence[tuple[str, str]], valid: Sequence[tuple[str, str]]):
    """Files as shinso finds the user's own: train.en, train.ja, valid.en and valid.ja."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", pairs), ("valid", valid)):
        for side, language in enumerate(("en", "ja")):
            lines = "".join(f"{pair[side]}\n" for pair in part)
            (folder / f"{name}.{language}").write_text(lines, encoding="utf-8")
    return folder


def numbers(raw: bool = False) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """All numbers of one to three digits, 258; every ninth is for validation, one of which is
    learned too, and comes first there. Raw is as a person writes: "One two." and 一二。"""
    pairs = []
    for count in (1, 2, 3):
        for words in product(WORDS, repeat=count):
            spoken, written = " ".join(words), " ".join(map(WORDS.__getitem__, words))
            if raw:
                pairs.append((f"{spoken.capitalize()}.", written.replace(" ", "") + "。"))
            else:
                pairs.append((f"{spoken} .", f"{written} 。"))
    valid = pairs[7::9]
    return valid[:1] + [pair for pair in pairs if pair not in valid], valid
