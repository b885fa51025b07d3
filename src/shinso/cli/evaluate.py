"""shinso evaluate RUN|ARTIFACT|SYSTEM"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from shinso.cli.output import Output, score_rows
from shinso.cli.parsing import add_device_arguments, first_word, given_settings
from shinso.cli.predict import add_options, options_of

VALUED = ("--data", "--split", "--record", "--device", "--threads")


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.add_argument("what", metavar="RUN|ARTIFACT|SYSTEM")
    parser.add_argument("--data", metavar="SET|PATH", help="default: what it was trained on")
    parser.add_argument("--split", choices=("valid", "test"), default="valid")
    parser.add_argument("--record", metavar="LABEL", help="write the scores into results/")
    add_device_arguments(parser)
    add_options(parser, first_word(given, VALUED))


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    from shinso import api

    options = options_of(parsed.what)
    changes = given_settings(parsed, options) if options else {}
    api.set_threads(parsed.threads)
    predictor = api.load(parsed.what, parsed.device, **changes)
    evaluated = api.evaluate_predictor(predictor, parsed.data, parsed.split)
    artifact = predictor.artifact
    data = parsed.data or (artifact.provenance["data"] or {}).get("name")
    output.table(*score_rows(evaluated.scores, evaluated.baselines))
    if parsed.record is not None:
        path = api.record(predictor, evaluated, parsed.record, data, parsed.split, changes)
        output.line(f"recorded in {path}")
    return {
        "system": artifact.system,
        "artifact": str(artifact.path),
        "data": data,
        "split": parsed.split,
        "scores": evaluated.scores,
        "baselines": dict(evaluated.baselines),
    }
