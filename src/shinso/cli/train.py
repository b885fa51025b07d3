"""shinso train SYSTEM, shinso train --resume RUN"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shinso import catalog
from shinso.cli.output import Output, score_rows
from shinso.cli.parsing import add_device_arguments, add_settings, first_word, given_settings
from shinso.core.errors import UserError

if TYPE_CHECKING:
    from shinso.core.run import Run

VALUED = ("--preset", "--data", "--from", "--out", "--seed", "--resume", "--device", "--threads")


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.add_argument("system", metavar="SYSTEM", nargs="?")
    parser.add_argument("--resume", metavar="RUN", help="go on with a run where it stopped")
    parser.add_argument("--preset", help="quick, cpu (the default), long, paper, course, ...")
    parser.add_argument("--data", metavar="SET|PATH", help="default: the system's own set")
    parser.add_argument("--from", dest="start", metavar="ARTIFACT|WEIGHTS.safetensors")
    parser.add_argument("--out", metavar="RUN", help="the run folder; default: runs/...")
    parser.add_argument("--seed", type=int, help="of all randomness (default: 0)")
    add_device_arguments(parser)
    name = first_word(given, VALUED)
    if name is not None:
        add_settings(parser, catalog.find(name).recipe_class, f"recipe of {name}")


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    from shinso import api

    began = time.monotonic()
    if parsed.resume is not None:
        _refuse_changes(parsed)
        trained = api.resume(parsed.resume, device=parsed.device, threads=parsed.threads)
    else:
        trained = _train(parsed)
    answer = _answer(trained, time.monotonic() - began)
    if trained.processes.first and not output.as_json:
        _print(trained, answer, output)
    return answer


def _train(parsed: argparse.Namespace) -> Run:
    from shinso import api

    if parsed.system is None:
        raise UserError("name a system to train, or --resume RUN; shinso list shows all systems")
    system = catalog.find(parsed.system)
    preset = parsed.preset or "cpu"
    recipe = system.make_recipe(preset, **given_settings(parsed, system.recipe_class))
    return api.train(
        recipe,
        parsed.data or system.preset(preset).data,
        parsed.out,
        seed=parsed.seed or 0,
        start=parsed.start,
        device=parsed.device,
        threads=parsed.threads,
    )


def _refuse_changes(parsed: argparse.Namespace) -> None:
    """A resumed run has its recipe; a change would make it another run."""
    for name in ("system", "preset", "data", "start", "out", "seed"):
        if getattr(parsed, name) is not None:
            raise UserError(f"--resume goes on with the run as it is: leave out {name}")


def _answer(run: Run, seconds: float) -> dict[str, Any]:
    from shinso.core.files import read_json

    evaluation = read_json(run.folder / "evaluation.json")
    return {
        "system": run.system.name,
        "run": str(run.folder),
        "artifact": str(run.artifact_folder),
        "steps": run.step,
        "scores": evaluation["scores"],
        "baselines": evaluation["baselines"],
        "seconds": round(seconds, 2),
    }


def _print(run: Run, answer: dict[str, Any], output: Output) -> None:
    output.table(*score_rows(answer["scores"], answer["baselines"]))
    output.line(f"\n{run.step:,} steps, {answer['seconds']:.1f} s; the run is {run.folder}")
    output.line(f"report: {run.folder / 'report.html'}")
    output.line(f"next:   shinso predict {run.folder} INPUT")
