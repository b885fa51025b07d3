"""Recipe: a frozen dataclass of every choice that defines a training run. Imports no torch.

Settings is the shared machinery: each field has a type, a default and one line of meaning, and
wrong values are refused at construction, in words. A Recipe says how to train, Options how a
predictor behaves, a Spec what the data decides (classes, channels, vocabulary size).
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from shinso.core.errors import ShinsoError, UserError, nearest


def option(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] | None = None,
    artifact: bool = False,
    scored: bool = True,
) -> Any:
    """Declares a field of Settings; `above` and `below` are exclusive bounds.

    With `artifact` the value is a path or system name of an artifact (a teacher, an opponent),
    which the run copies and hands to the learner opened. Predictors' options that are not `scored`
    change what is shown of a prediction and no score, so `evaluate` has none of them.
    """
    metadata = {
        "help": help,
        "minimum": minimum,
        "above": above,
        "maximum": maximum,
        "below": below,
        "choices": choices,
        "artifact": artifact,
        "scored": scored,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Field:
    """One setting as the command line, the card and the checks see it."""

    name: str
    kind: Any  # int, float, bool, str, tuple[int, ...], tuple[str, ...], or one of them | None
    default: Any
    help: str
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    below: float | None = None
    choices: tuple[str, ...] | None = None
    artifact: bool = False
    scored: bool = True

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def optional(self) -> bool:
        return isinstance(self.kind, types.UnionType) and types.NoneType in self.kind.__args__

    @property
    def plain_kind(self) -> Any:
        """The type without its `| None`."""
        if not self.optional:
            return self.kind
        return next(kind for kind in self.kind.__args__ if kind is not types.NoneType)

    @property
    def kind_name(self) -> str:
        names = {int: "whole number", float: "number", bool: "true or false", str: "text"}
        if typing.get_origin(self.plain_kind) is tuple:
            return f"list of {names[self.plain_kind.__args__[0]]}s, separated by commas"
        return names[self.plain_kind]

    def check(self, value: Any) -> Any:
        """Returns `value` in the field's type; raises UserError naming field, value and bounds."""
        if value is None and self.optional:
            return None
        value = _coerced(value, self.plain_kind)
        if value is _MISFIT:
            raise self._refusal(f"is no {self.kind_name}")
        for number in value if isinstance(value, tuple) else (value,):
            self._check_range(number)
        return value

    def parse(self, text: str) -> Any:
        """Reads the value from the command line."""
        if self.optional and text.lower() == "none":
            return None
        try:
            return self.check(_read(text, self.plain_kind))
        except ValueError:
            raise self._refusal(f"is no {self.kind_name}: {text!r}") from None

    def _check_range(self, value: Any) -> None:
        if self.choices is not None and value not in self.choices:
            raise self._refusal(f"is {value!r}; {nearest(str(value), self.choices)}")
        if self.minimum is not None and not value >= self.minimum:
            raise self._refusal(f"is {value}, must be at least {self.minimum:g}")
        if self.above is not None and not value > self.above:
            raise self._refusal(f"is {value}, must be above {self.above:g}")
        if self.maximum is not None and not value <= self.maximum:
            raise self._refusal(f"is {value}, must be at most {self.maximum:g}")
        if self.below is not None and not value < self.below:
            raise self._refusal(f"is {value}, must be below {self.below:g}")
        if isinstance(value, float) and not math.isfinite(value):
            raise self._refusal(f"is {value}, must be finite")

    def _refusal(self, problem: str) -> UserError:
        return UserError(f"{self.flag} {problem} ({self.help})")


_MISFIT = object()


def _coerced(value: Any, kind: Any) -> Any:
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, (tuple, list)):
            return _MISFIT
        items = tuple(_coerced(item, kind.__args__[0]) for item in value)
        return _MISFIT if _MISFIT in items else items
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is int and isinstance(value, bool):
        return _MISFIT
    return value if isinstance(value, kind) else _MISFIT


