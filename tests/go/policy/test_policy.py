"""What a policy answers, how it is scored, and how it plays."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from shinso import api, catalog
from shinso.cli import main
from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.data.sgf import BLACK, WHITE, Game, write_game
from shinso.go.board import Board
from shinso.go.coordinates import gtp_point
from shinso.go.engine import Limits
from shinso.go.policy import evaluation
from shinso.go.policy.drawing import STEP, drawn
from shinso.go.policy.recipe import GoSpec, PolicyOptions
from shinso.go.positions import Positions
from shinso.go.random_player import moves_of
from tests.go.test_records import random_game, set_of

SYSTEM = catalog.find("alphago-policy")
SIZE = 5


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    """Weights that find some moves much likelier than others."""
    torch.manual_seed(1)
    recipe, spec = SYSTEM.make_recipe("quick"), GoSpec(size=SIZE)
    networks = SYSTEM.networks(recipe, spec)
    torch.nn.init.normal_(networks["policy"].head.weight)
    return Artifact(SYSTEM.name, recipe, spec, PolicyOptions(), networks)


def predictor(artifact: Artifact, **options):
    return SYSTEM.load("predictor")(artifact, PolicyOptions(**options))


def player(artifact: Artifact, **options):
    return SYSTEM.load("player")(artifact, PolicyOptions(**options))


def after_moves(*points: int) -> Board:
    board = Board(SIZE)
    for point in points:
        board.play(point)
    return board


# Answers ------------------------------------------------------------------------------------------


def test_the_likeliest_moves_are_legal_and_their_probabilities_the_network_s(artifact):
    board = after_moves(12, 7, 13)
    said = predictor(artifact, top=30)(board)
    logits = predictor(artifact).logits(Positions.of([board]))[0].astype(np.float64)
    legal = board.legal_moves()[:-1]
    expected = np.where(legal, np.exp(logits), 0) / np.exp(logits[legal]).sum()
    assert len(said.candidates) == legal.sum() == 22
    for name, probability in said.candidates:
        assert probability == pytest.approx(expected[gtp_point(name, SIZE)])
    shares = [probability for _, probability in said.candidates]
    assert shares == sorted(shares, reverse=True)
    assert (said.to_play, said.moves) == ("White", 3)


def test_an_answer_is_drawn_with_letters_on_the_likeliest_points(artifact):
    lines = str(predictor(artifact, top=2)(after_moves(12))).splitlines()
    assert lines[0] == "   A B C D E" and lines[3][7] == "X"
    assert lines[6] == "White to play, move 2"
    for mark, line in zip("ab", lines[7:], strict=True):
        column, row = line.split()[1]
        assert lines[SIZE + 1 - int(row)][3 + 2 * "ABCDE".index(column)] == mark


def test_predict_plays_a_record_and_asks_for_the_next_move(artifact, tmp_path, capsys):
    artifact.save(tmp_path / "artifact")
    game = Game(SIZE, ((BLACK, 12), (WHITE, 7), (BLACK, 11)))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "game.sgf").write_text(write_game(game))
    asked = ["predict", str(tmp_path / "artifact"), str(tmp_path / "own"), "--json"]
    assert main([*asked, "--top", "3"]) == 0
    (whole,) = json.loads(capsys.readouterr().out)["predictions"]
    assert (whole["moves"], whole["to_play"], len(whole["candidates"])) == (3, "White", 3)
    assert whole["input"].endswith("game.sgf") and whole["board"][3] == " 3 . X X . ."
    assert main([*asked, "--moves", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["predictions"][0]["moves"] == 1
    assert main([*asked, "--moves", "4"]) == 2
    assert "game.sgf has 3 moves, fewer than --moves 4" in capsys.readouterr().out


def test_a_record_without_moves_asks_for_the_first(artifact, tmp_path):
    (tmp_path / "empty.sgf").write_text("(;SZ[5])")
    said = predictor(artifact)(str(tmp_path / "empty.sgf"))
    assert (said.moves, said.to_play, len(said.candidates)) == (0, "Black", 5)


@pytest.mark.parametrize(
    ("text", "reason"),
    (
        ("(;SZ[9];B[aa])", "are for boards of 5 x 5, and this one has 9 x 9; train it on such"),
        ("(;SZ[5];B[aa];W[aa])", "x.sgf, move 2: White A5: illegal, there is a stone"),
        ("nothing", "x.sgf"),
        (None, "x.sgf: no such file or directory"),
    ),
)
def test_records_that_cannot_be_asked_about(text, reason, artifact, tmp_path):
    if text is not None:
        (tmp_path / "x.sgf").write_text(text)
    with pytest.raises(UserError, match=reason):
        predictor(artifact)(tmp_path / "x.sgf")


def test_a_folder_without_records_is_said(artifact, tmp_path):
    with pytest.raises(UserError, match=r"holds no game record \(\.sgf\)"):
        list(predictor(artifact).read(str(tmp_path)))


# Scores -------------------------------------------------------------------------------------------


GAMES = {
    "train": [random_game(seed, SIZE, 30) for seed in range(20)],
    "valid": [random_game(seed, SIZE, 30) for seed in range(100, 110)],
}


def test_scores_against_counting_move_by_move(artifact, monkeypatch):
    monkeypatch.setattr(evaluation, "CHUNK", 7)
    data = set_of(**GAMES)
    found = evaluation.evaluate(predictor(artifact), data, "valid")
    ranks, losses, random = [], [], []
    for game in GAMES["valid"]:
        board = Board(SIZE, superko=False)
        for colour, point in game.moves:
            board.to_play = colour
            if point < SIZE**2:
                logits = torch.from_numpy(predictor(artifact).logits(Positions.of([board]))[0])
                ranks.append(int((logits > logits[point]).sum()))
                losses.append(-float(logits.double().log_softmax(0)[point]))
                random.append(1 / board.legal_moves()[:-1].sum())
            board.play(point)
    assert found.scores == {
        "accuracy": pytest.approx(np.mean(np.array(ranks) == 0)),
        "top_5": pytest.approx(np.mean(np.array(ranks) < 5)),
        "loss": pytest.approx(np.mean(losses), rel=1e-5),
    }
    assert found.baselines["random legal move"]["accuracy"] == pytest.approx(np.mean(random))
    table, gallery = found.exhibits
    assert sum(row[1] for row in table.rows) == len(ranks)
    assert len(gallery.pictures) == evaluation.MOST_PICTURES


def test_baselines_are_what_was_most_often_played_in_training():
    line = (BLACK, 12), (WHITE, 6), (BLACK, 8)
    other = (BLACK, 12), (WHITE, 7), (BLACK, 6)
    train = [Game(SIZE, line), Game(SIZE, line), Game(SIZE, other)]
    valid = [Game(SIZE, other)]
    guessed = evaluation._guessed(set_of(train=train, valid=valid), "valid", SIZE)
    assert guessed["most frequent move of that number"].tolist() == [1, 0, 0]
    assert guessed["most frequent reply to the last move"].tolist() == [1, 0, 1]
    assert guessed["random legal move"].tolist() == [1 / 25, 1 / 24, 1 / 23]


def test_of_many_positions_some_are_looked_at_all_over(monkeypatch):
    monkeypatch.setattr(evaluation, "MOST_POSITIONS", 10)
    assert evaluation.spread(7).tolist() == [*range(7)]
    assert evaluation.spread(100).tolist() == [*range(0, 100, 10)]


def test_a_picture_shows_stones_guesses_and_the_move():
    stones = np.zeros((SIZE, SIZE), np.int8)
    stones[0, 1], stones[4, 4] = BLACK, WHITE
    pixels = drawn(stones, {12: 0.9, 13: 0.1}, 12)
    assert pixels.shape == (SIZE * STEP, SIZE * STEP, 3)

    def at(row: int, column: int, aside: int) -> list[int]:
        """Beside the middle of a point, and off its line."""
        off = aside // 2
        return pixels[row * STEP + STEP // 2 + off, column * STEP + STEP // 2 + aside].tolist()

    assert max(at(0, 1, 4)) < 50 and min(at(4, 4, 4)) > 200
    red, green, _ = at(2, 2, 0)
    assert red > 2 * green, "the move that was made"
    likely, less = at(2, 2, 4), at(2, 3, 4)
    assert likely[0] < less[0] < at(2, 0, 4)[0]


# Play ---------------------------------------------------------------------------------------------


def test_it_plays_the_likeliest_move_that_fills_no_eye(artifact):
    board = after_moves(12, 7, 13)
    choice = player(artifact).choose(board, BLACK, Limits())
    points = moves_of(board, BLACK)
    asked = board.copy()
    asked.to_play = BLACK
    priors = predictor(artifact).probabilities(asked, points)
    assert choice.point == points[int(priors.argmax())]
    assert {c.point: c.prior for c in choice.candidates} == pytest.approx(
        dict(zip(points, priors.tolist(), strict=True))
    )
    (analysed,) = player(artifact).analyse(board, BLACK, Limits())
    assert tuple(analysed) == choice.candidates
    assert len(board.history) == 3 and board.to_play == WHITE, "it leaves the board as it was"


def test_a_temperature_draws_by_the_powers_of_probabilities(artifact):
    board = after_moves(12)
    drawing = player(artifact, temperature=2.0, seed=3)
    choices = [drawing.choose(board, WHITE, Limits()) for _ in range(1500)]
    counts = np.zeros(26)
    np.add.at(counts, [choice.point for choice in choices], 1)
    expected = np.zeros(26)
    for candidate in choices[0].candidates:
        expected[candidate.point] = math.sqrt(candidate.prior)
    expected /= expected.sum()
    assert np.abs(counts / 1500 - expected).max() < 0.04
    again = player(artifact, temperature=2.0, seed=3)
    assert [again.choose(board, WHITE, Limits()).point for _ in range(20)] == [
        choice.point for choice in choices[:20]
    ]


LIVING = """
    . X . X O
    X X X X O
    X X X O O
    O O O O .
    . O . O O
