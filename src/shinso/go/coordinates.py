"""Names of points as people and GTP write them, "D4", and where handicap stones lie.

A point is row * size + column with row 0 at the top; size * size is a pass. For SGF's names see
`shinso.data.sgf`.
"""

from __future__ import annotations

from shinso.core.errors import UserError

COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # GTP's: no I, which looks like 1


def gtp_name(point: int, size: int) -> str:
    """ "A1" at the bottom left; "pass"."""
    if point == size * size:
        return "pass"
    row, column = divmod(point, size)
    return f"{COLUMNS[column]}{size - row}"


def gtp_point(name: str, size: int) -> int:
    """The inverse, in upper or lower case. Raises UserError for what names no point."""
    text = name.strip().upper()
    if text == "PASS":
        return size * size
    column, number = COLUMNS.find(text[:1]), text[1:]
    if text and number.isascii() and number.isdecimal() and len(number) < 3:
        row = size - int(number)
        if 0 <= column < size and 0 <= row < size:
            return row * size + column
    raise UserError(
        f"{name!r} is no point of a {size}x{size} board; they are A1 to "
        f"{gtp_name(size - 1, size)}, without I, and pass"
    )


def handicap_points(size: int, count: int) -> list[int]:
    """Where GTP's fixed handicap lies (GTP 2, section 4.1.1): corners, centre, sides; on the third
    line of boards smaller than 13, else on the fourth. Raises UserError for a count that the size
    has no places for."""
    most = most_handicap(size)
    if not 2 <= count <= most:
        places = f"2 to {most} stones" if most else "no stones"
        raise UserError(f"a handicap of {count}: a {size}x{size} board has places for {places}")
    near = 2 if size < 13 else 3
    top, middle, bottom = left, centre, right = near, size // 2, size - 1 - near
    corners = [(bottom, left), (top, right), (top, left), (bottom, right)]
    sides = [(middle, left), (middle, right), (bottom, centre), (top, centre)]
    even = count - count % 2 if count > 4 else count
    places_ = (corners + sides)[:even] + [(middle, centre)] * (count - even)
    return [row * size + column for row, column in places_]


def most_handicap(size: int) -> int:
    """How many stones of fixed handicap a board has places for."""
    return 9 if size % 2 and size >= 9 else 4 if size >= 7 else 0
