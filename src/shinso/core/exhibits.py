"""Exhibits: what a learner or an evaluation has to show, as typed values that know no field.

A run stores them as JSON with pictures and sounds beside; the report draws them. So a report
needs neither data nor the code that made them.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import io
import math
import re
import sys
import wave
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from shinso.core.errors import UserError
from shinso.core.files import read_json, replaced_folder, write_atomic, write_json

Numbers = Sequence[float] | NDArray[Any]
Cell = str | int | float | None


@dataclass(frozen=True, eq=False)
class Exhibit:
    """One thing to look at: its title, and one line of what to see in it.

    Numbers that are not finite are gaps: `nan` in arrays, null in JSON. Two exhibits are equal
    when they show the same.
    """

    title: str
    note: str

    kind: ClassVar[str] = "exhibit"

    def plain(self) -> dict[str, Any]:
        """Every field in JSON's types."""
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}

    def store(self, stem: Path) -> dict[str, Any]:
        """What goes into the JSON file; large parts are written to files that begin with `stem`."""
        return self.plain()

    @classmethod
    def restore(cls, fields: dict[str, Any], folder: Path) -> Self:
        """The inverse of `store`."""
        return cls(**fields)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.plain() == other.plain()

    __hash__ = None  # type: ignore[assignment]

    def _settle(self, **fields: Any) -> None:
        """Sets fields of a frozen instance to the form they are kept in."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, eq=False)
class Curve(Exhibit):
    """Lines over a common axis: label to xs and ys, both (N,)."""

    lines: Mapping[str, tuple[Numbers, Numbers]]
    x_label: str = "step"
    y_label: str = ""
    log_y: bool = False

    kind: ClassVar[str] = "curve"

    def __post_init__(self) -> None:
        lines = {label: (_floats(xs), _floats(ys)) for label, (xs, ys) in self.lines.items()}
        for label, (xs, ys) in lines.items():
            if xs.ndim != 1 or xs.shape != ys.shape:
                raise ValueError(
                    f"curve {self.title!r}, line {label!r}: {xs.shape} x, {ys.shape} y"
                )
        self._settle(lines=lines)


@dataclass(frozen=True, eq=False)
class Table(Exhibit):
    """Named columns and rows of text and numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    kind: ClassVar[str] = "table"

    def __post_init__(self) -> None:
        self._settle(columns=tuple(self.columns), rows=tuple(tuple(row) for row in self.rows))
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.title!r}: {len(self.columns)} columns, row {row}")


@dataclass(frozen=True, eq=False)
class Matrix(Exhibit):
    """Counts of one thing against another: a confusion matrix, as (rows, columns) integers."""

    counts: NDArray[Any] | Sequence[Sequence[int]]
    row_labels: Sequence[str]
    column_labels: Sequence[str]
    row_title: str = "truth"
    column_title: str = "prediction"

    kind: ClassVar[str] = "matrix"

    def __post_init__(self) -> None:
        self._settle(
            counts=np.asarray(self.counts, dtype=np.int64),
            row_labels=tuple(self.row_labels),
            column_labels=tuple(self.column_labels),
        )
        shape = (len(self.row_labels), len(self.column_labels))
        if np.shape(self.counts) != shape or 0 in shape:
            raise ValueError(f"matrix {self.title!r}: {np.shape(self.counts)}, labels for {shape}")


