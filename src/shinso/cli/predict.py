"""shinso predict RUN|ARTIFACT|SYSTEM INPUT..."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import tee
from typing import TYPE_CHECKING, Any

from shinso import catalog
from shinso.cli.output import Output
from shinso.cli.parsing import add_device_arguments, add_settings, first_word, given_settings
from shinso.core.errors import UserError
from shinso.core.files import read_json
from shinso.core.recipe import Options

if TYPE_CHECKING:
    from shinso.core.predictor import Predictor

VALUED = ("--device", "--threads")


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.add_argument("what", metavar="RUN|ARTIFACT|SYSTEM")
    parser.add_argument(
        "input", metavar="INPUT", nargs="+", help="text, image, folder, ...; - reads lines of stdin"
    )
    add_device_arguments(parser)
    add_options(parser, first_word(given, VALUED))


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    from shinso import api

    options = options_of(parsed.what)
    changes = given_settings(parsed, options) if options else {}
    api.set_threads(parsed.threads)
    predictor = api.load(parsed.what, parsed.device, **changes)
    names, inputs = _named_inputs(predictor, parsed.input)
    answers = []
    for name, result in zip(names, predictor.predict_all(inputs), strict=True):
        if output.as_json:
            answers.append({"input": name, **result.as_dict()})
        else:
            output.line(str(result) if len(parsed.input) == 1 else f"{name}: {result}")
    artifact = predictor.artifact
    return {
        "system": artifact.system,
        "artifact": str(artifact.path),
        "predictions": answers,
    }


def add_options(parser: argparse.ArgumentParser, what: str | None) -> None:
    """The predictor's options as flags, once it is known whose."""
    options = options_of(what) if what is not None else None
    if options is not None:
        add_settings(parser, options, "options of the predictor")


def options_of(what: str) -> type[Options] | None:
    """Read from artifact.json alone, so that --help needs no torch."""
    about = read_json(catalog.artifact_folder(what) / "artifact.json")
    return catalog.find(str(about.get("system"))).options_class


def _named_inputs(
    predictor: Predictor[Any, Any], arguments: Sequence[str]
) -> tuple[Iterator[str], Iterator[Any]]:
    """Names and inputs, both lazy, so that lines of stdin are answered as they come."""
    pairs, same_pairs = tee(_pairs(predictor, arguments))
    return (name for name, _ in pairs), (value for _, value in same_pairs)


def _pairs(predictor: Predictor[Any, Any], arguments: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for argument in arguments:
        if argument != "-":
            yield from predictor.read(argument)
            continue
        for number, line in enumerate(sys.stdin, start=1):
            if line.strip():
                yield from predictor.read(line.rstrip("\n"))
            else:
                raise UserError(f"line {number} of stdin is empty")
