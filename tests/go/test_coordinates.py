"""Names of points, there and back, by hand and in words where there is no such point."""

import pytest

from shinso.core.errors import UserError
from shinso.go.coordinates import gtp_name, gtp_point, handicap_points

# GTP 2, section 4.1.1
FIXED = {
    2: "D4 Q16",
    3: "D4 Q16 D16",
    4: "D4 Q16 D16 Q4",
    5: "D4 Q16 D16 Q4 K10",
    6: "D4 Q16 D16 Q4 D10 Q10",
    7: "D4 Q16 D16 Q4 D10 Q10 K10",
    8: "D4 Q16 D16 Q4 D10 Q10 K4 K16",
    9: "D4 Q16 D16 Q4 D10 Q10 K4 K16 K10",
}


@pytest.mark.parametrize("size", range(2, 20))
def test_there_and_back(size):
    points = list(range(size**2 + 1))
    assert [gtp_point(gtp_name(point, size), size) for point in points] == points


@pytest.mark.parametrize(
    ("point", "size", "name"),
    (
        (0, 19, "A19"),
        (360, 19, "T1"),
        (15 * 19 + 3, 19, "D4"),
        (8, 9, "J9"),
        (7, 9, "H9"),
        (81, 9, "pass"),
    ),
)
def test_by_hand(point, size, name):
    assert gtp_name(point, size) == name
    assert gtp_point(f" {name.lower()} ", size) == point


@pytest.mark.parametrize(
    "name",
    ("", "I5", "K1", "A0", "A10", "A", "5", "A-1", "A+1", "AA1", "A1.0", "A\u0661", "A001", "é1"),
)
def test_no_point_of_gtp(name):
    with pytest.raises(UserError, match="is no point of a 9x9 board; they are A1 to J9"):
        gtp_point(name, 9)


@pytest.mark.parametrize("count", FIXED)
def test_fixed_handicap_of_gtp(count):
    assert [gtp_name(point, 19) for point in handicap_points(19, count)] == FIXED[count].split()


@pytest.mark.parametrize(
    ("size", "count", "names"),
    (
        (7, 4, "C3 E5 C5 E3"),
        (9, 5, "C3 G7 C7 G3 E5"),
        (12, 2, "C3 K10"),
        (13, 2, "D4 K10"),
        (18, 4, "D4 P15 D15 P4"),
    ),
)
def test_fixed_handicap_on_other_boards(size, count, names):
    assert [gtp_name(point, size) for point in handicap_points(size, count)] == names.split()


@pytest.mark.parametrize(
    ("size", "count", "places"),
    ((19, 10, "2 to 9"), (19, 1, "2 to 9"), (18, 5, "2 to 4"), (7, 5, "2 to 4"), (6, 2, "no")),
)
def test_handicaps_without_places(size, count, places):
    with pytest.raises(UserError, match=f"a {size}x{size} board has places for {places} stones"):
        handicap_points(size, count)
