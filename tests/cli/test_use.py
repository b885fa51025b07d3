"""shinso evaluate, predict, report and compare: what is done with a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shinso.data import open_data
from tests.cli.command import shinso


@pytest.fixture(scope="module")
def digit_files(tmp_path_factory) -> Path:
    """Ten test images as files, named by what they show."""
    folder = tmp_path_factory.mktemp("digits")
    test = open_data("digits").split("test")
    for place in range(10):
        index = int(np.flatnonzero(test.labels == place)[0])
        Image.fromarray(test.image(index)).save(folder / f"{place}.png")
    return folder


# evaluate -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ("valid", "test"))
def test_evaluate_as_json(adder, split):
    answer = shinso("evaluate", adder, "--split", split, "--json").json
    assert list(answer) == ["system", "artifact", "data", "split", "scores", "baselines"]
    assert answer["system"] == "adder"
    assert answer["artifact"] == str(adder / "artifact")
    assert (answer["data"], answer["split"]) == ("addition", split)
    assert {"accuracy", "loss"} <= answer["scores"].keys()
    assert ("accuracy_16" in answer["scores"]) == (split == "test")
    assert answer["baselines"].keys() == {"addition without carry", "most frequent bits"}


def test_evaluate_defaults_to_valid_and_agrees_with_training(lenet):
    answer = shinso("evaluate", lenet, "--json").json
    trained = json.loads((lenet / "evaluation.json").read_text())
    assert answer["split"] == "valid"
    assert answer["scores"] == pytest.approx(trained["scores"])
    assert answer["baselines"]["majority class"]["accuracy"] < 0.2


def test_evaluate_for_people(lenet):
    done = shinso("evaluate", lenet, "--split", "test")
    assert done.code == 0 and done.err == ""
    first, _, head, *_ = done.out.splitlines()
    assert first == f"lenet ({lenet / 'artifact'}) on the test split of digits"
    assert head.split("  ")[0] == "score" and "nearest neighbour" in head


def test_an_artifact_does_where_a_run_does(lenet, tmp_path):
    shutil.copytree(lenet / "artifact", tmp_path / "moved")
    assert (
        shinso("evaluate", tmp_path / "moved", "--json").json["scores"]
        == shinso("evaluate", lenet, "--json").json["scores"]
    )


def test_evaluate_on_other_data(lenet, shapes):
    answer = shinso("evaluate", lenet, "--data", shapes, "--split", "train", "--json")
    assert answer.code == 2 and "--split" in answer.json["error"]


# predict ------------------------------------------------------------------------------------------


def test_predict_one_text(adder):
    done = shinso("predict", adder, "54 + 104")
    assert done.code == 0 and done.err == ""
    assert done.out.startswith("54 + 104 = ") and done.out.count("\n") == 1


def test_predict_several_names_each(adder):
    lines = shinso("predict", adder, "1+2", "3+4").out.splitlines()
    assert [line.split(" = ")[0] for line in lines] == ["1+2: 1 + 2", "3+4: 3 + 4"]


def test_predict_lines_of_stdin(adder):
    done = shinso("predict", adder, "-", stdin="1+2\n3 + 4 =\n")
    assert [line.split(" = ")[0] for line in done.out.splitlines()] == ["1 + 2", "3 + 4"]


def test_predict_as_json(adder):
    answer = shinso("predict", adder, "54+104", "-", "--json", stdin="1+2\n").json
    assert list(answer) == ["system", "artifact", "predictions"]
    assert (answer["system"], answer["artifact"]) == ("adder", str(adder / "artifact"))
    first, second = answer["predictions"]
    assert first.keys() == {"input", "first", "second", "sum", "right"}
    assert (first["input"], first["first"], first["second"]) == ("54+104", 54, 104)
    assert first["right"] == (first["sum"] == 158)
    assert second["input"] == "1+2"


def test_predict_an_image(lenet, digit_files):
    done = shinso("predict", lenet, digit_files / "3.png")
    assert done.code == 0
    assert done.out.split()[0] in "0123456789" and done.out.count("%") == 5


def test_predict_a_folder_names_each_file(lenet, digit_files):
    lines = shinso("predict", lenet, digit_files).out.splitlines()
    files = [line.split(": ")[0] for line in lines]
    assert files == [str(digit_files / f"{place}.png") for place in range(10)]
    right = sum(line.split(": ")[1][0] == Path(line.split(": ")[0]).stem for line in lines)
    assert right >= 7  # of 10; chance is 1


def test_predict_a_folder_as_json_with_an_option(lenet, digit_files):
    answer = shinso("predict", lenet, digit_files, "--top", 2, "--json").json
    assert len(answer["predictions"]) == 10
    for prediction in answer["predictions"]:
        assert prediction.keys() == {"input", "label", "probability", "top"}
        assert len(prediction["top"]) == 2
        assert prediction["top"][0] == [prediction["label"], prediction["probability"]]


def test_options_may_stand_before_the_run(lenet, digit_files):
    done = shinso("predict", "--top", 1, lenet, digit_files / "0.png")
    assert done.code == 0, done.err
    assert done.out.count("%") == 1


# report and compare -------------------------------------------------------------------------------


def test_report(adder_copy):
    (adder_copy / "report.html").unlink()
    done = shinso("report", adder_copy)
    assert done.out == f"{adder_copy / 'report.html'}\n"
    assert "<!doctype html>" in (adder_copy / "report.html").read_text().lower()
    answer = shinso("report", adder_copy, "--json").json
    assert answer["system"] == "adder" and answer["report"].endswith("report.html")


@pytest.fixture(scope="module")
def other_adder(tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("trained") / "other"
    assert shinso("train", "adder", "--steps", 20, "--cell", "gru", "--out", run).code == 0
    return run


def test_compare_is_one_table(adder, other_adder, tmp_path):
    done = shinso("compare", adder, other_adder, "--out", tmp_path / "page.html")
    assert done.code == 0, done.err
    table, settings, page = done.out.split("\n\n")
    head, *rows = table.splitlines()
    assert head.split()[:5] == ["run", "data", "split", "accuracy", "bit_accuracy"]
    assert [row.split("  ")[0] for row in rows] == [
        str(adder),
        str(other_adder),
        "addition without carry",
        "most frequent bits",
    ]
    differing = {line.split()[0]: line.split()[1:] for line in settings.splitlines()[1:]}
    assert differing["cell"] == ["rnn", "gru"]
    assert differing["steps"] == ["60", "20"]
    assert "hidden" not in differing
    assert page == f"page: {tmp_path / 'page.html'}\n"
    assert "side by side" in (tmp_path / "page.html").read_text()


def test_compare_hides_nothing_that_differs(adder, adder_copy):
    """A run pruned from another, on other data of the same name, beside other baselines."""
    lever = {"name": "prune", "settings": {"ratio": 0.5}, "before": None}
    data = {"name": "/tables/of/mine/addition", "digest": "ab" * 32}
    change(adder_copy / "recipe.json", data=data, start="cd" * 32, lever=lever)
    shutil.copytree(adder / "artifact", adder_copy / "start")
    change(adder_copy / "artifact/artifact.json", parameters=1234)
    done = shinso("compare", adder, adder_copy)
    _, settings, warning = done.out.split("\n\n")
    differing = {line.split()[0]: line.split(maxsplit=1)[1] for line in settings.splitlines()[1:]}
    assert differing.keys() == {"data", "from", "lever", "parameters"}
    assert differing["data"].endswith("addition (abababab)") and "/home" not in done.out
    assert differing["from"].split(maxsplit=1) == ["-", "adder on addition (cdcdcdcd)"]
    assert differing["lever"].split(maxsplit=1) == ["-", "prune, ratio 0.5"]
    assert differing["parameters"].endswith("1,234")
    assert "not on the same data" in warning
    answer = shinso("compare", adder, adder_copy, "--json").json
    assert answer["rows"][1]["lever"] == "prune, ratio 0.5"


def test_compare_shows_each_of_the_baselines_that_differ(adder, adder_copy):
    baselines = json.loads((adder / "evaluation.json").read_text())["baselines"]
    baselines["most frequent bits"] = {"accuracy": 0.125}
    change(adder_copy / "evaluation.json", baselines=baselines)
    table = shinso("compare", adder, adder_copy).out.split("\n\n")[0]
    names = [line.split("  ")[0] for line in table.splitlines()[3:]]
    assert names == [
        "addition without carry",
        f"most frequent bits ({adder})",
        f"most frequent bits ({adder_copy})",
    ]
    assert "0.125" in table.splitlines()[-1]


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_compare_as_json(adder, other_adder):
    answer = shinso("compare", adder, other_adder, "--json").json
    first, second = answer["rows"]
    assert (first["run"], first["steps"]) == (str(adder), 60)
    assert second["recipe"]["cell"] == "gru"
    assert second["scores"].keys() == first["scores"].keys()
    assert first["baselines"] == second["baselines"]
    assert answer["page"] is None


def test_compare_says_when_scores_do_not_compare(adder, lenet):
    done = shinso("compare", adder, lenet)
    assert done.code == 0
    assert "not on the same data and split: these scores do not compare" in done.out


def test_predict_writes_its_answers_where_out_says(adder, tmp_path):
    path = tmp_path / "answers.json"
    done = shinso("predict", adder, "54 + 104", "--out", path)
    (answer,) = json.loads(path.read_text())["predictions"]
    assert done.out.startswith(f"54 + 104 = {answer['sum']}")
    assert answer["input"] == "54 + 104"


def test_predict_out_into_a_missing_folder_is_one_line(adder, tmp_path):
    done = shinso("predict", adder, "54 + 104", "--out", tmp_path / "none" / "answers.json")
    assert done.code == 2 and "no such file or directory" in done.err


def test_compare_says_what_artifacts_cost(lenet, tmp_path, monkeypatch):
    small = tmp_path / "int8"
    assert shinso("quantise", lenet, "--out", small, "--to", "int8", "--threads", 1).code == 0
    monkeypatch.setattr("shinso.levers.latency.ROUNDS", 3)
    given = ("compare", "--cost", lenet, small, "--split", "test", "--threads", 1)
    rows = shinso(*given, "--json").json["rows"]
    assert [row["artifact"] for row in rows] == [str(lenet), str(small)]
    assert [row["parameters"] for row in rows] == [61_706] * 2
    assert rows[1]["bytes"] < 0.35 * rows[0]["bytes"]
    scores = shinso("evaluate", lenet, "--split", "test", "--json").json["scores"]
    assert rows[0]["scores"] == pytest.approx(scores)
    for row in rows:
        for batch in ("1", "32"):
            assert 0 < row["milliseconds"][batch]["median"] <= row["milliseconds"][batch]["p95"]
    said = shinso(*given).out
    assert said.splitlines()[0].endswith("ms, batch 32  95%, batch 32")
    assert "scores on the test split" in said
