"""The tagger of letters: its tags, what each direction is blind to, its scores, what it mends."""

import json

import numpy as np
import pytest
import torch
from sklearn.metrics import precision_recall_fscore_support

from shinso import api, catalog
from shinso.cli import main
from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.exhibits import load
from shinso.core.processes import Processes
from shinso.data.misspelling import mistyped
from shinso.data.sentences import sentences
from shinso.data.text import TextSplit
from shinso.language.char_tagger.dictionary import Dictionary
from shinso.language.char_tagger.evaluation import _rates, _scores
from shinso.language.char_tagger.model import build
from shinso.language.char_tagger.passages import (
    PADDING,
    WIDTH,
    encoded,
    encoded_tags,
    passages,
    passages_of,
    typed_and_meant,
)
from shinso.language.char_tagger.predictor import CharTaggerPredictor
from shinso.language.char_tagger.recipe import (
    CharTaggerOptions,
    CharTaggerRecipe,
    CharTaggerSpec,
)
from shinso.language.char_tagger.tags import (
    NOTHING,
    SPACE,
    SYMBOLS,
    TAGS,
    mended,
    proposable,
    tags_of,
)
from shinso.language.char_tagger.typescript import Typescript
from tests.proof.directly import make_learner, make_run

SYSTEM = catalog.find("char-tagger")
DIRECTIONS = ("both", "forward", "backward")


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The folder of a run of preset quick."""
    folder = tmp_path_factory.mktemp("runs") / "quick"
    return api.train(SYSTEM.make_recipe("quick"), "sentences", folder).folder


# Tags and passages --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant", "place", "tag"),
    (
        ("erors", "errors", 2, NOTHING + SYMBOLS.index("r")),  # before the o, not the r
        ("wit", "with", 3, NOTHING + SYMBOLS.index("h")),  # before the space
        ("his", "this", 0, NOTHING + SYMBOLS.index("t")),
        ("dont", "don't", 3, NOTHING + SYMBOLS.index("'")),
        ("untill", "until", 5, NOTHING),  # the second l
        ("wath", "with", 1, SYMBOLS.index("i")),
    ),
)
def test_a_tag_stands_where_the_error_is(typed, meant, place, tag):
    tags = tags_of(typed, meant)
    assert tags[place] == tag
    assert [SYMBOLS[t] for n, t in enumerate(tags) if n != place] == [
        symbol for n, symbol in enumerate(typed + " ") if n != place
    ]


def test_two_swapped_letters_are_two_tags():
    assert "".join(SYMBOLS[tag] for tag in tags_of("wiht", "with")) == "with "


def test_tags_mend_what_was_mistyped():
    sentence = "it's the passenger who said that all of the eels fell asleep aboard at eleven"
    words = sentence.split()
    for index in range(1_000):
        for typed, meant in zip(mistyped(words, 1, index), words, strict=True):
            assert mended(typed, tags_of(typed, meant)) == meant
            symbols = [SYMBOLS.index(letter) for letter in typed] + [SPACE]
            changed = [
                (s, t) for s, t in zip(symbols, tags_of(typed, meant), strict=True) if s != t
            ]
            assert all(proposable()[symbol, tag] for symbol, tag in changed)
            assert len(changed) <= 2


def test_no_proposal_takes_a_space_away_or_puts_one_in():
    table = proposable()
    for symbol in range(len(SYMBOLS)):
        for tag in np.flatnonzero(table[symbol]):
            word = SYMBOLS[symbol] if symbol != SPACE else ""
            tags = [tag] if symbol == SPACE else [tag, SPACE]
            assert mended(word, tags) != word
            assert " " not in mended(word, tags)
    assert table.shape == (28, TAGS) == (CharTaggerSpec().symbols, CharTaggerSpec().tags)
    assert CharTaggerSpec().width == WIDTH


def test_passages_hold_all_words_and_fit():
    words = [word for line in sentences().split("valid") for word in line.split()]
    found = list(passages(words))
    assert [word for passage in found for word in passage] == words
    filled = [sum(len(word) + 1 for word in passage) for passage in found]
    assert max(filled) <= WIDTH
    for passage, places in zip(found[1:], filled, strict=False):
        assert places + len(passage[0]) + 1 > WIDTH  # else it would have had this word too
    assert passages_of(sentences().split("valid"))[0].split() == found[0]


def test_what_letters_too_many_push_over_the_end_is_left_out():
    passage = " ".join(["ab"] * 21)  # 63 places
    dropped = 0
    for index in range(300):
        typed, meant = typed_and_meant(passage, 0, index)
        assert len(typed) == len(meant) and set(meant) == {"ab"}
        symbols, tags = encoded(typed), encoded_tags(typed, meant)
        assert symbols.shape == tags.shape == (WIDTH,)
        assert (symbols[tags == PADDING] == SPACE).all()
        assert (tags != PADDING).sum() == sum(len(word) + 1 for word in typed)
        dropped += len(typed) < 21
    assert 0 < dropped < 100


def test_a_text_without_words_is_refused():
    with pytest.raises(UserError, match=r"notes.txt has no words .* give English text"):
        passages_of(TextSplit(("1 2 3", "日本"), (0,), ("notes.txt",)))


# The net ------------------------------------------------------------------------------------------


def tagger(directions: str, **changes):
    recipe = CharTaggerRecipe(directions=directions, hidden=24, embedding=5, **changes)
    torch.manual_seed(1)
    return build(recipe, CharTaggerSpec())["tagger"].eval()


@pytest.mark.parametrize("layers", (1, 2))
@pytest.mark.parametrize("directions", DIRECTIONS)
def test_each_direction_is_blind_to_the_other(directions, layers):
    net, place = tagger(directions, layers=layers).double(), 3
    symbols = torch.randint(28, (1, 7))
    before = net(symbols)[0]
    changed = symbols.clone()
    changed[0, place] = (changed[0, place] + 1) % 28
    moved = (net(changed)[0] != before).any(dim=1)
    seen_from = {
        "both": range(7),
        "forward": range(place, 7),
        "backward": range(place + 1),
    }[directions]
    assert torch.nonzero(moved).flatten().tolist() == list(seen_from)


def test_backward_is_forward_on_the_text_from_its_end():
    forward, backward = tagger("forward"), tagger("backward")
    backward.load_state_dict(forward.state_dict())
    symbols = torch.randint(28, (3, 12))
    torch.testing.assert_close(backward(symbols), forward(symbols.flip(1)).flip(1))


# Scores -------------------------------------------------------------------------------------------


def typescript(typed: str, meant: str) -> Typescript:
    pair = typed.split(), meant.split()
    return Typescript(*pair, encoded(pair[0])[None], encoded_tags(*pair)[None])


def test_scores_by_hand():
    script = typescript("wiht a dog at hom", "with a dog at home")
    assert script.wrong.sum() == 3 and len(script.wrong) == 18
    assert _scores(script, script.right) == {
        "precision": 1,
        "recall": 1,
        "f1": 1,
        "mended": 1,
        "false_alarms": 0,
        "word_accuracy": 1,
    }
    assert _scores(script, script.as_typed) == {
        "recall": 0,
        "f1": 0,
        "mended": 0,
        "false_alarms": 0,
        "word_accuracy": 3 / 5,
    }
    answers = script.right.copy()
    answers[2] = SYMBOLS.index("n")  # "winh": found, and badly mended
    answers[7] = NOTHING  # "og": a false alarm
    assert script.words(answers) == ["winh", "a", "og", "at", "home"]
    assert _scores(script, answers) == pytest.approx(
        {
            "precision": 3 / 4,
            "recall": 1,
            "f1": 6 / 7,
            "mended": 2 / 3,
            "false_alarms": 1000 / 15,
            "word_accuracy": 3 / 5,
        }
    )


def test_rates_are_scikit_learn_s():
    draws = np.random.default_rng(0).random((2, 1_000)) < 0.2
    precision, recall, f1, _ = precision_recall_fscore_support(*draws, average="binary")
    assert _rates(*draws) == pytest.approx({"precision": precision, "recall": recall, "f1": f1})


def test_the_dictionary_takes_the_most_frequent_word_an_edit_away():
    dictionary = Dictionary({"with": 50, "wit": 5, "the": 90, "then": 20, "errors": 3, "don't": 4})
    corrections = {
        "wiht": "with",  # swapped
        "wth": "with",  # missing
        "witth": "with",
        "wath": "with",
        "whit": "wit",  # also one from "with"? two: so the other
        "th": "the",
        "thek": "the",  # "then" is as near and rarer
        "wit": "wit",  # known, whatever was meant
        "xyzzy": "xyzzy",
        "dont": "dont",  # its edits are of letters alone
    }
    assert {word: dictionary.correction(word) for word in corrections} == corrections


def test_it_is_scored_as_it_learns_and_one_word_in_five_is_wrong(tmp_path):
    learner = make_learner(
        make_run(SYSTEM, tmp_path), SYSTEM.make_recipe("quick"), data="sentences"
    )
    evaluation = learner.evaluate("valid")
    script = Typescript.of(sentences().split("valid"))
    batch = torch.from_numpy(script.symbols), torch.from_numpy(script.tags)
    loss = learner.loss("update", batch, learner.forward("update", batch))
    assert evaluation.scores["loss"] == pytest.approx(loss.item(), rel=1e-5)
    as_typed = evaluation.baselines["as typed"]
    assert as_typed["word_accuracy"] == pytest.approx(1 - script.misspelt.mean())
    assert 0.17 < script.misspelt.mean() < 0.23
    # Thirty words that lie far apart: nearly every error leaves a dictionary one choice.
    assert evaluation.baselines["dictionary"]["word_accuracy"] > 0.98


# Learning -----------------------------------------------------------------------------------------


def test_every_epoch_has_errors_of_its_own(tmp_path):
    learner = make_learner(
        make_run(SYSTEM, tmp_path), SYSTEM.make_recipe("quick"), data="sentences"
    )
    indices = np.arange(64)
    first, again = learner.examples(indices), learner.examples(indices)
    assert all(map(torch.equal, first, again))
    learner.run.step = learner.epoch_steps
    assert not torch.equal(learner.examples(indices)[0], first[0])


def test_two_processes_share_the_batch_that_one_would_have(tmp_path):
    recipe = SYSTEM.make_recipe("quick", batch_size=7)

    def batch(*place):
        run = make_run(SYSTEM, tmp_path, processes=Processes(*place))
        return make_learner(run, recipe, data="sentences").next_batch("update")

    for one, halves in zip(batch(), zip(batch(0, 2), batch(1, 2), strict=True), strict=True):
        assert torch.equal(one, torch.cat(halves))


def test_it_learns_to_mend_and_shows_how(quick):
    evaluation = api.evaluate(quick)
    as_typed = evaluation.baselines["as typed"]["word_accuracy"]
    assert evaluation.scores["word_accuracy"] > (1 + as_typed) / 2  # half of the errors are gone
    (by_place,) = (e for e in evaluation.exhibits if e.title.endswith("place in the word"))
    assert set(by_place.lines) == {"net", "dictionary"}
    places, f1 = by_place.lines["net"]
    assert places[0] == 0 and places[-1] == 1 and (f1[:-1] > 0.3).all()
    titles = [exhibit.title for exhibit in load(quick / "exhibits" / "training")]
    assert "Gates along the sequence, layer 1" in titles
    assert "Gates along the sequence, layer 1 backward" in titles
    (errors,) = (e for e in evaluation.exhibits if e.title == "Words mended by what was wrong")
    script = Typescript.of(sentences().split("valid"))
    assert sum(row[1] for row in errors.rows[:4]) == script.misspelt.sum()


# Use ----------------------------------------------------------------------------------------------


def thought_out(loudness: float = 20.0, threshold: float = 0.5) -> CharTaggerPredictor:
    """A net that looks at each symbol alone: to those of ANSWERS it gives their tags, the surer of
    them the louder, and leaves all others as they are."""
    recipe = CharTaggerRecipe(cell="rnn", directions="forward", embedding=28, hidden=28)
    net = build(recipe, CharTaggerSpec())["tagger"].eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.embedding.weight.copy_(torch.eye(28))
        net.recurrent.kernel.weight_ih_l0.copy_(20 * torch.eye(28))  # tanh of it is 1
        net.together.weight.copy_(torch.eye(28))
        for symbol, letter in enumerate(SYMBOLS):
            net.output.weight[symbol, symbol] = 20.0
            if letter in ANSWERS:
                net.output.weight[ANSWERS[letter], symbol] = 20.0 + loudness
    artifact = Artifact("char-tagger", recipe, CharTaggerSpec(), modules={"tagger": net})
    return CharTaggerPredictor(artifact, CharTaggerOptions(threshold=threshold))


ANSWERS = {
    "q": SYMBOLS.index("k"),
    "z": SYMBOLS.index("t"),
    "x": NOTHING,
    "w": NOTHING + SYMBOLS.index("s"),
}


@pytest.mark.parametrize(
    ("text", "mends"),
    (
        ("Ask Qate, the xdog: zhe_end.", "Ask Kate, the dog: the_end."),
        ("  1984 “qid’s”\tWAMP\n", "  1984 “kid’s”\tSWAMP\n"),
        ("3rd naïve quiz 日本", "3rd naïve kuit 日本"),
        ("Zhe ZHE Wing wing", "The THE Swing swing"),
        ("Nothing here is a mistake; 'tis so.", "Nothing here is a mistake; 'tis so."),
        ("The mazzer of " * 50, "The matter of " * 50),  # several passages
    ),
)
def test_all_but_the_letters_that_are_mended_stays_as_it_was(text, mends):
    result = thought_out()(text)
    assert result.text == text
    assert result.mended == mends
    assert bool(result.found) == (text != mends)


def test_it_says_which_letter_and_how_sure_it_is():
    result = thought_out(loudness=np.log(3))("No: a Wing,\na xquiz.")
    assert [(w.place, w.word, w.typed, w.instead) for w in result.found] == [
        (7, "Wing", "w", "sw"),
        (15, "xquiz", "x", ""),
        (16, "xquiz", "q", "k"),
        (19, "xquiz", "z", "t"),
    ]
    assert [wrong.probability for wrong in result.found] == pytest.approx([3 / 4] * 4, abs=1e-6)
    assert str(result).splitlines() == [
        "No: a Swing,",
        "a kuit.",
        "    7    w -> sw        75.0%  Wing",
        "   15    x -> nothing   75.0%  xquiz",
        "   16    q -> k         75.0%  xquiz",
        "   19    z -> t         75.0%  xquiz",
    ]


def test_a_threshold_lets_only_the_sure_ones_pass():
    assert thought_out(np.log(3), threshold=0.7)("quiz").mended == "kuit"
    assert thought_out(np.log(3), threshold=0.8)("quiz").mended == "quiz"
    assert thought_out(-np.log(3), threshold=0.2)("quiz").mended == "kuit"


@pytest.mark.parametrize("text", ("", "  ", "12:30", "日本"))
def test_a_text_without_words_is_one_line(text):
    with pytest.raises(UserError, match=r"has no words of the letters a to z; give English text$"):
        thought_out()(text)


def test_predict_prints_text_and_letters(quick, capsys):
    assert main(["predict", str(quick), "The dgos that see a cat sleep.", "--json"]) == 0
    (prediction,) = json.loads(capsys.readouterr().out)["predictions"]
    assert prediction["mended"] == "The dogs that see a cat sleep."
    assert [wrong["place"] for wrong in prediction["found"]] == [6, 7]
    assert main(["predict", str(quick), "The dgos sleep.", "--threshold", "1"]) == 0
    assert capsys.readouterr().out == "The dgos sleep.\n"
    assert main(["predict", str(quick), ""]) == 2


@pytest.mark.slow  # a graph with the loop over the cells of 64 steps unrolled
@pytest.mark.parametrize("changes", ({}, {"directions": "backward", "cell": "gru"}))
def test_an_exported_tagger_says_the_same(changes, tmp_path):
    pytest.importorskip("onnxruntime")
    recipe = SYSTEM.make_recipe("quick", steps=3, hidden=8, **changes)
    run = api.train(recipe, "sentences", tmp_path / "run")
    api.use_lever("export", run.folder, tmp_path / "onnx")
    symbols = np.stack([encoded(["the", "old", "dgos"]), encoded(["sleep"])])
    plain, exported = (
        api.load(folder).log_probabilities(symbols) for folder in (run.folder, tmp_path / "onnx")
    )
    np.testing.assert_allclose(plain, exported, atol=1e-4)
