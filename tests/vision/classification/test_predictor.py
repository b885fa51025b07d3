"""Files, folders, arrays and images of every mode, read alike; options; class names."""

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from shinso import api, catalog
from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.vision.classification.mlp.recipe import MLPRecipe
from shinso.vision.classification.predictor import CLASSES, Classification, ClassifierPredictor
from shinso.vision.classification.recipe import ClassifierOptions, ImageSpec
from tests.vision.classification.colours import (
    COLOURS,
    PAINTS,
    artifact,
    painted,
    predictor,
    saved,
)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("colour", COLOURS)
def test_probabilities_are_the_softmax_of_the_logits(colour):
    answer = predictor()(painted(colour))
    denominator = math.exp(64 / 16) + 2
    assert answer.label == colour
    assert answer.probability == pytest.approx(math.exp(4) / denominator)
    assert answer.top[0][0] == colour
    assert sum(p for _, p in answer.top) == pytest.approx(1)
    assert answer.top[1][1] == pytest.approx(1 / denominator)


def test_a_file_an_array_and_an_image_are_answered_alike(tmp_path):
    pixels = noise(13, 17, 3)
    path = saved(tmp_path / "画像.png", pixels)
    use = predictor()
    answers = [use(form) for form in (path, str(path), pixels, Image.fromarray(pixels))]
    assert answers == [answers[0]] * 4


def test_a_folder_is_read_file_by_file(tmp_path):
    for number, colour in enumerate(COLOURS * 2):
        saved(tmp_path / f"set/{number % 2}/{number}.png", painted(colour, 5, 9))
    (tmp_path / "set/notes.txt").write_text("no image")
    saved(tmp_path / "set/._0.png", painted("red"))  # what other systems leave behind
    saved(tmp_path / "set/.thumbnails/0.png", painted("red"))
    use = predictor()
    named = list(use.read(str(tmp_path / "set")))
    names = [f"{number % 2}/{number}.png" for number in (0, 2, 4, 1, 3, 5)]
    assert [name for name, _ in named] == [str(tmp_path / "set" / name) for name in names]
    labels = [answer.label for answer in use.predict_all(file for _, file in named)]
    assert labels == [(COLOURS * 2)[number] for number in (0, 2, 4, 1, 3, 5)]


def test_a_file_is_read_by_its_name(tmp_path):
    path = saved(tmp_path / "one.png", painted("green"))
    assert [name for name, _ in predictor().read(str(path))] == [str(path)]


def test_more_inputs_than_a_batch_come_back_in_order():
    use = predictor()
    use.batch_size = 4
    colours = [COLOURS[i % 3] for i in range(11)]
    assert [a.label for a in use.predict_all(painted(c) for c in colours)] == colours
    assert list(use.predict_all([])) == [] == use.predict([])


# --- Modes and formats ---------------------------------------------------------------------------


def test_a_grey_image_for_a_colour_net(tmp_path):
    grey = noise(8, 8)
    path = saved(tmp_path / "grey.png", grey)
    as_colour = predictor()(np.stack([grey] * 3, axis=2))
    assert predictor()(path) == predictor()(grey) == as_colour


def grey_predictor() -> ClassifierPredictor:
    """One that sees grey images, and for which every pixel counts differently."""
    recipe, spec = MLPRecipe(hidden=()), ImageSpec(size=8, classes=2)
    network = catalog.find("mlp").load("build")(recipe, spec)["classifier"]
    with torch.no_grad():
        network.output.weight.copy_(torch.linspace(-1, 1, 128).sin().reshape(2, 64))
    return ClassifierPredictor(
        Artifact(
            "mlp",
            recipe,
            spec,
            ClassifierOptions(),
            {"classifier": network},
            assets={CLASSES: '["no", "yes"]'},
        )
    )


def test_a_colour_image_for_a_grey_net(tmp_path):
    colour = noise(8, 8, 3)
    path = saved(tmp_path / "colour.png", colour)
    luma = np.asarray(Image.fromarray(colour).convert("L"))
    use = grey_predictor()
    assert use(path) == use(colour) == use(luma)
    assert use(luma) != use(np.rot90(luma).copy())  # it tells images apart


def test_palettes_are_looked_up(tmp_path):
    pixels = np.kron(np.eye(2, dtype=np.uint8)[:, :, None] * (255, 0, 0), np.ones((4, 4, 1)))
    pixels = pixels.astype(np.uint8)  # red squares on black: two colours
    direct = saved(tmp_path / "direct.png", pixels)
    for suffix in ("png", "gif"):
        assert predictor()(saved(tmp_path / f"p.{suffix}", pixels, "P")) == predictor()(direct)


