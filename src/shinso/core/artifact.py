"""Artifact: a folder that is all a user needs to use what was learned.

`artifact.json` names system, recipe, spec, options, scores, provenance and the checksums of all
files; plain-text assets stand beside it; networks come as modules (`weights.safetensors` for the
networks that the recipe builds, in the artifact's precision) or as graphs (`NAME.onnx`). `parts/`
holds artifacts it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from shinso.core.about import FORMAT, read_about
from shinso.core.counting import parameter_count
from shinso.core.edits import Edits, edits_as_dict, edits_from_dict, replay
from shinso.core.errors import UserError
from shinso.core.files import file_digest, replaced_folder, write_json
from shinso.core.graph import Graph, graph_network
from shinso.core.precision import FLOAT32, InPrecision, check_precision, in_precision
from shinso.core.recipe import Options, Recipe, Spec
from shinso.core.system import System

Network = Callable[..., tuple[Tensor, ...]]  # positional CPU tensors in, CPU tensors out


@dataclass
class Artifact:
    """What was learned, in memory; over live networks while a learner trains."""

    system: str
    recipe: Recipe
    spec: Spec
    options: Options | None = None
    modules: dict[str, nn.Module] = field(default_factory=dict)
    graphs: dict[str, Graph] = field(default_factory=dict)  # ONNX, instead of modules
    precision: str = FLOAT32  # of stored weights, and what networks compute in; modules are float32
    edits: Edits = field(default_factory=dict)  # what the networks lack of what the recipe builds
    assets: dict[str, str] = field(default_factory=dict)  # file name -> text
    notes: dict[str, str] = field(default_factory=dict)  # such files for people: not read again
    parts: dict[str, Artifact] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None
    _opened: dict[str, Network] = field(default_factory=dict, init=False, repr=False)

    @property
    def form(self) -> str:
        return "onnx" if self.graphs else "module"

    def network(self, name: str) -> Network:
        """The network as a callable without gradients, whichever form it has."""
        if not self.graphs and self.precision == FLOAT32:
            return _module_network(self.modules[name])  # live, while a learner trains it
        if name not in self._opened:  # once: a session optimises its graph first
            self._opened[name] = self._open(name)
        return self._opened[name]

    def _open(self, name: str) -> Network:
        if name in self.graphs:
            return graph_network(self.graphs[name])
        return _module_network(InPrecision(self.modules[name], self.precision))

    def weights(self, name: str) -> dict[str, Tensor]:
        """The module's state. Raises UserError for a form that has none."""
        if name not in self.modules:
            instead = "; take the artifact it was exported from" if self.graphs else ""
            place = self.path or self.system
            raise UserError(f"{place} has no weights of a network {name}{instead}")
        return self.modules[name].state_dict()

    @property
    def parameters(self) -> int | None:
        """Of all modules; None in a form that has none."""
        if self.graphs:
            return None
        return sum(parameter_count(module) for module in self.modules.values())

    def to(self, device: torch.device) -> Artifact:
        """Moves the modules; inputs and outputs of `network` stay on the CPU."""
        for module in self.modules.values():
            module.to(device)
        self._opened.clear()
        return self

    def save(self, folder: Path) -> None:
        """Writes the folder at once: a reader sees the old artifact or the new one."""
        with replaced_folder(folder) as new:
            self._write(new)

    def _write(self, folder: Path) -> None:
        stored = self.modules
        if self.precision != FLOAT32:
            stored = {name: in_precision(net, self.precision) for name, net in stored.items()}
        ties = _write_weights(stored, folder / "weights.safetensors")
        for name, graph in self.graphs.items():
            content = graph if isinstance(graph, bytes) else graph.read_bytes()
            (folder / f"{name}.onnx").write_bytes(content)
        for name, text in self.assets.items():
            (folder / name).write_text(text, encoding="utf-8")
        for name, part in self.parts.items():
            (folder / "parts" / name).mkdir(parents=True)
            part._write(folder / "parts" / name)
        files = {path.name: file_digest(path) for path in folder.iterdir() if path.is_file()}
        for name, text in self.notes.items():
            (folder / name).write_text(text, encoding="utf-8")
        write_json(
            folder / "artifact.json",
            {
                "format": FORMAT,
                "system": self.system,
                "form": self.form,
                "precision": self.precision,
                "recipe": self.recipe.as_dict(),
                "spec": self.spec.as_dict(),
                "options": self.options.as_dict() if self.options else None,
                "edits": edits_as_dict(self.edits),
                "parameters": self.parameters,
                "assets": sorted(self.assets),
                "parts": sorted(self.parts),
                "ties": ties,
                "files": dict(sorted(files.items())),
                "scores": self.scores,
                "provenance": self.provenance,
            },
        )


