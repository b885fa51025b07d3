"""Translating what a person gives: forms of text, the n best, attention, and what is refused."""

import io
import json
import logging
import warnings
from itertools import chain, product

import numpy as np
import pytest
import torch
from PIL import Image

from shinso import api
from shinso.cli import main
from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.language.translation.beam import beam_search
from shinso.language.translation.predictor import Rereading, TranslationPredictor
from shinso.language.translation.recipe import TranslationOptions
from shinso.language.translation.sentences import divided
from tests.language.translation.nets import log_p_of
from tests.language.translation.test_evaluation import without_weights


@pytest.fixture(scope="module")
def artifact(run):
    return api.load(run).artifact


@pytest.fixture(scope="module")
def predictor(artifact):
    return TranslationPredictor(artifact)


def changed(artifact, **options):
    return TranslationPredictor(artifact, TranslationOptions(**options))


# Forms of text ------------------------------------------------------------------------------------


def test_a_sentence_as_a_person_writes_it(predictor):
    found = predictor("Two one three.")
    assert str(found) == found.text == "二一三。"
    assert found.source == "Two one three."
    assert found.tokens == ("二", "一", "三", "。")
    assert found.unknown == () and len(found.candidates) == 1


def test_tokens_in_and_out(artifact):
    found = changed(artifact, tokens=True)("two one three .")
    assert found.text == "二 一 三 。"
    assert changed(artifact, tokens=True)("Two one.").unknown == ("Two", "one.")


def test_many_at_once_are_each_what_they_are_alone(predictor):
    asked = ["Six.", "One two three.", "Four five.", "Six six six."] * 20
    found = list(predictor.predict_all(asked))
    alone = {source: predictor(source) for source in set(asked)}
    for source, made in zip(asked, found, strict=True):
        assert made.source == source and made.text == alone[source].text
        assert made.score == pytest.approx(alone[source].score, abs=1e-4)


def test_unknown_words_are_told_and_a_sentence_without_another_is_said(predictor, caplog):
    assert predictor("One seven three.").unknown == ("seven",)
    assert "is known" not in caplog.text
    assert predictor("seven eight seven").unknown == ("seven", "eight")
    assert "no word of 'seven eight seven' is known, so its translation is a guess" in caplog.text


def test_control_characters_are_said_and_read_as_spaces(predictor, caplog):
    assert predictor("One\x07two\u2028three.").text == predictor("One two three.").text
    assert r"control characters are read as spaces in 'One\x07two\u2028three.'" in caplog.text
    caplog.clear()
    predictor(" One two three.\n")
    assert not caplog.records


@pytest.mark.parametrize("nothing", ("", "  ", "\x00", "\t\n"))
def test_nothing_to_translate_is_refused(nothing, predictor):
    with pytest.raises(UserError, match="there is nothing to translate in"):
        predictor(nothing)


# Long text ----------------------------------------------------------------------------------------


def test_text_longer_than_was_learned_is_translated_sentence_by_sentence(predictor):
    text = "One two. Three four! Six."
    found = predictor(text)
    parts = [predictor(part) for part in ("One two.", "Three four!", "Six.")]
    assert found.text == "".join(part.text for part in parts)
    assert found.score == pytest.approx(sum(part.score for part in parts), abs=1e-4)
    assert found.unknown == ("!",)


def test_a_sentence_too_long_is_refused_and_never_cut(artifact):
    predictor = changed(artifact)
    with pytest.raises(UserError, match="a sentence of 121 tokens, and the model reads 100 at"):
        predictor("One. " + "two " * 120 + ".")
    assert predictor("two " * 99 + ".").text  # longer than any seen, and one that it allows


def count(text):
    return len(text.split())


@pytest.mark.parametrize(
    ("text", "parts"),
    (
        ("It is. It was? “It is!” So.", ["It is.", "It was?", "“It is!”", "So."]),
        ("mr. smith and Dr. No met . they left .", ["mr. smith and Dr. No met .", "they left ."]),
        ("a b c d e f", ["a b c d e f"]),
        ("本当 に。 「はい。」 と いう。", ["本当 に。", "「はい。」 と いう。"]),
    ),
)
def test_where_sentences_end(text, parts):
    assert divided(text, count, 2, 10) == parts
    assert divided(text, count, 10, 10) == [text]


# The n best ---------------------------------------------------------------------------------------


def test_scores_are_those_of_the_model(artifact):
    """What `forward` gives the outputs, and Wu et al.'s length penalty, by hand."""
    found = changed(artifact, beam=6, nbest=4, alpha=0.8)("Two one three.")
    net = artifact.modules["translator"]
    reading = changed(artifact).reading
    outputs = [reading.target.vocabulary.encode(made.tokens).tolist() for made in found.candidates]
    source = reading.read_source("two one three .")
    expected = log_p_of(net, torch_of(source), len(source), outputs)
    assert len({made.text for made in found.candidates}) == 4
    for made, tokens, log_p in zip(found.candidates, outputs, expected, strict=True):
        assert made.log_probability == pytest.approx(log_p, abs=1e-4)
        penalty = ((5 + len(tokens) + 1) / 6) ** 0.8
        assert made.score == pytest.approx(log_p / penalty, abs=1e-4)
    scores = [made.score for made in found.candidates]
    assert scores == sorted(scores, reverse=True)
    assert (found.text, found.score) == (found.candidates[0].text, scores[0])
    lines = str(found).splitlines()
    assert len(lines) == 4 and lines[0].split() == [f"{scores[0]:.3f}", found.text]


def torch_of(source):
    return torch.from_numpy(source.astype(np.int64))


