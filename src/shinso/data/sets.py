"""The catalogue of data sets: what `shinso data list` shows. Imports no numpy."""

from __future__ import annotations

from shinso.data import sets_language, sets_other, sets_vision
from shinso.data.entry import DataSetEntry

SETS: tuple[DataSetEntry, ...] = (*sets_vision.SETS, *sets_language.SETS, *sets_other.SETS)