def _read(text: str, kind: Any) -> Any:
    if typing.get_origin(kind) is tuple:
        return tuple(_read(item.strip(), kind.__args__[0]) for item in text.split(",") if item)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        return text.lower() == "true"
    return kind(text)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A frozen dataclass whose values are checked. Subclasses declare fields with `option`; a
    plain redeclaration of an inherited field changes its default and keeps the rest."""

    def __post_init__(self) -> None:
        for field in self.fields():
            object.__setattr__(self, field.name, field.check(getattr(self, field.name)))
        self.check()

    def check(self) -> None:
        """For what one field alone cannot tell; raises UserError."""

    @classmethod
    def fields(cls) -> Iterator[Field]:
        kinds = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            yield Field(field.name, kinds[field.name], field.default, **cls._metadata(field.name))

    @classmethod
    def _metadata(cls, name: str) -> dict[str, Any]:
        for base in cls.__mro__:
            declared = base.__dict__.get("__dataclass_fields__", {}).get(name)
            if declared is not None and declared.metadata:
                return dict(declared.metadata)
        raise ShinsoError(f"{cls.__module__}:{cls.__name__}.{name} is not declared with option()")

    def changed(self, **changes: Any) -> Self:
        """A copy with some fields changed; raises UserError for a name that is none."""
        known = [field.name for field in self.fields()]
        for name in changes:
            if name not in known:
                raise UserError(
                    f"{type(self).__name__} has no field {name}; {nearest(name, known)}"
                )
        return dataclasses.replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """JSON values; tuples become lists."""
        values = {field.name: getattr(self, field.name) for field in self.fields()}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    def difference(self, other: Settings) -> dict[str, Any]:
        """Its own values, as in `as_dict`, where those of the other, of the same class, differ."""
        theirs = other.as_dict()
        return {name: value for name, value in self.as_dict().items() if value != theirs[name]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        return cls().changed(**values)


def as_options(values: Mapping[str, Any]) -> Iterator[str]:
    """Settings as one types them: --learning-rate 0.1, --no-bias."""
    for name, value in values.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            yield f"--{flag}" if value else f"--no-{flag}"
        else:
            yield f"--{flag} {'none' if value is None else _spelled(value)}"


def _spelled(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


@dataclass(frozen=True, kw_only=True)
class Options(Settings):
    """How a predictor behaves; stored in the artifact, made flags of predict and evaluate."""


@dataclass(frozen=True, kw_only=True)
class Spec(Settings):
    """What the data decides about the networks; kept in artifact.json."""

    @property
    def told(self) -> str:
        """What goes into the networks and what comes out, for a person: "3 classes, 8 x 8 x 1"."""
        return ""


@dataclass(frozen=True, kw_only=True)
class Recipe(Settings):
    """Every choice that defines a training run. The defaults are the preset `cpu`."""

    report_every: int = option(50, "steps between rows of metrics", minimum=1)
    evaluate_every: int | None = option(
        None, "steps between evaluations; none: each epoch, or only at the end", minimum=1
    )

    def check_spec(self, spec: Any) -> None:
        """For what recipe and data decide together, such as a patch that divides the images;
        called wherever networks are built. Raises UserError."""

    def nominal_spec(self, spec: Any) -> Any:
        """A preset's nominal spec with what this recipe itself decides of it."""
        return spec


@dataclass(frozen=True, kw_only=True)
class GradientRecipe(Recipe):
    """The fields every learner that follows gradients shares."""

    steps: int | None = option(None, "updates to make; or give epochs", minimum=1)
    epochs: int | None = option(None, "passes over the training data; or give steps", minimum=1)
    batch_size: int = option(64, "examples an update, over all processes", minimum=1)
    optimiser: str = option(
        "adam", "update rule", choices=("sgd", "nesterov", "adam", "adamw", "rmsprop", "adagrad")
    )
    learning_rate: float = option(1e-3, "peak learning rate", above=0)
    momentum: float = option(0.9, "momentum of sgd, nesterov and rmsprop", minimum=0, maximum=1)
    beta1: float = option(0.9, "decay of adam's mean", minimum=0, below=1)
    beta2: float = option(0.999, "decay of adam's square; rmsprop's alpha", minimum=0, below=1)
    epsilon: float = option(1e-8, "term that keeps adaptive rules from dividing by 0", above=0)
    weight_decay: float = option(0.0, "weight decay; decoupled in adamw", minimum=0)
    schedule: str = option(
        "constant",
        "learning rate after warm-up",
        choices=("constant", "linear", "cosine", "step"),
    )
    step_decay: tuple[float, ...] = option(
        (0.5, 0.25, 0.1),
        "schedule step: share of the run until the rate first falls, share from fall to fall, and "
        "what each multiplies it by",
        above=0,
        maximum=1,
    )
    warmup_steps: int = option(0, "updates over which the learning rate rises from 0", minimum=0)
    clip_norm: float | None = option(None, "largest norm of all gradients together", above=0)
    precision: str = option(
        "float32", "type of activations in training", choices=("float32", "bfloat16")
    )
    memory_format: str = option(
        "contiguous", "layout of image tensors", choices=("contiguous", "channels_last")
    )
    compile: bool = option(False, "compile networks with torch.compile")

    def check(self) -> None:
        if (self.steps is None) == (self.epochs is None):
            raise UserError("give either --steps or --epochs, and not both")
        if self.optimiser == "nesterov" and self.momentum == 0:
            raise UserError("--optimiser nesterov needs a --momentum above 0; plain is sgd")
        if len(self.step_decay) != 3:
            raise UserError("--step-decay takes three numbers, such as 0.5,0.25,0.1")

    def changed(self, **changes: Any) -> Self:
        for given, other in (("steps", "epochs"), ("epochs", "steps")):
            if changes.get(given) is not None:
                changes.setdefault(other, None)
        return super().changed(**changes)


@dataclass(frozen=True)
class Preset:
    """A named set of changes to a recipe's defaults.

    `spec` is the nominal one, so that card, parameters and MACs need no data; `data` names the
    preset's data set where it differs from the system's default. `variants` are the presets that
    stand in its place where a field has a value of theirs, {field: {value: preset}}: what a paper
    does with its large networks is often not what it does with its small ones.
    """

    spec: Spec
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    data: str | None = None
    variants: Mapping[str, Mapping[Any, Preset]] = dataclasses.field(default_factory=dict)

    def variant(self, changes: Mapping[str, Any]) -> Preset:
        """The one that stands for it where these are the changes to it."""
        for field, presets in self.variants.items():
            if changes.get(field) in presets:
                return presets[changes[field]]
        return self
