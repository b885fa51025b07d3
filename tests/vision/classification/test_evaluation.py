"""Scores, baselines, and what is shown, against hand arithmetic and scikit-learn."""

import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from shinso.core.errors import UserError
from shinso.core.exhibits import Gallery, Matrix, Table
from shinso.data import open_data
from shinso.data.images import ImageSet, packed_split
from shinso.vision.classification import evaluation, preparation
from shinso.vision.classification.evaluation import baselines, evaluate
from shinso.vision.classification.preparation import LazyPixels, fitted_split
from tests.vision.classification.colours import COLOURS, colour_set, painted, predictor, saved

RED, GREEN, BLUE = COLOURS


@pytest.fixture
def colours() -> ImageSet:
    """Eight images of the test are painted; two of them not as they are named."""
    truth = [RED] * 4 + [GREEN] * 3 + [BLUE]
    seen = [RED, RED, RED, GREEN, GREEN, GREEN, BLUE, BLUE]
    return colour_set({"train": [RED, GREEN, RED], "test": truth}, {"test": seen})


def shown(evaluated, kind, number=0):
    return [exhibit for exhibit in evaluated.exhibits if isinstance(exhibit, kind)][number]


def test_accuracy_and_loss_are_those_of_hand_arithmetic(colours):
    scores = evaluate(predictor(), colours, "test").scores
    log_sum = math.log(math.exp(4) + 2)
    assert scores["accuracy"] == 6 / 8
    assert scores["loss"] == pytest.approx((6 * (log_sum - 4) + 2 * log_sum) / 8, rel=1e-5)


def test_the_confusion_matrix_has_the_truth_in_rows(colours):
    matrix = shown(evaluate(predictor(), colours, "test"), Matrix)
    assert matrix.row_labels == matrix.column_labels == COLOURS
    assert matrix.counts.tolist() == [[3, 1, 0], [0, 2, 1], [0, 0, 1]]


def test_every_class_has_recall_and_precision(colours):
    table = shown(evaluate(predictor(), colours, "test"), Table)
    assert table.columns == ("class", "images", "recall", "precision")
    assert table.rows == (
        (RED, 4, 0.75, 1.0),
        (GREEN, 3, 0.6667, 0.6667),
        (BLUE, 1, 1.0, 0.5),
    )


def test_what_was_never_there_or_never_named_has_no_share():
    data = colour_set({"train": [RED, GREEN, BLUE], "test": [RED, GREEN]}, {"test": [RED, RED]})
    rows = shown(evaluate(predictor(), data, "test"), Table).rows
    assert rows == ((RED, 1, 1.0, 0.5), (GREEN, 1, 0.0, None), (BLUE, 0, None, None))


def test_mistakes_are_shown_the_surest_first_and_right_answers_the_least_sure():
    """Each image is a colour at some brightness: 4 x brightness is its logit, the others' are 0."""
    seen = [(GREEN, RED, 0.4), (GREEN, BLUE, 0.8), (RED, RED, 0.6), (RED, RED, 0.2)]
    pixels = np.stack([np.rint(painted(colour) * level) for _, colour, level in seen])
    labels = [COLOURS.index(truth) for truth, _, _ in seen]
    split = packed_split("test", pixels.astype(np.uint8), labels)
    evaluated = evaluate(
        predictor(), ImageSet("dim", COLOURS, {"train": split, "test": split}), "test"
    )

    def sure(level):
        return f"({math.exp(4 * level) / (math.exp(4 * level) + 2):.0%})"

    mistakes, right = (shown(evaluated, Gallery, number).pictures for number in (0, 1))
    assert [picture.caption for picture in mistakes] == [
        f"{GREEN}, taken for {BLUE} {sure(0.8)}",
        f"{GREEN}, taken for {RED} {sure(0.4)}",
    ]
    assert [picture.flag for picture in mistakes] == ["bad", "bad"]
    assert np.array_equal(mistakes[0].pixels, split.image(1))
    assert [picture.caption for picture in right] == [f"{RED} {sure(0.2)}", f"{RED} {sure(0.6)}"]
    assert {picture.flag for picture in right} == {"good"}


def test_classes_are_matched_by_name_whatever_their_order(colours):
    """A folder's classes come by name, the net's as they were learned."""
    order = (BLUE, RED, GREEN)
    splits = {
        name: packed_split(
            name,
            colours.split(name).images,
            [order.index(COLOURS[label]) for label in colours.split(name).labels],
        )
        for name in ("train", "test")
    }
    other = ImageSet("other", order, splits)
    one, two = (evaluate(predictor(), data, "test") for data in (colours, other))
    assert one.scores == two.scores and one.baselines == two.baselines
    assert list(one.exhibits) == list(two.exhibits)


