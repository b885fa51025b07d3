"""shinso evaluate RUN|ARTIFACT|SYSTEM"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from shinso.cli.output import Output, score_rows
from shinso.cli.parsing import add_device_arguments, add_skip_bad, given_settings
from shinso.cli.predict import add_options, options_of

VALUED = ("--data", "--split", "--record", "--device", "--threads")


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    parser.add_argument(
        "what", metavar="RUN|ARTIFACT|SYSTEM", help="a system means its shipped weights"
    )
    parser.add_argument("--data", metavar="SET|PATH", help="default: what it was trained on")
    add_skip_bad(parser)
    parser.add_argument(
        "--split", choices=("valid", "test"), default="valid", help="default: valid"
    )
    parser.add_argument("--record", metavar="LABEL", help="write the scores into results/")
    add_device_arguments(parser)
    add_options(parser, given, VALUED, scored_alone=True)


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    options = options_of(parsed.what)
    changes = given_settings(parsed, options) if options else {}
    from shinso import api

    api.set_threads(parsed.threads)
    predictor = api.load(parsed.what, parsed.device, **changes)
    artifact = predictor.artifact
    data = parsed.data or (artifact.provenance["data"] or {}).get("name")
    if parsed.record is not None:
        api.check_recordable(predictor, parsed.record, data)
    evaluated = api.evaluate_predictor(predictor, parsed.data, parsed.split, parsed.skip_bad)
    on = f"the {parsed.split} split of {data}" if data else f"{parsed.split} episodes"
    output.line(f"{artifact.system} ({artifact.path}) on {on}\n")
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