def test_transparency_is_laid_on_white(tmp_path):
    """A green image, of which three quarters are transparent and so count for all colours."""
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, :, 1] = 255
    pixels[:2, :, 3] = 255
    seen = np.full((8, 8, 3), 255, np.uint8)
    seen[:2] = PAINTS["green"]
    assert predictor()(saved(tmp_path / "alpha.png", pixels)) == predictor()(seen)
    assert predictor()(Image.fromarray(pixels)) == predictor()(seen)


def test_16_bits_are_scaled_to_8(tmp_path):
    levels = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1040  # 0 to 65,520
    path = saved(tmp_path / "deep.png", levels)
    use = grey_predictor()
    assert use(path) == use(np.rint(levels / 257).astype(np.uint8))


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_picture_turned_by_exif_is_the_upright_one(orientation, tmp_path):
    """The camera's tag says how to turn what is stored; the eight ways of TIFF 6.0, page 36."""
    upright = Image.fromarray(noise(30, 41))
    T = Image.Transpose
    stored_by = {  # the inverse of what the tag asks for
        2: T.FLIP_LEFT_RIGHT,
        3: T.ROTATE_180,
        4: T.FLIP_TOP_BOTTOM,
        5: T.TRANSPOSE,
        6: T.ROTATE_90,
        7: T.TRANSVERSE,
        8: T.ROTATE_270,
    }
    stored = upright.transpose(stored_by[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "turned.png", exif=exif)
    upright.save(tmp_path / "upright.png")
    use = grey_predictor()
    assert use(tmp_path / "turned.png") == use(tmp_path / "upright.png") != use(np.asarray(stored))


# --- What is shown, and what is refused ----------------------------------------------------------


@pytest.mark.parametrize("top", (1, 2, 3, 50))
def test_as_many_classes_are_listed_as_asked_for(top):
    answer = predictor(top=top)(painted("red"))
    assert len(answer.top) == min(top, 3)
    assert (answer.label, answer.probability) == answer.top[0]


def test_equal_probabilities_stand_in_the_order_of_the_classes():
    assert [name for name, _ in predictor()(np.zeros((4, 4), np.uint8)).top] == list(COLOURS)


def test_class_names_of_any_script_are_kept(tmp_path):
    names = ("猫 ねこ", '<b onclick="x">&amp;', "two\twords")
    artifact(names).save(tmp_path / "artifact")
    text = (tmp_path / "artifact/classes.json").read_text(encoding="utf-8")
    assert "猫" in text and json.loads(text) == list(names)
    answer = api.load(tmp_path / "artifact", top=1)(painted("red"))
    assert answer == Classification("猫 ねこ", answer.probability, answer.top)
    assert str(answer) == "猫 ねこ  96.5%" and answer.as_dict()["label"] == "猫 ねこ"


def test_an_answer_is_one_line_of_text():
    answer = Classification("a", 0.5, (("a", 0.5), ("b", 0.3), ("c", 0.2)))
    assert str(answer) == "a  50.0%   (b 30.0%, c 20.0%)"


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.zeros((4, 4)), r"float64 \(4, 4\) is no image; give uint8"),
        (np.zeros((4, 4, 4), np.uint8), r"uint8 \(4, 4, 4\) is no image"),
        (np.zeros(7, np.uint8), r"uint8 \(7,\) is no image"),
        (np.zeros((0, 4), np.uint8), r"uint8 \(0, 4\) is no image"),
    ],
)
def test_arrays_that_are_no_image_are_refused(array, problem):
    with pytest.raises(UserError, match=problem):
        predictor()(array)


def test_what_is_no_image_is_named(tmp_path):
    text = tmp_path / "text.png"
    text.write_text("not an image")
    with pytest.raises(UserError, match=r"text\.png is no image"):
        predictor()(text)
    with pytest.raises(UserError, match=r"gone\.png: no such file"):
        predictor()(tmp_path / "gone.png")
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match=r"none holds no image"):
        list(predictor().read(str(tmp_path / "none")))


def test_an_artifact_without_class_names_is_refused():
    bare = artifact()
    bare.assets.clear()
    with pytest.raises(UserError, match=r"mlp has no classes\.json"):
        ClassifierPredictor(bare)
