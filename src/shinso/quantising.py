"""What quantising an artifact costs and saves: before and after, or in every precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shinso import catalog
from shinso.api import Used, evaluate_on, load, use_lever
from shinso.core.errors import ShinsoError
from shinso.core.evaluation import Scores
from shinso.core.precision import FLOAT32, INT8
from shinso.levers.quantise import check_quantisable
from shinso.measuring import SPLIT, Measured, measure
from shinso.training import data_of, set_threads

COMPARED = ("float64", FLOAT32, "bfloat16", "float16", INT8)


@dataclass(frozen=True)
class Quantised:
    """What the lever did, and the scores on the validation split before and after."""

    used: Used
    before: Scores
    after: Scores


def quantise(
    what: str | Path,
    out: str | Path,
    *,
    training: Mapping[str, Any] | None = None,
    data: str | None = None,
    seed: int = 0,
    device: str | None = None,
    threads: int | None = None,
    **settings: Any,
) -> Quantised:
    """Writes the artifact that `what` names into the folder `out`, in fewer bits; `settings` are
    QuantiseSettings'. It is calibrated and scored on the data that it was trained on, or `data`.
    With `training` it learns to be rounded, as for `use_lever`, and `out` is the run.

    Raises UserError where `use_lever` does, and where the data are missing, before anything is
    written.
    """
    data_set = data_of(catalog.open_artifact(what), data)
    used = use_lever(
        "quantise",
        what,
        out,
        training=training,
        data=data,
        seed=seed,
        device=device,
        threads=threads,
        **settings,
    )
    before, after = (evaluate_on(load(each), data_set, SPLIT).scores for each in (what, out))
    return Quantised(used, before, after)


@dataclass(frozen=True)
class Comparison:
    """An artifact in each precision that it can have, named by it; why it cannot have those left
    out."""

    rows: list[Measured]
    left_out: Mapping[str, str]


def compare_precisions(
    what: str | Path, data: str | None = None, threads: int | None = None
) -> Comparison:
    """The artifact that `what` names in every precision, side by side; nothing is kept of it.

    Raises UserError for one that is quantised or exported already, or where the data are missing.
    """
    set_threads(threads)
    source = catalog.open_artifact(what)
    check_quantisable(source)
    data_set = data_of(source, data)
    left_out: dict[str, str] = {}
    with TemporaryDirectory() as folder:
        made: dict[str, Path] = {}
        for precision in COMPARED:
            try:
                _make(what, precision, Path(folder, precision), data)
            except ShinsoError as error:
                left_out[precision] = str(error)
            else:
                made[precision] = Path(folder, precision)
        rows = measure(made, data_set, SPLIT)
    return Comparison(rows, left_out)


def _make(what: str | Path, precision: str, folder: Path, data: str | None) -> None:
    """Raises ShinsoError where the artifact cannot have the precision."""
    if precision in ("float64", FLOAT32):  # nothing is lost
        artifact = catalog.open_artifact(what)
        artifact.precision = precision
        artifact.save(folder)
    else:
        use_lever("quantise", what, folder, data=data, to=precision)
