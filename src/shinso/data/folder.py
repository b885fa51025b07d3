"""The user's own images: a folder a class, with or without train, valid and test folders."""

from __future__ import annotations

import logging
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from shinso.core.errors import UserError
from shinso.core.report.words import counted, listed
from shinso.data.decode import SUFFIXES, image_size, read_image
from shinso.data.images import FolderSplit, ImageSet
from shinso.data.splitting import THREE_WAYS, VALID_TENTH, stratified

SPLIT_FOLDERS = {
    "train": ("train",),
    "valid": ("valid", "val", "validation"),
    "test": ("test",),
}

_log = logging.getLogger("shinso.data")


def read_folder(root: Path, skip_bad: bool = False) -> ImageSet:
    """Reads ROOT/{train,valid,test}/CLASS/* or ROOT/CLASS/*.

    The second is split 70/10/20 by a hash of the file names; a missing valid/ is a tenth of
    train/. Every file's header is looked at now, pixels when asked for. Where `skip_bad`, all are
    decoded now and damaged ones are left out, with a count.

    Raises:
        UserError: no class folders, one class only, a class without images or with too few to
            split, a class in valid/ or test/ that train/ lacks, a file that is no image.
    """
    if not root.is_dir():
        raise UserError(f"{root} is {'a file' if root.exists() else 'not there'}; give a folder")
    folders = _split_folders(root)
    classes = _classes(folders["train"] if folders else root)
    whole = folders or {"train": root}
    splits = {name: _listed(root, folder, classes) for name, folder in whole.items()}
    splits, skipped = _sound(splits, skip_bad)
    if not folders:
        splits = _dealt(root, splits["train"], classes, THREE_WAYS)
    elif "valid" not in splits:
        splits |= _dealt(root, splits["train"], classes, VALID_TENTH)
    return ImageSet(root.resolve().name, classes, splits, skipped=skipped)


def _split_folders(root: Path) -> dict[str, Path]:
    """The split folders there are; none where the folders are classes, whatever their names."""
    found = {
        split: root / name
        for split, names in SPLIT_FOLDERS.items()
        for name in reversed(names)
        if (root / name).is_dir() and _folders(root / name)
    }
    if found and "train" not in found:
        raise UserError(f"{root} has {', '.join(found)} but no train/ with a folder a class")
    return found


def _classes(folder: Path) -> tuple[str, ...]:
    names = tuple(_class_name(path) for path in _folders(folder))
    if not names:
        raise UserError(
            f"{folder} has no folders; put the images of each class into one of its own"
        )
    if len(names) == 1:
        raise UserError(f"{folder} has one class only, {names[0]}; at least two are needed")
    return names


def _class_name(folder: Path) -> str:
    """The folder's name as text that can be written: bytes that are no UTF-8 appear as \\xe9."""
    name = os.fsencode(folder.name).decode("utf-8", "backslashreplace")
    # Apple's file systems give が as か and a mark; both spellings are the same class.
    return unicodedata.normalize("NFC", name)


def _listed(root: Path, folder: Path, classes: tuple[str, ...]) -> FolderSplit:
    files: list[Path] = []
    labels: list[int] = []
    for class_folder in _folders(folder):
        name = _class_name(class_folder)
        if name not in classes:
            raise UserError(f"{class_folder} is a class that train/ lacks")
        images = image_files(class_folder)
        if not images:
            raise UserError(f"{class_folder} is a class without images ({' '.join(SUFFIXES)})")
        files += images
        labels += [classes.index(name)] * len(images)
    return FolderSplit(root, tuple(files), np.array(labels, np.int64))


def _sound(
    splits: dict[str, FolderSplit], skip_bad: bool
) -> tuple[dict[str, FolderSplit], tuple[str, ...]]:
    """The splits without damaged files, and the names of those; raises UserError at the first
    unless `skip_bad`."""
    skipped: list[str] = []
    sound = {}
    for name, split in splits.items():
        kept = []
        for index, file in enumerate(split.files):
            try:
                (read_image if skip_bad else image_size)(file)
                kept.append(index)
            except UserError:
                if not skip_bad:
                    raise
                skipped.append(split.name(index))
        if not kept:
            raise UserError(f"{split.root}: all images of {name} are damaged")
        sound[name] = split.taken(kept)
    if skipped:
        told = counted(len(skipped), "damaged image")
        _log.warning("left out %s; the first is %s", told, skipped[0])
    return sound, tuple(skipped)


def _dealt(
    root: Path, split: FolderSplit, classes: tuple[str, ...], shares: dict[str, float]
) -> dict[str, FolderSplit]:
    counts = np.bincount(split.labels, minlength=len(classes))
    if counts.min() < len(shares):
        few = classes[int(counts.argmin())]
        raise UserError(
            f"{root}: class {few} has {counted(int(counts.min()), 'image')}, too few to split into "
            f"{listed([*shares])}; give each class {len(shares)} or more"
        )
    names = ["/".join(split.files[i].parts[-2:]) for i in range(len(split))]
    parts = stratified(split.labels, names, shares)
    return {name: split.taken(parts[name]) for name in shares}


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in _visible(folder) if path.is_dir())


def image_files(folder: Path) -> list[Path]:
    """The images that lie directly in `folder`, by name."""
    return sorted(
        path for path in _visible(folder) if path.is_file() and path.suffix.lower() in SUFFIXES
    )


def images_below(folder: Path) -> Iterator[Path]:
    """The images in `folder` and in all folders below it, by name."""
    yield from image_files(folder)
    for below in _folders(folder):
        yield from images_below(below)


def _visible(folder: Path) -> list[Path]:
    """Without what systems leave behind: .DS_Store, .ipynb_checkpoints, __MACOSX."""
    try:
        return [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    except OSError as error:
        raise UserError(f"{folder}: {(error.strerror or str(error)).lower()}") from error
