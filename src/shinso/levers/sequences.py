"""Sequence-level distillation: a student learns what its teachers write, in place of what the data
have (Kim and Rush 2016, Sequence-level knowledge distillation, section 3.2).

    loss = -log p(y' | x),   y' = what the teachers' search finds for x

It stands for -sum over all sequences y of q(y | x) log p(y | x), which nobody can sum, with all of
the teachers' q at its mode (their equation 7). One look at the data by the teachers is enough for
the whole training; what they write is kept in the run, so that a resumed one learns the same.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path

from shinso.core.answering import Answering
from shinso.core.artifact import Artifact
from shinso.core.errors import Interrupted, ShinsoError, UserError
from shinso.core.files import read_json, write_json
from shinso.core.learner import Learner
from shinso.core.progress import progress
from shinso.core.report.words import counted
from shinso.core.run import Run
from shinso.core.trainable import Trainable

SEGMENT = 1_000  # questions whose answers are written at once: the most that a kill costs

Answers = dict[str, str]


def retaught(learner: Learner, teachers: Sequence[Artifact]) -> tuple[Trainable, str]:
    """A learner of the teachers' answers in place of the data's, and their digest.

    Raises UserError for a learner whose answers are no sequences.
    """
    run = learner.run
    if not isinstance(learner, Answering):
        raise UserError(
            f"{run.system.name} learns no sequences that a teacher could write: leave --sequence"
        )
    try:
        answers = _answers(learner, teachers, run)
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped while teachers answer; go on with: shinso train --resume {run.folder}",
            signal.SIGINT,
        ) from None
    run.random.seed_generators("init", 0, run.device)  # the weights that it has without a teacher
    return learner.with_answers(answers), _digest(answers)


def check_unchanged(folder: Path, digest: str, expected: str) -> None:
    """Raises ShinsoError where a run has learned from other answers than its folder holds."""
    if digest != expected:
        raise ShinsoError(
            f"{folder} was changed since the run began, and what it has learned came from there; "
            "restore it, or distil anew"
        )


def folder_of(run: Run) -> Path:
    return run.folder / "answers"


def _answers(learner: Answering, teachers: Sequence[Artifact], run: Run) -> Answers:
    """Read from the run, but for segments that are not there yet; processes share these."""
    questions = learner.questions()
    folder, group = folder_of(run), run.processes
    folder.mkdir(exist_ok=True)
    starts = range(0, len(questions), SEGMENT)
    files = [folder / f"{number:06d}.json" for number in range(len(starts))]
    title = f"{run.system.name}'s teachers"
    facts = f"what they write for {counted(len(questions), 'example')} is kept in {folder}"
    with progress(title, facts, doing="teaching") if group.first else nullcontext() as observer:
        for number, (file, start) in enumerate(zip(files, starts, strict=True)):
            if observer is not None:
                observer.tick(start, len(questions), {})
            if number % group.world_size == group.rank and not file.exists():
                asked = questions[start : start + SEGMENT]
                write_json(file, dict(zip(asked, learner.answers(teachers, asked), strict=True)))
    group.from_first(None)  # wait for all of them
    return {question: answer for file in files for question, answer in read_json(file).items()}


def _digest(answers: Answers) -> str:
    lines = (f"{question}\n{answer}\n" for question, answer in answers.items())
    return sha256("".join(lines).encode()).hexdigest()
