"""The lock, pyproject.toml and the tree say the same, and nothing of one machine."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED_EXTRAS = ("dev", "export", "compress", "rl")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def lock_entries() -> list[tuple[Requirement, list[str]]]:
    """Each locked requirement with its hashes."""
    lines = (line.removesuffix("\\").strip() for line in LOCK.splitlines())
    entries: list[tuple[Requirement, list[str]]] = []
    for line in lines:
        if line.startswith("--hash="):
            entries[-1][1].append(line.removeprefix("--hash="))
        elif line and not line.startswith("#"):
            entries.append((Requirement(line), []))
    return entries


ENTRIES = lock_entries()
DIRECT = [
    Requirement(text)
    for text in [
        *PROJECT["dependencies"],
        *(text for extra in LOCKED_EXTRAS for text in EXTRAS[extra]),
    ]
]


def test_lock_holds_no_address() -> None:
    assert "://" not in LOCK
    assert "--index" not in LOCK
    assert "--find-links" not in LOCK


def test_every_locked_package_is_pinned_with_hashes() -> None:
    for requirement, hashes in ENTRIES:
        (pin,) = requirement.specifier
        assert pin.operator == "==", requirement
        assert Version(pin.version).local is None, f"{requirement}: a build of one index"
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), requirement


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_locked_once_and_within_its_range(python: str) -> None:
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
    }
    pins: dict[str, list[str]] = {}
    for locked, _ in ENTRIES:
        if locked.marker is None or locked.marker.evaluate(environment):
            pins.setdefault(canonicalize_name(locked.name), []).append(pinned_version(locked))
    for wanted in DIRECT:
        found = pins.get(canonicalize_name(wanted.name), [])
        assert len(found) == 1 and found[0] in wanted.specifier, f"{wanted}: run `make lock`"


def pinned_version(locked: Requirement) -> str:
    return next(iter(locked.specifier)).version


def test_copyleft_packages_are_no_dependency_of_ours() -> None:
    """MinAtar and ale-py are GPL: only who asks for `games` gets them."""
    assert {Requirement(text).name for text in EXTRAS["games"]} == {"MinAtar", "ale-py"}
    others = [*PROJECT["dependencies"], *(t for e in EXTRAS if e != "games" for t in EXTRAS[e])]
    assert not {"minatar", "ale-py"} & {canonicalize_name(Requirement(t).name) for t in others}
    assert not {"minatar", "ale-py"} & {canonicalize_name(locked.name) for locked, _ in ENTRIES}


# Written apart, so that this file does not hold what it looks for.
FORBIDDEN = re.compile(
    "|".join(
        [
            r"(test\.|files\.)?py" + r"pi\.org",
            "python" + r"hosted\.org",
            r"download\.py" + r"torch\.org/whl",
            r"(?<![\w.])/work" + r"/",
            r"(?<![\w.])/root" + r"/",
            r"(?<![\w.])/home" + r"/\w",
            r"(?<![\w.])/opt" + r"/(py" + r"pi|wheels)",
        ]
    ).encode()
)


def tree() -> list[Path]:
    """The files of the checkout that are tracked, or new and not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    paths = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def test_no_file_names_a_package_registry_or_a_place_on_this_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in tree()
        if (match := FORBIDDEN.search(path.read_bytes()))
    ]
    assert found == []