def test_the_n_best_of_several_sentences_are_the_best_of_all_combinations(artifact):
    predictor = changed(artifact, beam=5, nbest=5)
    parts = [predictor(part).candidates for part in ("Five one.", "Three two.", "Six.")]
    every = sorted(
        (sum(made.score for made in some), "".join(made.text for made in some))
        for some in product(*parts)
    )[::-1][:5]
    found = predictor("Five one. Three two. Six.").candidates
    assert [made.score for made in found] == pytest.approx([s for s, _ in every], abs=1e-4)
    assert [made.text for made in found] == [text for _, text in every]


@pytest.mark.parametrize(
    ("options", "said"),
    (
        ({"beam": 2, "nbest": 3}, "--nbest 3 needs --beam 3 or more"),
        ({"beam": 0}, "--beam is 0"),
        ({"alpha": -1.0}, "--alpha is -1"),
        ({"attention": "map.jpg"}, "--attention map.jpg is no name of a .png file"),
    ),
)
def test_options_that_do_not_fit(options, said):
    with pytest.raises(UserError, match=said):
        TranslationOptions(**options)


# Attention ----------------------------------------------------------------------------------------


def test_pictures_of_attention(artifact, tmp_path):
    predictor = changed(artifact, attention=str(tmp_path / "map.png"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of a glyph that the fonts lack, too
        predictor("Two one three.")
        predictor("Six. Two one three.")
    pictures = [np.asarray(Image.open(tmp_path / name)) for name in ("map.png", "map-2.png")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map-2.png", "map.png"]
    assert all(picture.std() > 10 for picture in pictures)
    assert not np.array_equal(*pictures)


def test_a_map_is_of_the_tokens(predictor):
    lines = ["two one three .", "six ."]
    lists = predictor.hypotheses(lines, attention=True)
    drawn = predictor.attention_map(lines, [best for best, *_ in lists])
    assert drawn.row_labels == ("二", "一", "三", "。", "六", "。")
    assert drawn.column_labels == (
        *("two", "one", "three", ".", "<eos>"),
        *("six", ".", "<eos>"),
    )
    values = np.asarray(drawn.values)
    assert np.allclose(values.sum(axis=1), 1, atol=1e-5)
    assert not values[:4, 5:].any() and not values[4:, :5].any()  # each looks at its own sentence
    assert predictor.hypotheses(lines)[0][0].attention is None
    assert predictor.artifact.modules["translator"].keeps_weights is False


def test_attention_that_is_not_there_is_refused(artifact, tmp_path):
    copy = Artifact(**{name: getattr(artifact, name) for name in KEPT})
    predictor = changed(without_weights(copy), attention=str(tmp_path / "map.png"))
    with pytest.raises(UserError, match="gives no weights of attention to draw"):
        predictor("Two one three.")
    missing = changed(artifact, attention=str(tmp_path / "none" / "map.png"))
    with pytest.raises(UserError, match=r"writing .*none/map.png: no such file"):
        missing("Two one three.")


KEPT = ("system", "recipe", "spec", "options", "modules", "assets", "path")


# Weights and their form ---------------------------------------------------------------------------


def test_a_vocabulary_that_does_not_fit_the_weights_is_refused(artifact):
    copy = Artifact(**{name: getattr(artifact, name) for name in KEPT})
    name = "target.vocabulary.txt"
    copy.assets = {**artifact.assets, name: artifact.assets[name] + "七\n"}
    with pytest.raises(UserError, match="target weights for 11 tokens and a vocabulary of 12"):
        TranslationPredictor(copy)


def test_reading_all_anew_gives_the_same(artifact, predictor):
    """As a graph does, which has no cache."""
    net = artifact.modules["translator"]
    source = torch_of(np.stack([predictor.reading.read_source("two one three .")] * 2))
    lengths, limits = source.new_tensor([5, 5]), source.new_tensor([6, 9])
    lists = [
        beam_search(one, source, lengths, limits, beam=3, alpha=0.6, n_best=3)
        for one in (net, Rereading(artifact.network("translator")))
    ]
    cached, anew = (list(chain(*found)) for found in lists)
    assert len(cached) == 6
    for one, other in zip(cached, anew, strict=True):
        assert one.tokens == other.tokens
        assert one.log_probability == pytest.approx(other.log_probability, abs=1e-4)


@pytest.mark.slow
def test_an_exported_one_translates(run, tmp_path):
    pytest.importorskip("onnxruntime")
    api.use_lever("export", run, tmp_path / "onnx")
    asked = ["Two one three.", "Six.", "Five five."]
    found = [api.load(place).predict(asked) for place in (run, tmp_path / "onnx")]
    assert [made.text for made in found[0]] == [made.text for made in found[1]]


# The shell ----------------------------------------------------------------------------------------


def test_lines_of_stdin_give_one_line_each(run, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("Two one.\nSix.\n"))
    assert main(["predict", str(run), "-"]) == 0
    assert capsys.readouterr().out == "二一。\n六。\n"


def test_json_has_the_n_best(run, capsys, caplog):
    caplog.set_level(logging.ERROR)
    command = ["predict", str(run), "Two one.", "--beam", "4", "--nbest", "2", "--tokens", "--json"]
    assert main(command) == 0
    (made,) = json.loads(capsys.readouterr().out)["predictions"]
    assert set(made) == {"input", "source", "text", "tokens", "score", "unknown", "candidates"}
    assert made["unknown"] == ["Two", "one."] and len(made["candidates"]) == 2
    assert set(made["candidates"][0]) == {"text", "tokens", "score", "log_probability"}
