"""The report is one whole page: balanced, escaped, without any address outside, bounded in size."""

import base64
import io
import json
import re
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image

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
)
from shinso.core.report import Section, figure, render_page, write_report
from shinso.core.report.figures import MOST_PICTURES, MOST_ROWS
from shinso.core.report.markup import Markup, tag
from shinso.core.report.plots import HEIGHT, MOST_POINTS, Axis, bars, line_plot, thinned
from shinso.core.report.words import duration, listed, meaning, number
from tests.core.reporting import (
    HOSTILE,
    PRUNED,
    Page,
    assert_stands_alone,
    change,
    make_artifact,
    make_run,
    read,
    write_lines,
)


def test_a_whole_run(tmp_path):
    path = write_report(make_run(tmp_path / "run"))
    assert path == tmp_path / "run" / "report.html"
    page = read(path)
    assert_stands_alone(page)
    assert "http" not in re.sub("http-equiv", "", path.read_text())
    said = "Accuracy of 97.2% on validation data; ahead of majority class (10.1%); behind nearest"
    assert said in page.text
    for words in ("400 steps · 1 min 22 s · cpu", "Learning curves", "Digits", "Confusion",
                  "15 of 20", "4 times", "Norms", "learning_rate", "torch"):  # fmt: skip
        assert words in page.text, words


def test_the_chief_score_is_no_loss_and_stands_in_the_opening(tmp_path):
    page = write_report(make_run(tmp_path / "run")).read_text()
    assert re.search(r'class="big">97\.2%<', page)
    assert page.index("97.2%") < page.index("Learning curves", page.index("<main"))