"""


def test_it_passes_where_only_its_eyes_are_left(artifact):
    board = Board.drawn(LIVING)
    choice = player(artifact).choose(board, BLACK, Limits())
    assert choice.point == board.pass_point
    assert [(c.point, c.prior) for c in choice.candidates] == [(25, 1.0)]


@pytest.mark.parametrize(("komi", "passes"), ((-1.5, True), (1.5, False)))
def test_a_pass_is_answered_by_one_who_is_ahead(komi, passes, artifact):
    board = Board.drawn(
        """
        . X . X .
        X X X X X
        X X O . O
        O O O O O
        . O . O .
        """,  # 12 points each
        komi=komi,
    )
    board.to_play = WHITE
    board.play(board.pass_point)
    assert (player(artifact).choose(board, BLACK, Limits()).point == 25) == passes


def test_games_against_itself_end(artifact):
    board = Board(SIZE)
    playing = player(artifact)
    while not board.finished and len(board.history) < 200:
        board.play(playing.choose(board, board.to_play, Limits()).point)
    assert board.finished


def test_on_a_board_of_another_size_it_says_so(artifact):
    with pytest.raises(UserError, match="boards of 5 x 5, and this one has 9 x 9"):
        player(artifact).choose(Board(9), BLACK, Limits())


# From training to play ----------------------------------------------------------------------------


def test_fine_tuning_keeps_the_size(artifact, tmp_path):
    artifact.save(tmp_path / "artifact")
    with pytest.raises(UserError, match="weights to start from are for boards of 5 x 5: give"):
        recipe = SYSTEM.make_recipe("quick", size=7)
        api.train(recipe, "uct_7x7", tmp_path / "run", start=tmp_path / "artifact")


@pytest.mark.parametrize("name", ("alphago-policy", "alphago-rollout"))
@pytest.mark.parametrize(
    ("lever", "settings"),
    (
        ("prune", {"ratio": 0.1, "unstructured": True}),
        ("quantise", {"to": "bfloat16"}),
        ("export", {}),
    ),
)
def test_levers_work_on_it(name, lever, settings, tmp_path):
    system = catalog.find(name)
    api.train(system.make_recipe("quick", steps=20), "uct_7x7", tmp_path / "run")
    api.use_lever(lever, tmp_path / "run", tmp_path / "other", **settings)
    board = Board(7)
    board.play(24)
    said, told = (
        api.load(tmp_path / which, top=48)(board).candidates for which in ("run", "other")
    )
    assert len(said) == len(told) == 48
    tolerance = {"export": 1e-5, "quantise": 5e-3, "prune": 0.2}[lever]
    assert dict(said) == pytest.approx(dict(told), abs=tolerance)
