"""shinso serve [ARTIFACT|SYSTEM]"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from typing import Any

from shinso.cli.output import Output
from shinso.cli.parsing import add_settings, given_settings, whole
from shinso.core.errors import UserError
from shinso.go.players import PLAYERS, options_of

PORT = 8361
LOOPBACK = "127.0.0.1"
COMPILING = "compiling the rules of Go, which takes some seconds the first time"


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    known = "; ".join(f"{name}: {meaning}" for name, meaning in PLAYERS.items())
    default = next(iter(PLAYERS))
    named = next((word for word in given if word in PLAYERS), default)
    parser.add_argument(
        "player",
        metavar="ARTIFACT|SYSTEM",
        nargs="?",
        default=default,
        help=f"who plays ({known}; default: {default})",
    )
    parser.add_argument(
        "--port", metavar="N", type=_port, default=PORT, help=f"0: any free one (default: {PORT})"
    )
    parser.add_argument(
        "--host",
        metavar="ADDRESS",
        default=LOOPBACK,
        help=f"other machines reach any but {LOOPBACK}, the default",
    )
    parser.add_argument("--open", action="store_true", help="open a browser")
    if options := options_of(named):
        add_settings(parser, options, f"options of {named}")


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    if output.as_json:
        raise UserError("shinso serve answers in a browser; leave --json away")
    from shinso.core.web.server import Server
    from shinso.go.compiled import telling_of_compilation
    from shinso.go.players import player_named
    from shinso.go.web.board_page import board_page
    from shinso.go.web.calls import Boards

    options = options_of(parsed.player)
    player = player_named(parsed.player, **(given_settings(parsed, options) if options else {}))
    page = board_page()
    with telling_of_compilation(lambda: output.line(COMPILING)):
        boards = Boards(player)
        with Server(page, boards.calls, parsed.host, parsed.port) as server:
            _announce(server.address, parsed, output)
            try:
                server.serve_forever()
            finally:
                boards.close()
    return {}


def _announce(address: str, parsed: argparse.Namespace, output: Output) -> None:
    if parsed.host not in (LOOPBACK, "localhost", "::1"):
        warnings.warn(
            f"whoever reaches {parsed.host} can play here and make this machine think", stacklevel=2
        )
    output.line(f"{parsed.player} plays Go at {address} (Ctrl-C ends it)")
    if parsed.open:
        import webbrowser

        webbrowser.open(address)


def _port(text: str) -> int:
    number = whole(text)
    if not 0 <= number < 1 << 16:
        raise argparse.ArgumentTypeError(f"{number} is not 0 to 65535")
    return number
