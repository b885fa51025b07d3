"""Settings: what is accepted, and in which words the rest is refused."""

import dataclasses
from dataclasses import FrozenInstanceError, dataclass

import pytest

from shinso import catalog
from shinso.core.errors import ShinsoError, UserError
from shinso.core.recipe import GradientRecipe, Preset, Settings, option
from shinso.core.system import System
from shinso.vision.classification.recipe import ImageSpec


@dataclass(frozen=True, kw_only=True)
class Oven(Settings):
    trays: int = option(2, "trays in use", minimum=1, maximum=4)
    heat: float = option(180.0, "degrees", above=0)
    fan: bool = option(False, "blow the air about")
    mode: str = option("bake", "what to do", choices=("bake", "grill"))
    shelves: tuple[int, ...] = option((1, 3), "shelves, from below", minimum=1)
    names: tuple[str, ...] = option((), "names of the loaves")
    minutes: int | None = option(None, "time to bake; none: until it smells", minimum=1)


@dataclass(frozen=True, kw_only=True)
class HotOven(Oven):
    heat: float = 250.0
    trays: int = 1


@dataclass(frozen=True, kw_only=True)
class Trained(GradientRecipe):
    epochs: int | None = 3


GOOD = {
    "trays": [1, 4],
    "heat": [1, 0.5],
    "fan": [True],
    "mode": ["grill"],
    "shelves": [(2,), [1, 2], ()],
    "names": [("a", "b")],
    "minutes": [None, 9],
}
BAD = {
    "trays": [0, 5, 2.0, True, "2", None],
    "heat": [0, -1.0, float("nan"), float("inf"), True, "hot"],
    "fan": [0, 1, "yes"],
    "mode": ["boil", 3],
    "shelves": [3, (0,), (1.5,), "1,2"],
    "names": [(1,)],
    "minutes": [0, 1.5],
}


def pairs(values):
    return [(name, value) for name, each in values.items() for value in each]


@pytest.mark.parametrize(("name", "value"), pairs(GOOD))
def test_good_values_are_kept(name, value):
    kept = getattr(Oven(**{name: value}), name)
    assert kept == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(("name", "value"), pairs(BAD))
def test_bad_values_are_refused_in_one_line_that_names_the_flag(name, value):
    with pytest.raises(UserError, match=f"^--{name} is ") as error:
        Oven(**{name: value})
    assert "\n" not in str(error.value)


def test_a_refusal_names_value_bound_and_meaning():
    cases = {
        "--trays is 9, must be at most 4 (trays in use)": {"trays": 9},
        "--heat is 0.0, must be above 0 (degrees)": {"heat": 0},
        "--trays is no whole number (trays in use)": {"trays": 1.5},
        "--mode is 'grilll'; did you mean grill? (what to do)": {"mode": "grilll"},
        "--shelves is no list of whole numbers, separated by commas (shelves, from below)": {
            "shelves": 1
        },
    }
    for words, values in cases.items():
        with pytest.raises(UserError) as error:
            Oven(**values)
        assert str(error.value) == words


def test_a_whole_number_becomes_a_float_where_one_is_meant():
    heat = Oven(heat=200).heat
    assert heat == 200 and isinstance(heat, float)


def test_redeclaring_a_field_changes_its_default_and_keeps_the_rest():
    assert HotOven().heat == 250 and HotOven().trays == 1
    field = next(field for field in HotOven.fields() if field.name == "trays")
    assert (field.default, field.help, field.maximum) == (1, "trays in use", 4)
    with pytest.raises(UserError, match="at most 4"):
        HotOven(trays=5)


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        Oven().trays = 3
    assert Oven().changed(trays=3) == Oven(trays=3)


def test_a_field_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(UserError, match="Oven has no field tray; did you mean trays"):
        Oven().changed(tray=3)