@dataclass(frozen=True, eq=False)
class Heatmap(Exhibit):
    """Values on a grid, (rows, columns); without labels rows and columns are counted from 0."""

    values: NDArray[Any] | Sequence[Numbers]
    row_labels: Sequence[str] = ()
    column_labels: Sequence[str] = ()
    row_title: str = ""
    column_title: str = ""
    log: bool = False

    kind: ClassVar[str] = "heatmap"

    def __post_init__(self) -> None:
        values = _floats(self.values)
        if values.ndim != 2 or not values.size:
            raise ValueError(f"heatmap {self.title!r}: shape {values.shape}, not rows and columns")
        rows, columns = tuple(self.row_labels), tuple(self.column_labels)
        for labels, size in zip((rows, columns), values.shape, strict=True):
            if labels and len(labels) != size:
                raise ValueError(f"heatmap {self.title!r}: {len(labels)} labels for {size}")
        self._settle(values=values, row_labels=rows, column_labels=columns)


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture of a gallery; `flag` says whether the system did well on it."""

    pixels: NDArray[Any]  # (H, W) or (H, W, 3), uint8
    caption: str = ""
    flag: Literal["good", "bad", "none"] = "none"

    def __post_init__(self) -> None:
        shape, kind = self.pixels.shape, self.pixels.dtype
        grey_or_colour = len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)
        if not grey_or_colour or 0 in shape or kind != np.uint8:
            raise ValueError(f"picture {self.caption!r} is {kind} {shape}, not uint8 (H, W[, 3])")


@dataclass(frozen=True, eq=False)
class Gallery(Exhibit):
    """Pictures with captions."""

    pictures: Sequence[Picture]

    kind: ClassVar[str] = "gallery"

    def __post_init__(self) -> None:
        self._settle(pictures=tuple(self.pictures))

    def store(self, stem: Path) -> dict[str, Any]:
        fields = self.plain()
        for number, (picture, entry) in enumerate(
            zip(self.pictures, fields["pictures"], strict=True), start=1
        ):
            path = stem.with_name(f"{stem.name}-{number:02d}.png")
            write_atomic(path, png(picture.pixels))
            entry["pixels"] = path.name
        return fields

    @classmethod
    def restore(cls, fields: dict[str, Any], folder: Path) -> Self:
        pictures = [
            Picture(**{**entry, "pixels": read_png(_inside(folder, entry["pixels"]))})
            for entry in fields["pictures"]
        ]
        return cls(**{**fields, "pictures": pictures})


@dataclass(frozen=True, eq=False)
class Text(Exhibit):
    """Lines of text: samples of a language model, a dialogue, a translation."""

    lines: Sequence[str]

    kind: ClassVar[str] = "text"

    def __post_init__(self) -> None:
        self._settle(lines=tuple(self.lines))


@dataclass(frozen=True, eq=False)
class Sound(Exhibit):
    """Mono samples in [-1, 1], (T,) float32, at `rate` samples a second, kept to 16 bits."""

    samples: Numbers
    rate: int

    kind: ClassVar[str] = "sound"

    def __post_init__(self) -> None:
        self._settle(samples=_from_16_bits(_to_16_bits(self.samples)))

    def wav(self, seconds: float | None = None) -> bytes:
        """A 16-bit WAV file of the first `seconds`, or of all."""
        samples = np.asarray(self.samples)
        if seconds is not None:
            samples = samples[: int(seconds * self.rate)]
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes(_to_16_bits(samples).tobytes())
        return buffer.getvalue()

    def store(self, stem: Path) -> dict[str, Any]:
        path = stem.with_name(f"{stem.name}.wav")
        write_atomic(path, self.wav())
        return {"title": self.title, "note": self.note, "samples": path.name, "rate": self.rate}

    @classmethod
    def restore(cls, fields: dict[str, Any], folder: Path) -> Self:
        with wave.open(str(_inside(folder, fields["samples"])), "rb") as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return cls(**{**fields, "samples": _from_16_bits(samples)})


KINDS: dict[str, type[Exhibit]] = {
    kind.kind: kind for kind in (Curve, Table, Matrix, Heatmap, Gallery, Text, Sound)
}


def save(exhibits: Iterable[Exhibit], folder: Path, *, stills: bool = True) -> None:
    """Stores the exhibits in place of those in `folder`, in order, as NN-slug.json.

    With `stills` curves, matrices and heat maps get a PNG beside, for slides; where matplotlib is
    missing one line on stderr says so.
    """
    with replaced_folder(folder) as fresh:
        for number, exhibit in enumerate(exhibits, start=1):
            stem = fresh / f"{number:02d}-{_slug(exhibit)}"
            fields = exhibit.store(stem)
            write_json(stem.with_name(f"{stem.name}.json"), {"kind": exhibit.kind, **fields})
            if stills:
                stills = _save_still(exhibit, stem.with_name(f"{stem.name}.png"))


def load(folder: Path) -> list[Exhibit]:
    """The exhibits that `save` stored, in order; none where there is no folder.

    Raises UserError that names the file where one is damaged.
    """
    exhibits = []
    for path in sorted(folder.glob("*.json"), key=_number):
        fields = read_json(path)
        try:
            exhibits.append(KINDS[fields.pop("kind")].restore(fields, folder))
        except (KeyError, TypeError, ValueError, OSError, EOFError, wave.Error) as error:
            raise UserError(
                f"{path} is damaged ({error}); evaluate the run again, or delete the file"
            ) from None
    return exhibits


def png(pixels: NDArray[Any]) -> bytes:
    """A PNG file of uint8 pixels, (H, W) or (H, W, 3)."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def read_png(path: Path) -> NDArray[Any]:
    """uint8 pixels, (H, W) or (H, W, 3)."""
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image)


def _save_still(exhibit: Exhibit, path: Path) -> bool:
    """Draws the exhibit; False, said on stderr, where matplotlib is missing."""
    if not isinstance(exhibit, (Curve, Matrix, Heatmap)):
        return True
    if importlib.util.find_spec("matplotlib") is None:
        print("shinso: no PNG pictures of exhibits: matplotlib is missing", file=sys.stderr)
        return False
    from shinso.core.report.stills import draw  # here, since drawing alone needs matplotlib

    write_atomic(path, draw(exhibit))
    return True


def _slug(exhibit: Exhibit) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", exhibit.title.lower())
    return words[:40].strip("-") or exhibit.kind


def _number(path: Path) -> tuple[int, str]:
    digits = path.name.split("-")[0]
    return (int(digits) if digits.isdecimal() else sys.maxsize, path.name)


def _inside(folder: Path, name: str) -> Path:
    """A file of the folder; a stored name never leads out of it."""
    if Path(name).name != name:
        raise ValueError(f"{name!r} is no file name")
    return folder / name


def _floats(values: Any) -> NDArray[np.float64]:
    array = np.array(values, dtype=np.float64)
    array[~np.isfinite(array)] = np.nan
    return array


def _to_16_bits(samples: Any) -> NDArray[np.int16]:
    samples = np.asarray(samples, dtype=np.float32)
    if samples.ndim != 1 or not np.all(np.abs(samples) <= 1):
        raise ValueError(f"a sound is (T,) samples in [-1, 1], not {samples.shape}")
    rounded: NDArray[np.int16] = np.round(samples * 32767).astype("<i2")
    return rounded


def _from_16_bits(samples: NDArray[Any]) -> NDArray[np.float32]:
    return samples.astype(np.float32) / np.float32(32767)


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if isinstance(value, Picture):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
