"""`make demo`: two systems learn, are measured and used, one is made small, and one page shows it
all."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from shinso import api, catalog
from shinso.cli.compare import cost_table
from shinso.cli.output import Output, score_rows
from shinso.core.evaluation import draw_stills, save_evaluation
from shinso.core.exhibits import png
from shinso.core.report import write_joint_report
from shinso.core.run import Run, first_free
from shinso.data import open_data
from shinso.measuring import Measured, measure

INTRO = (
    "Two systems learned this on your machine a minute ago: LeNet-5 reads handwritten digits, and "
    "a recurrent net of 16 units adds numbers bit by bit. Every score is on data kept apart for "
    "the test, beside what is worth beating."
)

SENTENCE = "My brother bought a new car last week."  # in none of small_parallel_enja's lines


def main() -> int:
    """Prints what it does; everything it makes is in one new folder."""
    began = time.monotonic()
    output = Output(as_json=False)
    folder = first_free(Path("runs", "demo"))
    runs = [_learn(name, folder, output) for name in ("adder", "lenet")]
    adder, lenet = (api.load(run.folder) for run in runs)

    output.line("\n== What they learned, used")
    output.line(f"  {adder('54 + 104')}        {adder('27182 + 31415')}   (taught 8 bits only)")
    picture = _digit_file(folder)
    output.line(f"  {picture}: {lenet(picture)}")
    map_ = folder / "attention.png"
    translate = api.load("transformer", attention=str(map_))
    output.line(f"  {SENTENCE} {translate(SENTENCE)}")
    output.line(f"  (by shipped weights, which never saw it; where they looked: {map_})")

    output.line("\n== LeNet with a third of its multiply-adds, and then in 8 bits\n")
    output.table(*cost_table(_shrunk(runs[1].folder, folder)))

    shown = [run.folder for run in reversed(runs)]  # the pictures first
    page = write_joint_report(shown, folder / "report.html", "What was learned here", INTRO)
    output.line(f"\nAll of it took {time.monotonic() - began:.0f} s. Open {page} in a browser.\n")
    output.line("Next, try:")
    for command in (
        f"shinso predict {folder / 'adder'} '99 + 28'",
        "shinso predict transformer 'YOUR SENTENCE'   (English to Japanese, by shipped weights)",
        "shinso predict word-lm 'some of them looks like' --words 30   (the same)",
        f"shinso compare --cost {folder / 'lenet'} {folder / 'int8'}",
        "shinso train adder --preset course",
        "shinso train lenet --data YOUR_FOLDER   (a folder of images for each class)",
    ):
        output.line(f"  .venv/bin/{command}")
    return 0


def _learn(name: str, folder: Path, output: Output) -> Run:
    """Trains, then scores the artifact on the test split, which the report then shows."""
    system = catalog.find(name)
    output.line(f"\n== {name}: {system.task}\n   {system.summary}\n")
    run = api.train(system.make_recipe(), out=folder / name)
    evaluation = api.evaluate(run.folder, split="test")
    save_evaluation(run.folder, "test", run.step, evaluation)
    draw_stills(run.folder)
    output.table(*score_rows(evaluation.scores, evaluation.baselines))
    return run


def _shrunk(lenet: Path, folder: Path) -> list[Measured]:
    """As learned, then pruned and trained on, then quantised: what each is worth and costs."""
    steps = {"as learned": lenet, "pruned": folder / "pruned", "int8": folder / "int8"}
    api.use_lever("prune", lenet, steps["pruned"], macs=1 / 3, training={"epochs": 10})
    api.use_lever("quantise", steps["pruned"], steps["int8"], to="int8")
    return measure(steps, open_data("digits"), "test")


def _digit_file(folder: Path) -> Path:
    """A digit of the test split as an image file."""
    path = folder / "digit.png"
    path.write_bytes(png(open_data("digits").split("test").image(0)))
    return path


if __name__ == "__main__":
    sys.exit(main())
