"""shinso serve [ARTIFACT|SYSTEM]"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from typing import Any

from shinso.cli.output import Output
from shinso.cli.parsing import whole
from shinso.cli.players import add_player, given_player, telling_of_compilation
from shinso.core.errors import UserError

PORT = 8361
LOOPBACK = "127.0.0.1"


def add_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
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
    add_player(parser, given, ("--port", "--host"))


def run(parsed: argparse.Namespace, output: Output) -> dict[str, Any]:
    if output.as_json:
        raise UserError("shinso serve answers in a browser; leave --json away")
    from shinso.core.web.server import Server
    from shinso.go.web.board_page import board_page
    from shinso.go.web.calls import Boards

    page = board_page()
    with telling_of_compilation():
        boards = Boards(given_player(parsed))
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
