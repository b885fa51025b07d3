from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections import Counter

import pytest

from shinso.data.entry import KINDS, DataSetEntry, SourceFile, format_bytes
from shinso.data.sets import SETS

EVERY = pytest.mark.parametrize("entry", SETS, ids=lambda entry: entry.name)


@EVERY
def test_an_entry_says_all_that_a_user_must_know(entry):
    assert re.fullmatch(r"[a-z0-9_]+", entry.name)
    assert entry.kind in KINDS
    assert entry.title and entry.licence and entry.splits
    assert entry.home.startswith(("http://", "https://")) or entry.name in (
        "addition",
        "numerals",
        "sentences",
        "uct_7x7",
    )
    assert len(set(entry.classes)) == len(entry.classes)


@EVERY
def test_every_file_can_be_recognised(entry):
    for file in entry.files:
        assert file.bytes > 0
        assert file.sha256 or file.content
        assert all(
            re.fullmatch(r"[0-9a-f]{64}", sum_) for sum_ in (file.sha256, file.content) if sum_
        )
        assert file.url == "" or file.url.startswith(("http://", "https://"))
        re.compile(file.members)
    assert all(count == 1 for count in Counter(file.name for file in entry.files).values())


@EVERY
def test_a_reader_is_there(entry):
    if entry.reader:
        module, _, function = entry.reader.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_names_are_unique():
    assert len({entry.name for entry in SETS}) == len(SETS)


def test_weights_do_not_ship_from_data_whose_licence_forbids_it():
    allowed = {entry.name for entry in SETS if entry.may_ship_weights}
    assert allowed.isdisjoint({"ptb", "camvid", "dailydialog"})


def test_the_store_is_light_to_import():
    code = (
        "import sys, shinso.data, shinso.data.locate, shinso.data.sets, shinso.data.download;"
        "shinso.data.list_sets();"
        "print([m for m in ('numpy', 'torch', 'sklearn', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_fetchable_means_that_getting_is_enough():
    with_url, without = SourceFile("a", 1, url="http://x/a"), SourceFile("b", 1)
    extra = SourceFile("c", 1, optional=True)

    def entry(*files):
        return DataSetEntry("s", "text", "t", "l", False, "train", files=files)

    assert entry(with_url, extra).fetchable
    assert not entry(with_url, without).fetchable
    assert not entry().fetchable


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (11_594_722, "11.6 MB"),
        (170_052_171, "170 MB"),
        (5e12, "5000 GB"),
    ],
)
def test_sizes_are_said_in_decimal_units(count, text):
    assert format_bytes(count) == text
