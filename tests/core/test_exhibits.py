"""Exhibits come back from their folder as they went in."""

import io
import json
import wave

import numpy as np
import pytest
from PIL import Image

from shinso.core import exhibits
from shinso.core.errors import UserError
from shinso.core.exhibits import (
    Curve,
    Gallery,
    Heatmap,
    Matrix,
    Picture,
    Sound,
    Table,
    Text,
    load,
    save,
)

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (8, 9), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (5, 4, 3), dtype=np.uint8)
TONE = np.sin(np.linspace(0, 60, 400)).astype(np.float32)

EVERY_KIND = [
    Curve("Loss", "falls", {"学習": ([0, 10], [2.5, np.nan]), "valid": ([10], [1.1])}, log_y=True),
    Table("Layers", "few", ("layer", "size"), [("conv", 12), ("fc", 0.5), ("頭", None)]),
    Matrix("混同", "diagonal", [[3, 1], [0, 4]], ["猫", "<b>犬</b>"], ["猫", "<b>犬</b>"]),
    Heatmap("Norms", "grow", RANDOM.random((3, 4)).astype(np.float32), "abc", "wxyz", log=True),
    Gallery("Digits", "seen", [Picture(GREY, "$4", "good"), Picture(COLOUR, "", "bad")]),
    Text("Said", "aloud", ["he lived a hard life .", ""]),
    Sound("Tone", "one pitch", TONE, 8000),
]


@pytest.mark.parametrize("exhibit", EVERY_KIND, ids=lambda exhibit: exhibit.kind)
def test_what_is_saved_is_loaded_equal(exhibit, tmp_path):
    save([exhibit], tmp_path / "shown", stills=False)
    assert load(tmp_path / "shown") == [exhibit]


def test_every_kind_is_covered_here():
    assert {exhibit.kind for exhibit in EVERY_KIND} == set(exhibits.KINDS)


def test_exhibits_that_differ_in_one_value_are_unequal():
    brighter = GREY.copy()
    brighter[3, 3] ^= 1
    one, other = (Gallery("Digits", "", [Picture(pixels)]) for pixels in (GREY, brighter))
    assert one != other
    assert Text("Said", "", ["a"]) != Text("Said", "", ["b"])
    assert Text("Said", "", []) != Gallery("Said", "", [])


def test_order_is_kept_past_99_exhibits(tmp_path):
    many = [Text(f"Part {i}", "", [str(i)]) for i in range(101)]
    save(many, tmp_path / "shown")
    assert load(tmp_path / "shown") == many


def test_saving_again_leaves_nothing_of_before(tmp_path):
    save(EVERY_KIND, tmp_path / "shown", stills=False)
    save(EVERY_KIND[-2:-1], tmp_path / "shown", stills=False)
    assert [path.name for path in (tmp_path / "shown").iterdir()] == ["01-said.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["shown"]


def test_names_are_number_and_title(tmp_path):
    save(EVERY_KIND, tmp_path / "shown", stills=False)
    names = {path.name for path in (tmp_path / "shown").iterdir()}
    assert {"01-loss.json", "03-matrix.json", "05-digits-02.png", "07-tone.wav"} <= names


def test_json_is_strict(tmp_path):
    save(EVERY_KIND[:1], tmp_path / "shown", stills=False)
    text = (tmp_path / "shown" / "01-loss.json").read_text()
    json.loads(text, parse_constant=pytest.fail)
    assert "学習" in text


def test_a_sound_is_a_file_that_players_read():
    with wave.open(io.BytesIO(EVERY_KIND[-1].wav()), "rb") as file:
        assert (file.getframerate(), file.getnframes(), file.getsampwidth()) == (8000, 400, 2)
        samples = np.frombuffer(file.readframes(400), "<i2") / 32767
    np.testing.assert_allclose(samples, TONE, atol=0.5 / 32767 + 1e-6)


def test_stills_are_drawn_with_japanese_letters(tmp_path, recwarn):
    pytest.importorskip("matplotlib")
    pytest.importorskip("matplotlib_fontja")
    save(EVERY_KIND[:4], tmp_path / "shown")
    stills = sorted(path.name for path in (tmp_path / "shown").glob("*.png"))
    assert stills == ["01-loss.png", "03-matrix.png", "04-norms.png"]
    for name in stills:
        with Image.open(tmp_path / "shown" / name) as still:
            assert still.width > 500 and np.asarray(still.convert("L")).std() > 5
    assert not [str(w.message) for w in recwarn if "missing from" in str(w.message)]


def test_drawing_leaves_settings_of_matplotlib_alone(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    before = matplotlib.rcParams.copy()
    save(EVERY_KIND[:4], tmp_path / "shown")
    assert matplotlib.rcParams == before


def test_without_matplotlib_one_line_says_so_and_the_rest_is_saved(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(exhibits.importlib.util, "find_spec", lambda name: None)
    save(EVERY_KIND, tmp_path / "shown")
    assert load(tmp_path / "shown") == EVERY_KIND
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "matplotlib" in told


def test_no_folder_holds_no_exhibits(tmp_path):
    assert load(tmp_path / "none") == []


@pytest.mark.parametrize(
    "damage",
    ['{"kind": "text"}', '{"kind": "hologram"}', "[]", "{", '{"kind": "gallery", "title": "a"}'],
)
def test_a_damaged_file_is_named(damage, tmp_path):
    (tmp_path / "01-broken.json").write_text(damage)
    with pytest.raises(UserError, match=r"01-broken\.json is damaged"):
        load(tmp_path)


def test_a_stored_name_never_leads_out_of_the_folder(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "secret.png")
    shown = tmp_path / "shown"
    save([EVERY_KIND[4]], shown, stills=False)
    path = shown / "01-digits.json"
    path.write_text(path.read_text().replace("01-digits-01.png", "../secret.png"))
    with pytest.raises(UserError, match="no file name"):
        load(shown)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Curve("c", "", {"a": ([1, 2], [1])}),
        lambda: Table("t", "", ("a", "b"), [(1,)]),
        lambda: Matrix("m", "", [[1, 2]], ["a"], ["b"]),
        lambda: Heatmap("h", "", [1.0, 2.0]),
        lambda: Heatmap("h", "", [[1.0, 2.0]], column_labels=["only one"]),
        lambda: Picture(GREY.astype(float)),
        lambda: Picture(GREY[0]),
        lambda: Sound("s", "", [0.0, 1.5], 8000),
    ],
)
def test_a_value_that_does_not_fit_its_kind_is_refused(make):
    with pytest.raises(ValueError):
        make()
