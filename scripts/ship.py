"""Puts a run's artifact among the shipped weights: python scripts/ship.py RUN

Its data's licence must allow that, and whom the data ask to be named is named in the artifact.
Commit it with the results/ of the same artifact: tests/test_weights.py compares the two. What is
too large may be small enough in 16 bits: shinso quantise RUN --to float16.
"""

import sys

from shinso import catalog
from shinso.core.results import checkout_folder
from shinso.data.store import entry_of

MOST_BYTES = 20_000_000  # of one artifact; git keeps every version for ever


def main(run: str) -> None:
    artifact = catalog.open_artifact(run)
    data = artifact.provenance["data"]
    entry = entry_of(data["name"])
    if not entry.may_ship_weights:
        sys.exit(
            f"ship: {entry.name} ({entry.licence}): what was learned from it cannot be shipped"
        )
    assert artifact.path is not None
    size = sum(file.stat().st_size for file in artifact.path.rglob("*"))
    if size > MOST_BYTES:
        sys.exit(f"ship: {artifact.path} has {size:,} bytes, at most {MOST_BYTES:,} are shipped")
    artifact.provenance = {**artifact.provenance, "data": {**data, "credit": entry.attribution}}
    checkout = checkout_folder()
    assert checkout is not None, "run it in a checkout"
    place = checkout / "src" / "shinso" / "weights" / artifact.system
    artifact.save(place)
    print(f"ship: {place.relative_to(checkout)} ({size:,} bytes)")


if __name__ == "__main__":
    main(*sys.argv[1:])
