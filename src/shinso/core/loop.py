"""The one loop that trains every system.

It knows of a learner only what `Learner` declares. It seeds, counts, checks, reports,
evaluates, selects and saves, so that a run killed at any moment goes on exactly where its last
checkpoint stands.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import torch

from shinso.core.errors import Interrupted, ShinsoError
from shinso.core.evaluation import Evaluation, Scores, save_evaluation, save_exhibits
from shinso.core.files import settle_folder
from shinso.core.learner import Learner
from shinso.core.metrics import Metrics
from shinso.core.processes import deterministic, keep_freed_memory
from shinso.core.run import Run
from shinso.core.tree import Tree

CHECKPOINT_SECONDS = 60.0
TICK_SECONDS = 0.25
PROVENANCE = (  # of recipe.json, what an artifact tells of its making
    "data",
    "seed",
    "device",
    "threads",
    "world_size",
    "start",
    "lever",
    "commit",
    "versions",
)


class Observer(Protocol):
    """Shows a person how the run goes."""

    def tick(self, done: int, total: int | None, scores: Mapping[str, float]) -> None:
        """At most four times a second; the scores are the last report's."""

    def evaluated(self, step: int, scores: Mapping[str, float], best: bool) -> None: ...


class Loop:
    """Trains `learner` in `run` until it is finished or a signal asks to stop."""

    def __init__(self, learner: Learner, run: Run, observer: Observer | None = None) -> None:
        self.learner = learner
        self.run = run
        self.observer = observer if run.processes.first else None
        self.metrics = Metrics(run.folder)
        self.best_step: int | None = None
        self.best_score = math.nan
        self.evaluated_step = -1
        self.reported_step = 0
        self.sums: dict[str, tuple[float, int]] = {}  # since the last report: sum and count
        self.last_scores: Scores = {}
        self.seconds = 0.0

    def train(self) -> None:
        """Raises Interrupted after a signal, ShinsoError when training cannot go on."""
        learner, run = self.learner, self.run
        keep_freed_memory()
        with deterministic(run.device), _signals() as stop:
            self._begin()
            try:
                report_every, evaluate_every = learner.recipe.report_every, learner.evaluate_every
                finished = learner.finished
                while not finished:
                    self._step()
                    finished = learner.finished
                    if run.step % report_every == 0 or finished:
                        self._report()  # before a checkpoint of this step, which has it behind it
                    if evaluate_every and run.step % evaluate_every == 0:
                        self._evaluate()
                    self._checkpoint_if_due()
                    if self._agreed(bool(stop)):
                        self._stop(stop)
                self._finish()
            finally:
                self.metrics.close()

    # The parts of an iteration ----------------------------------------------------------------

    def _begin(self) -> None:
        """Goes back to the newest whole checkpoint, if there is one."""
        settle_folder(self.run.artifact_folder)
        found = self.run.checkpoints.newest()
        if found is not None:
            step, tree = found
            self._restore(step, tree)
        if self.run.processes.first:
            self.run.checkpoints.discard_after(self.run.step)
            self.seconds = self.metrics.open(self.run.step)
        self.reported_step = self.run.step
        self.reported_at = self.saved_at = self.ticked_at = time.monotonic()

    def _step(self) -> None:
        run = self.run
        # Each process draws noise of its own (dropout), while the data order is common.
        noise = run.step * run.processes.world_size + run.processes.rank
        run.random.seed_generators("step", noise, run.device)
        scores = self.learner.step()
        for name, value in scores.items():
            if not math.isfinite(value):
                batch = self.learner.batch_name()
                self._refuse(f"{run.step + 1}{batch and ', '}{batch}", f"{name} is {value}")
            total, count = self.sums.get(name, (0.0, 0))
            self.sums[name] = (total + value, count + 1)
        run.step += 1
        self._tick()

    def _tick(self) -> None:
        now = time.monotonic()
        if self.observer is not None and now - self.ticked_at >= TICK_SECONDS:
            self.ticked_at = now
            self.observer.tick(*self.learner.progress, self.last_scores)

    def _report(self) -> None:
        """One row: the means since the last one, over all processes."""
        means = {name: total / count for name, (total, count) in self.sums.items()}
        self.last_scores = self.run.processes.mean_scores(means)
        self.sums.clear()
        if self.run.processes.first:
            self.metrics.write(self.run.step, "train", self.last_scores)
            self._report_time()
        self.reported_step = self.run.step

    def _report_time(self) -> None:
        now = time.monotonic()
        spent = now - self.reported_at
        self.seconds += spent
        self.reported_at = now
        steps = self.run.step - self.reported_step
        self.metrics.write_timing(self.run.step, self.seconds, steps / max(spent, 1e-9))

    def _evaluate(self) -> None:
        """Evaluates, and where it is the best yet, makes it the run's artifact."""
        run, began = self.run, time.monotonic()
        state = self._finite_state()
        self.evaluated_step = run.step
        score = None
        if run.processes.first:
            run.random.seed_generators("evaluate", run.step, run.device)
            evaluation = self.learner.evaluate("valid")
            self.metrics.write(run.step, "valid", evaluation.scores)
            score = self._selected_score(evaluation)
            if self._is_best(score):
                self._save_artifact(evaluation)
            if self.observer is not None:
                self.observer.evaluated(run.step, evaluation.scores, self._is_best(score))
        score = run.processes.from_first(score)
        if self._is_best(score):
            self.best_step, self.best_score = run.step, math.nan if score is None else score
        self._save(state)
        self.reported_at += time.monotonic() - began  # the rate is that of training alone

    def _selected_score(self, evaluation: Evaluation) -> float | None:
        if self.learner.selection is None:
            return None
        return evaluation.scores[self.learner.selection[0]]

    def _is_best(self, score: float | None) -> bool:
        """Without a selection the last is the best."""
        if score is None or self.learner.selection is None or math.isnan(self.best_score):
            return True
        higher = self.learner.selection[1] == "max"
        return score > self.best_score if higher else score < self.best_score

    def _save_artifact(self, evaluation: Evaluation) -> None:
        artifact = self.learner.artifact()
        artifact.edits = self.learner.edits
        artifact.scores = dict(evaluation.scores)
        artifact.provenance = {**artifact.provenance, **self._provenance()}
        artifact.save(self.run.artifact_folder)
        save_evaluation(self.run.folder, "valid", self.run.step, evaluation)

    def _provenance(self) -> dict[str, Any]:
        description = self.run.description
        return {"steps": self.run.step, **{key: description[key] for key in PROVENANCE}}

    # Checkpoints --------------------------------------------------------------------------------

    def _checkpoint_if_due(self) -> None:
        if self._agreed(time.monotonic() - self.saved_at >= CHECKPOINT_SECONDS):
            self._checkpoint()

    def _agreed(self, wanted: bool) -> bool:
        """What any process wants, all do; they ask each other only at reports."""
        if self.run.processes.world_size == 1:
            return wanted
        at_report = self.reported_step == self.run.step
        return at_report and self.run.processes.any(wanted)

    def _checkpoint(self) -> None:
        self._save(self._finite_state())

    def _finite_state(self) -> Tree:
        """The learner's state; weights gone wrong must replace no good checkpoint or artifact."""
        state = self.learner.state()
        if not _is_finite(state):
            self._refuse(f"{self.run.step}", "a weight or optimiser state is not finite")
        return state

    def _save(self, state: Tree) -> None:
        kept: list[int] = []
        if self.run.processes.first:
            tree = {"loop": self._state(), "learner": state}
            kept = self.run.checkpoints.save(self.run.step, tree, self.best_step)
        kept = self.run.processes.from_first(kept)
        for ledger in self.run.ledgers.values():
            ledger.keep_for(self.run.step, kept)
        self.saved_at = time.monotonic()

    def _state(self) -> Tree:
        return {
            "best_step": self.best_step,
            "best_score": self.best_score,
            "evaluated_step": self.evaluated_step,
            "sums": self.sums,
        }

    def _restore(self, step: int, tree: Tree) -> None:
        self.run.step = step
        for name, value in tree["loop"].items():
            setattr(self, name, value)
        self.learner.restore(tree["learner"])

    def _refuse(self, step: str, problem: str) -> None:
        good = self.run.checkpoints.steps()
        last = f"step {max(good)} ({good[max(good)]})" if good else "none"
        raise ShinsoError(
            f"training stopped at step {step}: {problem}; last good checkpoint: {last}; "
            "try a lower --learning-rate or a --clip-norm"
        )

    # The end --------------------------------------------------------------------------------------

    def _stop(self, stop: list[int]) -> None:
        self._checkpoint()
        number = stop[0] if stop else signal.SIGINT
        raise Interrupted(
            f"stopped at step {self.run.step}; go on with: shinso train --resume {self.run.folder}",
            number,
        )

    def _finish(self) -> None:
        if self.observer is not None:
            self.observer.tick(*self.learner.progress, self.last_scores)
        if self.evaluated_step != self.run.step:
            self._evaluate()
        if self.run.processes.first:
            save_exhibits(self.run.folder, "training", self.learner.exhibits())


def _is_finite(tree: Tree) -> bool:
    """Whether all tensors in the dictionaries of the tree are."""
    if isinstance(tree, dict):
        return all(map(_is_finite, tree.values()))
    return not isinstance(tree, torch.Tensor) or bool(torch.isfinite(tree).all())


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM instead of dying of them; the second one kills."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    before: dict[int, Any] = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}

    def receive(number: int, _: Any) -> None:
        received.append(number)
        signal.signal(number, before[number])

    for number in before:
        signal.signal(number, receive)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
