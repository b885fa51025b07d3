"""What translating costs: 500 sentences at beam 5, beside CTranslate2 with the same weights.

    pip install ctranslate2
    OMP_NUM_THREADS=1 python benchmarks/translation_decoding.py [ARTIFACT]

They are small_parallel_enja's dev set. Both translate tokenised text to tokenised text in float32
with one thread, in batches of the same size, in turn. All times are CPU times. Without an artifact
`--preset cpu` is trained for a few hundred steps: its translations are bad, but they end.

First it is looked whether both are one net, by the log P of the translations that a person wrote,
and counted how many translations agree, all searched for by log P alone (alpha 0). Greedy ones
differ where rounding decides, and where ours reaches a sentence's limit. The beams are not one
search: here an output that has ended keeps its place in the beam, there another takes it, and what
<unk> would have had is shared out there. So some differ, and the mean log P of what each found,
which one net gives to all, says whose are likelier.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from ctranslate2.converters import utils
from ctranslate2.specs import TransformerSpec, common_spec
from machine import machine, median_and_interval
from pairs import interleaved
from torch import nn

from shinso import api, catalog
from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.processes import keep_freed_memory
from shinso.data import open_data
from shinso.data.parallel import ParallelSplit
from shinso.language.transformer.recipe import TransformerRecipe
from shinso.language.translation.evaluation import TeacherForced
from shinso.language.translation.predictor import MOST_ROWS, NETWORK, TranslationPredictor
from shinso.layers.positions import sinusoidal_positions

BEAM = 5
LONGEST = 100  # tokens that CTranslate2 may write; ours has a limit for each sentence
STEPS = 400  # of training, where no artifact is given


# Conversion ---------------------------------------------------------------------------------------


def converted(artifact: Artifact, folder: Path) -> Path:
    """The artifact as a model of CTranslate2. Raises UserError for one that it cannot express."""
    recipe, net = artifact.recipe, artifact.modules[NETWORK]
    assert isinstance(recipe, TransformerRecipe)
    if recipe.norm == "none" or not recipe.residual or not recipe.positions:
        raise UserError("CTranslate2 has no Transformer without norms, residuals or positions")
    spec = TransformerSpec.from_config(recipe.layers, recipe.heads, pre_norm=recipe.norm == "pre")
    spec.config.layer_norm_epsilon = 1e-5
    spec.config.bos_token = spec.config.decoder_start_token = "<bos>"
    spec.config.eos_token, spec.config.unk_token = "<eos>", "<unk>"
    spec.config.add_source_eos = True
    for side, part in (("source", net.encoder), ("target", net.decoder)):
        own = spec.encoder if side == "source" else spec.decoder
        fill_stack(own, part, recipe)
        table = own.embeddings[0] if side == "source" else own.embeddings
        table.weight = array(getattr(net, f"{side}_embedding").weight)
        own.scale_embeddings = recipe.embedding_scale
        register = getattr(spec, f"register_{side}_vocabulary")
        register(artifact.assets[f"{side}.vocabulary.txt"].splitlines())
    spec.decoder.projection.weight = array(net.output.weight)
    spec.validate()
    folder.mkdir()
    spec.save(str(folder))
    return folder


def fill_stack(spec: Any, stack: Any, recipe: TransformerRecipe) -> None:
    positions = sinusoidal_positions(recipe.longest + LONGEST, recipe.size, 1)  # from 1 on
    spec.position_encodings.encodings = array(positions)
    if recipe.norm == "pre":
        fill_norm(spec.layer_norm, stack.final_norm)
    for part, layer in zip(spec.layer, stack.layers, strict=True):
        if hasattr(layer, "source_attention"):
            fill_attention(part.self_attention, layer.self_attention, 3)
            fill_norm(part.self_attention.layer_norm, norm_of(layer.around_self_attention))
            fill_attention(part.attention, layer.source_attention, 1)
            fill_norm(part.attention.layer_norm, norm_of(layer.around_source_attention))
        else:
            fill_attention(part.self_attention, layer.attention, 3)
            fill_norm(part.self_attention.layer_norm, norm_of(layer.around_attention))
        fill_linear(part.ffn.linear_0, layer.feed_forward.inner)
        fill_linear(part.ffn.linear_1, layer.feed_forward.outer)
        fill_norm(part.ffn.layer_norm, norm_of(layer.around_feed_forward))


def fill_attention(spec: Any, attention: Any, joined: int) -> None:
    """The first so many of queries, keys and values are one product, the others the next."""
    spec.queries_scale = np.float32(1 / attention.scale)
    maps = [common_spec.LinearSpec() for _ in range(3)]
    own = (attention.to_queries, attention.to_keys, attention.to_values)
    for part, linear in zip(maps, own, strict=True):
        fill_linear(part, linear)
    *products, output = spec.linear
    for product, parts in zip(products, filter(None, (maps[:joined], maps[joined:])), strict=True):
        utils.fuse_linear(product, parts)
    fill_linear(output, attention.output)


def fill_linear(spec: Any, linear: Any) -> None:
    spec.weight, spec.bias = array(linear.weight), array(linear.bias)


def fill_norm(spec: Any, norm: Any) -> None:
    spec.gamma, spec.beta = array(norm.weight), array(norm.bias)


def norm_of(around: Any) -> nn.Module:
    return around.after if isinstance(around.before, nn.Identity) else around.before


def array(tensor: Any) -> np.ndarray:
    return tensor.detach().numpy()


# Translating --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Peer:
    """CTranslate2, with the same tokens, search and batches as far as it has them."""

    translator: ctranslate2.Translator

    @classmethod
    def of(cls, artifact: Artifact, folder: Path) -> "Peer":
        model = str(converted(artifact, folder))
        return cls(
            ctranslate2.Translator(model, compute_type="float32", inter_threads=1, intra_threads=1)
        )

    def translated(self, lines: Sequence[str], beam: int) -> list[str]:
        """The best translation of each line."""
        results = self.translator.translate_batch(
            [line.split() for line in lines],
            max_batch_size=MOST_ROWS // beam,
            beam_size=beam,
            length_penalty=0,
            max_decoding_length=LONGEST,
            disable_unk=True,
        )
        return [" ".join(made.hypotheses[0]) for made in results]

    def log_p(self, lines: Sequence[str], translations: Sequence[str]) -> np.ndarray:
        """(N,) log P of each translation, EOS counted."""
        sides = ([line.split() for line in side] for side in (lines, translations))
        scored = self.translator.score_batch(*sides, max_batch_size=MOST_ROWS)
        return np.array([sum(made.log_probs) for made in scored])


def print_losses(predictor: TranslationPredictor, peer: Peer, split: ParallelSplit) -> None:
    """Both nets' of the true translations; the same if the weights were converted rightly."""
    own = TeacherForced.of(predictor, split).losses
    theirs = -peer.log_p(split.sources, split.targets).sum() / len(own)
    print(f"-log p of a true token: shinso {own.mean():.6f}, CTranslate2 {theirs:.6f}")