def open_artifact(folder: Path, find_system: Callable[[str], System]) -> Artifact:
    """Opens a saved artifact; `find_system` is the catalogue's.

    Raises UserError for a folder that is none, a newer format, a file changed since it was
    written, or weights that do not fit the networks the recipe builds.
    """
    about = read_about(folder)
    _check_files(folder, about)
    system = find_system(about["system"])
    options_class = system.options_class
    place = f"{folder}/artifact.json"
    artifact = Artifact(
        system=system.name,
        recipe=system.recipe_class.from_dict(about["recipe"]),
        spec=system.spec_class.from_dict(about["spec"]),
        options=options_class.from_dict(about["options"]) if options_class else None,
        assets={n: (folder / n).read_text(encoding="utf-8") for n in about["assets"]},
        parts={n: open_artifact(folder / "parts" / n, find_system) for n in about["parts"]},
        scores=about["scores"],
        provenance=about["provenance"],
        precision=check_precision(about.get("precision", FLOAT32), about["form"], place),
        edits=edits_from_dict(about.get("edits", {}), place),
        path=folder,
    )
    if about["form"] == "onnx":
        graphs = (folder / name for name in sorted(about["files"]) if name.endswith(".onnx"))
        artifact.graphs = {path.stem: path for path in graphs}
    else:
        artifact.modules = _built(system, artifact)
        _read_weights(artifact.modules, folder / "weights.safetensors", about["ties"])
    return artifact


def _built(system: System, artifact: Artifact) -> dict[str, nn.Module]:
    """What the weights go into. Raises UserError where artifact.json contradicts itself."""
    try:
        networks = system.networks(artifact.recipe, artifact.spec)
        replay(artifact.edits, networks)
    except UserError as error:
        raise UserError(f"{artifact.path}/artifact.json contradicts itself: {error}") from error
    return networks


def _check_files(folder: Path, about: Mapping[str, Any]) -> None:
    for name, digest in about["files"].items():
        if Path(name).name != name or name.startswith("."):
            raise UserError(f"{folder}/artifact.json names a file outside the artifact: {name!r}")
        if not (folder / name).is_file():
            raise UserError(f"{folder} is incomplete: {name} is missing")
        if file_digest(folder / name) != digest:
            raise UserError(f"{folder}/{name} was changed since the artifact was written")
    for name in about["parts"]:
        if Path(name).name != name or name.startswith("."):
            raise UserError(f"{folder}/artifact.json names a part outside the artifact: {name!r}")
    used = {*about["assets"], *(path.name for path in folder.glob("weights.safetensors"))}
    if unlisted := used - about["files"].keys():
        raise UserError(f"{folder}/artifact.json has no checksum of {', '.join(sorted(unlisted))}")


def _write_weights(modules: Mapping[str, nn.Module], path: Path) -> dict[str, str]:
    """Writes each tensor once and returns the ties {other name: name written}."""
    written: dict[tuple[Any, ...], str] = {}
    tensors: dict[str, Tensor] = {}
    ties: dict[str, str] = {}
    for network, module in modules.items():
        for key, tensor in module.state_dict().items():
            name = f"{network}.{key}"
            place = (tensor.data_ptr(), tensor.shape, tensor.stride())
            if tensor.numel() and place in written:
                ties[name] = written[place]
                continue
            written[place] = name
            tensors[name] = tensor.detach().cpu().contiguous().clone()
    if modules:
        # Not save_file: its file is for the owner alone, and it hides why a write failed.
        path.write_bytes(safetensors.torch.save(tensors))
    return ties


def _read_weights(modules: Mapping[str, nn.Module], path: Path, ties: Mapping[str, str]) -> None:
    if not modules:
        return
    try:
        tensors = safetensors.torch.load_file(path)
        tensors |= {name: tensors[written] for name, written in ties.items()}
        for network, module in modules.items():
            prefix = f"{network}."
            module.load_state_dict(
                {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
            )
    except (safetensors.SafetensorError, RuntimeError, KeyError, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} does not fit the recipe beside it: {reason[:200]}") from None


def _module_network(module: nn.Module) -> Network:
    @torch.no_grad()
    def call(*inputs: Tensor) -> tuple[Tensor, ...]:
        if module.training:  # asking is cheap, telling every module is not
            module.eval()
        device = next((p.device for p in module.parameters()), torch.device("cpu"))
        outputs = module(*(tensor.to(device) for tensor in inputs))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return tuple(tensor.cpu() for tensor in outputs)

    return call
