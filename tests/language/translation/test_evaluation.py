"""How translators are scored: against sacrebleu itself, arithmetic, and by what a report shows."""

import math
from itertools import pairwise

import numpy as np
import pytest
import sacrebleu
import torch

from shinso import api
from shinso.core.errors import UserError
from shinso.core.exhibits import Curve, Heatmap, Table
from shinso.data import open_data
from shinso.language.translation.evaluation import evaluate
from shinso.language.translation.predictor import TranslationPredictor
from shinso.language.translation.recipe import TranslationOptions
from tests.language.translation.tiny import BLIND, TINY, numbers, write_text


@pytest.fixture(scope="module")
def data(corpus):
    return open_data(str(corpus), ("parallel",))


@pytest.fixture(scope="module")
def poor(data, run):
    """A predictor that is often wrong: of the trained weights, with noise."""
    artifact = api.load(run).artifact
    generator = torch.Generator().manual_seed(1)
    for parameter in artifact.modules["translator"].parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data += 0.6 * noise * parameter.std()
    return TranslationPredictor(artifact, TranslationOptions(beam=1))


@pytest.fixture(scope="module")
def evaluated(poor, data):
    return evaluate(poor, data, "valid")


def table(evaluation, title):
    (found,) = (shown for shown in evaluation.exhibits if shown.title == title)
    return found


def test_bleu_is_that_of_the_tokens_of_what_it_writes_by_itself(poor, data, evaluated):
    valid = data.split("valid")
    outputs = [poor(source).tokens for source in valid.sources]
    lines = [" ".join(tokens) for tokens in outputs]
    bleu = sacrebleu.corpus_bleu(lines, [valid.targets], tokenize="none", force=True).score
    assert 10 < bleu < 90
    assert evaluated.scores["bleu"] == pytest.approx(bleu, abs=1e-9)
    chrf = sacrebleu.corpus_chrf(lines, [valid.targets]).score
    assert evaluated.scores["chrf"] == pytest.approx(chrf, abs=1e-9)
    note = table(evaluated, "Scores").note
    assert "BLEU nrefs:1|case:mixed|eff:no|tok:none|smooth:exp|version:" in note
    assert "chrF nrefs:1" in note


def test_teacher_forced_figures_by_themselves(poor, data, evaluated):
    """One sentence at a time, position by position."""
    net, reading = poor.artifact.modules["translator"], poor.reading
    losses, lines = [], []
    for source, target in data.split("valid"):
        read, true = reading.read_source(source), reading.read_target(target).tolist()
        state = net.start(torch.tensor([read.tolist()]), torch.tensor([len(read)]))
        written = []
        for token, answer in pairwise(true):
            logits, state, _ = net.step(torch.tensor([token]), state)
            losses.append(-logits.detach().log_softmax(dim=1)[0, answer].item())
            written.append(int(logits.argmax()))
        lines.append(reading.written(written))
    targets = data.split("valid").targets
    bleu = sacrebleu.corpus_bleu(lines, [targets], tokenize="none", force=True).score
    assert evaluated.scores["bleu_teacher_forced"] == pytest.approx(bleu, abs=1e-9)
    assert evaluated.scores["bleu_teacher_forced"] != evaluated.scores["bleu"]
    assert evaluated.scores["loss"] == pytest.approx(np.mean(losses), abs=1e-5)
    assert evaluated.scores["perplexity"] == pytest.approx(math.exp(np.mean(losses)), rel=1e-5)


def test_sentences_that_were_learned_are_told_apart(evaluated):
    rows = table(evaluated, "Scores").rows
    assert [row[:3] for row in rows] == [
        ("free-running", "all", 28),
        ("free-running", "seen", 1),
        ("free-running", "unseen", 27),
        ("retrieval", "all", 28),
        ("retrieval", "seen", 1),
        ("retrieval", "unseen", 27),
        ("teacher-forced", "all", 28),
    ]
    assert [*evaluated.scores][:6] == [
        f"{name}{part}" for part in ("", "_seen", "_unseen") for name in ("bleu", "chrf")
    ]
    baseline = evaluated.baselines["retrieval"]
    assert baseline["chrf_seen"] == 100 and 0 < baseline["bleu_unseen"] < 60


