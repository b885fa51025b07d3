"""The word language model: its batches, its perplexity, what it draws, and how it goes on."""

import json
import math
import re

import numpy as np
import pytest
import torch

from shinso import api, catalog
from shinso.cli import main
from shinso.core import exhibits
from shinso.core.errors import UserError
from shinso.core.files import read_json
from shinso.data.archives import member_names, read_member
from shinso.data.locate import needed_files
from shinso.data.sentences import sentence, sentences
from shinso.data.store import entry_of
from shinso.language.reading import Reading, encoded
from shinso.language.word_lm import predictor as predicting
from shinso.language.word_lm.batches import Streams, Windows
from shinso.language.word_lm.learner import PASSAGE
from tests.proof.directly import make_learner, make_run

SYSTEM = catalog.find("word-lm")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Runs of preset quick with changes, each made once."""
    runs = {}

    def run_of(**changes):
        key = tuple(sorted(changes.items()))
        if key not in runs:
            folder = tmp_path_factory.mktemp("runs") / str(len(runs))
            runs[key] = api.train(
                SYSTEM.make_recipe("quick", **changes), "sentences", folder
            ).folder
        return runs[key]

    return run_of


# Batches ------------------------------------------------------------------------------------------


def test_streams_read_all_of_the_text_in_order():
    stream = np.arange(1, 24)  # 23 words: 7 for each of 3 streams, and 2 left over
    streams = Streams(stream, 0, 3, 4)
    batches = [streams.batch(0, position, slice(0, 3)) for position in range(streams.epoch_steps)]
    assert [words.shape for words, _ in batches] == [(3, 4), (3, 3)]
    assert np.concatenate([words for words, _ in batches], axis=1).tolist() == [
        [0, *range(1, 7)],
        [*range(7, 14)],
        [*range(14, 21)],
    ]
    for words, answers in batches:
        assert (answers == words + 1).all()


def test_windows_are_every_run_of_words_once_an_epoch_in_another_order():
    stream = np.arange(100, 143)
    windows = Windows(stream, 10, 5, np.random.default_rng)
    seen = []
    for epoch in range(2):
        batches = [
            windows.batch(epoch, place, slice(0, 10)) for place in range(windows.epoch_steps)
        ]
        assert all((words[:, 1:] == words[:, :-1] + 1).all() for words, _ in batches)
        assert all((answers == words[:, -1:] + 1).all() for words, answers in batches)
        seen.append(np.concatenate([words[:, 0] for words, _ in batches]))
    assert len(set(seen[0].tolist())) == len(seen[0]) == 30  # of 38: 8 fill no batch
    assert seen[0].tolist() != seen[1].tolist()


@pytest.mark.parametrize(
    ("changes", "said"),
    (
        ({"batch_size": 40_000}, "fewer than --batch-size 40000"),
        ({"window": 50_000}, "too few for --window 50000"),
        ({"unroll": 10**6, "batch_size": 20_000}, "of memory and there are"),
        ({"cell": "gru", "forget_bias": 1.0}, "gru has no forget gate"),
    ),
)
def test_what_does_not_fit_is_said(changes, said, tmp_path):
    with pytest.raises(UserError, match=said):
        api.train(SYSTEM.make_recipe("quick", **changes), "sentences", tmp_path / "run")
    assert not (tmp_path / "run").exists()


# Learning -----------------------------------------------------------------------------------------


def test_parameters_are_the_paper_s(capsys):
    assert main(["show", "word-lm", "--preset", "long", "--json"]) == 0
    # Zaremba et al.: 4.65 million; of the two biases of torch's kernel they have one.
    assert json.loads(capsys.readouterr().out)["parameters"] - 2 * 800 == (
        10_000 * 200 + 2 * (400 * 800 + 800) + 200 * 10_000 + 10_000
    )


def test_tied_vectors_are_one_table():
    recipe, spec = SYSTEM.make_recipe("paper"), SYSTEM.preset("paper").spec
    with torch.device("meta"):
        lm = SYSTEM.load("build")(recipe, spec)["lm"]
    assert lm.output.weight is lm.embedding.weight
    # 33,278 words x 650, two LSTM layers of 650 with two biases each, one bias a word.
    assert sum(p.numel() for p in lm.parameters()) == (
        33_278 * 650 + 2 * (2 * 650 * 2600 + 2 * 2600) + 33_278
    )


@pytest.mark.parametrize("cell", ("rnn", "lstm", "gru"))
def test_the_state_is_carried_over_batches_and_starts_anew_with_an_epoch(cell, tmp_path):
    run = make_run(SYSTEM, tmp_path)
    recipe = SYSTEM.make_recipe("quick", cell=cell, batch_size=4, learning_rate=1e-30)
    learner = make_learner(run, recipe, data="sentences")
    read = []
    for _ in range(3):
        words, _, state = learner.next_batch("update")
        read.append(words)
        learner.gradients("update", (words, _, state))
        run.step += 1
    with torch.no_grad():
        _, *state = learner.networks["lm"](torch.cat(read, dim=1))
    torch.testing.assert_close(learner.carried, tuple(state))
    run.step = learner.batches.epoch_steps
    assert all((tensor == 0).all() for tensor in learner.next_batch("update")[2])


def test_a_run_killed_amid_an_epoch_goes_on_exactly(tmp_path):
    from tests.core.test_resume import stopped_run
    from tests.proof.forked import assert_same, outcome

    recipe = SYSTEM.make_recipe("quick", steps=20, dropout=0.2)
    api.train(recipe, "sentences", tmp_path / "whole", seed=3)
    stopped_run(tmp_path / "stopped", SYSTEM, 13, recipe, "sentences")
    api.resume(tmp_path / "stopped")
    assert_same(outcome(tmp_path / "stopped"), outcome(tmp_path / "whole"))


@pytest.mark.parametrize("changes", ({}, {"layers": 2, "dropout": 0.5, "tied": False}))
def test_a_report_shows_its_gates_at_the_beginning_of_the_validation_text(changes, trained):
    run = trained(steps=20, **changes)
    shown = exhibits.load(run / "exhibits" / "training")
    layers = changes.get("layers", 1)
    assert len(shown) == 4 * layers
    assert shown[0].title == "Gates along the sequence" + (", layer 1" if layers == 2 else "")

    state = shown[-3]
    words = ["<eos>", *(" <eos> ".join(sentences().split("valid"))).split()[: PASSAGE - 1]]
    assert state.title.startswith("Cell state by unit") and list(state.column_labels) == words
    artifact = catalog.open_artifact(run)
    read = Reading.kept("spaces", artifact.assets).vocabulary.encode(words).astype(np.int64)
    *_, cell_state = artifact.network("lm")(torch.from_numpy(read)[None])
    order = [int(unit) for unit in state.row_labels]
    np.testing.assert_allclose(state.values[:, -1], cell_state[-1, 0, order], rtol=0, atol=1e-5)


def test_a_window_s_gates_are_shown_as_far_as_it_sees(trained):
    (state,) = exhibits.load(trained(window=3, steps=60, cell="rnn") / "exhibits" / "training")
    assert state.column_labels == ("<eos>", *sentences().split("valid")[0].split()[:2])


def test_it_comes_near_the_grammar_s_own_entropy(trained):
    """No model can have a lower perplexity than the grammar, but by chance on 500 sentences."""
    lm = api.load(trained(epochs=6, hidden=64, batch_size=8, unroll=20, tied=False, init=0.2))
    evaluation = api.evaluate_predictor(lm, "sentences", "test")
    sums = [sentence(f"test {place}")[1] for place in range(500)]
    words = sum(len(line.split()) + 1 for line in sentences().split("test"))
    best = math.exp(-sum(sums) / words)
    assert 0.98 * best < evaluation.scores["perplexity"] < 1.06 * best
    trigram = evaluation.baselines["trigram, Kneser-Ney"]["perplexity"]
    assert evaluation.scores["perplexity"] < 0.9 * trigram  # which cannot look over a clause
    said = {
        text: lm.probabilities(text)
        for text in ("the dogs that see a cat", "the dog that sees a cat")
    }
    number = lm.vocabulary.number
    assert (
        said["the dogs that see a cat"][number("sleep")]
        > 5 * said["the dogs that see a cat"][number("sleeps")]
    )
    assert (
        said["the dog that sees a cat"][number("sleeps")]
        > 5 * said["the dog that sees a cat"][number("sleep")]
    )


# Perplexity ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", (1, 100, 1 << 22))
def test_losses_are_those_of_one_long_pass_whatever_the_pieces(most, trained, monkeypatch):
    monkeypatch.setattr(predicting, "MOST_LOGITS", most)
    lm = api.load(trained())
    stream = encoded(lm.reading, sentences().split("valid"))[:300].astype(np.int64)
    read = torch.from_numpy(np.concatenate([[lm.vocabulary.number("<eos>")], stream[:-1]]))
    logits, *_ = lm.artifact.network("lm")(read[None])
    expected = -logits[0].log_softmax(-1)[torch.arange(300), torch.from_numpy(stream)]
    np.testing.assert_allclose(lm.losses(stream), expected.numpy(), rtol=1e-4, atol=1e-5)


def test_what_comes_next_is_the_same_whatever_the_pieces(trained, monkeypatch):
    text = " ".join(sentences().split("valid")[:20])
    whole = api.load(trained(), words=5)(text)
    monkeypatch.setattr(predicting, "MOST_LOGITS", 100)
    pieces = api.load(trained(), words=5)(text)
    assert pieces.continuation == whole.continuation
    assert pieces.log_probability == pytest.approx(whole.log_probability, rel=1e-5)
    for one, other in zip(pieces.candidates, whole.candidates, strict=True):
        assert one == (other[0], pytest.approx(other[1], rel=1e-4))


def test_every_word_and_end_of_line_is_counted(trained):
    lm = api.load(trained())
    lines = sentences().split("valid")
    stream = encoded(lm.reading, lines)
    assert len(stream) == sum(len(line.split()) + 1 for line in lines)
    evaluated = api.evaluate_predictor(lm, "sentences", "valid").scores
    assert evaluated["perplexity"] == pytest.approx(math.exp(lm.losses(stream).mean()))


def test_a_window_forgets_what_lies_before_it(trained):
    lm = api.load(trained(window=3, steps=60))
    stream = lm.vocabulary.encode(["the", "dogs", "that", "see", "a", "cat", "sleep"]).astype(
        np.int64
    )
    eos = lm.vocabulary.number("<eos>")
    known = [eos] * 3 + stream.tolist()
    for place, loss in enumerate(lm.losses(stream)):
        window = torch.tensor([known[place : place + 3]])
        logits = lm.artifact.network("lm")(window)[0][0, -1]
        assert loss == pytest.approx(-logits.log_softmax(-1)[stream[place]].item(), rel=1e-4)


def test_the_product_of_conditionals_is_the_joint(trained):
    lm = api.load(trained())
    words = ["some", "old", "birds", "sing"]
    product = 1.0
    for place, word in enumerate(words):
        product *= lm.probabilities(" ".join(words[:place]))[lm.vocabulary.number(word)]
    assert math.log(product) == pytest.approx(lm(" ".join(words)).log_probability, rel=1e-5)


# Use ----------------------------------------------------------------------------------------------


def test_a_continuation_is_the_seed_s_and_never_unknown(trained):
    lm = api.load(trained(), words=200, seed=5)
    words = list(lm.sample("the dogs", 200))
    assert words == list(lm.sample("the dogs", 200))
    assert words != list(api.load(trained(), seed=6).sample("the dogs", 200))
    assert "<unk>" not in words and "<eos>" in words
    assert lm("the dogs").continuation == lm.written(iter(words))


def test_predict_says_what_is_not_known(trained, capsys):
    run = str(trained())
    assert main(["predict", run, "the zebra that", "--json", "--top", "3"]) == 0
    (prediction,) = json.loads(capsys.readouterr().out)["predictions"]
    assert prediction["unknown"] == ["zebra"] and len(prediction["candidates"]) == 3
    assert main(["predict", run, "the zebra that"]) == 0
    assert "never seen: zebra" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tokens", "text", "unknown"),
    (
        ("spaces", "zebra", ("zebra",)),
        ("spaces", "zebra quagga zebra", ("zebra", "quagga")),
        ("course", "12,345 ...", ("12,345", "...")),  # of which that tokeniser makes no token
        ("spaces", "", ()),
    ),
)
def test_a_text_of_which_nothing_is_known_has_a_next_word_too(tokens, text, unknown, trained):
    said = api.load(trained(tokens=tokens), words=3)(text)
    assert said.unknown == unknown
    assert ("never seen" in str(said)) == bool(unknown)
    assert math.isfinite(said.log_probability) and said.continuation
    assert sum(p for _, p in api.load(trained(tokens=tokens), top=100)(text).candidates) > 0.999


@pytest.mark.parametrize(
    ("text", "said"),
    (
        ("", "own.txt holds no text"),
        ("\n\n", "own.txt holds no text"),
        ("word\n", "one line of text is too little to split"),
        ("a b\nc d\n", "3 tokens, fewer than --batch-size 16; give more text or smaller batches"),
    ),
)
def test_too_little_text_to_learn_from_is_one_line(text, said, tmp_path, capsys):
    (tmp_path / "own.txt").write_text(text)
    arguments = ["--data", str(tmp_path / "own.txt"), "--out", str(tmp_path / "run")]
    assert main(["train", "word-lm", "--preset", "quick", *arguments]) == 2
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "error" in line)
    assert said in line and not (tmp_path / "run").exists()


def test_a_validation_text_of_one_word_is_enough(tmp_path):
    (tmp_path / "train.txt").write_text("one two three\n" * 50)
    (tmp_path / "valid.txt").write_text("one\n")
    run = api.train(SYSTEM.make_recipe("quick", steps=2), str(tmp_path), tmp_path / "run")
    assert math.isfinite(api.evaluate(run.folder).scores["perplexity"])


@pytest.mark.parametrize("cell", ("lstm", "gru"))  # by torch's kernel, and written out
def test_an_exported_model_says_the_same(cell, trained, tmp_path):
    pytest.importorskip("onnxruntime")
    run = trained(cell=cell, steps=20)
    api.use_lever("export", run, tmp_path / "onnx")
    plain, exported = api.load(run, words=20), api.load(tmp_path / "onnx", words=20)
    text = "the old dog that sees some cats"
    np.testing.assert_allclose(
        plain.log_probabilities(text), exported.log_probabilities(text), atol=1e-4
    )
    assert plain(text).continuation == exported(text).continuation


def test_a_vocabulary_that_does_not_fit_the_weights_is_refused(trained, tmp_path):
    artifact = catalog.open_artifact(trained())
    artifact.assets["vocabulary.txt"] += "one-more\n"
    artifact.save(tmp_path / "artifact")
    said = r"weights for 32 words and a vocabulary of 33; take an artifact as shinso wrote it"
    with pytest.raises(UserError, match=said):
        api.load(tmp_path / "artifact")
    with pytest.raises(UserError, match=said):
        api.train(artifact.recipe, "sentences", tmp_path / "run", start=tmp_path / "artifact")


def test_text_is_read_as_the_weights_to_start_from_learned_it(trained, tmp_path):
    recipe = SYSTEM.make_recipe("quick", tokens="words")
    with pytest.raises(UserError, match="weights of --from read their text by --tokens spaces"):
        api.train(recipe, "sentences", tmp_path / "run", start=trained())


def test_fine_tuning_keeps_the_words_of_the_start(trained, tmp_path):
    own = tmp_path / "own.txt"
    own.write_text("".join(f"{line} quickly\n" for line in sentences().split("valid")))
    recipe = SYSTEM.make_recipe("quick", steps=5)
    run = api.train(recipe, str(own), tmp_path / "run", start=trained())
    before, after = (catalog.open_artifact(folder) for folder in (trained(), run.folder))
    assert before.assets == after.assets
    assert read_json(run.folder / "evaluation.json")["scores"]["unknown"] > 0.1


# The course's example -----------------------------------------------------------------------------


@pytest.mark.slow
def test_to_say_good_bye_is_likely_and_to_say_good_die_is_not(tmp_path):
    """Learned from the dialogues in which people do one or the other, as the course spells it."""
    try:
        archive = needed_files(entry_of("dailydialog"))["train.zip"]
    except UserError as missing:
        pytest.skip(str(missing))
    name = next(name for name in member_names(archive) if name.endswith("dialogues_train.txt"))
    dialogues = re.sub("good-?bye", "good bye", read_member(archive, name).decode().lower())
    chosen = [each for each in dialogues.splitlines() if re.search(r"good bye\b| die\b", each)]
    (tmp_path / "own.txt").write_text("\n".join(chosen).replace("__eou__", "\n"))
    recipe = SYSTEM.make_recipe(
        vocabulary=None, embedding=64, hidden=64, epochs=8, batch_size=8, learning_rate=5e-3
    )
    lm = api.load(api.train(recipe, str(tmp_path / "own.txt"), tmp_path / "run").folder)
    bye, die = lm("you say good bye"), lm("you say good die")
    assert bye.unknown == die.unknown == ()
    assert bye.log_probability - die.log_probability > math.log(30)


@pytest.mark.slow
@pytest.mark.skipif(catalog.shipped_weights("word-lm") is None, reason="no weights are shipped")
def test_the_shipped_weights_say_good_bye_too():
    """In the one word of which most of their books make it."""
    lm = api.load("word-lm")
    bye, die = lm("you say good-bye"), lm("you say good die")
    assert bye.unknown == die.unknown == ()
    assert bye.log_probability - die.log_probability > math.log(30)
