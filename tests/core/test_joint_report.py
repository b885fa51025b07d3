"""Several runs on one page: what is common stands there once, what differs is said."""

import json

from shinso.core.report import write_joint_report
from tests.core.reporting import (
    HOSTILE,
    PRUNED,
    assert_stands_alone,
    change,
    make_artifact,
    make_run,
    read,
)


def test_several_runs_on_one_page(tmp_path):
    runs = [
        make_run(tmp_path / "a", "lenet", accuracy=0.91),
        make_run(tmp_path / "b", "resnet", accuracy=0.95),
        make_run(tmp_path / "c", "vgg", name="fashion-mnist", accuracy=0.5),
    ]
    path = write_joint_report(runs, tmp_path / "joint.html", HOSTILE, "What they learned.")
    page = read(path)
    assert_stands_alone(page)
    for words in ("What they learned.", "Accuracy on digits", "Settings that differ", "95.0%"):
        assert words in page.text, words
    assert "Accuracy on fashion-mnist, validation data" not in page.text  # one run is no race
    ids, links = page.values("id"), [v for v in page.values("href") if v.startswith("#r")]
    assert len(ids) == len(set(ids)) and {link[1:] for link in links} <= set(ids)


def test_runs_of_one_system_are_told_apart_by_folder(tmp_path):
    runs = [make_run(tmp_path / name, seed=i) for i, name in enumerate(("first", "second"))]
    page = read(write_joint_report(runs, tmp_path / "joint.html", "Two seeds"))
    assert "first" in page.text and "second" in page.text


def test_a_baseline_that_differs_from_run_to_run_stands_there_for_each(tmp_path):
    runs = [make_run(tmp_path / name, name) for name in ("lenet", "mlp", "resnet")]
    baselines = json.loads((runs[0] / "evaluation.json").read_text())["baselines"]
    other = {**baselines, "nearest neighbour": {"accuracy": 0.9583}}
    change(runs[1] / "evaluation.json", baselines=other)
    page = read(write_joint_report(runs, tmp_path / "joint.html", "Three systems"))
    _, _, race = page.text.partition("Accuracy on digits, validation data")
    race, _, _ = race.partition("run data split")
    assert "nearest neighbour (lenet and resnet) 98.6%" in race
    assert "nearest neighbour (mlp) 95.8%" in race
    assert race.count("majority class 10.1%") == 1


def test_runs_differ_in_more_than_their_settings(tmp_path):
    runs = [make_run(tmp_path / name) for name in ("whole", "pruned")]
    digests = [{"name": "/a/shapes", "digest": digit * 64} for digit in "12"]
    for run, data, parameters in zip(runs, digests, (61_706, 15_738), strict=True):
        change(run / "recipe.json", data=data)
        make_artifact(run / "artifact", parameters, "shapes")
    change(runs[1] / "recipe.json", start="ab" * 32, lever=PRUNED, seed=1)
    make_artifact(runs[1] / "start", 61_706, "digits")
    page = read(write_joint_report(runs, tmp_path / "joint.html", "Pruned"))
    differing = page.text[page.text.rindex("Settings that differ") :]
    for row in (
        "data shapes (11111111) shapes (22222222)",
        "from none lenet on digits (abababab)",
        "lever none prune, ratio 0.5",
        "parameters 61706 15738",
        "seed 0 1",
    ):
        assert row in differing, row
    assert "epochs" not in differing
    # Data of one name and other content: nothing is drawn together.
    assert "Accuracy on shapes" not in page.text
