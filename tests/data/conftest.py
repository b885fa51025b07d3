from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shinso.data import locate


@dataclass
class Homes:
    """Where data sets are looked for during a test; nothing of the machine's is seen."""

    first: Path  # the two folders of SHINSO_DATA
    second: Path
    system: Path
    cache: Path


@pytest.fixture
def homes(tmp_path, monkeypatch) -> Homes:
    found = Homes(*(tmp_path / name for name in ("first", "second", "system", "xdg")))
    for folder in (found.first, found.second, found.system):
        folder.mkdir()
    monkeypatch.setenv("SHINSO_DATA", f"{found.first}:{found.second}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(found.cache))
    monkeypatch.setattr(locate, "SYSTEM_FOLDER", found.system)
    found.cache = found.cache / "shinso" / "data"
    return found


def idx_bytes(array: np.ndarray) -> bytes:
    """An IDX file of unsigned bytes, by the format's own description."""
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    return header + array.astype(np.uint8).tobytes()


def write_mnist(folder: Path, train: int = 100, test: int = 20, seed: int = 0) -> dict[str, bytes]:
    """Four small files of MNIST's layout; returns what they unpack to."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    contents = {}
    for source, count in (("train", train), ("t10k", test)):
        images = random.integers(0, 256, (count, 5, 4))
        contents[f"{source}-images-idx3-ubyte.gz"] = idx_bytes(images)
        contents[f"{source}-labels-idx1-ubyte.gz"] = idx_bytes(np.arange(count) % 10)
    for name, content in contents.items():
        (folder / name).write_bytes(gzip.compress(content))
    return contents


def image_bytes(colour, size=(6, 4), mode="RGB", kind="PNG", **options) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, kind, **options)
    return out.getvalue()


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return path
