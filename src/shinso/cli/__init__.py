"""The verbs. This file finds the verb, and turns what goes wrong into one line and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from shinso.core.errors import ShinsoError, UserError, nearest

# Verb to what it does; the module shinso.cli.VERB is imported only when the verb is used.
VERBS = {
    "list": "every system: field, task, paper, data, shipped weights, recorded score",
    "show": "a system's card: what it is, equations, recipe fields, parameters, MACs",
    "data": "data sets: what there is, where it is found, how to get it",
    "train": "train a system, or go on with a run",
    "evaluate": "scores on a split, beside their baselines",
    "predict": "use what was learned",
    "compare": "runs side by side, in one table",
    "prune": "take out the channels that matter least, or set single weights to 0",
    "quantise": "keep weights in fewer bits, and compute with them so; or compare precisions",
    "distil": "teach a student what one trained network, or several together, would answer",
    "export": "make ONNX graphs of networks; predict and evaluate work on them alike",
    "gtp": "play Go as an engine of the Go Text Protocol, on stdin and stdout",
    "arena": "matches between players of Go, ours or any GTP command line",
    "serve": "play Go in the browser, against a player or with its advice",
    "report": "one self-contained HTML page about a run",
    "results": "what was recorded in results/",
    "doctor": "versions, cores, accelerators, data found, what is missing",
}
BESIDES = ("--help", "--version")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code."""
    # Not list(...): once the verb of that name is imported, it is shinso.cli.list.
    given = [*(sys.argv[1:] if arguments is None else arguments)]
    # cuBLAS reads it when torch is imported, and is not deterministic without.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # OpenMP too. Threads that spin while they wait starve each other on a machine that does
    # anything else: a small net can take a hundred times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    warnings.showwarning = _warn  # type: ignore[assignment]
    try:
        code = _run(given)
        sys.stdout.flush()  # here, where a reader that has gone is no surprise
        return code
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        _drop_stdout()
        return 1
    except SystemExit as leaving:  # argparse after --help, rich after a broken pipe
        return int(leaving.code or 0)
    except KeyboardInterrupt:
        return _fail(given, "interrupted", 130)
    except ShinsoError as error:
        return _fail(given, str(error), error.exit_code)
    except OSError as error:
        return _fail(given, _file_trouble(error), 1)
    except Exception as error:
        message = f"{type(error).__name__}: {error} ({_fault(error)})"
        return _fail(given, message, 1)


def _run(given: list[str]) -> int:
    from shinso.cli.output import Output
    from shinso.cli.parsing import VerbParser, add_common_arguments

    if not given or given[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0
    if given[0] == "--version":
        from shinso import __version__

        print(f"shinso {__version__}")
        return 0
    verb, rest = given[0], given[1:]
    if verb not in VERBS:
        raise UserError(f"no verb is named {verb!r}; {nearest(verb, [*VERBS, *BESIDES])}")
    module = importlib.import_module(f"shinso.cli.{verb}")
    parser = VerbParser(verb, VERBS[verb])
    module.add_arguments(parser, rest)
    add_common_arguments(parser)
    parsed = parser.parse_args(rest)
    output = Output(parsed.json)
    output.answer(module.run(parsed, output))
    return 0


def _usage() -> str:
    verbs = "\n".join(f"  {verb:10} {meaning}" for verb, meaning in VERBS.items())
    return (
        "usage: shinso VERB ...\n\n深層: the systems of a deep-learning engineer course, alive.\n\n"
        f"{verbs}\n\nshinso VERB --help says more. A first step: shinso train adder"
    )


def _fail(given: list[str], message: str, exit_code: int) -> int:
    """One line, whatever the message was made of."""
    message = " ".join(message.split("\n")).strip()
    if "--debug" in given:
        traceback.print_exc()
    if "--json" in given:
        from shinso.cli.output import Output

        Output(as_json=True).answer({"error": message})
    print(f"shinso: error: {message}", file=sys.stderr)
    return exit_code


def _fault(error: Exception) -> str:
    """Whose file the error came out of: a system's own, or one that several share."""
    from shinso.catalog import SYSTEMS

    for frame, line in reversed([*traceback.walk_tb(error.__traceback__)]):
        module = frame.f_globals.get("__name__", "")
        if owners := [system.name for system in SYSTEMS.values() if system.owns(module)]:
            place = f"{module}, line {line}"
            return f"a fault of {owners[0]}, not of what you gave: {place}; --debug shows more"
        if module.startswith("shinso."):
            break
    return "a fault of shinso; --debug shows where"


def _file_trouble(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    if error.filename is not None:
        return f"{error.filename}: {reason}"
    try:
        sys.stdout.flush()
    except OSError:  # it was this: the disk below a redirected stdout is full, say
        _drop_stdout()
        return f"writing to standard output: {reason}"
    return f"reading or writing: {reason}"


def _drop_stdout() -> None:
    """Keeps Python from failing once more when it flushes what is left at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _warn(message: Warning | str, category: type[Warning], *_: Any) -> None:
    print(f"shinso: warning: {message}", file=sys.stderr)
