"""Checkpoints: the newest two and the best, each one file whose name ends in its checksum."""

from __future__ import annotations

import warnings
from hashlib import blake2b
from pathlib import Path

from shinso.core.errors import ShinsoError
from shinso.core.files import write_atomic
from shinso.core.tree import Tree, pack, unpack


class DamagedCheckpoint(ShinsoError):
    """The file's content does not have the checksum that its name promises."""


class Checkpoints:
    """The checkpoints of one run, in `folder`."""

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self.folder = folder
        self.keep = keep

    def save(self, step: int, tree: Tree, best_step: int | None) -> list[int]:
        """Writes the tree as the newest checkpoint and returns the steps of those still kept.

        Raises ShinsoError when the disk is full; those written before are untouched then.
        """
        content = pack(tree)
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"step-{step:09d}-{_digest(content)}.safetensors"
        write_atomic(path, content)
        for other in self.folder.glob(f"step-{step:09d}-*"):
            if other != path:  # of the same step before its evaluation
                other.unlink()
        kept = self.steps()
        for old in set(list(kept)[: -self.keep]) - {best_step}:
            kept.pop(old).unlink()
        return list(kept)

    def steps(self) -> dict[int, Path]:
        """Step to path, oldest first. Names alone: contents may be damaged."""
        paths = self.folder.glob("step-*-*.safetensors")
        return dict(sorted((int(path.name.split("-")[1]), path) for path in paths))

    def newest(self) -> tuple[int, Tree] | None:
        """The newest checkpoint that is whole; damaged ones are warned of and passed over.

        None where none was written yet; raises ShinsoError where all are damaged.
        """
        paths = self.steps()
        for step, path in reversed(paths.items()):
            try:
                return step, self.load(path)
            except DamagedCheckpoint as damage:
                warnings.warn(f"{damage}; trying the one before", stacklevel=2)
        if paths:
            raise ShinsoError(f"every checkpoint in {self.folder} is damaged; train again")
        return None

    def discard_after(self, step: int) -> None:
        """Removes checkpoints of a future that a resumed run will not have lived yet."""
        for later, path in self.steps().items():
            if later > step:
                path.unlink()

    @staticmethod
    def load(path: Path) -> Tree:
        """Raises DamagedCheckpoint when a bit of it changed."""
        content = path.read_bytes()
        if _digest(content) != path.stem.split("-")[2]:
            raise DamagedCheckpoint(f"checkpoint {path} is damaged")
        return unpack(content)


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
