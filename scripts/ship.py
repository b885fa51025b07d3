"""Puts a run's artifact among the shipped weights: python scripts/ship.py RUN [--half]

Its data's licence must allow that, and whom the data ask to be named is named in the artifact.
Commit it with the results/ of the same weights: tests/test_weights.py compares the two. With --half
they are kept as float16, in half of the bytes, and rounded so for good: what is shipped then has to
be evaluated and recorded by itself.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from shinso import catalog
from shinso.core.results import checkout_folder
from shinso.data.store import entry_of

MOST_BYTES = 20_000_000  # of one artifact; git keeps every version for ever


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--half", action="store_true", help="keep the weights as float16")
    given = parser.parse_args()
    artifact = catalog.open_artifact(given.run)
    data = artifact.provenance["data"]
    entry = entry_of(data["name"])
    if not entry.may_ship_weights:
        sys.exit(
            f"ship: {entry.name} ({entry.licence}): what was learned from it cannot be shipped"
        )
    if given.half:
        for module in artifact.modules.values():
            module.half()
    artifact.provenance = {**artifact.provenance, "data": {**data, "credit": entry.attribution}}
    with TemporaryDirectory() as folder:
        trial = Path(folder, "artifact")
        artifact.save(trial)
        size = sum(file.stat().st_size for file in trial.rglob("*") if file.is_file())
    if size > MOST_BYTES:
        sys.exit(f"ship: {given.run} has {size:,} bytes, at most {MOST_BYTES:,} are shipped")
    checkout = checkout_folder()
    assert checkout is not None, "run it in a checkout"
    place = checkout / "src" / "shinso" / "weights" / artifact.system
    artifact.save(place)
    print(f"ship: {place.relative_to(checkout)} ({size:,} bytes)")


if __name__ == "__main__":
    main()