def test_a_field_without_option_is_the_authors_error():
    @dataclass(frozen=True, kw_only=True)
    class Careless(Settings):
        size: int = 3

    with pytest.raises(ShinsoError, match=r"Careless.size is not declared with option"):
        Careless()


@pytest.mark.parametrize(
    "oven", [Oven(), Oven(shelves=(2, 4), names=("ä",), minutes=5), HotOven(fan=True)]
)
def test_dictionary_and_back(oven):
    values = oven.as_dict()
    assert all(not isinstance(value, tuple) for value in values.values())  # JSON's own types
    assert type(oven).from_dict(values) == oven


READ = {
    ("trays", "3"): 3,
    ("heat", "1e2"): 100.0,
    ("fan", "True"): True,
    ("mode", "grill"): "grill",
    ("shelves", "2, 4"): (2, 4),
    ("names", "a,b"): ("a", "b"),
    ("minutes", "none"): None,
    ("minutes", "12"): 12,
}


@pytest.mark.parametrize("given", READ)
def test_values_are_read_from_the_command_line(given):
    fields = {field.name: field for field in Oven.fields()}
    assert fields[given[0]].parse(given[1]) == READ[given]


@pytest.mark.parametrize(
    ("name", "text"), [("trays", "2.5"), ("heat", "warm"), ("fan", "1"), ("shelves", "1,b")]
)
def test_unreadable_text_is_refused(name, text):
    fields = {field.name: field for field in Oven.fields()}
    with pytest.raises(UserError, match=f"--{name} is no .*: '{text}'"):
        fields[name].parse(text)


def test_steps_and_epochs_exclude_each_other():
    assert (Trained().epochs, Trained().steps) == (3, None)
    for values in ({"steps": 5}, {"epochs": None}):
        with pytest.raises(UserError, match="give either --steps or --epochs, and not both"):
            Trained(**values)
    by_steps = Trained().changed(steps=5)
    assert (by_steps.steps, by_steps.epochs) == (5, None)
    assert by_steps.changed(epochs=2).steps is None
    assert Trained.from_dict(by_steps.as_dict()) == by_steps


@pytest.mark.parametrize(
    "values",
    [{"optimiser": "nesterov", "momentum": 0.0}, {"optimiser": "adam", "beta1": 1.0}],
)
def test_what_torch_would_refuse_is_refused_in_words(values):
    with pytest.raises(UserError, match=r"--(momentum|beta1)"):
        Trained(**values)


def test_steps_given_beside_a_preset_that_counts_epochs_replace_them():
    recipe = catalog.find("lenet").make_recipe("quick", steps=7)
    assert (recipe.steps, recipe.epochs) == (7, None)


# --- Variants of a preset ------------------------------------------------------------------------


def test_a_field_can_choose_another_variant_of_a_preset(monkeypatch):
    """As depth 50 means photographs where depth 20 means small images."""
    lenet = dataclasses.replace(catalog.find("lenet"))
    large = Preset(ImageSpec(size=64), {"epochs": 3, "size": 64}, "mnist")
    small = Preset(ImageSpec(), {"epochs": 5}, variants={"pooling": {"average": large}})
    monkeypatch.setattr(System, "presets", {**lenet.presets, "paper": small})

    assert lenet.preset("paper") is small and lenet.preset("paper", shift=1) is small
    assert lenet.preset("paper", pooling="average") is large
    assert lenet.make_recipe("paper").epochs == 5
    recipe = lenet.make_recipe("paper", pooling="average", shift=1)
    assert (recipe.epochs, recipe.size, recipe.pooling) == (3, 64, "average")
    assert lenet.changes_of(recipe, "paper") == {"pooling": "average", "shift": 1}

    # The values of the plain preset are changes to its variant.
    other = lenet.make_recipe("paper", pooling="average", epochs=5, size=28)
    changes = lenet.changes_of(other, "paper")
    assert changes == {"pooling": "average", "epochs": 5, "size": 28}
    assert lenet.make_recipe("paper", **changes) == other
