"""Sequence-level distillation: a student of what its teachers write."""

import os
import signal

import pytest

import shinso
from shinso import api
from shinso.core.errors import Interrupted, ShinsoError, UserError
from shinso.core.files import read_json, write_json
from shinso.data import open_data
from shinso.language.translation.ensemble import EnsemblePredictor
from shinso.language.translation.learner import TranslationLearner
from shinso.levers import sequences
from shinso.levers.settings import DistilSettings
from tests.language.translation.tiny import TINY, numbers, write_text
from tests.proof.forked import assert_same, outcome


@pytest.fixture(scope="module")
def teachers(corpus, tmp_path_factory):
    """Two that have learned little, so that what they write is often not what the text has."""
    folder = tmp_path_factory.mktemp("teachers")
    recipe = TINY.make_recipe(epochs=3)
    return [api.train(recipe, str(corpus), folder / f"s{s}", seed=s).folder for s in (1, 2)]


@pytest.fixture(scope="module")
def train(corpus):
    return open_data(str(corpus), TINY.data_kinds).split("train")


def distil(teachers, out, epochs=1, **settings):
    return api.distil(teachers, TINY.make_recipe(epochs=epochs), out=out, **settings)


def written(run):
    """{sentence: what the teachers wrote} of a run."""
    files = sorted((run / "answers").iterdir())
    return {line: text for file in files for line, text in read_json(file).items()}


def share(found, expected):
    """Of texts that are alike."""
    return sum(map(str.__eq__, found, expected)) / len(expected)


def test_the_student_writes_as_its_teacher_and_not_as_the_text(teachers, train, tmp_path):
    run = distil(teachers[:1], tmp_path / "run", epochs=12, sequence=True).folder
    answers = written(run)
    lines, taught = list(answers), list(answers.values())
    assert lines == list(dict.fromkeys(train.sources))
    assert taught == shinso.load(teachers[0]).translated(lines)
    assert 0.02 < share([answers[line] for line in train.sources], train.targets) < 0.6
    student = shinso.load(run)
    assert share(student.translated(lines), taught) > 0.7
    told = student.artifact.provenance["lever"]
    assert told["settings"]["share"] == 0 and "--sequence" in told["command"]


def test_soft_targets_can_be_taught_beside(teachers, tmp_path):
    alone, both = (
        distil(teachers[:1], tmp_path / name, sequence=True, **more).folder
        for name, more in (("alone", {}), ("both", {"share": 0.5}))
    )
    assert written(alone) == written(both)
    with pytest.raises(AssertionError):
        assert_same(*(outcome(run)["tree"]["learner"]["networks"] for run in (alone, both)))


def test_several_teachers_write_together(teachers, train, tmp_path):
    answers = written(distil(teachers, tmp_path / "run", sequence=True).folder)
    artifacts = [shinso.load(teacher).artifact for teacher in teachers]
    lines = list(answers)
    together = EnsemblePredictor(artifacts).translated(lines)
    assert list(answers.values()) == together
    assert all(together != shinso.load(teacher).translated(lines) for teacher in teachers)


def test_a_run_that_is_stopped_goes_on_exactly_and_asks_nothing_twice(
    teachers, tmp_path, monkeypatch
):
    monkeypatch.setattr(sequences, "SEGMENT", 100)
    asked = []
    answers, loss = TranslationLearner.answers, TranslationLearner.loss

    def dying(self, teachers, questions):
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(len(questions))
        return answers(self, teachers, questions)

    def stopping(self, *given):
        if self.run.step == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return loss(self, *given)

    distil(teachers[:1], tmp_path / "whole", sequence=True)
    with monkeypatch.context() as patched, pytest.raises(Interrupted) as stopped:
        patched.setattr(TranslationLearner, "answers", dying)
        distil(teachers[:1], tmp_path / "run", sequence=True)
    assert str(stopped.value).endswith(f"go on with: shinso train --resume {tmp_path / 'run'}")
    assert asked == [100, 100] and len(written(tmp_path / "run")) == 200
    with monkeypatch.context() as patched, pytest.raises(Interrupted):
        patched.setattr(TranslationLearner, "loss", stopping)
        api.resume(tmp_path / "run")
    with monkeypatch.context() as patched:
        patched.setattr(TranslationLearner, "answers", dying)  # not once more
        api.resume(tmp_path / "run")
    assert written(tmp_path / "run") == written(tmp_path / "whole")
    assert_same(outcome(tmp_path / "run"), outcome(tmp_path / "whole"))


def test_answers_that_were_changed_are_refused(teachers, tmp_path):
    run = distil(teachers[:1], tmp_path / "run", sequence=True).folder
    file = run / "answers" / "000000.json"
    answers = read_json(file)
    answers[next(iter(answers))] = "一"
    write_json(file, answers)
    with pytest.raises(ShinsoError, match="answers was changed since the run began"):
        api.resume(run)


def test_a_long_sentence_is_not_asked_about(corpus, tmp_path, train):
    run = api.train(TINY.make_recipe(epochs=1, longest=3), str(corpus), tmp_path / "teacher")
    short = api.distil(
        [run.folder],
        run.system.make_recipe(epochs=1, longest=3),
        sequence=True,
        out=tmp_path / "run",
    )
    lines = list(written(short.folder))
    assert lines == [line for line in dict.fromkeys(train.sources) if len(line.split()) <= 3]


def test_teachers_that_do_not_fit_are_refused(teachers, raw_corpus, tmp_path):
    pairs, valid = numbers()
    other = write_text(tmp_path / "text", pairs[:40], valid[:4])
    recipe = TINY.make_recipe(epochs=1)
    fewer = api.train(recipe, str(other), tmp_path / "fewer").folder
    with pytest.raises(UserError, match=r"another vocabulary than .* cannot write together"):
        distil([teachers[0], fewer], tmp_path / "run", sequence=True)
    turned = api.train(recipe, f"{other}:ja-en", tmp_path / "turned").folder
    with pytest.raises(UserError, match="proof-translator translates ja to en, and the student's"):
        api.distil([turned], recipe, str(other), tmp_path / "run", sequence=True)
    assert not (tmp_path / "run").exists()


def test_sequences_replace_soft_targets_unless_both_are_asked_for():
    assert DistilSettings().share > DistilSettings().changed(sequence=True).share == 0
    assert DistilSettings().changed(sequence=True, share=0.3).share == 0.3