def test_scores_by_length(evaluated, data):
    rows = table(evaluated, "Scores by length of the sentence").rows
    lengths = [len(source.split()) for source in data.split("valid").sources]
    assert [row[:2] for row in rows] == [("3", 4), ("4", 24)]
    (curve,) = (shown for shown in evaluated.exhibits if isinstance(shown, Curve))
    assert set(curve.lines) == {"free-running", "retrieval"}
    for place, how in enumerate(("free-running", "retrieval")):
        xs, ys = curve.lines[how]
        assert [round(y, 1) for y in ys] == [row[2 + 2 * place] for row in rows]
        assert np.average(xs, weights=[4, 24]) == pytest.approx(np.mean(lengths))


def test_best_and_worst_are_listed(evaluated):
    best, worst = (table(evaluated, f"{name} translations").rows for name in ("Best", "Worst"))
    assert len(best) == len(worst) == 10
    scores = [row[3] for row in best]
    assert scores == sorted(scores, reverse=True) and scores[-1] >= max(row[3] for row in worst)
    assert worst[0][1] != worst[0][2]


def test_attention_is_mapped_where_there_is_some(evaluated, run, data):
    maps = [shown for shown in evaluated.exhibits if isinstance(shown, Heatmap)]
    assert len(maps) == 3
    for shown in maps:
        assert np.allclose(np.sum(shown.values, axis=1), 1, atol=1e-5)
        assert shown.column_labels[-2:] == (".", "<eos>") and shown.row_labels
    blind = without_weights(api.load(run).artifact)
    shown = evaluate(TranslationPredictor(blind, TranslationOptions(beam=1)), data, "valid")
    assert not any(isinstance(exhibit, Heatmap) for exhibit in shown.exhibits)
    assert all(isinstance(exhibit, Table | Curve) for exhibit in shown.exhibits)


def without_weights(artifact):
    """The same, of a net that does not tell where it looks."""
    (blind,) = BLIND.networks(artifact.recipe, artifact.spec).values()
    blind.load_state_dict(artifact.modules["translator"].state_dict())
    artifact.modules = {"translator": blind}
    return artifact


def test_a_better_search_scores_at_its_own(run, data):
    found = api.evaluate(run, beam=5)
    assert found.scores["bleu"] > 95
    assert found.scores["loss"] == pytest.approx(api.evaluate(run, beam=1).scores["loss"])


def test_raw_text_is_scored_as_raw_text(run, raw_corpus):
    """A model of tokens reads what a person wrote, and writes so."""
    data = open_data(str(raw_corpus), ("parallel",))
    found = evaluate(api.load(run), data, "valid")
    assert set(found.scores) == {"chrf", "chrf_seen", "chrf_unseen"}
    assert found.scores["chrf"] > 95
    written = {row[1] for row in table(found, "Best translations").rows}
    assert written and all(" " not in line for line in written)
    assert table(found, "Best translations").rows[0][0].endswith(".")


def test_the_other_direction_is_refused(run, corpus):
    turned = open_data(f"{corpus}:ja-en", ("parallel",))
    with pytest.raises(UserError, match=r"is translated from ja to en, .*; give numbers:en-ja"):
        evaluate(api.load(run), turned, "valid")


def test_without_a_sentence_that_was_seen(tmp_path):
    train, valid = numbers()
    folder = write_text(tmp_path / "text", train[:40], valid[4:8])
    made = api.train(TINY.make_recipe(steps=2), str(folder), tmp_path / "run").folder
    found = api.evaluate(made)
    assert "bleu_seen" not in found.scores
    assert found.scores["bleu_unseen"] == found.scores["bleu"]
