"""shinso predict RUN|ARTIFACT|SYSTEM INPUT..."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shinso import catalog
from shinso.cli.output import Output
from shinso.cli.parsing import add_device_arguments, add_settings, first_word, given_settings
from shinso.core.about import read_about
from shinso.core.errors import UserError
from shinso.core.files import write_json
from shinso.core.recipe import Options

if TYPE_CHECKING:
    from shinso.core.predictor import Predictor

VALUED = ("--out", "--device", "--threads")
STDIN = "-"


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.add_argument(
        "what", metavar="RUN|ARTIFACT|SYSTEM", help="a system means its shipped weights"
    )
    parser.add_argument(
        "input", metavar="INPUT", nargs="+", help="text, image, folder, ...; - reads lines of stdin"
    )
    parser.add_argument("--out", metavar="PATH", type=Path, help="write the answers there, as JSON")
    add_device_arguments(parser)
    add_options(parser, given, VALUED)


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    options = options_of(parsed.what)
    changes = given_settings(parsed, options) if options else {}
    from shinso import api

    api.set_threads(parsed.threads)
    predictor = api.load(parsed.what, parsed.device, **changes)
    if STDIN in parsed.input and sys.stdin.isatty():
        predictor.batch_size = 1  # who types a line waits for its answer
    names, inputs = _named_inputs(predictor, parsed.input)
    answers = []
    for name, result in zip(names, predictor.predict_all(inputs), strict=True):
        if output.as_json or parsed.out:
            answers.append({"input": name, **result.as_dict()})
        if not output.as_json:
            alone = parsed.input in ([name], [STDIN])
            output.line(str(result) if alone else f"{name}: {result}")
    artifact = predictor.artifact
    answer = {"system": artifact.system, "artifact": str(artifact.path), "predictions": answers}
    if parsed.out:
        write_json(parsed.out, answer)
    return answer


def add_options(
    parser: argparse.ArgumentParser,
    given: Sequence[str],
    valued: Sequence[str],
    *,
    scored_alone: bool = False,
) -> None:
    """The predictor's options as flags, once it is known whose."""
    what = first_word(given, valued, is_usable)
    if what is None:
        parser.epilog = f"{parser.prog} RUN --help adds the options of what learned there."
        return
    options = options_of(what)
    if options is not None:
        add_settings(parser, options, "options of the predictor", scored_alone=scored_alone)


def options_of(what: str) -> Options | None:
    """Read from artifact.json alone, so that --help needs no torch."""
    about = read_about(catalog.artifact_folder(what))
    options = catalog.find(about["system"]).options_class
    return options.from_dict(about["options"] or {}) if options else None


def is_usable(word: str) -> bool:
    return word in catalog.SYSTEMS or Path(word).is_dir()


def _named_inputs(
    predictor: Predictor[Any, Any], arguments: Sequence[str]
) -> tuple[Iterator[str], Iterator[Any]]:
    """Names and inputs, both lazy, so that input is read a batch at a time."""
    pairs, same_pairs = tee(_pairs(predictor, arguments))
    return (name for name, _ in pairs), (value for _, value in same_pairs)


def _pairs(predictor: Predictor[Any, Any], arguments: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for argument in arguments:
        if argument != STDIN:
            yield from predictor.read(argument)
            continue
        for number, line in enumerate(_lines_of_stdin(), start=1):
            if not line.strip():
                raise UserError(f"line {number} of stdin is empty")
            yield from predictor.read(line.rstrip("\n"))


def _lines_of_stdin() -> Iterator[str]:
    try:
        yield from sys.stdin
    except UnicodeDecodeError as error:
        raise UserError(f"stdin is no {error.encoding} text: {error.reason}") from None
