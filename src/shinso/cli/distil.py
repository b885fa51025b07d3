"""shinso distil TEACHER [TEACHER ...] --student SYSTEM --out RUN"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

from shinso import catalog
from shinso.cli.output import Output
from shinso.cli.parsing import (
    add_device_arguments,
    add_settings,
    first_word,
    given_settings,
    option_value,
    whole,
)
from shinso.cli.predict import is_usable
from shinso.cli.train import tell
from shinso.core.about import read_about
from shinso.levers.settings import DistilSettings

VALUED = ("--student", "--preset", "--data", "--out", "--seed", "--device", "--threads")


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.usage = (
        "shinso distil TEACHER [TEACHER ...] [--student SYSTEM] [--preset NAME] "
        "[--FIELD VALUE ...]\n       shinso train --resume RUN"
    )
    parser.add_argument(
        "teachers",
        metavar="TEACHER",
        nargs="+",
        help="a run, an artifact or, for its shipped weights, a system; several teach together",
    )
    parser.add_argument(
        "--student", metavar="SYSTEM", help="what is to learn (default: as the teacher)"
    )
    parser.add_argument("--preset", metavar="NAME", help="of the student (default: cpu)")
    parser.add_argument("--data", metavar="SET|PATH", help="default: what the teacher learned from")
    parser.add_argument(
        "--out", metavar="RUN", help="the run folder (default: runs/SYSTEM-DATA-sSEED)"
    )
    parser.add_argument("--seed", metavar="N", type=whole, help="of all randomness (default: 0)")
    add_device_arguments(parser)
    add_settings(parser, DistilSettings(), "how it is taught")
    student = option_value(given, "--student")
    if student is None and (teacher := first_word(given, VALUED, is_usable)) is not None:
        student = _system_of(teacher)
    if student is not None:
        recipe = catalog.find(student).make_recipe()
        add_settings(parser, recipe, f"recipe of the student, {student}")
    else:
        parser.epilog = f"{parser.prog} TEACHER --help adds the fields of the student's recipe."


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    began = time.monotonic()
    student = catalog.find(parsed.student or _system_of(parsed.teachers[0]))
    recipe = student.make_recipe(
        parsed.preset or "cpu", **given_settings(parsed, student.recipe_class)
    )
    settings = given_settings(parsed, DistilSettings)
    DistilSettings().changed(**settings)  # what is given wrong is said before torch is imported
    from shinso import api

    trained = api.distil(
        parsed.teachers,
        recipe,
        parsed.data,
        parsed.out,
        seed=parsed.seed or 0,
        device=parsed.device,
        threads=parsed.threads,
        **settings,
    )
    return tell(trained, time.monotonic() - began, output)


def _system_of(teacher: str) -> str:
    name: str = read_about(catalog.artifact_folder(teacher))["system"]
    return name