def test_the_policy_admits_exactly_the_style_and_script_of_the_page():
    html = render_page("Title", [])
    policy = next(v for _, k, v in Page(html).attributes if k == "content" and "default-src" in v)
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    for name in ("style", "script"):
        text = re.search(f"<{name}>(.*?)</{name}>", html, re.DOTALL).group(1)
        digest = base64.b64encode(sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize(
    "missing",
    [
        ["metrics.jsonl"],
        ["timing.jsonl"],
        ["evaluation.json"],
        ["metrics.jsonl", "timing.jsonl", "evaluation.json", "exhibits"],
    ],
    ids=" ".join,
)
def test_a_run_in_progress(missing, tmp_path):
    run = make_run(tmp_path / "run")
    for name in missing:
        (run / name).rename(tmp_path / name)
    page = read(write_report(run))
    assert "lenet on digits" in page.text
    assert ("in progress" in page.text) == ("evaluation.json" in missing)
    if missing == ["evaluation.json"]:
        assert "Accuracy of 94.7% on validation data so far." in page.text
    if len(missing) == 4:
        assert "0 steps made and no score yet." in page.text


def test_a_line_cut_short_by_a_kill_is_passed_over(tmp_path):
    run = make_run(tmp_path / "run")
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"step": 500, "trai')
    assert "400 steps" in read(write_report(run)).text


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(UserError, match=r"recipe\.json"):
        write_report(tmp_path)


def test_an_artifact_has_no_report(tmp_path):
    make_artifact(tmp_path / "artifact", 10, "digits")
    with pytest.raises(UserError, match="is an artifact; give the run that it came from"):
        write_report(tmp_path / "artifact")


def test_where_the_users_own_data_are_is_nobodys_business(tmp_path):
    path = write_report(make_run(tmp_path / "run", name="/photos/of/mine/flowers"))
    assert "lenet on flowers" in read(path).text
    assert "/photos" not in path.read_text()


def test_what_came_before_is_told_in_words(tmp_path):
    run = make_run(tmp_path / "run")
    change(run / "recipe.json", start="474e047c" * 8, lever=PRUNED)
    make_artifact(run / "start", 61_706, "/photos/of/mine/flowers")
    page = read(write_report(run))
    lever = "prune, ratio 0.5, unstructured; before that distil, temperature 4"
    assert f"cpu · {lever} · from lenet on flowers (474e047c)" in page.text
    assert page.text.count(lever) == 2  # in the table of the environment, too
    assert "474e047c474e" not in page.text and "/photos" not in page.text


def test_a_page_says_where_curves_end_and_which_step_counts(tmp_path):
    run = make_run(tmp_path / "run")
    assert "the scores are of step" not in read(write_report(run)).text
    change(run / "evaluation.json", step=300)
    told = "while it learned; the scores are of step 300, the best, and below stands where each"
    assert told in read(write_report(run)).text


def test_a_speed_measured_once_is_no_curve(tmp_path):
    run = make_run(tmp_path / "run")
    write_lines(run / "timing.jsonl", [{"step": 400, "seconds": 82.0, "rate": 4.9}])
    assert "How fast training went" not in read(write_report(run)).text


@pytest.mark.parametrize(
    "exhibit",
    [
        Curve(HOSTILE, HOSTILE, {HOSTILE: ([0, 1, 2], [1.0, 10.0, 100.0])}, HOSTILE, HOSTILE, True),
        Table(HOSTILE, HOSTILE, (HOSTILE, "n"), [(HOSTILE, 1), (None, 2.5)]),
        Matrix(HOSTILE, HOSTILE, np.eye(2, dtype=int), [HOSTILE, "b"], [HOSTILE, "b"], HOSTILE),
        Matrix(HOSTILE, HOSTILE, np.eye(40, dtype=int), [HOSTILE] * 40, [HOSTILE] * 40),
        Heatmap(HOSTILE, HOSTILE, [[-1.0, np.nan], [1.0, 0.0]], [HOSTILE] * 2, [HOSTILE] * 2),
        Gallery(HOSTILE, HOSTILE, [Picture(np.zeros((2, 2, 3), np.uint8), HOSTILE)]),
        Text(HOSTILE, HOSTILE, [HOSTILE]),
        Sound(HOSTILE, HOSTILE, np.zeros(100), 8000),
    ],
    ids=lambda exhibit: exhibit.kind,
)
def test_every_kind_is_escaped(exhibit):
    assert_stands_alone(Page(render_page("Title", [Section(HOSTILE, figure(exhibit), HOSTILE)])))


@pytest.mark.parametrize(
    "exhibit",
    [
        Curve("Empty", "", {}),
        Curve("No point", "", {"a": ([], [])}),
        Curve("One point", "", {"a": ([3], [2.0])}),
        Curve("Only gaps", "", {"a": ([1, 2], [np.nan, np.inf])}),
        Curve("Log of nothing positive", "", {"a": ([1, 2], [0.0, -1.0])}, log_y=True),
        Table("Empty", "", ("a",), []),
        Matrix("No count", "", [[0, 0]], ["a"], ["x", "y"]),
        Heatmap("Only gaps", "", [[np.nan]]),
        Heatmap("Log of nothing positive", "", [[-1.0, 0.0]], log=True),
        Gallery("Empty", "", []),
        Text("Empty", "", []),
        Sound("Silent", "", [], 8000),
    ],
    ids=lambda exhibit: f"{exhibit.kind}: {exhibit.title}",
)
def test_an_exhibit_with_nothing_in_it(exhibit):
    html = figure(exhibit)
    assert "nan" not in html.replace("nance", "") and "inf" not in html
    Page(html)


def test_a_page_is_bounded_however_much_there_is_to_show():
    noise = np.random.default_rng(0)
    steps = np.arange(100_000)
    huge = [
        Curve("c", "", {f"line {i}": (steps, noise.random(100_000)) for i in range(15)}),
        Table("t", "", ("a",), [(i,) for i in range(10_000)]),
        Heatmap("h", "", noise.random((1000, 700))),
        Gallery("g", "", [Picture(noise.integers(0, 256, (40, 40), np.uint8))] * 500),
        Text("w", "", ["word"] * 50_000),
        Sound("s", "", np.zeros(8000 * 60), 8000),
    ]
    html = [figure(exhibit) for exhibit in huge]
    assert all(len(part) < 600_000 for part in html), [len(part) for part in html]
    assert html[1].count("<tr>") == MOST_ROWS + 1
    assert html[3].count("<img") == MOST_PICTURES
    assert all("in the run folder" in part for part in (*html[:2], *html[3:]))


def test_a_large_picture_is_shrunk_and_a_small_one_kept_pixel_by_pixel():
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    large = np.zeros((1000, 400, 3), np.uint8)
    html = figure(Gallery("g", "", [Picture(pixels), Picture(large)]))
    small, shrunk = (
        Image.open(io.BytesIO(base64.b64decode(found)))
        for found in re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    )
    np.testing.assert_array_equal(np.asarray(small), pixels)
    assert max(shrunk.size) == 256
    assert html.count('class="pixels"') == 1


def test_thinning_keeps_spikes_and_ends():
    xs = np.arange(5000)
    ys = np.zeros(5000)
    ys[1234], ys[4321], ys[100] = 7.0, -7.0, np.nan
    few_xs, few_ys = thinned(xs, ys)
    assert len(few_xs) <= MOST_POINTS
    assert (few_xs[0], few_xs[-1]) == (0, 4999)
    assert (np.nanmax(few_ys), np.nanmin(few_ys)) == (7.0, -7.0)
    assert np.all(np.diff(few_xs) > 0)


@pytest.mark.parametrize("value", (0.0, 0.25, -3.0, 1e20))
def test_an_axis_has_room_around_a_value_that_stands_alone(value):
    axis = Axis.over(np.array([value, value]), padded=True)
    assert axis.low < value < axis.high and len(axis.ticks) > 1


@pytest.mark.parametrize("log", (False, True))
@pytest.mark.parametrize("padded", (False, True))
def test_an_axis_holds_the_largest_number_there_is(log, padded):
    """The perplexity of a net that diverged."""
    largest = np.finfo(float).max
    axis = Axis.over(np.array([-largest, 1.0, largest]), log=log, padded=padded)
    assert np.isfinite([axis.low, axis.high, *axis.ticks]).all()
    assert 1 < len(axis.ticks) < 12
    assert np.isfinite(axis.place([1.0, largest])).all()
    curve = Curve(title="perplexity", note="", lines={"valid": (np.arange(2), [3.0, largest])})
    assert "svg" in str(line_plot(curve))


def test_axis_ticks_are_round_and_inside():
    axis = Axis.over(np.array([0.13, 0.97]), padded=True)
    assert axis.ticks == pytest.approx((0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
    np.testing.assert_allclose(axis.place([0.0, 0.5, 1.0]), [0, 0.5, 1])
    log = Axis.over(np.array([0.02, 3.0, 0.0]), log=True, padded=True)
    assert log.ticks == pytest.approx((0.01, 0.1, 1.0, 10.0))
    np.testing.assert_allclose(log.place([0.01, 10.0]), [0, 1])
    assert np.isnan(log.place([0.0])[0])


def test_points_lie_where_their_values_are():
    html = line_plot(Curve("c", "", {"a": ([0, 5, 10], [0.0, 5.0, 10.0])}))
    points = json.loads(dict_of(Page(html))["data-lines"])[0]
    assert points == [
        [0.0, HEIGHT, "0", "0"],
        [50.0, HEIGHT / 2, "5", "5"],
        [100.0, 0.0, "10", "10"],
    ]
    assert f'd="M0 {HEIGHT}L50 {HEIGHT // 2}L100 0"' in html


def test_a_gap_lifts_the_pen():
    html = line_plot(Curve("c", "", {"a": ([0, 1, 2, 3], [0, 1, np.nan, 1])}))
    path = re.search(r'd="([^"]+)"', html).group(1)
    assert path.count("M") == 2


def test_baselines_are_drawn_where_they_leave_the_curve_room():
    curve = Curve("c", "", {"a": ([0, 1], [0.9, 0.95])})
    html = line_plot(curve, {"near": 0.97, "far": 0.1})
    assert "near" in html and "far" not in html


def test_bars_start_at_zero_on_either_side():
    html = bars({"lost": -50.0, "won": 150.0}, {"won"}, {"lost": "-50", "won": "150"})
    assert 'x="0.00%" width="25.00%"' in html
    assert 'x="25.00%" width="75.00%"' in html
    assert html.count("chosen") == 1


def test_a_heat_map_is_one_pixel_a_cell_and_reads_out_its_values():
    html = figure(Heatmap("h", "", [[0.0, 1.0, 2.0], [np.nan, 4.0, 5.0]], ["r", "s"]))
    picture = re.search(r'href="data:image/png;base64,([^"]+)"', html).group(1)
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))
    assert pixels.shape == (2, 3, 3)
    brightness = pixels.astype(int).sum(axis=-1)
    assert brightness[0, 0] < brightness[0, 2] < brightness[1, 2]
    told = json.loads(dict_of(Page(html))["data-heat"])
    assert told["cells"] == [[0.0, 1.0, 2.0], [None, 4.0, 5.0]]
    assert told["rows"] == ["r", "s"] and told["columns"] == ["0", "1", "2"]


def dict_of(page):
    return {key: value for _, key, value in page.attributes}


def test_markup_escapes_all_but_markup():
    assert tag("p", "<b>", Markup("<i></i>"), None, 3, title='"&') == (
        '<p title="&quot;&amp;">&lt;b&gt;<i></i>3</p>'
    )
    assert tag("br", hidden=True, id=None) == "<br hidden>"


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (1234.0, "1,234"), (0.03125, "0.03125"), (12345.6, "12,346"), (3.14159, "3.142"),
     (0.0000312, "3.12e-05"), (float("nan"), "–"), (-2.5, "-2.5")],
)  # fmt: skip
def test_numbers_as_people_write_them(value, written):
    assert number(value) == written


def test_scores_in_words():
    assert meaning("accuracy_16").title == "Accuracy (16)"
    assert meaning("accuracy_16").write(0.5) == "50.0%"
    assert meaning("perplexity").beats(10, 20) and not meaning("bleu").beats(10, 20)
    assert meaning("odd_score").title == "Odd score"
    assert [duration(s) for s in (3.14, 42.4, 192, 7500)] == [
        "3.1 s",
        "42 s",
        "3 min 12 s",
        "2 h 5 min",
    ]
    assert listed(["a"]) == "a" and listed(["a", "b", "c"]) == "a, b and c"
