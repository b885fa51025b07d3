"""shinso train SYSTEM, shinso train --resume RUN"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shinso import catalog
from shinso.cli.output import Output, score_rows
from shinso.cli.parsing import (
    add_device_arguments,
    add_settings,
    add_skip_bad,
    first_word,
    given_flags,
    given_settings,
    option_value,
    whole,
)
from shinso.core.errors import UserError
from shinso.core.files import read_json

if TYPE_CHECKING:
    from shinso.core.run import Run

VALUED = ("--preset", "--data", "--from", "--out", "--seed", "--device", "--threads")
UNCHANGEABLE = {
    "system": "the name of a system",
    "preset": "--preset",
    "data": "--data",
    "skip_bad": "--skip-bad",
    "start": "--from",
    "out": "--out",
    "seed": "--seed",
}


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.usage = (
        "shinso train SYSTEM [--preset NAME] [--data SET|PATH] [--FIELD VALUE ...]\n"
        "       shinso train --resume RUN"
    )
    parser.add_argument("system", metavar="SYSTEM", nargs="?", help="a name that shinso list shows")
    parser.add_argument("--resume", metavar="RUN", help="go on with a run where it stopped")
    name = _system_name(given)
    presets = catalog.find(name).presets if name else ("quick", "cpu", "long", "paper", "...")
    parser.add_argument("--preset", metavar="NAME", help=f"{', '.join(presets)} (default: cpu)")
    parser.add_argument("--data", metavar="SET|PATH", help="default: the system's own set")
    add_skip_bad(parser, default=None)
    parser.add_argument(
        "--from",
        dest="start",
        metavar="RUN|ARTIFACT|FILE",
        help="fine-tune: start from these weights (FILE: another library's, .safetensors)",
    )
    parser.add_argument(
        "--out", metavar="RUN", help="the run folder (default: runs/SYSTEM-DATA-sSEED)"
    )
    parser.add_argument("--seed", metavar="N", type=whole, help="of all randomness (default: 0)")
    add_device_arguments(parser)
    if name is not None:
        add_settings(parser, catalog.find(name).make_recipe(), f"recipe of {name}")
    else:
        parser.epilog = "shinso train SYSTEM --help adds the fields of its recipe."


def _system_name(given: Sequence[str]) -> str | None:
    """The run's where one is resumed: its fields are options too, to be refused by name."""
    resumed = option_value(given, "--resume")
    if resumed is None:
        return first_word(given, VALUED, catalog.SYSTEMS.__contains__)
    recipe = Path(resumed) / "recipe.json"
    name = read_json(recipe).get("system") if recipe.exists() else None
    return name if name in catalog.SYSTEMS else None


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    began = time.monotonic()
    trained = _resume(parsed) if parsed.resume is not None else _train(parsed)
    return tell(trained, time.monotonic() - began, output)


def _resume(parsed: argparse.Namespace) -> Run:
    """A resumed run has its recipe; a change would make it another run."""
    given = [words for name, words in UNCHANGEABLE.items() if getattr(parsed, name) is not None]
    changes = [*given, *given_flags(parsed)]
    if changes:
        raise UserError(f"--resume goes on with the run as it is: leave out {', '.join(changes)}")
    from shinso import api

    return api.resume(parsed.resume, device=parsed.device, threads=parsed.threads)


def _train(parsed: argparse.Namespace) -> Run:
    if parsed.system is None:
        raise UserError("name a system to train, or --resume RUN; shinso list shows all systems")
    system = catalog.find(parsed.system)
    preset = parsed.preset or "cpu"
    given = given_settings(parsed, system.recipe_class)
    recipe = system.make_recipe(preset, **given)
    from shinso import api  # only now: what is given wrong is said before torch is imported

    return api.train(
        recipe,
        parsed.data or system.preset(preset, **given).data,
        parsed.out,
        seed=parsed.seed or 0,
        start=parsed.start,
        device=parsed.device,
        threads=parsed.threads,
        skip_bad=bool(parsed.skip_bad),
    )


def tell(run: Run, seconds: float, output: Output) -> dict[str, Any]:
    """Prints what a training came to, and returns it."""
    answer = _answer(run, seconds)
    output.muted = not run.processes.first
    if not output.as_json:
        _print(run, answer, output)
    return answer


def _answer(run: Run, seconds: float) -> dict[str, Any]:
    from shinso.core.files import read_json

    evaluation = read_json(run.folder / "evaluation.json")
    return {
        "system": run.system.name,
        "run": str(run.folder),
        "artifact": str(run.artifact_folder),
        "steps": run.step,
        "best_step": evaluation["step"],
        "scores": evaluation["scores"],
        "baselines": evaluation["baselines"],
        "seconds": round(seconds, 2),
    }


def _print(run: Run, answer: dict[str, Any], output: Output) -> None:
    from shinso.core.report.words import counted

    kept = answer["best_step"]
    best = f"the artifact is that of step {kept:,}, " if kept != run.step else ""
    made = counted(run.step, "step")
    output.line(f"{made} in {answer['seconds']:.1f} s; {best}on validation data:\n")
    output.table(*score_rows(answer["scores"], answer["baselines"]))
    output.line(f"\nrun     {run.folder}")
    output.line(f"report  {run.folder / 'report.html'}")
    output.line(f"next    shinso predict {run.folder} INPUT")
