"""Arguments: the ones all verbs have, and those made from the fields of Settings."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from shinso.core.errors import UserError, nearest
from shinso.core.recipe import Field, Settings

PREFIX = "field:"  # of the places of settings among the parsed arguments
VALUELESS = ("-h", "--help", "--json", "--debug")  # that every verb has


class VerbParser(argparse.ArgumentParser):
    """Says what is wrong in one line, and offers the nearest flags for an unknown one."""

    def __init__(self, verb: str, meaning: str) -> None:
        super().__init__(
            prog=f"shinso {verb}",
            description=meaning[0].upper() + meaning[1:] + ".",
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message.removeprefix('argument ')}; see {self.prog} --help")

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            word = unknown[0].split("=")[0]
            if word.startswith("-"):
                raise UserError(f"{self.prog} has no option {word}; {self._nearest_flags(word)}")
            raise UserError(f"{self.prog} takes no {word!r}; see {self.prog} --help")
        return parsed

    def _nearest_flags(self, word: str) -> str:
        flags = [flag for action in self._actions for flag in action.option_strings]
        long_flags = [flag for flag in flags if flag.startswith("--")]
        return nearest(word, long_flags, otherwise=f"see {self.prog} --help")


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")
    parser.add_argument("--debug", action="store_true", help="show where an error came from")


def add_device_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", metavar="NAME", help="cpu, cuda, cuda:1, ...; default: an accelerator if any"
    )
    parser.add_argument(
        "--threads", metavar="N", type=positive, help="CPU threads (default: torch's choice)"
    )


def add_skip_bad(parser: argparse.ArgumentParser, default: bool | None = False) -> None:
    parser.add_argument(
        "--skip-bad",
        action="store_true",
        default=default,
        help="leave damaged files of your own data out, and count them",
    )


def add_settings(
    parser: argparse.ArgumentParser, settings: Settings, title: str, *, scored_alone: bool = False
) -> None:
    """An option for each field, or for each that scores depend on, its value in `settings` shown
    as the default; only those given appear among the parsed arguments."""
    group = parser.add_argument_group(title)
    for field in settings.fields():
        if scored_alone and not field.scored:
            continue
        default = typed(getattr(settings, field.name))
        shown = f"{field.help} (default: {default})".replace("%", "%%")
        place: dict[str, Any] = {"dest": PREFIX + field.name, "default": argparse.SUPPRESS}
        if field.plain_kind is bool:
            action = argparse.BooleanOptionalAction
            group.add_argument(field.flag, action=action, help=shown, **place)
        else:
            group.add_argument(field.flag, metavar=_metavar(field), help=shown, **place)


def given_settings(
    parsed: argparse.Namespace, settings: Settings | type[Settings]
) -> dict[str, Any]:
    """Those of its fields given on the command line, in their types. Raises UserError for a
    misfit."""
    fields = {field.name: field for field in settings.fields()}
    return {
        name.removeprefix(PREFIX): fields[name.removeprefix(PREFIX)].parse(value)
        if isinstance(value, str)
        else value
        for name, value in vars(parsed).items()
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) in fields
    }


def given_flags(parsed: argparse.Namespace) -> list[str]:
    """The options made from settings that were given, whatever their values."""
    names = [name.removeprefix(PREFIX) for name in vars(parsed) if name.startswith(PREFIX)]
    return ["--" + name.replace("_", "-") for name in names]


def first_word(
    arguments: Sequence[str], valued: Sequence[str], is_known: Callable[[str], bool]
) -> str | None:
    """What a verb is about, which decides its other options and so is looked for before they are
    known: the first known word; or else one that is no option and is not likely to be the value
    of one. `valued` are the verb's own options that take a value.
    """
    words: list[tuple[bool, str]] = []  # whether it may be an option's value, and the word
    before = ""
    for argument in arguments:
        if not argument.startswith("-") and before not in valued:
            words.append((before.startswith("-") and before not in VALUELESS, argument))
        before = argument
    for _, word in words:
        if is_known(word):
            return word
    return min(words, key=lambda pair: pair[0], default=(False, None))[1]


def option_value(arguments: Sequence[str], flag: str) -> str | None:
    """What is given to an option, before all options are known; None without it."""
    for argument, following in itertools.zip_longest(arguments, arguments[1:]):
        name, equals, value = argument.partition("=")
        if name == flag:
            return value if equals else following
    return None


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def positive(text: str) -> int:
    number = whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def _metavar(field: Field) -> str:
    if field.choices:
        return "{" + ",".join(field.choices) + "}"
    return field.kind_name.split()[0].upper() if field.kind_name != "whole number" else "N"


def typed(value: Any) -> str:
    """A field's value as one would type it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