def print_agreement(predictor: TranslationPredictor, peer: Peer, lines: Sequence[str]) -> None:
    beam = predictor.options.beam
    own, theirs = predictor.translated(lines), peer.translated(lines, beam)
    same = sum(one == other for one, other in zip(own, theirs, strict=True))
    mean, their_mean = (peer.log_p(lines, made).mean() for made in (own, theirs))
    print(
        f"beam {beam}: {same} of {len(lines)} translations agree; "
        f"mean log P: shinso {mean:.3f}, CTranslate2 {their_mean:.3f}"
    )


def trained(folder: Path) -> Path:
    changes = {"steps": STEPS, "epochs": None, "evaluate_every": STEPS, "warmup_steps": 80}
    recipe = catalog.find("transformer").make_recipe("cpu", **changes)
    return api.train(recipe, "small_parallel_enja", folder / "run", threads=1).folder


# --------------------------------------------------------------------------------------------------


def print_row(name: str, values: list[float], digits: int) -> None:
    middle, low, high = (f"{value:,.{digits}f}" for value in median_and_interval(values))
    print(f"{name:46} {middle:>9}   [{low}, {high}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifact", nargs="?", help="a Transformer for small_parallel_enja")
    parser.add_argument("--pairs", type=int, default=15, help="pairs of passes (default: 15)")
    given = parser.parse_args()
    api.set_threads(1)
    keep_freed_memory()
    split = open_data("small_parallel_enja", ("parallel",)).split("valid")
    lines = split.sources
    with tempfile.TemporaryDirectory() as folder:
        artifact = catalog.open_artifact(given.artifact or trained(Path(folder)))
        peer = Peer.of(artifact, Path(folder) / "converted")
        print(f"{machine()}, CTranslate2 {ctranslate2.__version__}")
        print(f"{len(lines)} sentences, {MOST_ROWS // BEAM} at a time\n")
        options: Any = artifact.options
        greedy, predictor = (
            TranslationPredictor(artifact, options.changed(beam=beam, alpha=0.0))
            for beam in (1, BEAM)
        )
        print_losses(greedy, peer, split)
        for each in (greedy, predictor):
            print_agreement(each, peer, lines)
        times = interleaved(
            lambda: peer.translated(lines, BEAM),
            lambda: predictor.translated(lines),
            1,
            given.pairs,
        )
    print(f"\nmedians of {given.pairs} interleaved pairs, with their 95% intervals")
    print_row("shinso, sentences/s", [len(lines) / own for _, own in times], 1)
    print_row("CTranslate2, sentences/s", [len(lines) / theirs for theirs, _ in times], 1)
    print_row("time of CTranslate2 / time of shinso", [t / own for t, own in times], 3)


if __name__ == "__main__":
    main()
