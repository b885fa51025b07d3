"""A user's own images, end to end: trained on, evaluated, used and reported."""

import json
import os
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from shinso import api
from shinso.cli import main
from shinso.core.errors import UserError
from shinso.vision.classification.mlp.recipe import MLPRecipe
from tests.vision.classification.colours import painted, saved

# Pictures for slides lack Japanese letters where the font package is not installed.
pytestmark = pytest.mark.filterwarnings("ignore:Glyph .* missing from font")

HOSTILE = '<img src=x onerror="alert(1)">&amp;'
CLASSES = {HOSTILE: "red", "two words": "green", "深層 学習": "青"}  # and their colour
TINY = MLPRecipe(size=8, epochs=4, batch_size=8, hidden=(16,), dropout=0.0, learning_rate=1e-2)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def fill(folder: Path, count: int) -> Path:
    """A folder a class; images of mixed sizes, modes and formats in the class's colour."""
    modes = [("png", None), ("jpg", None), ("png", "P"), ("webp", "RGBA"), ("bmp", None)]
    for name, colour in CLASSES.items():
        for number in range(count):
            suffix, mode = modes[number % len(modes)]
            pixels = painted(colour, 9 + 2 * number, 30 - number) // (1 + number % 3)
            saved(folder / name / f"{number}.{suffix}", pixels, mode)
    return folder


def shinso(capsys, *words: object) -> tuple[int, str, str]:
    """Exit code, stdout and the last line of stderr of one command."""
    capsys.readouterr()
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err.strip().split("\n")[-1]


def trained(tmp_path: Path, data: Path, **more):
    return api.train(TINY, str(data), tmp_path / "run", **more)


# --- What is given right -------------------------------------------------------------------------


def test_one_level_of_classes_is_learned_evaluated_and_used(tmp_path):
    data = fill(tmp_path / "own", 20)
    run = trained(tmp_path, data)
    evaluated = api.evaluate(run.folder, split="test")
    assert evaluated.scores["accuracy"] == 1.0
    assert evaluated.baselines["majority class"]["accuracy"] == pytest.approx(1 / 3)
    use = api.load(run.folder)
    assert use.classes == tuple(sorted(CLASSES))
    for name, colour in CLASSES.items():
        assert use(painted(colour, 40, 50)).label == name
    assert json.loads((run.folder / "recipe.json").read_text())["data"]["name"] == str(data)


def test_given_splits_are_used_and_the_normalisation_is_that_of_train(tmp_path):
    fill(tmp_path / "own/train", 10)
    fill(tmp_path / "own/validation", 2)
    fill(tmp_path / "own/test", 3)
    run = trained(tmp_path, tmp_path / "own")
    counts = {
        split: sum(row[1] for row in api.evaluate(run.folder, split=split).exhibits[-1].rows)
        for split in ("valid", "test")
    }
    assert counts == {"valid": 6, "test": 9}
    spec = api.load(run.folder).spec
    assert spec.classes == 3 and spec.channels == 3
    assert spec.mean[0] == pytest.approx(spec.mean[2], abs=0.02)  # as much red as blue


def test_a_folder_of_grey_and_colour_images_is_read_in_colour(tmp_path):
    data = fill(tmp_path / "own", 10)
    for name in CLASSES:
        saved(data / name / "grey.png", np.full((5, 5), 128, np.uint8))
    assert api.load(trained(tmp_path, data).folder).spec.channels == 3


def test_a_folder_of_grey_images_alone_is_read_in_grey(tmp_path):
    """Of every mode that is grey: 8 bits, 1 bit, with transparency, 16 bits."""
    for shade, name in ((0, "dark"), (255, "light")):
        for number, mode in enumerate(("L", "1", "LA", "I;16") * 5):
            pixels = np.full((9, 9), shade, np.uint8)
            deep = pixels.astype(np.uint16) * 257
            saved(
                tmp_path / "own" / name / f"{number}.png",
                *((deep,) if mode == "I;16" else (pixels, mode)),
            )
    use = api.load(trained(tmp_path, tmp_path / "own").folder)
    assert use.spec.channels == 1
    assert use(np.full((20, 30, 3), 255, np.uint8)).label == "light"
    assert use(np.zeros((5, 5), np.uint8)).label == "dark"


def test_names_that_are_not_utf8_are_shown_by_their_bytes(tmp_path):
    for name, colour in ((b"caf\xe9", "red"), (b"tea", "green")):
        folder = Path(os.fsdecode(os.fsencode(tmp_path / "own") + b"/" + name))
        for number in range(10):
            saved(folder / f"{number}.png", painted(colour))
    assert api.load(trained(tmp_path, tmp_path / "own").folder).classes == ("caf\\xe9", "tea")


