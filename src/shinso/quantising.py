"""What quantising an artifact costs and saves: before and after, or in every precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shinso import catalog
from shinso.api import Used, evaluate_on, load, use_lever
from shinso.core.about import stored_bytes
from shinso.core.artifact import Artifact
from shinso.core.errors import ShinsoError
from shinso.core.evaluation import Scores
from shinso.core.precision import FLOAT32, INT8
from shinso.levers.latency import latencies
from shinso.levers.quantise import check_quantisable
from shinso.training import data_of, set_threads

SPLIT = "valid"
COMPARED = ("float64", FLOAT32, "bfloat16", "float16", INT8)
BATCHES = (1, 32)  # at which a call is timed


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
class Measured:
    """An artifact in one precision: bytes of its folder, scores on the validation split, and the
    median milliseconds by batch in which each of its networks answers once."""

    precision: str
    bytes: int
    scores: Scores
    milliseconds: Mapping[int, float]


@dataclass(frozen=True)
class Comparison:
    """An artifact in each precision that it can have; why it cannot have those left out."""

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
        made: dict[str, Artifact] = {}
        for precision in COMPARED:
            try:
                made[precision] = _made(what, precision, Path(folder, precision), data)
            except ShinsoError as error:
                left_out[precision] = str(error)
        times = {batch: latencies(catalog.find(source.system), made, batch) for batch in BATCHES}
        rows = [
            Measured(
                precision,
                stored_bytes(Path(folder, precision)),
                evaluate_on(load(Path(folder, precision)), data_set, SPLIT).scores,
                {batch: times[batch][precision] for batch in BATCHES},
            )
            for precision in made
        ]
    return Comparison(rows, left_out)


def _made(what: str | Path, precision: str, folder: Path, data: str | None) -> Artifact:
    """Opened from the folder. Raises ShinsoError where it cannot have the precision."""
    if precision in ("float64", FLOAT32):  # nothing is lost
        artifact = catalog.open_artifact(what)
        artifact.precision = precision
        artifact.save(folder)
    else:
        use_lever("quantise", what, folder, data=data, to=precision)
    return catalog.open_artifact(folder)
