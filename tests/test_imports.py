"""Rules about imports that import-linter cannot say; its contracts are in pyproject.toml."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src/shinso"
FIELDS = ("vision", "language", "audio", "rl", "go")


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (PACKAGE / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imported_modules(path: Path) -> set[str]:
    """Every module that a file imports when it runs, at its top or in a function."""
    modules: set[str] = set()
    for node in _running(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno}: imports are written in full"
            # `from torchvision import ops` means torchvision.ops, `from torch import nn` torch.nn.
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {module for module in modules if module.partition(".")[0] not in _STANDARD}


_STANDARD = sys.stdlib_module_names


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under `if TYPE_CHECKING:`."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield from _running(child)


def imports_beyond(path: Path, allowed: tuple[str, ...]) -> list[str]:
    return sorted(
        module for module in imported_modules(path) if not f"{module}.".startswith(allowed)
    )


def defines_network(path: Path) -> bool:
    classes = (
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    return any(ast.unparse(base).endswith("Module") for cls in classes for base in cls.bases)


MODEL_FILES = [
    path for path in python_files(*FIELDS) if path.name == "model.py" or defines_network(path)
]


@pytest.mark.parametrize("path", MODEL_FILES, ids=name_of)
def test_a_model_file_can_be_lifted_out(path: Path) -> None:
    """It imports torch, torchvision.ops and our layers (and what comes with Python)."""
    assert imports_beyond(path, ("torch.", "torchvision.ops.", "shinso.layers.")) == []


@pytest.mark.parametrize("path", python_files("scratch"), ids=name_of)
def test_scratch_imports_numpy_alone(path: Path) -> None:
    assert imports_beyond(path, ("numpy.", "shinso.scratch.")) == []


def test_every_folder_of_code_is_a_package() -> None:
    """import-linter sees nothing in a folder without __init__.py."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [name_of(each) for each in sorted(folders) if not (each / "__init__.py").exists()] == []


def test_catalogue_command_line_and_recipes_do_without_torch() -> None:
    """`shinso list` and every --help answer at once."""
    recipes = [path for path in python_files(*FIELDS) if path.name == "recipe.py"]
    modules = ["shinso.cli", "shinso.catalog", *map(module_of, recipes)]
    script = (
        "import importlib, sys\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
        "    if 'torch' in sys.modules: sys.exit(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, f"imports torch or fails: {done.stderr}"


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