class Page(HTMLParser):
    """Text, attributes and tags of a page, as a browser reads them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def test_class_names_are_text_in_the_report(tmp_path):
    run = trained(tmp_path, fill(tmp_path / "own", 20))
    page = Page(run.folder / "report.html")
    for name in CLASSES:
        assert any(name in text for text in page.texts), name
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert attributes.get("src") != "x"


def test_the_verbs_tell_the_same(tmp_path, capsys):
    data = fill(tmp_path / "own", 20)
    run, picture = tmp_path / "run", data / "two words" / "0.png"
    code, out, _ = shinso(
        capsys,
        *("train", "mlp", "--data", data, "--out", run, "--json", "--size", 8, "--epochs", 4),
        *("--batch-size", 8, "--hidden", 16, "--dropout", 0, "--learning-rate", "1e-2"),
    )
    assert code == 0 and json.loads(out)["scores"]["accuracy"] == 1
    code, out, _ = shinso(capsys, "predict", run, picture, data / "深層 学習", "--json", "--top", 1)
    predictions = json.loads(out)["predictions"]
    assert code == 0 and len(predictions) == 21
    assert predictions[0] | {"probability": 0, "top": []} == {
        "input": str(picture),
        "label": "two words",
        "probability": 0,
        "top": [],
    }
    assert all(len(answer["top"]) == 1 for answer in predictions)
    assert {answer["label"] for answer in predictions[1:]} == {"深層 学習"}
    code, out, _ = shinso(capsys, "evaluate", run, "--split", "test", "--json")
    assert code == 0 and json.loads(out)["scores"]["accuracy"] == 1


# --- What is given wrong -------------------------------------------------------------------------


@pytest.fixture
def damaged(tmp_path) -> Path:
    """Twenty images a class, of which one is cut in the middle and one is a text."""
    data = fill(tmp_path / "own", 20)
    cut = data / "two words" / "5.png"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(cut)
    cut.write_bytes(cut.read_bytes()[:4000])
    (data / "two words" / "6.png").write_text("not an image")
    return data


TRAIN = ("train", "mlp", "--size", "8", "--epochs", "2", "--batch-size", "8", "--data")


def test_a_damaged_image_is_named_and_skipped_on_request_alone(damaged, tmp_path, capsys):
    run = tmp_path / "run"
    code, _, line = shinso(capsys, *TRAIN, damaged, "--out", run)
    assert (
        code == 2 and line.startswith("shinso: error: ") and "two words/6.png is no image" in line
    )
    (damaged / "two words" / "6.png").unlink()
    code, _, line = shinso(capsys, *TRAIN, damaged, "--out", run)
    assert code == 2 and "two words/5.png is damaged" in line
    assert not run.exists()


def test_what_was_skipped_stays_skipped(damaged, tmp_path, capsys, caplog):
    run = tmp_path / "run"
    code, out, _ = shinso(capsys, *TRAIN, damaged, "--out", run, "--skip-bad", "--json")
    assert code == 0 and json.loads(out)["steps"] == 2 * 5  # 41 to train on, none alone in a batch
    assert "left out 2 damaged images; the first is two words/5.png" in caplog.text
    assert api.resume(run).step == 10
    code, out, _ = shinso(capsys, "evaluate", run, "--split", "test", "--json")
    assert code == 0
    code, _, line = shinso(capsys, "evaluate", run, "--data", damaged)
    assert code == 2 and "two words/6.png is no image" in line
    code, out, _ = shinso(capsys, "evaluate", run, "--data", damaged, "--skip-bad", "--json")
    assert code == 0
    code, _, line = shinso(capsys, "train", "--resume", run, "--skip-bad")
    assert code == 2 and "leave out --skip-bad" in line


def test_a_folder_of_nothing_but_damage_is_refused(tmp_path):
    fill(tmp_path / "own/train", 4)
    for name in CLASSES:
        (tmp_path / "own/test" / name).mkdir(parents=True)
        (tmp_path / "own/test" / name / "0.png").write_text("not an image")
    with pytest.raises(UserError, match="all images of test are damaged"):
        trained(tmp_path, tmp_path / "own", skip_bad=True)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda own: (own / "empty").mkdir(), "own/empty is a class without images"),
        (lambda own: [_remove(own / name) for name in list(CLASSES)[:2]], "has one class only"),
        (lambda own: [_remove(own / name) for name in CLASSES], "has no folders; put the images"),
        (lambda own: saved(own / "rare/0.png", painted("red")), "class rare has 1 image, too few"),
    ],
    ids=("empty class", "one class", "no class", "one image"),
)
def test_folders_that_cannot_be_learned_from(spoil, problem, tmp_path, capsys):
    data = fill(tmp_path / "own", 5)
    spoil(data)
    code, out, line = shinso(capsys, *TRAIN, data, "--out", tmp_path / "run")
    assert code == 2 and not out and line.startswith("shinso: error: ") and problem in line
    assert not (tmp_path / "run").exists()


def _remove(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def test_a_split_that_is_missing_is_said_in_one_line(tmp_path, capsys):
    run = trained(tmp_path, fill(tmp_path / "own/train", 10).parent)
    code, out, line = shinso(capsys, "evaluate", run.folder, "--split", "test")
    assert code == 2 and not out
    assert line == "shinso: error: data set own has no split test; it has train, valid"


def test_data_that_changed_under_a_run_are_not_trained_on(tmp_path):
    data = fill(tmp_path / "own", 10)
    run = trained(tmp_path, data)
    saved(data / "two words" / "more.png", painted("green"))
    with pytest.raises(UserError, match="own changed since"):
        api.resume(run.folder)