def test_a_part_of_the_classes_is_enough_and_another_class_is_too_much():
    few = colour_set({"train": [RED, GREEN], "test": [GREEN]}, {}, classes=(GREEN, RED))
    assert evaluate(predictor(), few, "test").scores["accuracy"] == 1
    truth = packed_split("test", np.zeros((2, 8, 8, 3), np.uint8), [0, 1])
    other = ImageSet("pets", ("cat", "grean"), {"train": truth, "test": truth})
    with pytest.raises(UserError, match="pets has a class cat, which the net never learned; fine"):
        evaluate(predictor(), other, "test")
    near = ImageSet("pets", ("red", "grean"), {"train": truth, "test": truth})
    with pytest.raises(UserError, match=r"never learned; did you mean green\?"):
        evaluate(predictor(), near, "test")


def test_a_split_that_is_not_there(colours):
    with pytest.raises(UserError, match="has no split valid; it has train, test"):
        evaluate(predictor(), colours, "valid")


# --- Baselines -----------------------------------------------------------------------------------


def test_the_majority_is_that_of_the_training_images():
    data = colour_set({"train": [GREEN, GREEN, RED], "test": [RED, RED, RED, GREEN]}, {})
    assert baselines(data, "test", 3, 8)["majority class"] == {"accuracy": 0.25}


@pytest.mark.parametrize("split", ("valid", "test"))
def test_the_nearest_neighbour_is_scikit_learns(split):
    digits = open_data("digits")
    train, asked = digits.split("train"), digits.split(split)
    flat = [part.images.reshape(len(part), -1).astype(float) for part in (train, asked)]
    oracle = KNeighborsClassifier(n_neighbors=1, algorithm="brute").fit(flat[0], train.labels)
    found = baselines(digits, split, 1, 8)["nearest neighbour"]["accuracy"]
    assert found == oracle.score(flat[1], asked.labels)
    assert 0.95 < found < 1


def test_each_image_finds_the_one_nearest_to_it():
    random = np.random.default_rng(0)
    known = random.integers(0, 256, (70, 4, 4, 3), dtype=np.uint8)
    asked = random.integers(0, 256, (50, 4, 4, 3), dtype=np.uint8)
    flat = [pixels.reshape(len(pixels), -1).astype(float) for pixels in (known, asked)]
    distances = np.linalg.norm(flat[1][:, None] - flat[0][None], axis=2)
    found = evaluation._nearest(known, asked, batch=7)
    assert np.array_equal(found, distances.argmin(axis=1))


@pytest.mark.parametrize(
    ("bound", "value"), [("MOST_PRODUCTS", 180 * 64 * 90), ("MOST_VALUES", 64 * 90)]
)
def test_a_limited_neighbour_says_among_how_many(bound, value, monkeypatch):
    digits = open_data("digits")
    monkeypatch.setattr(evaluation, bound, value)
    names = list(baselines(digits, "valid", 1, 8))
    assert len(digits.split("valid")) == 180
    assert names == ["majority class", "nearest neighbour among 90 training images"]


def test_a_limited_neighbour_sees_every_class(monkeypatch):
    """Folders come class by class: the first images would all be of one."""
    monkeypatch.setattr(evaluation, "MOST_VALUES", 8 * 8 * 3 * 6)
    train = [colour for colour in COLOURS for _ in range(20)]
    found = baselines(colour_set({"train": train, "test": list(COLOURS)}, {}), "test", 3, 8)
    assert found["nearest neighbour among 6 training images"] == {"accuracy": 1.0}


# --- Splits too large for memory -----------------------------------------------------------------


def test_evaluation_is_the_same_where_images_are_decoded_batch_by_batch(tmp_path, monkeypatch):
    for number in range(30):
        colour = COLOURS[number % 3]
        pixels = painted(COLOURS[(number + (number == 7)) % 3], 8 + number, 12)
        for split in ("train", "valid"):
            saved(tmp_path / split / colour / f"{number}.png", pixels)
    packed = evaluate(predictor(), open_data(tmp_path), "valid")
    monkeypatch.setattr(preparation, "MOST_BYTES", 0)
    data = open_data(tmp_path)
    assert isinstance(fitted_split(data.split("train"), 3, 8), LazyPixels)
    use = predictor()
    use.batch_size = 7
    lazy = evaluate(use, data, "valid")
    assert lazy.scores == pytest.approx(packed.scores) and lazy.scores["accuracy"] == 29 / 30
    assert lazy.baselines == packed.baselines
    assert list(lazy.exhibits) == list(packed.exhibits)


def test_evaluation_leaves_torchs_generator_alone(colours):
    use = predictor()
    before = torch.get_rng_state()
    evaluate(use, colours, "test")
    assert torch.equal(torch.get_rng_state(), before)
